"""How an install ends early."""


class Refused(Exception):
    """The plan cannot be done on this machine. Raised before the first write to any disk."""

    def __init__(self, problems):
        self.problems = list(problems)
        super().__init__("refused, nothing was written: " + "; ".join(self.problems))


class InstallError(Exception):
    """A step failed after writing began; the message names the step's object and what was attempted."""
