"""Claims about the Gaussian mixture."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from models.mixture import Mixture, covariance_type, fit_mixture, implied_mixture
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


@pytest.mark.parametrize("covariance", ["full", "diag"])
def test_a_mixture_that_converged_is_the_one_that_its_responsibilities_imply(covariance: str) -> None:
    """Askew clusters of two sizes; the density is that of scikit-learn."""
    askew = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.5], [0.0, 0.0, 0.3]])
    x = np.random.default_rng(0).normal(np.repeat([[0.0], [4.0]], [200, 100], axis=0), size=(300, 3)) @ askew
    mixture = GaussianMixture(2, covariance_type=covariance, reg_covar=1e-4, tol=1e-9, max_iter=500, random_state=0)
    found = mixture.fit(x)
    implied = implied_mixture(x, found.predict_proba(x), covariance, 1e-4)
    assert implied.means == pytest.approx(found.means_, abs=1e-5)
    assert implied.weights == pytest.approx(found.weights_, abs=1e-5)
    assert implied.log_density(x) == pytest.approx(found.score_samples(x), abs=1e-3)


@pytest.mark.parametrize("covariance", ["full", "diag"])
def test_responsibilities_without_points_imply_a_cluster_of_no_weight(covariance: str) -> None:
    """Where all points are; nothing is undefined."""
    x = np.random.default_rng(0).normal(3, 1, (50, 2))
    implied = implied_mixture(x, np.eye(2)[np.zeros(50, int)], covariance, 1e-4)
    assert implied.weights == pytest.approx([1, 0], abs=1e-8)
    assert implied.means[1] == pytest.approx(x.mean(axis=0))
    assert np.isfinite(implied.log_density(x)).all()


def test_a_constant_column_does_no_harm() -> None:
    """Variances are regularised."""
    x = np.column_stack([np.repeat([0.0, 5.0], 50), np.zeros(100)])
    assert np.bincount(fit_mixture(x, 2, 2, 0).memberships(x).argmax(axis=1)).tolist() == [50, 50]


def test_the_best_start_goes_on_with_all_points() -> None:
    """Beyond the rows that starts are compared on, means are those of all points."""
    x = np.random.default_rng(0).normal(np.repeat([[0.0], [9.0]], [11_000, 9_000], axis=0), 1)
    mixture = fit_mixture(x, 2, 2, 0)
    assert mixture.means[:, 0] == pytest.approx([x[:11_000].mean(), x[11_000:].mean()], abs=1e-3)
