"""Pieces of a stage that are entries of the store by themselves, and become so together."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

from tasks.store import Attempt, Files, Store


class Entries:
    """A context: what was written in it and not committed at its end is removed."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._attempts: list[Attempt] = []
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def entry(self, stage: str, key: str, write: Callable[[Attempt], None]) -> Files:
        """The files of an entry by artifact: the store's, or else what `write` adds to a new attempt."""
        found = self.store.find(stage, key)
        if found is not None:
            return {name: self.store.files(artifact) for name, artifact in found.items()}
        attempt = self._open.enter_context(self.store.attempt(stage, key))
        write(attempt)
        self._attempts.append(attempt)
        return attempt.written()

    def commit(self) -> None:
        """Make all new entries exist."""
        for attempt in self._attempts:
            attempt.commit()
