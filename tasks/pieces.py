"""The two passes over each file of a source, each an entry of the store by itself.

They are keyed by the file's content, so that a source that grows reads only what is new, and committed by the
caller once all of the source was found good.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from models.settings import EncodingSettings, SourceSettings
from tasks.cells import id_texts
from tasks.code import code_digest, library_versions
from tasks.entries import Entries
from tasks.errors import BadInput, Interrupted
from tasks.identity import NONE, Repeats, repeated, row_keys
from tasks.plan import Plan, make_plan
from tasks.profile import FileProfile, Profiler
from tasks.reading import ReadPart, read_file
from tasks.schemas import check_columns, check_names, some
from tasks.sources import SourceFile
from tasks.store import Attempt, Files, Store, StoredFile
from tasks.tabular import read_parts
from tasks.tally import Summary, merged, summarize

NAMED = 5  # duplicate ids that an error names


@dataclass(frozen=True)
class Reading:
    """All files of a source, read by one plan; `pieces` are the files of the store by artifact."""

    names: tuple[str, ...]
    plan: Plan
    summary: Summary
    pieces: tuple[Files, ...]

    def files(self, kind: str) -> list[StoredFile]:
        """The files of rows, rejected or labels, in the order of the source."""
        return [file for piece in self.pieces for file in piece[kind]]


def read_source(
    files: tuple[SourceFile, ...], settings: SourceSettings, encoding: EncodingSettings, entries: Entries
) -> Reading:
    """Read all files of a source.

    Raises:
        BadInput: the source can't be used as it is.
        Interrupted: a file changed while it was read.
    """
    profiles: list[FileProfile] = []
    keys: list[np.ndarray] = []
    for file in files:
        profile, of_file = _profile(file, settings, encoding, profiles[:1], entries)
        profiles.append(profile)
        keys.append(of_file)
    plan = make_plan({file.name: profile for file, profile in zip(files, profiles, strict=True)}, settings, encoding)
    repeats = repeated(keys)
    if settings.id_column is not None:
        _check_ids(files, keys, repeats, settings.id_column)
        repeats = [NONE] * len(files)
    pieces = tuple(_read(*piece, plan, entries) for piece in zip(files, profiles, repeats, strict=True))
    summary = merged(Summary(**_json(entries.store, piece["summary"])) for piece in pieces)
    return Reading(tuple(file.name for file in files), plan, summary, pieces)


def piece_key(store: Store, stage: str, content: Any, **settings: Any) -> str:
    """The key of an entry that this code makes from files of some content."""
    code = code_digest(f"tasks.{'ingest' if stage == 'ingest' else 'pieces'}")
    return store.key(stage, content=content, code=code, versions=library_versions(), **settings)


def _json(store: Store, files: tuple[StoredFile, ...]) -> Any:
    return json.loads(store.read_file(files[0]))


def _profile(
    file: SourceFile,
    settings: SourceSettings,
    encoding: EncodingSettings,
    first: list[FileProfile],
    entries: Entries,
) -> tuple[FileProfile, np.ndarray]:
    """The profile of a file and the keys of its rows; its columns must be those of the first file."""

    def check(names: list[str]) -> None:
        if first:
            check_columns(first[0].types.names, names, file.name)
        else:
            check_names(names, settings, encoding)

    def write(attempt: Attempt) -> None:
        profiler = Profiler(settings, is_text=file.format == "csv")
        for part in read_parts(file):
            check(part.table.column_names)
            attempt.write_table("keys", pa.table({"key": profiler.add(part)}))
        attempt.write_json("profile", profiler.profile().model_dump())

    roles = [settings.id_column, settings.label_column, settings.split_column, sorted(settings.ignore)]
    key = piece_key(entries.store, "profile", file.sha256, format=file.format, roles=roles)
    written = entries.entry("profile", key, write)
    profile = FileProfile(**_json(entries.store, written["profile"]))
    check(profile.types.names)
    keys = [table["key"].to_numpy() for table in entries.store.tables_of(written["keys"])]
    return profile, np.concatenate(keys)


def _read(file: SourceFile, profile: FileProfile, repeats: Repeats, plan: Plan, entries: Entries) -> Files:
    """The rows of a file as pieces of the artifacts, and a summary of what became of them."""

    def write(attempt: Attempt) -> None:
        summary = merged([])
        used = [column.stored for column in plan.used]
        for part in read_file(file, read_parts(file), plan, repeats):
            _write_part(attempt, part)
            summary = merged([summary, summarize(part.rows, part.rejected, used)])
        if summary.rows != profile.rows:
            found = f"{profile.rows} rows, then {summary.rows}"
            raise Interrupted(
                "ingest", f"{file.name} to stay the same", found, "Wait until it is written, and run again."
            )
        attempt.write_json("summary", summary.model_dump())

    by = {"name": file.name, "format": file.format, "plan": plan.decisions, "repeats": repeats.digest}
    return entries.entry("read", piece_key(entries.store, "read", file.sha256, **by), write)


def _write_part(attempt: Attempt, part: ReadPart) -> None:
    """Add tables that have rows; the first one of a kind even without, so that it has its columns."""
    tables = {"rows": part.rows, "rejected": part.rejected, "labels": part.labels}
    for kind, table in tables.items():
        if table is not None and (table.num_rows or kind not in attempt.written()):
            attempt.write_table(kind, table)


def _check_ids(files: tuple[SourceFile, ...], keys: list[np.ndarray], repeats: list[Repeats], column: str) -> None:
    """Refuse ids that come twice, naming some and their files."""
    count = sum(len(repeat.places) for repeat in repeats)
    if not count:
        return
    twice = np.concatenate([of_file[repeat.places] for of_file, repeat in zip(keys, repeats, strict=True)])[:NAMED]
    wanted = set(twice.tolist())
    found: dict[str, list[str]] = {}
    for file, of_file in zip(files, keys, strict=True):
        if wanted & set(of_file[np.isin(of_file, twice)].tolist()):
            for id in _ids_with(file, column, twice):
                found.setdefault(id, []).append(file.name)
    names = "; ".join(f"{id} in {some(sorted(set(names)))}" for id, names in found.items())
    remedy = "Remove the copies, or name a column that tells rows apart, or none."
    raise BadInput("ingest", f"each id of {column!r} once", f"{count:,} copies: {names}", remedy)


def _ids_with(file: SourceFile, column: str, keys: np.ndarray) -> Iterator[str]:
    for part in read_parts(file):
        ids = id_texts(part.table, column).drop_null()
        yield from ids.filter(pa.array(np.isin(row_keys(ids.to_pylist()), keys))).to_pylist()
