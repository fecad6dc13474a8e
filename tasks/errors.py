"""Errors that a user can act on."""


class StageError(Exception):
    """Names the stage (or the source, the store, the settings), what was expected, what was found, and what to do."""

    def __init__(self, stage: str, expected: str, found: str, remedy: str) -> None:
        super().__init__(f"{stage}: expected {expected}; found {found}. {remedy}")
        self.words = (stage, expected, found, remedy)


class BadInput(StageError):
    """The input or a setting is wrong: never retried."""


class Interrupted(StageError):
    """Something outside the data failed (storage, network, a killed process): worth a retry."""
