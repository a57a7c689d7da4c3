"""The one exception that the command line turns into a message and exit status 2."""


class UserError(Exception):
    """What was expected, what came, and what to do, in one line that a user can act on."""
