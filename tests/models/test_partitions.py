"""Claims about partitions and the rule for new points."""

import io
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import make_moons
from sklearn.metrics import adjusted_rand_score

from models.nearest import NearestCentre
from models.partitions import Partition, fit_partition
from models.settings import Linkage, PartitionMethod, PartitionSettings, PartitionSpace

METHODS = [method for method in PartitionMethod if method not in (PartitionMethod.auto, "responsibilities")]
OF_TWO_PLACES = NearestCentre(np.array([[0.0], [2.0]]), np.array([0, 1]), variance=1.0)
MEANS = np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 20.0]])
SIZES = (300, 200, 100)
GOLDEN = Path(__file__).parents[1] / "golden" / "format-1"


def blobs(seed: int = 0) -> np.ndarray:
    """Three round clusters, the largest first: (600, 2)."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(mean, 1, (size, 2)) for mean, size in zip(MEANS, SIZES, strict=True)])


def partition(x: np.ndarray, method: PartitionMethod, clusters: int = 3, **settings: object) -> Partition:
    """A partition of points."""
    told = PartitionSettings.model_validate({"method": method, "restarts": 5} | settings)
    return fit_partition(x, told, method, clusters, seed=0)


def labels(made: Partition, x: np.ndarray) -> np.ndarray:
    """The likeliest cluster of each point, -1 for none."""
    found = made.predict_proba(x)
    return np.where(found.sum(axis=1) > 0, found.argmax(axis=1), -1)


def restored(made: Partition) -> Partition:
    """The same after a way through a file."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **made.to_arrays())
    buffer.seek(0)
    with np.load(buffer, allow_pickle=False) as arrays:
        return Partition.from_arrays(dict(arrays))


@pytest.mark.parametrize("method", METHODS)
def test_well_separated_clusters_are_found_and_numbered_by_size(method: PartitionMethod) -> None:
    """The largest cluster is 0."""
    found = labels(partition(blobs(), method), blobs())
    assert adjusted_rand_score(np.repeat([0, 1, 2], SIZES), found) > 0.95
    assert [np.bincount(found[found >= 0][:300]).argmax(), found[400], found[-50]] == [0, 1, 2]


@pytest.mark.parametrize("method", METHODS)
def test_new_points_join_the_nearest_cluster(method: PartitionMethod) -> None:
    """Rows that no fit saw are labelled by the same rule."""
    assert labels(partition(blobs(), method), MEANS + 0.3).tolist() == [0, 1, 2]


@pytest.mark.parametrize("method", METHODS)
def test_memberships_are_probabilities_or_zeros(method: PartitionMethod) -> None:
    """They sum to one, or to nothing where HDBSCAN finds a point too far from all clusters."""
    total = partition(blobs(), method).predict_proba(blobs(1)).sum(axis=1)
    assert total[total > 0] == pytest.approx(np.ones((total > 0).sum()))
    assert (total > 0).mean() > (0.9 if method == PartitionMethod.hdbscan else 0.999)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("space", PartitionSpace)
def test_the_state_round_trips_through_a_file(method: PartitionMethod, space: PartitionSpace) -> None:
    """A loaded partition lies in the same space and gives the same answers, to the last digit."""
    made = partition(blobs(), method, space=space)
    loaded = restored(made)
    assert loaded.space == space
    assert np.array_equal(loaded.predict_proba(blobs(1)), made.predict_proba(blobs(1)))


@pytest.mark.parametrize("method", METHODS)
def test_one_seed_gives_one_partition(method: PartitionMethod) -> None:
    """Also where micro-clusters and samples are drawn: the state is the same to the last digit."""
    one, other = (partition(blobs(), method, max_rows=200).to_arrays() for _ in range(2))
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_partition_of_format_1_is_of_nearest_centres_in_the_embedding() -> None:
    """Arrays that name neither rule nor space are those of the first release."""
    (path,) = GOLDEN.glob("models/gan/versions/*/*/partition/partition.npz")
    with np.load(path, allow_pickle=False) as arrays:
        loaded = Partition.from_arrays(dict(arrays))
    kept = np.load(GOLDEN / "gan.npz", allow_pickle=False)
    assert loaded.space == PartitionSpace.embedding
    assert loaded.predict_proba(kept["embedding"]) == pytest.approx(kept["probabilities"])


def test_a_point_between_two_centres_belongs_to_both() -> None:
    """At equal distance the posterior is one half."""
    assert OF_TWO_PLACES.memberships(np.array([[1.0]])).tolist() == [[0.5, 0.5]]


def test_membership_is_the_posterior_of_two_gaussians() -> None:
    """At 0 between centres 0 and 2 with variance 1: 1 / (1 + exp(-2))."""
    assert OF_TWO_PLACES.memberships(np.array([[0.0]]))[0, 0] == pytest.approx(1 / (1 + np.exp(-2)))


@pytest.mark.parametrize(
    ("method", "linkage", "agrees"),
    [
        (PartitionMethod.hdbscan, Linkage.ward, True),
        (PartitionMethod.hierarchical, Linkage.single, True),
        (PartitionMethod.hierarchical, Linkage.ward, False),
        (PartitionMethod.kmeans, Linkage.ward, False),
    ],
)
def test_two_arcs_are_found_by_density_and_by_single_linkage(
    method: PartitionMethod, linkage: Linkage, agrees: bool
) -> None:
    """k-means and Ward cut the half-moons across."""
    x, truth = make_moons(600, noise=0.05, random_state=0)
    found = labels(partition(x, method, 2, linkage=linkage), x)
    assert (adjusted_rand_score(truth, found) > 0.95) == agrees


def test_scores_are_standardised_whatever_their_units_and_far_rows() -> None:
    """One column a million times larger, and a row a billion away, leave the clusters what they were."""
    x, truth = blobs() * [1.0, 1e6], np.repeat([0, 1, 2], SIZES)
    made = partition(np.vstack([x, [1e9, 1e15]]), PartitionMethod.kmeans, space="scores")
    assert adjusted_rand_score(truth, labels(made, x)) == 1.0
    assert adjusted_rand_score(truth, labels(partition(x, PartitionMethod.kmeans), x)) < 0.9


def test_a_method_that_is_none_is_a_mistake_of_the_caller() -> None:
    """Auto stands for a method and is none itself."""
    with pytest.raises(ValueError, match=r"Expected a method that partitions points\. Received: auto"):
        partition(blobs(), PartitionMethod.auto)
