"""Claims about how faithful and how varied samples are."""

import numpy as np
import pytest

from models.distributions import bin_shares, ks_distance, shared_edges
from models.fidelity import classifier_two_sample_test, manifold_metrics
from models.memorisation import copying_metrics, distance_to_nearest

RNG = np.random.default_rng(0)
X, OTHERS = RNG.normal(size=(2, 400, 5)).astype(np.float32)


def test_equal_sets_have_all_of_each_other() -> None:
    """Every row lies in its own ball; a row lies in its own and, on average, the balls of k others."""
    found = manifold_metrics(X, X)
    assert {name: found[name] for name in ("precision", "recall", "coverage")} == dict.fromkeys(
        ("precision", "recall", "coverage"), 1.0
    )
    assert found["density"] == pytest.approx(6 / 5)


def test_distant_sets_have_nothing_of_each_other() -> None:
    """No row lies in a ball of the other set."""
    assert set(manifold_metrics(X, X + 100).values()) == {0.0}


def test_a_collapsed_generator_is_precise_and_recalls_nothing() -> None:
    """All samples at one real row: all of them in its ball, one row covered, no other recalled."""
    found = manifold_metrics(X, np.repeat(X[:1], 400, axis=0))
    assert found["precision"] == 1
    assert found["recall"] == 1 / 400
    assert found["coverage"] <= 30 / 400


def test_what_a_perfect_generator_reaches_is_below_one() -> None:
    """Density near 1 and coverage near its expectation 1 - 2^-k (Naeem et al. 2020, lemma 2)."""
    found = manifold_metrics(X, OTHERS)
    assert found["density"] == pytest.approx(1, abs=0.15)
    assert found["coverage"] == pytest.approx(1 - 2**-5, abs=0.03)


def test_a_classifier_cannot_tell_draws_of_one_distribution() -> None:
    """Accuracy near a half, and no small p-value."""
    accuracy, p_value = classifier_two_sample_test(X, OTHERS, seed=0)
    assert accuracy == pytest.approx(0.5, abs=0.1)
    assert p_value > 0.01


def test_a_classifier_tells_shifted_draws() -> None:
    """Ten standard deviations apart, in narrow and in wide rows."""
    for shifted in (X + 10, np.tile(OTHERS + 10, 30)):
        accuracy, p_value = classifier_two_sample_test(np.tile(X, shifted.shape[1] // 5), shifted, seed=0)
        assert accuracy >= 0.99
        assert p_value < 1e-30


def test_copies_of_train_rows_are_found() -> None:
    """Half of the samples are train rows with a little noise, the other half is new."""
    train, control, fresh = np.random.default_rng(1).normal(size=(3, 1000, 5))
    samples = np.concatenate([train[:500] + 1e-3, fresh[:500]])
    found = copying_metrics(*(distance_to_nearest(x, [train]) for x in (samples, control)))
    assert found["copied_share"] == pytest.approx(0.5, abs=0.02)
    assert found["copied_share"] > found["copied_share_bound"]
    assert found["copying_auroc"] == pytest.approx(0.75, abs=0.03)


def test_new_samples_are_no_copies() -> None:
    """Draws of the same distribution stay below the bound, and are as far from train rows as the control."""
    train, control, fresh = np.random.default_rng(1).normal(size=(3, 1000, 5))
    found = copying_metrics(*(distance_to_nearest(x, [train]) for x in (fresh, control)))
    assert found["copied_share"] <= found["copied_share_bound"] < 0.03
    assert found["copying_auroc"] == pytest.approx(0.5, abs=0.04)


def test_parts_of_the_train_rows_make_no_difference() -> None:
    """An empty part neither."""
    whole = distance_to_nearest(X, [OTHERS])
    assert distance_to_nearest(X, [OTHERS[:100], OTHERS[:0], OTHERS[100:]]) == pytest.approx(whole)


def test_the_distance_of_two_uniform_columns_is_their_shift() -> None:
    """Kolmogorov-Smirnov of U(0, 1) and U(.25, 1.25) is .25."""
    u = np.linspace(0, 1, 10_001)
    assert ks_distance(u, u + 0.25) == pytest.approx(0.25, abs=1e-3)


def test_few_values_have_a_bin_each() -> None:
    """Flags and counts: the shares are those of the values."""
    a, b = np.array([0.0, 0, 0, 1]), np.array([1.0, 1, 3, 3])
    edges = shared_edges(a, b)
    assert edges.tolist() == [-0.5, 0.5, 2.0, 3.5]
    assert bin_shares(a, edges).tolist() == [0.75, 0.25, 0]
    assert bin_shares(b, edges).tolist() == [0, 0.5, 0.5]


def test_one_extreme_value_does_not_stretch_the_bins() -> None:
    """It counts in the last one; no row is left out."""
    a = np.append(np.linspace(0, 1, 1000), 1e9)
    edges = shared_edges(a, a)
    assert edges[-1] < 1.1
    assert bin_shares(a, edges).sum() == pytest.approx(1)
