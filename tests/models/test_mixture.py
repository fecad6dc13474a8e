"""Claims about the Gaussian mixture."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from models.mixture import Mixture, covariance_type, fit_mixture
from models.nearest import fit_kmeans


def test_elongated_clusters_are_found_where_k_means_cuts_them() -> None:
    """Two parallel strips, ten times as long as wide."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal([0, shift], [10, 1], (300, 2)) for shift in (0, 6)])
    truth = np.repeat([0, 1], 300)
    assert adjusted_rand_score(truth, fit_mixture(x, 2, 10, 0).memberships(x).argmax(axis=1)) > 0.95
    assert adjusted_rand_score(truth, fit_kmeans(x, 2, 5, 0).memberships(x).argmax(axis=1)) < 0.1


@pytest.mark.parametrize("factors", [np.array([[1.0], [0.5]]), np.array([[[1.0]], [[0.5]]])])
def test_memberships_are_posteriors(factors: np.ndarray) -> None:
    """At 0 with weights .25 and .75 and standard deviations 1 and 2, both centred there: .25 against .75 / 2."""
    mixture = Mixture(np.array([0.25, 0.75]), np.zeros((2, 1)), factors)
    assert mixture.memberships(np.zeros((1, 1)))[0] == pytest.approx([0.4, 0.6])


def test_a_point_of_vanishing_density_still_has_a_posterior() -> None:
    """The nearer of two equal Gaussians takes a row at a million standard deviations."""
    mixture = Mixture(np.array([0.5, 0.5]), np.array([[0.0], [1.0]]), np.ones((2, 1)))
    assert mixture.memberships(np.array([[1e6]])).tolist() == [[0.0, 1.0]]


def test_covariances_are_full_where_there_are_points_for_them() -> None:
    """In two dimensions from 25 points in a cluster on: five for each of five parameters."""
    assert [covariance_type(n_points, 2, 4) for n_points in (99, 100)] == ["diag", "full"]


def test_a_constant_column_does_no_harm() -> None:
    """Variances are regularised."""
    x = np.column_stack([np.repeat([0.0, 5.0], 50), np.zeros(100)])
    assert np.bincount(fit_mixture(x, 2, 2, 0).memberships(x).argmax(axis=1)).tolist() == [50, 50]


def test_the_best_start_goes_on_with_all_points() -> None:
    """Beyond the rows that starts are compared on, means are those of all points."""
    x = np.random.default_rng(0).normal(np.repeat([[0.0], [9.0]], [11_000, 9_000], axis=0), 1)
    mixture = fit_mixture(x, 2, 2, 0)
    assert mixture.means[:, 0] == pytest.approx([x[:11_000].mean(), x[11_000:].mean()], abs=1e-3)
