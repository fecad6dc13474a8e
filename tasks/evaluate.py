"""Stage evaluate: how good the clusters are; the only stage that reads labels."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from prefect import get_run_logger

from models.matching import contingency
from models.metrics import contingency_metrics, internal_metrics
from models.numbering import NO_CLUSTER
from models.settings import EvaluationSettings
from tasks import kinds
from tasks.certainty import calibration_errors
from tasks.loading import Draw, Rows, take_rows
from tasks.stage import Artifacts, once, stage
from tasks.store import Artifact, Attempt, Store

ALL = "all"
GROUP = ["split", "cluster", "label"]


@stage(name="evaluate")
def evaluate(
    vectors: Artifact,
    assignments: Artifact,
    labels: Artifact | None,
    settings: EvaluationSettings,
    seed: int,
    store: str,
) -> Artifacts:
    """Write `metrics` for each split and for all rows; the silhouette costs `settings.max_rows` squared.

    One part, the sample and the number of rows of each class in each cluster are in memory.
    """
    place = Store(store)

    def write(attempt: Attempt) -> None:
        rows = list(metric_rows(place, vectors, assignments, labels, settings, seed))
        for row in rows:
            if row["split"] == ALL:
                get_run_logger().info("%s of all rows: %.4f", row["name"], row["value"])
        attempt.write_table("metrics", pa.Table.from_pylist(rows, schema=kinds.METRICS))

    inputs = [vectors.sha256, assignments.sha256, labels.sha256 if labels else None]
    return once(place, "evaluate", write, inputs=inputs, settings=settings, seed=seed)


def metric_rows(
    store: Store,
    vectors: Artifact,
    assignments: Artifact,
    labels: Artifact | None,
    settings: EvaluationSettings,
    seed: int,
) -> Iterator[dict[str, object]]:
    """Rows of the kind metrics; a row without a cluster counts as a cluster of its own against known classes."""
    groups = count_groups(store, assignments, labels)
    tallies = {ALL: groups} | {name: groups.filter(pc.equal(groups["split"], name)) for name in kinds.SPLITS}
    tallies = {name: tally for name, tally in tallies.items() if len(tally)}
    placed = {name: _rows(tally.filter(pc.not_equal(tally["cluster"], NO_CLUSTER))) for name, tally in tallies.items()}
    samples = sample_rows(store, vectors, assignments, placed, settings.max_rows, seed)
    errors = calibration_errors(store, assignments, labels) if labels else {}
    for name, tally in tallies.items():
        known = tally.filter(pc.is_valid(tally["label"]))
        measured = internal_metrics(*samples[name])
        if len(known):
            counts = contingency(*(known[name].to_numpy() for name in ("label", "cluster", "rows")))
            measured |= contingency_metrics(counts) | {"ece": errors[None if name == ALL else name]}
        yield from ({"name": metric, "value": value, "split": name} for metric, value in measured.items())


def count_groups(store: Store, assignments: Artifact, labels: Artifact | None) -> pa.Table:
    """Number of `rows` of each split, cluster (NO_CLUSTER: none) and label (null: not known) that go together."""
    beside = Rows(store, labels, ["row_id", "label"]) if labels else None
    found: list[pa.Table] = []
    for table in store.tables(assignments, ["row_id", "split", "cluster"]):
        label = beside.take_beside(table)["label"] if beside else pa.nulls(len(table), pa.string())
        part = pa.table({"split": table["split"], "cluster": table["cluster"].fill_null(NO_CLUSTER), "label": label})
        found = [_summed([*found, part.append_column("rows", pa.array(np.ones(len(part), np.int64)))])]
    return found[0]


def sample_rows(
    store: Store, vectors: Artifact, assignments: Artifact, placed: dict[str, int], limit: int, seed: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Vectors (n, width) and clusters (n,) of at most `limit` random rows that have a cluster, by split and for ALL."""
    draws = {name: Draw(count, limit, seed) for name, count in placed.items()}
    positions: dict[str, list[np.ndarray]] = {name: [] for name in placed}
    clusters: dict[str, list[np.ndarray]] = {name: [] for name in placed}
    start = 0
    for table in store.tables(assignments, ["split", "cluster"]):
        split, cluster = table["split"].to_numpy(), table["cluster"].fill_null(NO_CLUSTER).to_numpy()
        for name, draw in draws.items():
            here = draw.places((cluster != NO_CLUSTER) & ((split == name) | (name == ALL)))
            positions[name].append(here + start)
            clusters[name].append(cluster[here])
        start += len(table)
    wanted = {name: np.concatenate(found) for name, found in positions.items()}
    every = np.unique(np.concatenate(list(wanted.values())))
    x = take_rows(store, vectors, every)
    return {name: (x[np.searchsorted(every, wanted[name])], np.concatenate(clusters[name])) for name in wanted}


def _summed(tables: list[pa.Table]) -> pa.Table:
    sums = pa.concat_tables(tables).group_by(GROUP, use_threads=False).aggregate([("rows", "sum")])
    return sums.rename_columns([*GROUP, "rows"])


def _rows(tally: pa.Table) -> int:
    return int(pc.sum(tally["rows"]).as_py() or 0)
