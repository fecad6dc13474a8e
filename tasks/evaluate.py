"""Stage evaluate: how good the clusters are; the only stage that reads labels."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from prefect import get_run_logger

from models.metrics import external_metrics, internal_metrics
from models.settings import EvaluationSettings
from tasks import kinds
from tasks.loading import choose, take_rows
from tasks.stage import Artifacts, once, stage
from tasks.store import Artifact, Attempt, Store

ALL = "all"
NO_CLUSTER = -1


@stage(name="evaluate")
def evaluate(
    vectors: Artifact,
    assignments: Artifact,
    labels: Artifact | None,
    settings: EvaluationSettings,
    seed: int,
    store: str,
) -> Artifacts:
    """Write `metrics` for each split and for all rows; the silhouette costs `settings.max_rows` squared."""
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
    table = store.table(assignments, columns=["row_id", "split", "cluster"])
    split, cluster = table["split"].to_numpy(), table["cluster"].fill_null(NO_CLUSTER).to_numpy()
    label = _labels_of(table, store.table(labels)) if labels else None
    for name in (ALL, *(name for name in kinds.SPLITS if (split == name).any())):
        here = (split == name) | (name == ALL)
        chosen = choose(np.flatnonzero(here & (cluster != NO_CLUSTER)), settings.max_rows, seed)
        measured = internal_metrics(take_rows(store, vectors, chosen), cluster[chosen])
        if label is not None:
            known = here & (label != None)  # noqa: E711 - elementwise
            measured |= external_metrics(label[known].astype(str), cluster[known]) if known.any() else {}
        yield from ({"name": metric, "value": value, "split": name} for metric, value in measured.items())


def _labels_of(table: pa.Table, labels: pa.Table) -> np.ndarray:
    """The label of each row of a table (rows,), None where none is known."""
    known = labels.to_pandas().set_index("row_id")["label"].astype(object)
    found = known.reindex(table["row_id"].to_pandas())
    return found.where(found.notna(), None).to_numpy()
