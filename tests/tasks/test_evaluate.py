"""Claims about the evaluation."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from models.settings import EvaluationSettings
from tasks import kinds
from tasks.evaluate import count_groups, metric_rows, sample_rows
from tasks.labelling import assignment_table
from tasks.store import Artifact, Store

SPLIT = ["train"] * 4 + ["test"] * 4
CLUSTERS = [0, 0, 1, 1, 0, 0, 1, 1]
CLASSES = ["a", "a", "b", "b", "a", "b", "b", None]


def written(store: Store, ends: tuple[int, ...] = (8,), classes: list[str | None] = CLASSES) -> list[Artifact]:
    """Eight rows in two tight groups: vectors, assignments in parts that end there, and labels in two parts."""
    ids = pa.table({"row_id": [f"r{i}" for i in range(8)], "split": SPLIT})
    x = np.array([[0.0, i / 100] if c == 0 else [9.0, i / 100] for i, c in enumerate(CLUSTERS)], np.float32)
    vector = pa.FixedSizeListArray.from_arrays(pa.array(x.ravel()), 2)
    labels = pa.table({"row_id": ids["row_id"], "label": pa.array(classes)})
    with store.attempt("made", "k") as attempt:
        attempt.write_table("vectors", pa.Table.from_arrays([*ids.columns, vector], schema=kinds.vectors(2)))
        assignments = assignment_table(ids, np.eye(2)[CLUSTERS], np.arange(2))
        for start, end in pairwise((0, *ends)):
            attempt.write_table("assignments", assignments.slice(start, end - start))
        attempt.write_table("labels", labels.slice(0, 3))
        attempt.write_table("labels", labels.slice(3))
        made = attempt.commit()
    return [made["vectors"], made["assignments"], made["labels"]]


def measured(store: Store, ends: tuple[int, ...] = (8,), with_labels: bool = True) -> dict[tuple[str, str], float]:
    """Metrics by split and name."""
    vectors, assignments, labels = written(store, ends)
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


def test_the_metrics_do_not_depend_on_the_parts(store: Store) -> None:
    """Assignments in parts of 1, 4 and 3 rows beside labels in parts of 3 and 5."""
    assert measured(store, ends=(1, 5, 8)) == measured(store)


def test_what_is_kept_of_the_rows_is_one_line_a_group(store: Store) -> None:
    """Two splits, two clusters, two classes and the class that nobody knows."""
    _, assignments, labels = written(store, (1, 5, 8))
    groups = count_groups(store, assignments, labels).to_pylist()
    found = {(group["split"], group["cluster"], group["label"]): group["rows"] for group in groups}
    train = {("train", 0, "a"): 2, ("train", 1, "b"): 2}
    assert found == train | {
        ("test", 0, "a"): 1, ("test", 0, "b"): 1, ("test", 1, "b"): 1, ("test", 1, None): 1,
    }  # fmt: skip


def test_a_sample_has_the_vectors_and_the_clusters_of_the_same_rows(store: Store) -> None:
    """Rows of cluster 1 lie at 9."""
    vectors, assignments, _ = written(store, (1, 5, 8))
    found = sample_rows(store, vectors, assignments, {"all": 8, "test": 4}, limit=3, seed=0)
    for x, cluster in found.values():
        assert len(x) == 3
        assert (x[:, 0] == 9 * cluster).all()
