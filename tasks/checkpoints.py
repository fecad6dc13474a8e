"""Checkpoints in the store, so that another machine can go on where a killed one stopped."""

import shutil
from pathlib import Path

from tasks.store import Store

STAGE = "checkpoints"


class StoredCheckpoints:
    """The newest whole checkpoint of one phase; older ones go when a newer one is whole."""

    def __init__(self, store: Store, key: str, scratch: Path) -> None:
        self.store, self.key, self.scratch = store, key, scratch

    def save(self, step: int, folder: str) -> None:
        """Keep the files of a local folder as the checkpoint of a step."""
        older = self._steps()
        with self.store.attempt(STAGE, f"{self.key}/{step:09d}") as attempt:
            for file in sorted(Path(folder).iterdir()):
                attempt.write_file("checkpoint", file.name, file.read_bytes())
            attempt.commit()
        for name in older:
            if int(name) < step:
                self.store.remove(f"{STAGE}/{self.key}/{name}")

    def latest(self) -> str | None:
        """A local copy of the newest whole checkpoint's files, or None."""
        for name in reversed(self._steps()):
            found = self.store.find(STAGE, f"{self.key}/{name}")
            if found:
                folder = self.scratch / "checkpoint"
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                for file, content in self.store.contents(found["checkpoint"]).items():
                    (folder / file).write_bytes(content)
                return str(folder)
        return None

    def clear(self) -> None:
        """Remove all checkpoints of the phase, once its result is in the store."""
        self.store.remove(f"{STAGE}/{self.key}")

    def _steps(self) -> list[str]:
        return self.store.names(f"{STAGE}/{self.key}")
