"""Assignments joined to the source's own columns, as one file."""

from collections.abc import Iterator

import pyarrow as pa

from tasks.columns import source_name
from tasks.loading import Rows
from tasks.registry import newest_registration
from tasks.store import Artifact, Store
from tasks.table_file import save_table

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
    parts = joined_parts(place, newest_registration(place, name, "export").artifacts)
    return save_table(out, parts, "export")


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
