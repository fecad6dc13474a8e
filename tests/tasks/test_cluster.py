"""Claims about assignments."""

import numpy as np
import pyarrow as pa
import pytest

from models.partitions import fit_partition
from models.settings import PartitionMethod, PartitionOf, PartitionSettings
from tasks import kinds
from tasks.cluster import fit_points
from tasks.labelling import assignment_table, memberships
from tasks.loading import load_split
from tests.conftest import Fitted

IDS = pa.table({"row_id": ["a", "b"], "split": ["train", "test"]})
ROUTES = [(of, method) for of in PartitionOf for method in (PartitionMethod.kmeans, PartitionMethod.hierarchical)]


def test_an_assignment_names_the_two_likeliest_clusters() -> None:
    """Probability, runner-up, margin, and the list of what isn't negligible."""
    table = assignment_table(IDS, np.array([[0.1, 0.7, 0.2], [0.9995, 0.0, 0.0005]]))
    first, second = table.to_pylist()
    assert table.schema == kinds.ASSIGNMENTS
    assert (first["cluster"], first["second_cluster"]) == (1, 2)
    assert first["margin"] == pytest.approx(0.5)
    assert [entry["cluster"] for entry in first["probabilities"]] == [1, 2, 0]
    assert [entry["cluster"] for entry in second["probabilities"]] == [0]


def test_samples_have_assignments_of_their_own_kind() -> None:
    """By sample_id, without a split."""
    table = assignment_table(pa.table({"sample_id": ["x"]}), np.array([[0.4, 0.6]]))
    assert table.schema == kinds.SAMPLE_ASSIGNMENTS


@pytest.mark.parametrize(("of", "method"), ROUTES)
def test_every_route_labels_rows_that_were_not_trained_on(
    of: PartitionOf, method: PartitionMethod, fitted: Fitted
) -> None:
    """Partitions of rows and of samples, by k-means and hierarchical, give every test row a probable cluster."""
    made = fitted.artifacts
    points = fit_points(fitted.store, fitted.model, made["vectors"], made["samples"], of, 10_000, seed=0)
    partition = fit_partition(points, method, 10, restarts=5, max_rows=5000, seed=0)
    x = load_split(fitted.store, made["vectors"], "test", 1000, seed=0)
    found = memberships(fitted.model, partition, x)
    assert found.shape == (151, 10)
    assert found.sum(axis=1) == pytest.approx(np.ones(151))
    assert len(points) == (300 if of == PartitionOf.samples else 1463)


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
