"""Assignments joined to the source's own columns, or the rejected rows, as one file."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

import pyarrow as pa

from tasks.columns import source_name
from tasks.curation import Curation, read_curation
from tasks.loading import Rows
from tasks.registry import newest_registration
from tasks.store import Artifact, Store
from tasks.table_file import check_out, save_table

OURS = ["row_id", "split"]  # of the artifact rows
SCORE_COLUMNS = ["p_real", "p_value", "is_outlier"]
ASSIGNED = ["cluster", "cluster_probability", "second_cluster", "margin"]
CLUSTER_COLUMNS = ["cluster", "cluster_name", *ASSIGNED[1:]]


def export(name: str, out: str, store: str) -> int:
    """Write the newest assignments of a name, as people curated them, to a Parquet or CSV file; gives the rows' number.

    Lists become JSON in a CSV. One part is in memory at a time.

    Raises:
        BadInput: an unknown name, or another kind of file.
    """
    check_out(out, "export")
    place = Store(store)
    parts = joined_parts(place, newest_registration(place, name, "export").artifacts, read_curation(place, name))
    return save_table(out, parts)


def export_rejected(name: str, out: str, store: str) -> int:
    """Write the rows that the newest fit of a name couldn't use, each with file, position, reason and content.

    Raises:
        BadInput: an unknown name, or another kind of file.
    """
    check_out(out, "export")
    place = Store(store)
    return save_table(out, place.tables(newest_registration(place, name, "export").artifacts["rejected"]))


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
    return pa.table(own | {free_name(name, own.keys()): column for name, column in ours.items()})


def free_name(name: str, taken: AbstractSet[str]) -> str:
    """The name of a column of ours beside those of the source."""
    while name in taken:
        name = f"genclust_{name}"
    return name
