"""The first look at each file of a source: does it fit the bundle, how is it read, and which rows are in it.

What was found is kept in the store under the file's content and the version, so that a file is looked at once.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from models.settings import SourceSettings
from tasks.bundle import Bundle
from tasks.cells import id_texts
from tasks.code import code_digest, library_versions
from tasks.columns import one_chunk
from tasks.fitting_files import Fit, fit_files
from tasks.identity import ID_BYTES, content_digests, ids_of, row_keys
from tasks.plan import Plan
from tasks.sources import SourceFile
from tasks.stage import Artifacts
from tasks.store import Store
from tasks.tabular import Part, read_parts


@dataclass(frozen=True)
class Scan:
    """How a file is read, and where the keys of its rows are; `extra` are columns that nobody asked for."""

    file: SourceFile
    plan: Plan
    extra: list[str]
    made: Artifacts

    def keys(self, store: Store) -> Iterator[np.ndarray]:
        """What tells the rows apart, (rows,) uint64; a part in memory at a time."""
        for table in store.tables(self.made["keys"]):
            if self.plan.id_column is not None:
                yield table["key"].to_numpy()
            else:
                yield np.ascontiguousarray(_digests(table)[:, :8]).view(np.uint64)[:, 0]

    def ids(self, store: Store) -> Iterator[list[str]] | None:
        """The ids of all rows by their content, part by part; None if they have a column of ids."""
        if self.plan.id_column is not None:
            return None
        return (ids_of(_digests(table)) for table in store.tables(self.made["keys"]))


def scan_files(store: Store, files: Sequence[SourceFile], bundle: Bundle, settings: SourceSettings) -> list[Scan]:
    """The scans of all files, in their order; new files are compared with the bundle before any is read.

    Raises:
        BadInput: naming all differences of all new files.
    """
    keys = {file: _key(store, file, bundle) for file in files}
    kept = {file: found for file, key in keys.items() if (found := store.find("scan", key))}
    model = f"version {bundle.version[:12]} of {bundle.name}"
    roles = [role for role in (settings.label_column, settings.split_column, *settings.ignore) if role]
    new = [file for file in files if file not in kept]
    fits = fit_files(new, bundle.encoding, settings.id_column, roles, model)
    for file in new:
        kept[file] = _write(store, file, fits[file.name], keys[file])
    return [_read(store, file, kept[file]) for file in files]


def _key(store: Store, file: SourceFile, bundle: Bundle) -> str:
    code = code_digest("tasks.file_scan")
    by = {"format": file.format, "version": bundle.version, "code": code, "libraries": library_versions()}
    return store.key("scan", content=file.sha256, **by)


def _write(store: Store, file: SourceFile, fit: Fit, key: str) -> Artifacts:
    with store.attempt("scan", key) as attempt, closing(read_parts(file)) as parts:
        for part in parts:
            attempt.write_table("keys", _keys(part, fit.plan.id_column))
        attempt.write_json("fit", {"plan": fit.plan.model_dump(mode="json"), "extra": fit.extra})
        file.check_unchanged()
        return attempt.commit()


def _keys(part: Part, id_column: str | None) -> pa.Table:
    """What tells the rows of a part apart; several rows without an id are rejected for that, not as copies."""
    if id_column is None:
        digests = content_digests(part.table)
        column = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(ID_BYTES), len(digests), [None, pa.py_buffer(digests.tobytes())]
        )
        return pa.table({"digest": column})
    return pa.table({"key": row_keys(id_texts(part.table, id_column).fill_null("").to_pylist())})


def _digests(table: pa.Table) -> np.ndarray:
    """The digests of rows' content, (rows, ID_BYTES)."""
    column = one_chunk(table["digest"])
    values = np.frombuffer(column.buffers()[1], np.uint8) if len(column) else np.zeros(0, np.uint8)
    return values.reshape(-1, ID_BYTES)[column.offset : column.offset + len(column)]


def _read(store: Store, file: SourceFile, made: Artifacts) -> Scan:
    found = store.json(made["fit"])
    return Scan(file, Plan(**found["plan"]), found["extra"], made)
