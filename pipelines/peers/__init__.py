"""Systems of the literature on the project's rails: what each reads, how it is trained, evaluated and probed.

Their networks are in `peers/`; a file here is named after its folder there.
"""
