"""Assignments joined to the source's own columns, as one file."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from tasks.columns import source_name
from tasks.curation import Curation, read_curation
from tasks.errors import BadInput
from tasks.loading import Rows
from tasks.registry import newest_registration
from tasks.store import Artifact, Store

OURS = ["row_id", "split"]  # of the artifact rows
SCORE_COLUMNS = ["p_real", "p_value", "is_outlier"]
ASSIGNED = ["cluster", "cluster_probability", "second_cluster", "margin"]
CLUSTER_COLUMNS = ["cluster", "cluster_name", *ASSIGNED[1:]]


def export(name: str, out: str, store: str) -> int:
    """Write the newest assignments of a name, as people curated them, to a Parquet or CSV file; gives the rows' number.

    Lists become JSON-like text in a CSV. One part is in memory at a time.

    Raises:
        BadInput: an unknown name, or another kind of file.
    """
    place = Store(store)
    writer_of = {".parquet": _write_parquet, ".csv": _write_csv}.get(Path(out).suffix)
    if writer_of is None:
        raise BadInput("export", "a file that ends in .parquet or .csv", out, "Name one of these.")
    if not Path(out).resolve().parent.is_dir():
        raise BadInput("export", f"a folder {Path(out).resolve().parent}", "none", "Make it first.")
    artifacts, curation = newest_registration(place, name, "export").artifacts, read_curation(place, name)
    parts = joined_parts(place, artifacts, curation)
    partial = Path(f"{out}.part")
    try:
        n_rows = writer_of(partial, parts)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return n_rows


def joined_parts(store: Store, artifacts: dict[str, Artifact], curation: Curation) -> Iterator[pa.Table]:
    """The source's own columns under their own names, then what was found; all artifacts keep the order of the rows."""
    listed = ["probabilities"] if curation.changes_assignments else []  # which are much to read
    streams = {
        kind: Rows(store, artifacts[kind], columns)
        for kind, columns in (
            ("labels", ["row_id", "label"]),
            ("assignments", ["row_id", "split", *ASSIGNED, *listed]),
            ("scores", ["row_id", *SCORE_COLUMNS]),
        )
        if kind in artifacts
    }
    for table in store.tables(artifacts["rows"]):
        found = {kind: stream.take_beside(table) for kind, stream in streams.items()}
        curated = curation.apply_to_table(found["assignments"])
        named = curated.append_column("cluster_name", curation.name_column(curated["cluster"]))
        yield _joined(table, found | {"assignments": named})


def _joined(table: pa.Table, found: dict[str, pa.Table]) -> pa.Table:
    own = {source_name(field): table[field.name] for field in table.schema if field.name not in OURS}
    if "labels" in found:
        own[source_name(found["labels"].schema.field("label"))] = found["labels"]["label"]
    ours = {name: table[name] for name in OURS}
    for kind, columns in (("assignments", CLUSTER_COLUMNS), ("scores", SCORE_COLUMNS)):
        ours |= {name: found[kind][name] for name in columns}
    return pa.table(own | {name if name not in own else f"genclust_{name}": column for name, column in ours.items()})


def _write_parquet(out: Path, parts: Iterator[pa.Table]) -> int:
    first = next(parts)
    with pq.ParquetWriter(out, first.schema, compression="zstd") as writer:
        return sum(_write(writer.write_table, table) for table in chain([first], parts))


def _write_csv(out: Path, parts: Iterator[pa.Table]) -> int:
    first = _flat(next(parts))
    with pcsv.CSVWriter(out, first.schema) as writer:
        return sum(_write(writer.write_table, table) for table in chain([first], map(_flat, parts)))


def _write(write: object, table: pa.Table) -> int:
    write(table)  # type: ignore[operator]
    return len(table)


def _flat(table: pa.Table) -> pa.Table:
    """Lists as text, which is all that a CSV can hold."""
    for i, field in enumerate(table.schema):
        if pa.types.is_nested(field.type):
            table = table.set_column(i, field.name, pa.array([str(value) for value in table[field.name].to_pylist()]))
    return table
