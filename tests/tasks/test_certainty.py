"""Claims about the calibration of cluster_probability."""

import numpy as np
import pyarrow as pa
import pytest

from tasks.certainty import calibration_errors, sum_levels
from tasks.labelling import assignment_table
from tasks.store import Artifact, Store

P = [0.8] * 10 + [0.6] * 5
CLUSTER = [0] * 10 + [1] * 5
LABEL = ["a"] * 8 + ["b"] * 2 + ["b"] * 3 + ["a"] * 2  # 8 of 10 and 3 of 5 are their cluster's class


def written(store: Store, p: list[float], label: list[str | None], split: list[str]) -> tuple[Artifact, Artifact]:
    """Assignments of two clusters in two parts, and labels in one."""
    n = len(p)
    ids = pa.table({"row_id": [f"r{i}" for i in range(n)], "split": split})
    both = np.array([[q, 1 - q] if c == 0 else [1 - q, q] for q, c in zip(p, CLUSTER * (n // 15), strict=True)])
    table = assignment_table(ids, both, np.arange(2))
    with store.attempt("made", "k") as attempt:
        attempt.write_table("assignments", table.slice(0, 7))
        attempt.write_table("assignments", table.slice(7))
        attempt.write_table("labels", pa.table({"row_id": ids["row_id"], "label": pa.array(label, pa.string())}))
        made = attempt.commit()
    return made["assignments"], made["labels"]


def test_probabilities_that_are_shares_of_the_class_have_no_error(store: Store) -> None:
    """.8 where 8 of 10 are right, .6 where 3 of 5 are."""
    found = calibration_errors(store, *written(store, P, list(LABEL), ["train"] * 15))
    assert found == {None: pytest.approx(0), "train": pytest.approx(0)}


def test_certainty_costs_what_is_wrong(store: Store) -> None:
    """Probability 1 for all, of which 11 of 15 are right: 4 / 15."""
    found = calibration_errors(store, *written(store, [1.0] * 15, list(LABEL), ["train"] * 15))
    assert found["train"] == pytest.approx(4 / 15)


def test_the_classes_of_clusters_are_those_of_train_rows(store: Store) -> None:
    """Test rows with the two classes exchanged are all wrong where train rows are right with certainty."""
    label = ["a"] * 10 + ["b"] * 5
    exchanged = ["b"] * 10 + ["a"] * 5
    found = calibration_errors(store, *written(store, [1.0] * 30, [*label, *exchanged], ["train"] * 15 + ["test"] * 15))
    assert found == {None: pytest.approx(0.5), "train": pytest.approx(0), "test": pytest.approx(1)}


def test_rows_that_fit_no_cluster_are_right_of_none(store: Store) -> None:
    """They have probability 0, and the best matching would give them the class that most of them have."""
    ids = [f"r{i}" for i in range(15)]
    table = assignment_table(
        pa.table({"row_id": ids, "split": ["train"] * 15}), np.array([[1, 0]] * 10 + [[0, 0]] * 5), np.arange(2)
    )
    with store.attempt("made", "none") as attempt:
        attempt.write_table("assignments", table)
        attempt.write_table("labels", pa.table({"row_id": ids, "label": ["a"] * 10 + ["b"] * 5}))
        made = attempt.commit()
    assert calibration_errors(store, made["assignments"], made["labels"])["train"] == pytest.approx(0)


def test_rows_of_no_known_class_take_no_part(store: Store) -> None:
    """Only the rows with a label are counted; without any there is no error to tell."""
    some = written(store, P, [*LABEL[:10], *[None] * 5], ["train"] * 15)
    assert sum_levels(store, *some)["rows"].to_pylist() == [8, 2]
    with store.attempt("made", "none") as attempt:
        attempt.write_table(
            "labels", pa.table({"row_id": [f"r{i}" for i in range(15)], "label": pa.nulls(15, pa.string())})
        )
        unknown = attempt.commit()["labels"]
    assert calibration_errors(store, some[0], unknown) == {}
