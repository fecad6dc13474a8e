"""Claims about what sets clusters apart, on tables that can be reckoned by heart."""

import numpy as np
import pyarrow as pa
import pytest

from models.encoding import Column, Encoding, Kind
from tasks import kinds
from tasks.columns import fixed_lists
from tasks.explain import MAX_COLUMNS, explain, explanation_table, number_columns, profile_table, sum_clusters
from tasks.loading import matrix
from tasks.stage import Artifacts
from tasks.store import Store

COST = [10, 20, 30, 40, 60, 80, 90, 70]
AGE = [None, None, None, 50, 50, 51, 50, 51]
CLUSTERS = [0, 0, 0, 0, 1, 1, None, None]
ENCODED = np.array([[-4, 0], [-3, 0], [-2, 0], [-1, 0], [1, 0], [3, 1], [4, 0], [2, 1]], np.float32)


def write(store: Store, own: dict[str, list[int | None]], x: np.ndarray, clusters: list[int | None]) -> Artifacts:
    """Rows, vectors, assignments and encoding, in parts that don't match."""
    n, types = len(clusters), pa.schema([(name, pa.int64()) for name in own])
    ids = {"row_id": [f"r{i}" for i in range(n)], "split": ["train"] * n}
    rows = pa.table(ids | own, schema=kinds.rows(types))
    empty = {name: [None] * n for name in ("cluster_probability", "second_cluster", "margin", "probabilities")}
    assignments = pa.table(ids | empty | {"cluster": clusters}, schema=kinds.ASSIGNMENTS)
    vectors = pa.table(ids | {"vector": fixed_lists(x)}, schema=kinds.vectors(x.shape[1]))
    columns = tuple(Column(name, Kind.NUMBER, "int64", 1, 0, 100) for name in own)
    with store.attempt("made", f"{n}") as attempt:
        for part in (rows.slice(0, 3), rows.slice(3)):
            attempt.write_table("rows", part)
        for part in (vectors.slice(0, 5), vectors.slice(5)):
            attempt.write_table("vectors", part)
        attempt.write_table("assignments", assignments)
        attempt.write_json("encoding", Encoding(columns).to_json())
        return attempt.commit()


def tables(store: Store, made: Artifacts) -> tuple[pa.Table, pa.Table]:
    """Explanations and profiles."""
    encoding = Encoding.from_json(store.json(made["encoding"]))
    sums = sum_clusters(store, made["rows"], made["vectors"], made["assignments"], encoding)
    return explanation_table(sums, number_columns(encoding)), profile_table(sums.vectors)


@pytest.fixture
def made(store: Store) -> Artifacts:
    """Costs that rise with the cluster, and ages that are mostly missing in cluster 0."""
    return write(store, {"cost": COST, "age": AGE}, ENCODED, CLUSTERS)


def test_a_column_is_told_in_the_users_units(store: Store, made: Artifacts) -> None:
    """The cluster's mean beside that of all other rows, among them those that fit no cluster."""
    explanations, _ = tables(store, made)
    cost = next(line for line in explanations.to_pylist() if line["column"] == "cost")
    assert explanations.schema == kinds.EXPLANATIONS
    assert (cost["cluster"], cost["direction"]) == (0, "lower")
    assert (cost["cluster_mean"], cost["other_mean"]) == (25, 75)
    assert cost["effect"] == pytest.approx(-5 / np.sqrt(10 / 6))  # encoded means -2.5 and 2.5, squares 5 and 5


def test_what_is_missing_more_often_can_set_a_cluster_apart(store: Store, made: Artifacts) -> None:
    """Three of four ages against none: Cohen's h is two thirds of pi."""
    explanations, _ = tables(store, made)
    age = next(line for line in explanations.to_pylist() if line["column"] == "age")
    assert age["direction"] == "missing more often"
    assert age["effect"] == pytest.approx(2 * np.pi / 3)
    assert (age["cluster_missing"], age["other_missing"]) == (0.75, 0)
    assert (age["cluster_mean"], age["other_mean"]) == (50, 50.5)


def test_the_largest_effects_of_a_cluster_come_first(store: Store) -> None:
    """And no more than anybody reads; a column that is the same everywhere has no line."""
    n_columns = MAX_COLUMNS + 10
    x = np.random.default_rng(0).normal(size=(40, n_columns)).astype(np.float32)
    x[:20] += np.arange(n_columns) / 10
    x[:, 59] = 1
    own = {f"c{i}": [7] * 40 for i in range(n_columns)}
    explanations, _ = tables(store, write(store, own, x, [0] * 20 + [1] * 20))
    for cluster in (0, 1):
        lines = [line for line in explanations.to_pylist() if line["cluster"] == cluster]
        sizes = [abs(line["effect"]) for line in lines]
        assert len(lines) == MAX_COLUMNS
        assert sizes == sorted(sizes, reverse=True)
        assert "c59" not in {line["column"] for line in lines}


def test_profiles_have_the_mean_and_the_deviation_of_each_cluster(store: Store, made: Artifacts) -> None:
    """Of the vectors; rows without a cluster are in none."""
    _, profiles = tables(store, made)
    assert profiles.schema == kinds.profiles(2)
    assert profiles["cluster"].to_pylist() == [0, 1]
    assert profiles["rows"].to_pylist() == [4, 2]
    assert matrix(profiles, "mean").tolist() == [[-2.5, 0], [2, 0.5]]
    assert matrix(profiles, "deviation") == pytest.approx(np.array([[np.sqrt(1.25), 0], [1, 0.5]]))


def test_one_cluster_of_all_rows_needs_no_explanation(store: Store) -> None:
    """There are no other rows."""
    explanations, profiles = tables(store, write(store, {"cost": COST}, ENCODED[:, :1], [0] * 8))
    assert (len(explanations), len(profiles)) == (0, 1)


def test_rows_that_all_fit_no_cluster_leave_both_tables_empty(store: Store) -> None:
    """With their columns, so that readers need no special case."""
    explanations, profiles = tables(store, write(store, {"cost": COST}, ENCODED[:, :1], [None] * 8))
    assert (len(explanations), len(profiles)) == (0, 0)
    assert profiles.schema == kinds.profiles(1)


@pytest.mark.usefixtures("prefect_server")
def test_the_stage_is_done_once(store: Store, made: Artifacts) -> None:
    """The second time the store has both tables."""
    given = [made[kind] for kind in ("rows", "vectors", "assignments", "encoding")]
    first = explain(*given, store.root)
    assert {kind: artifact.rows for kind, artifact in first.items()} == {"explanations": 4, "profiles": 2}
    assert explain(*given, store.root, return_state=True).name == "Cached"
