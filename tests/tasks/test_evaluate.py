"""Claims about the evaluation."""

import numpy as np
import pyarrow as pa
import pytest

from models.settings import EvaluationSettings
from tasks import kinds
from tasks.evaluate import metric_rows
from tasks.labelling import assignment_table
from tasks.store import Artifact, Store

SPLIT = ["train"] * 4 + ["test"] * 4
CLUSTERS = [0, 0, 1, 1, 0, 0, 1, 1]
CLASSES = ["a", "a", "b", "b", "a", "b", "b", None]


def written(store: Store, clusters: list[int]) -> tuple[Artifact, Artifact, Artifact]:
    """Eight rows in two tight groups: vectors, assignments and labels, the last in another order."""
    ids = pa.table({"row_id": [f"r{i}" for i in range(8)], "split": SPLIT})
    x = np.array([[0.0, i / 100] if c == 0 else [9.0, i / 100] for i, c in enumerate(CLUSTERS)], np.float32)
    vector = pa.FixedSizeListArray.from_arrays(pa.array(x.ravel()), 2)
    labels = pa.table({"row_id": ids["row_id"], "label": pa.array(CLASSES)})
    with store.attempt("made", "k") as attempt:
        attempt.write_table("vectors", pa.Table.from_arrays([*ids.columns, vector], schema=kinds.vectors(2)))
        attempt.write_table("assignments", assignment_table(ids, np.eye(2)[clusters]))
        attempt.write_table("labels", labels.take(pa.array(range(7, -1, -1))))
        made = attempt.commit()
    return made["vectors"], made["assignments"], made["labels"]


def measured(store: Store, with_labels: bool = True) -> dict[tuple[str, str], float]:
    """Metrics by split and name."""
    vectors, assignments, labels = written(store, CLUSTERS)
    rows = metric_rows(store, vectors, assignments, labels if with_labels else None, EvaluationSettings(), seed=0)
    return {(str(row["split"]), str(row["name"])): float(str(row["value"])) for row in rows}


def test_each_split_is_measured_by_itself(store: Store) -> None:
    """All four train rows are right; of the three test rows with a known class two are."""
    found = measured(store)
    assert found["train", "acc"] == 1
    assert found["test", "acc"] == pytest.approx(2 / 3)
    assert found["all", "acc"] == pytest.approx(6 / 7)


def test_tight_far_clusters_have_a_silhouette_near_one(store: Store) -> None:
    """Distances of .07 within and 9 between."""
    assert measured(store)["all", "silhouette"] > 0.99


def test_without_labels_there_is_no_accuracy(store: Store) -> None:
    """Only what the vectors tell."""
    names = {name for _, name in measured(store, with_labels=False)}
    assert names == {"silhouette", "davies_bouldin", "calinski_harabasz"}
