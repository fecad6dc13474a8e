"""Claims about assignments."""

import numpy as np
import pyarrow as pa
import pytest

from models.settings import PartitionMethod, PartitionOf, PartitionSettings, PartitionSpace
from tasks import kinds
from tasks.cluster import cluster, fit_points, partition_points
from tasks.errors import BadInput
from tasks.labelling import assignment_table, memberships
from tasks.loading import load_split
from tasks.process import ModelProcess
from tests.conftest import Fitted

IDS = pa.table({"row_id": ["a", "b"], "split": ["train", "test"]})
METHODS = (
    PartitionMethod.kmeans,
    PartitionMethod.gaussian_mixture,
    PartitionMethod.hierarchical,
    PartitionMethod.hdbscan,
)
ROUTES = [(of, space, method) for of in PartitionOf for space in PartitionSpace for method in METHODS]


def test_an_assignment_names_the_two_likeliest_clusters() -> None:
    """Probability, runner-up, margin, and the list of what isn't negligible."""
    table = assignment_table(IDS, np.array([[0.1, 0.7, 0.2], [0.9995, 0.0, 0.0005]]), np.arange(3))
    first, second = table.to_pylist()
    assert table.schema == kinds.ASSIGNMENTS
    assert (first["cluster"], first["second_cluster"]) == (1, 2)
    assert first["margin"] == pytest.approx(0.5)
    assert [entry["cluster"] for entry in first["probabilities"]] == [1, 2, 0]
    assert [entry["cluster"] for entry in second["probabilities"]] == [0]


def test_samples_have_assignments_of_their_own_kind() -> None:
    """By sample_id, without a split."""
    table = assignment_table(pa.table({"sample_id": ["x"]}), np.array([[0.4, 0.6]]), np.arange(2))
    assert table.schema == kinds.SAMPLE_ASSIGNMENTS


def test_a_row_of_zeros_fits_no_cluster() -> None:
    """It has nulls and an empty list."""
    _, second = assignment_table(IDS, np.array([[0.1, 0.9], [0.0, 0.0]]), np.arange(2)).to_pylist()
    assert second == {
        "row_id": "b",
        "split": "test",
        "cluster": None,
        "cluster_probability": None,
        "second_cluster": None,
        "margin": None,
        "probabilities": [],
    }


def test_a_single_cluster_has_no_second() -> None:
    """The margin is the whole probability."""
    first, second = assignment_table(IDS, np.array([[1.0], [0.0]]), np.arange(1)).to_pylist()
    assert (first["cluster"], first["second_cluster"], first["margin"]) == (0, None, 1.0)
    assert (second["cluster"], second["margin"], second["probabilities"]) == (None, None, [])


@pytest.mark.parametrize(("of", "space", "method"), ROUTES)
def test_every_route_labels_rows_that_were_not_trained_on(
    of: PartitionOf, space: PartitionSpace, method: PartitionMethod, fitted: Fitted
) -> None:
    """Rows and samples, every space and every method give each test row one of the clusters, HDBSCAN perhaps none."""
    made, settings = fitted.artifacts, PartitionSettings(of=of, space=space, restarts=2)
    points = fit_points(fitted.store, fitted.model, made["vectors"], made["samples"], settings, 10_000, seed=0)
    assert len(points) == (300 if of == PartitionOf.samples else 1463)
    partition = partition_points(points, settings, method, 10, seed=0)
    x = load_split(fitted.store, made["vectors"], "test", 1000, seed=0)
    total = memberships(fitted.model, partition, x).sum(axis=1)
    fits_none = total == 0
    assert total[~fits_none] == pytest.approx(np.ones((~fits_none).sum()))
    assert not fits_none.any() or method == PartitionMethod.hdbscan
    assert len(total) == 151
    assert partition.n_clusters == 10 or method == PartitionMethod.hdbscan


def test_the_stage_writes_the_dendrogram_of_a_hierarchical_partition(
    fitted: Fitted, process: ModelProcess, prefect_server: None
) -> None:
    """With the clusters of the assignments, of at most max_rows points."""
    made, settings = fitted.artifacts, PartitionSettings(method=PartitionMethod.hierarchical)
    arguments = ("m", made["model"], made["rows"], made["vectors"], made["samples"])
    found = cluster(*arguments, settings, 4, 500, 0, fitted.store.root, process)
    tree = fitted.store.arrays(found["dendrogram"])
    assert {name: array.shape for name, array in tree.items()} == {"linkage": (59, 4), "cluster": (60,), "rows": (60,)}
    assert tree["rows"].sum() == 500
    assert set(tree["cluster"]) == set(range(4))
    assert sorted(found) == [
        "assignments", "dendrogram", "identities", "lineage", "partition", "sample_assignments",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("points", "method", "settings", "words"),
    [
        (
            np.repeat([[0.0], [1.0]], 50, axis=0),
            PartitionMethod.kmeans,
            {},
            "cluster: expected at least 3 different points to find 3 clusters in; found 2 in the embedding. "
            "Ask for fewer clusters, or choose another partition.space.",
        ),
        (
            np.arange(20.0)[:, None],
            PartitionMethod.hdbscan,
            {"min_cluster_size": 30},
            "cluster: expected at least 30 points for partition.method hdbscan; found 20. "
            "Lower partition.min_cluster_size, raise partition.max_rows, or give more rows.",
        ),
        (
            np.arange(20.0)[:, None] ** 2,
            PartitionMethod.hdbscan,
            {"min_cluster_size": 15},
            "cluster: expected at least two dense regions for partition.method hdbscan; "
            "found none in the embedding of 20 points. "
            "Lower partition.min_cluster_size, or choose another partition.space or partition.method.",
        ),
    ],
)
def test_points_that_make_no_partition_are_refused(
    points: np.ndarray, method: PartitionMethod, settings: dict[str, int], words: str
) -> None:
    """With what was expected, what was found, and what to do."""
    with pytest.raises(BadInput) as caught:
        partition_points(points, PartitionSettings.model_validate(settings), method, 3, seed=0)
    assert str(caught.value) == words


def test_more_clusters_than_micro_clusters_are_refused() -> None:
    """Micro-clusters can be joined, not split."""
    settings = PartitionSettings(max_rows=100)
    with pytest.raises(BadInput, match=r"max_rows of at least 150 to join into 150 clusters; found 100"):
        partition_points(np.arange(300.0)[:, None], settings, PartitionMethod.hierarchical, 150, seed=0)


def test_the_models_own_responsibilities_need_no_partition(fitted: Fitted) -> None:
    """ClusterGAN's encoder gives each row its component."""
    x = load_split(fitted.store, fitted.artifacts["vectors"], "test", 1000, seed=0)
    found = memberships(fitted.model, None, x)
    assert found.sum(axis=1) == pytest.approx(np.ones(151))


@pytest.mark.parametrize(
    ("of", "has_components", "method"),
    [
        (PartitionOf.rows, True, PartitionMethod.responsibilities),
        (PartitionOf.rows, False, PartitionMethod.kmeans),
        (PartitionOf.samples, True, PartitionMethod.kmeans),
    ],
)
def test_auto_takes_responsibilities_where_there_are_some(
    of: PartitionOf, has_components: bool, method: PartitionMethod
) -> None:
    """And k-means where the model has none or its samples are partitioned."""
    assert PartitionSettings(of=of).method_for(has_components) == method
