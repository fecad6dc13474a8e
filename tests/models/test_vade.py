"""VaDE: its mixture, its bound, its density."""

import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import adjusted_rand_score

from models import gaussians
from models.data_shape import DataShape
from models.model_settings import ModelName, VadeSettings, VadeStart
from models.settings import TrainingSettings
from models.training import Phase
from models.vade import Vade, choose_latent_dim
from tests.models.training_runs import CLUSTERS, COLUMNS, blobs, responsibilities, run_phase, scored, small_model

DRAWS = 200_000


def mixture(weights: list[float], means: list[list[float]], variances: list[list[float]]) -> gaussians.DiagonalMixture:
    made = gaussians.DiagonalMixture(*np.shape(means))
    made.set_weights([np.log(weights), np.array(means), np.log(variances)])
    return made


def numbers(*values: float) -> tf.Tensor:
    return tf.constant([values], tf.float32)


TWO = mixture([0.3, 0.7], [[0, 0], [2, 1]], [[1, 0.5], [0.3, 2]])
MEAN, LOG_VARIANCE = numbers(0.7, -0.4), numbers(-1.0, 0.5)


def draw_codes_of_q() -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal((DRAWS, 2))
    return (MEAN + tf.exp(LOG_VARIANCE / 2) * noise.astype(np.float32)).numpy()


def test_one_standard_component_has_the_kl_of_an_ordinary_vae():
    """The sum of (mean^2 + variance - 1 - log variance) / 2 (Kingma and Welling 2014, appendix B)."""
    ordinary = mixture([1.0], [[0, 0]], [[1, 1]])
    expected = 0.5 * (0.7**2 + 0.4**2 + np.exp(-1) + np.exp(0.5) - 2 + 1.0 - 0.5)
    assert float(gaussians.kl_to_mixture(MEAN, LOG_VARIANCE, ordinary)[0]) == pytest.approx(expected, abs=1e-5)


def test_equal_components_cost_no_more_than_one():
    """What component a code is of is then left to the prior."""
    same = mixture([0.2, 0.8], [[1, 1], [1, 1]], [[2, 2], [2, 2]])
    one = mixture([1.0], [[1, 1]], [[2, 2]])
    found = [float(gaussians.kl_to_mixture(MEAN, LOG_VARIANCE, prior)[0]) for prior in (same, one)]
    assert found[0] == pytest.approx(found[1], abs=1e-5)


def test_kl_of_code_and_component_is_the_mean_of_its_integrand():
    """E log q(z) q(c) / p(z, c) over draws of z, at the q(c) in proportion to p(c) exp(-KL)."""
    kls = gaussians.kl_to_components(MEAN, LOG_VARIANCE, TWO)
    q = tf.nn.softmax(TWO.log_weights - kls)  # (1, 2)
    z = draw_codes_of_q()
    log_q = gaussians.log_normal(z, MEAN, LOG_VARIANCE)
    integrand = tf.reduce_sum(q * (log_q[:, None] + tf.math.log(q) - TWO(z)), axis=1)
    actual = float(gaussians.kl_to_mixture(MEAN, LOG_VARIANCE, TWO)[0])
    assert actual == pytest.approx(float(tf.reduce_mean(integrand)), abs=0.01)


def test_no_other_choice_of_component_makes_the_bound_tighter():
    """Neither the responsibilities at the mean code, nor the prior, nor a certain component."""
    kls = gaussians.kl_to_components(MEAN, LOG_VARIANCE, TWO)
    best = float(gaussians.kl_to_mixture(MEAN, LOG_VARIANCE, TWO)[0])
    for q in (tf.nn.softmax(TWO(MEAN)), tf.constant([[0.3, 0.7]]), tf.constant([[1.0, 0.0]])):
        other = tf.reduce_sum(q * (kls + tf.math.log(q + 1e-20) - TWO.log_weights))
        assert best < float(other)


def test_density_of_a_mixture_is_that_of_its_components():
    """At 0: .25 N(0; 0, 1) + .75 N(0; 0, 4) = (.25 + .375) / sqrt(2 pi)."""
    prior = mixture([0.25, 0.75], [[0], [0]], [[1], [4]])
    assert float(prior.log_density(numbers(0.0))[0]) == pytest.approx(np.log(0.625 / np.sqrt(2 * np.pi)), abs=1e-6)
    assert tf.nn.softmax(prior(numbers(0.0))).numpy()[0] == pytest.approx([0.4, 0.6])


def test_a_mixture_starts_at_the_moments_of_given_clusters():
    """Three points in one, a single point in the other, and none in a third, which is as broad as all points."""
    codes = np.array([[0.0], [1.0], [2.0], [9.0]])
    weights, means, variances = gaussians.component_moments(codes, np.eye(3)[[0, 0, 0, 1]])
    floor = gaussians.REGULARISATION * codes.var()
    assert weights == pytest.approx([0.75, 0.25, 0], abs=1e-6)
    assert means[:, 0] == pytest.approx([1, 9, 3], abs=1e-4)
    assert variances[:, 0] == pytest.approx([2 / 3 + floor, floor, codes.var() + floor], abs=1e-3)


def test_extreme_log_variances_overflow_nowhere():
    """What the encoder or a component says is clipped before it becomes a variance."""
    prior = mixture([0.5, 0.5], [[0], [1]], [[1], [1]])
    prior.unclipped.assign([[-1e4], [1e4]])
    log_variance = gaussians.clip_log_variance(numbers(1e6))
    assert np.isfinite(gaussians.kl_to_mixture(numbers(5.0), log_variance, prior)).all()


def test_points_have_the_moments_of_a_standard_normal():
    points = gaussians.standard_points(32, 5)
    np.testing.assert_allclose(points.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(points.var(0), 1, rtol=1e-5)


def linear_model() -> tuple[Vade, np.ndarray]:
    """x = (z, 0) + noise of variance .5 with z ~ N(1, 2), and its exact posterior; the covariance of x beside it."""
    model = Vade(VadeSettings(units=2, latent_dim=1), DataShape(2, image=False), 1, 0)
    gain = 2 / 2.5
    set_linear(model.encoder, np.array([[gain, 0], [0, 0]]), np.array([1 - gain, np.log(2 * 0.5 / 2.5)]))
    set_linear(model.decoder, np.array([[1.0, 0]]), np.zeros(2))
    model.variance.set_weights([np.log([0.5, 0.5])])
    model.prior.set_weights([np.zeros(1), np.ones((1, 1)), np.log([[2.0]])])
    return model, np.diag([2.5, 0.5])


def set_linear(network, matrix: np.ndarray, bias: np.ndarray) -> None:
    """Make the network x -> x matrix + bias near the origin: a shift keeps every hidden unit positive."""
    first, second, last = (layer for layer in network.layers if layer.weights and layer.__class__.__name__ == "Dense")
    n_inputs, shift = len(matrix), 100.0
    first.set_weights([np.eye(n_inputs, 2), np.full(2, shift)])
    second.set_weights([np.eye(2), np.zeros(2)])
    padded = np.zeros((2, matrix.shape[1]))
    padded[:n_inputs] = matrix
    last.set_weights([padded, bias - shift * padded.sum(0)])


def test_density_and_bound_of_a_linear_model_are_those_of_its_gaussian():
    """Where q is the exact posterior, both are log N(x; (1, 0), diag(2.5, .5))."""
    model, covariance = linear_model()
    x = np.random.default_rng(0).normal(size=(7, 2)).astype(np.float32)
    distance = (((x - [1, 0]) ** 2) / np.diag(covariance)).sum(1)
    expected = -0.5 * (2 * np.log(2 * np.pi) + np.log(np.linalg.det(covariance)) + distance)
    np.testing.assert_allclose(scored(model, x)["log_density"], expected, atol=1e-3)
    np.testing.assert_allclose(-model.apply("evidence", x)[:, 0], expected, atol=1e-3)


def test_samples_of_a_linear_model_have_its_covariance():
    """The noise of columns is part of a sample."""
    model, covariance = linear_model()
    x, _ = model.sample(40_000, None, seed=0)
    np.testing.assert_allclose(x.mean(0), [1, 0], atol=0.03)
    np.testing.assert_allclose(np.cov(x.T), covariance, atol=0.06)


def test_components_are_drawn_by_their_weights():
    """4,000 samples of shares .1, .2 and .7, within four standard deviations; or all of the one that is asked for."""
    model = small_model(ModelName.vade)
    shares = np.array([0.1, 0.2, 0.7])
    model.prior.logits.assign(np.log(shares))
    counts = np.bincount(model.sample(4000, None, seed=0)[1], minlength=CLUSTERS)
    assert (np.abs(counts - 4000 * shares) < 4 * np.sqrt(4000 * shares * (1 - shares))).all()
    assert set(model.sample(5, 2, seed=0)[1]) == {2}


def test_pixels_of_even_odds_cost_log_two_each():
    """A Bernoulli likelihood, grey pixels included."""
    model = Vade(VadeSettings(units=4, latent_dim=2), DataShape(6, image=True), 2, 0)
    last = model.decoder.layers[-1]
    last.set_weights([np.zeros_like(weight) for weight in last.get_weights()])
    x = np.random.default_rng(0).uniform(size=(3, 6)).astype(np.float32)
    np.testing.assert_allclose(model.log_likelihood(tf.constant(x), tf.zeros((3, 2))), -6 * np.log(2), rtol=1e-5)
    samples = model.sample(4, None, seed=0)[0]
    assert samples.min() >= 0
    assert samples.max() <= 1


def test_codes_are_a_third_of_the_columns_within_bounds():
    assert [choose_latent_dim(columns) for columns in (1, 16, 784)] == [2, 5, 10]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory) -> Vade:
    model = small_model(ModelName.vade, units=32, batch_size=64, pretraining_steps=500, steps=1000)
    for phase in model.phases:
        result = run_phase(model, phase, tmp_path_factory.mktemp(phase), TrainingSettings())
        assert result.stop_reason in ("completed", "converged")
    return model


def test_three_distant_clusters_are_found_and_sampled_one_by_one(fitted):
    """Each blob is a component, and a component's samples are assigned to it."""
    x = blobs()
    clusters = responsibilities(fitted, x).argmax(1)
    same_blob = ((x[:, None] - x[None]) ** 2).sum(-1) < 1
    assert len(set(clusters)) == CLUSTERS
    assert (clusters[:, None] == clusters[None])[same_blob].all()
    samples, components = fitted.sample(300, None, seed=0)
    assert adjusted_rand_score(components, responsibilities(fitted, samples).argmax(1)) > 0.95


def test_density_of_far_rows_is_below_that_of_every_train_row(fitted):
    far = np.full((1, COLUMNS), 10, np.float32)
    assert scored(fitted, far)["log_density"][0] < scored(fitted, blobs())["log_density"].min()


def test_density_is_no_less_than_the_bound(fitted):
    """On average over rows, and the same for each row in any batch."""
    x = blobs()
    density, bound = scored(fitted, x)["log_density"], -fitted.apply("evidence", x)[:, 0]
    assert density.mean() >= bound.mean()
    np.testing.assert_array_equal(density[[7, 3]], scored(fitted, x[[7, 3]])["log_density"])


def test_responsibilities_sum_to_one(fitted):
    np.testing.assert_allclose(responsibilities(fitted, blobs()).sum(1), 1, rtol=1e-6)


def test_a_start_at_the_teachers_clusters_follows_the_manifold():
    """Two slanting stripes side by side: a mixture of the codes with variances by column cuts both in halves."""
    along, stripe = np.linspace(0, 20, 150), np.repeat([0, 1], 150)
    codes = np.concatenate([np.stack([along + by, along - by], axis=1) for by in (0, 1.5)]).astype(np.float32)
    agreement = {}
    for start in VadeStart:
        model = Vade(VadeSettings(units=4, latent_dim=2, start=start), DataShape(2, image=False), 2, 0)
        found, responsibilities = model.find_clusters(codes)
        np.testing.assert_array_equal(found, codes)
        agreement[start] = adjusted_rand_score(stripe, responsibilities.argmax(1))
    assert agreement[VadeStart.teacher] > 0.9
    assert agreement[VadeStart.autoencoder] < 0.1


@pytest.mark.parametrize(
    ("rows", "told", "steps"), [(100, None, 2_000), (25_600, None, 4_000), (60_000, None, 8_000), (60_000, 100, 100)]
)
def test_many_rows_are_pretrained_for_longer_unless_told(rows: int, told: int | None, steps: int):
    """Forty passes over them, and `check` knows it by the work."""
    model = small_model(ModelName.vade, batch_size=256, pretraining_steps=told)
    plan = model.plan("pretraining", np.zeros((rows, COLUMNS), np.float32))
    assert isinstance(plan, Phase)
    assert (plan.steps, plan.work(rows)) == (steps, steps)
