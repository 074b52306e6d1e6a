"""What ends the command: one line for whoever typed it."""


class Failed(Exception):
    """The message says what was attempted on what, and what to do next."""

    def __init__(self, message: str):
        super().__init__(" ".join(message.split()))
