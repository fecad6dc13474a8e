"""Claims about partitions and the rule for new points."""

import numpy as np
import pytest

from models.partitions import Partition, fit_partition
from models.settings import PartitionMethod

METHODS = [PartitionMethod.kmeans, PartitionMethod.hierarchical]
MEANS = np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 20.0]])
SIZES = (300, 200, 100)


def blobs(seed: int = 0) -> np.ndarray:
    """Three round clusters, the largest first: (600, 2)."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(mean, 1, (size, 2)) for mean, size in zip(MEANS, SIZES, strict=True)])


def fitted(method: PartitionMethod, max_rows: int = 5000) -> Partition:
    """A partition of the three."""
    return fit_partition(blobs(), method, 3, restarts=5, max_rows=max_rows, seed=0)


@pytest.mark.parametrize("method", METHODS)
def test_well_separated_clusters_are_found_and_numbered_by_size(method: PartitionMethod) -> None:
    """The largest cluster is 0."""
    assert np.bincount(fitted(method).predict_proba(blobs()).argmax(axis=1)).tolist() == [300, 200, 100]


@pytest.mark.parametrize("method", METHODS)
def test_new_points_join_the_nearest_cluster(method: PartitionMethod) -> None:
    """Rows that no fit saw are labelled by the same rule."""
    assert fitted(method).predict_proba(MEANS + 0.5).argmax(axis=1).tolist() == [0, 1, 2]


@pytest.mark.parametrize("method", METHODS)
def test_memberships_are_probabilities(method: PartitionMethod) -> None:
    """They sum to one, and a point half-way belongs to both sides equally."""
    found = fitted(method).predict_proba(blobs(1))
    assert found.sum(axis=1) == pytest.approx(np.ones(600))


def test_a_point_between_two_centres_belongs_to_both() -> None:
    """At equal distance the posterior is one half."""
    partition = Partition(np.array([[0.0], [2.0]]), np.array([0, 1]), variance=1.0)
    assert partition.predict_proba(np.array([[1.0]])).tolist() == [[0.5, 0.5]]


def test_membership_is_the_posterior_of_two_gaussians() -> None:
    """At 0 between centres 0 and 2 with variance 1: 1 / (1 + exp(-2))."""
    partition = Partition(np.array([[0.0], [2.0]]), np.array([0, 1]), variance=1.0)
    assert partition.predict_proba(np.array([[0.0]]))[0, 0] == pytest.approx(1 / (1 + np.exp(-2)))


def test_hierarchical_clustering_of_many_points_joins_micro_clusters() -> None:
    """Beyond the limit no more centres than that are kept, and the clusters are the same."""
    partition = fitted(PartitionMethod.hierarchical, max_rows=100)
    assert len(partition.centres) == 100
    assert np.bincount(partition.predict_proba(blobs()).argmax(axis=1)).tolist() == [300, 200, 100]


def test_the_state_round_trips_through_arrays() -> None:
    """A loaded partition gives the same answers."""
    partition = fitted(PartitionMethod.kmeans)
    loaded = Partition.from_arrays(partition.to_arrays())
    assert np.array_equal(loaded.predict_proba(blobs()), partition.predict_proba(blobs()))
