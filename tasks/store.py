"""The store: the one truth about what exists, and the only code that touches storage.

An attempt writes to `<root>/<stage>/<key>/<attempt>/`. Its manifest comes last and alone makes the
artifacts exist; readers read only files that it names and check their digests. So killed and concurrent
attempts can't mix, on a disk or on an object store.
"""

import hashlib
import io
import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from tasks.errors import BadInput, Interrupted
from tasks.storage import Storage

MANIFEST = "manifest.json"


class Artifact(BaseModel):
    """A reference to what a stage made; small, frozen, JSON.

    `uri` is relative to the store, which may so be moved or reached from elsewhere. `sha256` is of the content.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    uri: str
    kind: str
    rows: int
    sha256: str


class StoredFile(BaseModel):
    """One file that a manifest names; `path` is relative to the store's root."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    rows: int
    size: int
    sha256: str


Files = dict[str, tuple[StoredFile, ...]]


class Store(Storage):
    """Artifacts under one root, a local folder or any URI that fsspec opens."""

    def key(self, stage: str, **parts: Any) -> str:
        """Digest of everything that decides a stage's result. `parts` are JSON values."""
        text = json.dumps({"stage": stage, **parts}, sort_keys=True, default=_jsonable)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def find(self, stage: str, key: str) -> dict[str, Artifact] | None:
        """Artifacts of a whole attempt, by name, or None; a manifest whose files are gone does not count."""
        for attempt in self.names(f"{stage}/{key}"):
            folder = f"{stage}/{key}/{attempt}"
            files = self.manifest(folder)
            if files and self._are_whole([file for parts in files.values() for file in parts]):
                return {name: self._artifact(folder, name, parts) for name, parts in files.items()}
        return None

    @contextmanager
    def attempt(self, stage: str, key: str) -> Iterator["Attempt"]:
        """A new folder to write to; its files count only once `commit` was called, and go if it never was."""
        attempt = Attempt(self, f"{stage}/{key}/{uuid.uuid4().hex[:12]}")
        try:
            yield attempt
        finally:
            if not attempt.committed:
                attempt.discard()

    def files(self, artifact: Artifact) -> tuple[StoredFile, ...]:
        """The files of an artifact, as its manifest names them."""
        folder, name = artifact.uri.rsplit("/", 1)
        files = self.manifest(folder).get(name)
        if files is None or _digest(files) != artifact.sha256:
            raise Interrupted(
                "store",
                f"{artifact.kind} at {artifact.uri}",
                "none there, or another content",
                "Run the flow again: what is missing is made anew.",
            )
        return files

    def read_file(self, file: StoredFile) -> bytes:
        """Content of a file, checked against its digest."""
        content = self.read(file.path)
        found = hashlib.sha256(content).hexdigest()
        if found != file.sha256:
            raise BadInput(
                "store",
                f"{file.path} with sha256 {file.sha256[:12]}",
                f"sha256 {found[:12]}",
                "The file was changed or damaged: delete its folder and run the flow again.",
            )
        return content

    def tables(self, artifact: Artifact, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """Parts of a table artifact, one in memory at a time."""
        return self.tables_of(self.files(artifact), columns)

    def tables_of(self, files: Iterable[StoredFile], columns: list[str] | None = None) -> Iterator[pa.Table]:
        """Parts of a table, one in memory at a time; they need not be committed yet.

        Read by one thread: Arrow's others sometimes abort a process that ends soon after (apache/arrow, issue 34314).
        """
        for file in files:
            yield pq.read_table(pa.BufferReader(self.read_file(file)), columns=columns, use_threads=False)

    def table(self, artifact: Artifact, columns: list[str] | None = None) -> pa.Table:
        """A whole table artifact; for those that are known to be small."""
        return pa.concat_tables(self.tables(artifact, columns))

    def json(self, artifact: Artifact) -> Any:
        """The value of a JSON artifact."""
        return json.loads(self.read_file(self.files(artifact)[0]))

    def arrays(self, artifact: Artifact) -> dict[str, np.ndarray]:
        """The arrays of an npz artifact."""
        return self.arrays_of(self.files(artifact)[0])

    def arrays_of(self, file: StoredFile) -> dict[str, np.ndarray]:
        """The arrays of an npz file."""
        content = self.read_file(file)
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return dict(arrays)

    def contents(self, artifact: Artifact) -> dict[str, bytes]:
        """Files of an artifact by their own names."""
        return {file.path.rsplit("/", 1)[1]: self.read_file(file) for file in self.files(artifact)}

    def manifest(self, folder: str) -> Files:
        """The files of an attempt by artifact; none where there is no manifest."""
        try:
            content = json.loads(self.read(f"{folder}/{MANIFEST}"))
        except (FileNotFoundError, NotADirectoryError):
            return {}
        return {name: tuple(StoredFile(**file) for file in files) for name, files in content["artifacts"].items()}

    def _are_whole(self, files: list[StoredFile]) -> bool:
        sizes = self.sizes({file.path.rsplit("/", 1)[0] for file in files})
        return all(sizes.get(file.path) == file.size for file in files)

    def _artifact(self, folder: str, name: str, files: tuple[StoredFile, ...]) -> Artifact:
        rows = sum(file.rows for file in files)
        return Artifact(uri=f"{folder}/{name}", kind=name, rows=rows, sha256=_digest(files))


class Attempt:
    """One try at a stage: files first, the manifest last."""

    def __init__(self, store: Store, folder: str) -> None:
        self.store, self.folder = store, folder
        self.committed = False
        self._files: dict[str, list[StoredFile]] = {}

    def write_table(self, kind: str, table: pa.Table, repetitive: Sequence[str] | None = None) -> None:
        """Add a part to a table artifact.

        Only columns that are `repetitive` get a dictionary of their values, where that is told: trying it with others
        takes most of the time.
        """
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="zstd", use_dictionary=True if repetitive is None else [*repetitive])
        name = f"part-{len(self._files.get(kind, ())):05d}.parquet"
        self.write_file(kind, name, buffer.getvalue(), rows=table.num_rows)

    def write_json(self, kind: str, value: Any) -> None:
        """Make a JSON artifact."""
        self.write_file(kind, f"{kind}.json", json.dumps(value, sort_keys=True, indent=1).encode())

    def write_arrays(self, kind: str, arrays: dict[str, np.ndarray]) -> None:
        """Make an npz artifact; the same arrays give the same bytes."""
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        self.write_file(kind, f"{kind}.npz", buffer.getvalue())

    def write_file(self, kind: str, name: str, content: bytes, rows: int = 0) -> None:
        """Add a file to an artifact."""
        path = f"{self.folder}/{kind}/{name}"
        self.store.write(path, content)
        digest = hashlib.sha256(content).hexdigest()
        stored = StoredFile(path=path, rows=rows, size=len(content), sha256=digest)
        self._files.setdefault(kind, []).append(stored)

    def refer(self, kind: str, files: Iterable[StoredFile]) -> None:
        """Make files that lie elsewhere in the store part of an artifact of this attempt."""
        self._files.setdefault(kind, []).extend(files)

    def written(self) -> Files:
        """The files so far, by artifact; they can be read before the commit."""
        return {kind: tuple(files) for kind, files in self._files.items()}

    def commit(self) -> dict[str, Artifact]:
        """Write the manifest, which makes the artifacts exist."""
        artifacts = {kind: [file.model_dump() for file in files] for kind, files in self._files.items()}
        content = json.dumps({"attempt": self.folder, "artifacts": artifacts}, indent=1).encode()
        self.store.write(f"{self.folder}/{MANIFEST}", content)
        self.committed = True
        return {kind: self.store._artifact(self.folder, kind, tuple(files)) for kind, files in self._files.items()}

    def discard(self) -> None:
        """Remove what was written."""
        self.store.remove(self.folder)


def _digest(files: Iterable[StoredFile]) -> str:
    names = [[file.path.rsplit("/", 1)[1], file.rows, file.sha256] for file in files]
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()


def _jsonable(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"not a JSON value: {value!r}")
