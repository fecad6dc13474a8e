"""Assignments joined to the source's own columns, as one file."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from tasks.columns import source_name
from tasks.errors import BadInput
from tasks.loading import Rows
from tasks.registry import newest_registration
from tasks.store import Artifact, Store

OURS = ["row_id", "split"]  # of the artifact rows
SCORE_COLUMNS = ["p_real", "p_value", "is_outlier"]
CLUSTER_COLUMNS = ["cluster", "cluster_probability", "second_cluster", "margin"]


def export(name: str, out: str, store: str) -> int:
    """Write the newest assignments of a name to a Parquet or CSV file; gives the number of rows.

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
    parts = joined_parts(place, newest_registration(place, name, "export").artifacts)
    partial = Path(f"{out}.part")
    try:
        n_rows = writer_of(partial, parts)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return n_rows


def joined_parts(store: Store, artifacts: dict[str, Artifact]) -> Iterator[pa.Table]:
    """The source's own columns under their own names, then what was found; all artifacts keep the order of the rows."""
    streams = {
        kind: Rows(store, artifacts[kind], ["row_id", *columns])
        for kind, columns in (
            ("labels", ["label"]),
            ("assignments", CLUSTER_COLUMNS),
            ("scores", SCORE_COLUMNS),
        )
        if kind in artifacts
    }
    for table in store.tables(artifacts["rows"]):
        yield _joined(table, {kind: stream.take_beside(table) for kind, stream in streams.items()})


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
