"""Claims about the test of a partition against rows without clusters."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from models.structure import StructureTest, boundary_clearance, neighbor_agreement, probe_structure
from models.surrogates import fit_surrogates

KINDS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "gaussian": lambda random: random.standard_normal((400, 6)) @ random.standard_normal((6, 6)),
    "cube": lambda random: random.random((400, 3)),
    "skewed": lambda random: random.lognormal(size=(400, 4)),
}


def probed(x: np.ndarray, clusters: int, seed: int) -> StructureTest:
    """k-means on four fifths of the rows, tested on the others."""
    train, unseen = x[len(x) // 5 :].astype(np.float32), x[: len(x) // 5].astype(np.float32)
    with threadpool_limits(1):  # small tables: threads would only wait for each other
        found = KMeans(clusters, n_init=1, random_state=seed).fit(train)
        return probe_structure(unseen, found.predict, fit_surrogates(train), seed)


def two_blobs(distance: float, seed: int) -> np.ndarray:
    """Two unit Gaussians in 5 dimensions, (2000, 5)."""
    random = np.random.default_rng(seed)
    x = random.standard_normal((2000, 5))
    x[:, 0] += random.choice([-0.5, 0.5], len(x)) * distance
    return x


def test_rows_without_clusters_are_rarely_called_structured() -> None:
    """Of 48 such tables no more are than an error rate of .05 allows in 99 of 100 cases."""
    alarms = sum(
        probed(draw(np.random.default_rng(seed)), 2 + seed % 7, seed).found
        for draw in KINDS.values()
        for seed in range(16)
    )
    assert alarms <= binom.ppf(0.99, 48, 0.05)


def test_overlapping_blobs_are_found_and_one_blob_is_not() -> None:
    """Two at 4 standard deviations, of whose rows 1 in 44 is nearer to the other mean; none at 0."""
    assert probed(two_blobs(4, seed=0), 2, seed=0).found
    assert not probed(two_blobs(0, seed=0), 2, seed=0).found


def test_clusters_that_are_not_convex_are_found() -> None:
    """Two arcs around each other: their means lie in the same direction, their neighbours don't mix."""
    random = np.random.default_rng(0)
    angle, arc = random.random(400) * np.pi, random.integers(0, 2, 400)
    turn = np.where(arc, -1, 1)
    x = np.stack([turn * np.cos(angle) + arc, turn * np.sin(angle) + arc / 2], axis=1)
    x = (x + 0.1 * random.standard_normal((400, 2))).astype(np.float32)
    known, of_known = x[:300], arc[:300]

    def label(rows: np.ndarray) -> np.ndarray:
        return of_known[((rows[:, None] - known) ** 2).sum(axis=2).argmin(axis=1)]

    assert probe_structure(x[300:], label, fit_surrogates(known), seed=0).found


def test_wide_vectors_with_constant_columns_are_tested() -> None:
    """Images have more columns than rows, borders that never change and many zeros."""
    random = np.random.default_rng(0)
    x = np.maximum(random.standard_normal((300, 400)), 0)
    x[:150, :100] += 1
    x[:, 300:] = 0
    assert probed(random.permutation(x), 2, seed=0).found


def test_one_seed_gives_one_result() -> None:
    """Surrogates and p-value are a function of rows and seed."""
    first, second = (probed(two_blobs(3, seed=1)[:300], 2, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.surrogates, second.surrogates)
    assert first.p_value == second.p_value


def test_agreement_is_one_of_far_clusters_and_nought_of_random_labels() -> None:
    """Whatever the sizes of the clusters."""
    random = np.random.default_rng(0)
    cluster = np.repeat([0, 1], [100, 400])
    x = random.standard_normal((500, 2)) + 100 * cluster[:, None]
    assert neighbor_agreement(x, cluster) == 1
    assert neighbor_agreement(x, random.permutation(cluster)) == pytest.approx(0, abs=0.05)
    assert neighbor_agreement(x, np.zeros(500)) == 0


def test_clearance_is_one_at_the_means_and_half_at_a_quarter_of_the_way() -> None:
    """Closed form: on a line from 0 to 1, rows at 0 and .25 about the mean .125 count 1 and 1 - .125 / .375 each."""
    x = np.array([[0.0], [0.25], [0.75], [1.0]])
    assert boundary_clearance(x, np.array([0, 0, 1, 1])) == pytest.approx((1 + (0.5 - 0.25) / 0.375) / 2)
    assert boundary_clearance(np.array([[0.0], [0.0], [1.0]]), np.array([0, 0, 1])) == 1
    assert boundary_clearance(np.array([[0.0], [0.5], [1.0]]), np.array([0, -1, 1])) == 1


def test_the_p_value_is_the_rank_among_the_surrogates() -> None:
    """Above all 99 it is 1 in 100, below all 1."""
    surrogates = np.tile(np.linspace(0, 1, 99)[:, None], 2)
    assert StructureTest(np.array([0.5, 9.0]), surrogates).p_value == 0.01
    assert StructureTest(np.array([-1.0, -1.0]), surrogates).p_value == 1
