"""Settings of `empathy release`."""

from dataclasses import dataclass


@dataclass
class ReleaseSettings:
    """What a released checkpoint is made from.

    Args:
        run: folder of a finished run of mvc with an adapter, relevance and a gate.
        human_ratings_path: CSV of human ratings of whole dialogues, 1 to 5; those of training dialogues that the run
            did not train on fit the intervals, those of the validation split say how often they cover.
        epitome_path: folder of EPITOME, which the mechanisms' heads are trained on.
        probe_corpora: CSVs with the columns context and response, exchanges that call for no empathy, which the model
            card's probes are made of.
        output_dir: folder of the release.
    """

    run: str
    human_ratings_path: str
    epitome_path: str
    probe_corpora: list[str]
    output_dir: str = "pipelines/scoring/released"
