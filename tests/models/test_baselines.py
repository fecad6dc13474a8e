"""The baselines: k-means and a Gaussian mixture of the vectors, and N2D."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from models.mixture import Mixture
from models.model_settings import ModelName
from models.settings import TrainingSettings
from tests.models.training_runs import CLUSTERS, COLUMNS, blobs, responsibilities, run_phase, scored, small_model

BASELINES = (ModelName.kmeans, ModelName.gaussian_mixture, ModelName.n2d)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    models = {name: small_model(name) for name in BASELINES}
    for model in models.values():
        for phase in model.phases:
            run_phase(model, phase, tmp_path_factory.mktemp(phase), TrainingSettings(check_every=500))
    return models


def full_mixture() -> tuple[Mixture, np.ndarray, list[np.ndarray]]:
    """Two components with full covariances, of weights .3 and .7."""
    covariances = [np.array([[2.0, 0.8], [0.8, 1.0]]), np.array([[0.5, -0.2], [-0.2, 0.3]])]
    factors = np.stack([np.linalg.cholesky(np.linalg.inv(covariance)) for covariance in covariances])
    means = np.array([[0.0, 1.0], [3.0, -1.0]])
    return Mixture(np.array([0.3, 0.7]), means, factors), means, covariances


def test_density_of_a_mixture_is_the_weighted_sum_of_its_normals():
    mixture, means, covariances = full_mixture()
    x = np.random.default_rng(0).normal(size=(9, 2))
    of_each = [multivariate_normal(mean, cov).pdf(x) for mean, cov in zip(means, covariances, strict=True)]
    np.testing.assert_allclose(mixture.log_density(x), np.log(0.3 * of_each[0] + 0.7 * of_each[1]))


def test_points_of_a_component_have_its_mean_and_covariance():
    mixture, means, covariances = full_mixture()
    noise = np.random.default_rng(0).standard_normal((100_000, 2))
    for cluster in (0, 1):
        points = mixture.place(np.full(len(noise), cluster), noise)
        np.testing.assert_allclose(points.mean(axis=0), means[cluster], atol=0.02)
        np.testing.assert_allclose(np.cov(points.T), covariances[cluster], atol=0.03)


def test_kmeans_puts_rows_to_the_nearest_of_scikit_learns_centres(fitted):
    expected = KMeans(CLUSTERS, n_init=10, random_state=0).fit(blobs()).predict(blobs(700))
    assert adjusted_rand_score(expected, responsibilities(fitted[ModelName.kmeans], blobs(700)).argmax(axis=1)) == 1


@pytest.mark.parametrize("name", BASELINES)
def test_three_distant_clusters_are_found_and_sampled_one_by_one(fitted, name):
    """Each blob is a cluster, and its samples lie in it."""
    model, x = fitted[name], blobs()
    clusters = responsibilities(model, x).argmax(axis=1)
    same_blob = ((x[:, None] - x[None]) ** 2).sum(-1) < 1
    assert len(set(clusters)) == CLUSTERS
    assert (clusters[:, None] == clusters[None])[same_blob].all()
    samples, components = model.sample(300, None, seed=0)
    assert adjusted_rand_score(components, responsibilities(model, samples).argmax(axis=1)) > 0.95
    assert set(model.sample(5, 2, seed=0)[1]) == {2}


@pytest.mark.parametrize("name", BASELINES)
def test_far_rows_are_less_typical_than_every_train_row(fitted, name):
    far = np.full((1, COLUMNS), 10, np.float32)
    assert scored(fitted[name], far)["typicality"][0] < scored(fitted[name], blobs())["typicality"].min()


def test_n2d_gives_a_train_row_what_the_mixture_gave_it(fitted):
    """Its own code is its nearest."""
    model = fitted[ModelName.n2d]
    np.testing.assert_array_equal(
        responsibilities(model, blobs()).argmax(axis=1), model.arrays["responsibilities"].argmax(axis=1)
    )
