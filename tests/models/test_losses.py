"""Loss terms against values that are known in closed form."""

import numpy as np
import pytest
import tensorflow as tf

from models import losses, quality
from models.neighbors import neighbor_graph

SLOPE = tf.constant([[3.0], [4.0]])


def linear_critic(x: tf.Tensor) -> tf.Tensor:
    """A critic whose gradient is (3, 4) everywhere, of norm 5."""
    return tf.matmul(x, SLOPE)


X = tf.constant(np.random.default_rng(0).normal(size=(8, 2)), tf.float32)


def test_an_undecided_discriminator_loses_two_log_two():
    """D = 1/2 everywhere, the equilibrium of Goodfellow et al. 2014."""
    zero = tf.zeros((8, 1))
    assert float(losses.non_saturating_d_loss(zero, zero)) == pytest.approx(2 * np.log(2))
    assert float(losses.non_saturating_g_loss(zero)) == pytest.approx(np.log(2))


def test_penalties_of_a_linear_critic_follow_from_its_slope():
    """R1 is 5^2 / 2 and the gradient penalty (5 - 1)^2."""
    assert float(losses.r1_penalty(linear_critic, X)) == pytest.approx(12.5)
    assert float(losses.gradient_penalty(linear_critic, X, -X, tf.fill((8, 1), 0.3))) == pytest.approx(16)


def test_wasserstein_loss_of_a_shift_is_minus_the_shift_along_the_slope():
    """f(x) - f(x - (1, 0)) = 3."""
    shifted = linear_critic(X - tf.constant([1.0, 0.0]))
    assert float(losses.wasserstein_d_loss(linear_critic(X), shifted)) == pytest.approx(-3, abs=1e-5)


def test_equal_one_hot_neighbours_agree_and_equal_sizes_balance():
    """Both losses are zero; one cluster for all costs log K."""
    p, one = tf.eye(4), tf.one_hot([0, 0, 0, 0], 4)
    assert float(losses.neighbor_agreement_loss(p, p)) == pytest.approx(0, abs=1e-6)
    assert float(losses.balance_loss(p)) == pytest.approx(0, abs=1e-6)
    assert float(losses.balance_loss(one)) == pytest.approx(np.log(4), abs=1e-6)


def test_contrast_of_equal_embeddings_is_the_log_of_the_batch():
    """No row can be told from another."""
    v = tf.tile([[1.0, 0.0]], [8, 1])
    assert float(losses.neighbor_contrast_loss(v, v, 0.5)) == pytest.approx(np.log(8))


def test_entropy_of_a_uniform_distribution_is_log_k():
    assert float(losses.entropy(tf.fill((5,), 0.2))) == pytest.approx(np.log(5), abs=1e-6)


def test_energy_coefficient_is_zero_for_the_same_rows_and_one_for_two_points_apart():
    """The two ends of its range."""
    x = X.numpy()
    assert quality.energy_coefficient(x, x) == pytest.approx(0, abs=1e-6)
    assert quality.energy_coefficient(np.zeros((3, 2)), np.ones((3, 2))) == pytest.approx(1)


def test_auroc_counts_ties_half():
    """Pairs of (1, 2) and (1, 0): one tie and three wins out of four."""
    assert quality.auroc(np.array([1.0, 2.0]), np.array([1.0, 0.0])) == pytest.approx(3.5 / 4)


def test_coverage_of_one_repeated_sample_is_one_row():
    x = np.arange(10.0).reshape(10, 1)
    assert quality.coverage(x, np.full((10, 1), 3.2)) == pytest.approx(0.1)
    assert quality.coverage(x, x) == 1


def test_neighbours_of_points_on_a_line_are_those_beside_them():
    """No row is its own neighbour, also not among duplicates."""
    graph = neighbor_graph(np.array([[0.0], [1.0], [2.1], [9.0], [9.0]], np.float32), 1)
    assert graph[:, 0].tolist() == [1, 0, 1, 4, 3]


def test_candidates_for_neighbours_are_spread_over_all_rows():
    """Of rows that come sorted, the last ones find neighbours among the last ones."""
    graph = neighbor_graph(np.arange(100, dtype=np.float32)[:, None], 2, limit=34)
    assert np.abs(graph - np.arange(100)[:, None]).max() <= 6


def test_codes_of_the_priors_moments_match_it():
    """Mean 0 and standard deviation s cost nothing; a mean of s costs half a nat."""
    noise = tf.constant([[0.1], [-0.1], [0.1], [-0.1]])
    assert float(losses.prior_matching_loss(noise, 0.1)) == pytest.approx(0, abs=1e-6)
    assert float(losses.prior_matching_loss(noise + 0.1, 0.1)) == pytest.approx(0.5, abs=1e-6)
