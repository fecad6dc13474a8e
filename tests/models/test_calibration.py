"""Claims about calibrated probabilities."""

import numpy as np
import pytest

from models.calibration import Calibration, calibrate


def test_p_values_of_ordinary_rows_are_below_a_rate_as_often_as_it_says() -> None:
    """Conformal: 5 in 100 new rows of the same kind have a p-value of at most .05."""
    rng = np.random.default_rng(0)
    calibration = Calibration(1.0, 0.0, np.sort(rng.normal(size=2000)))
    found = (calibration.p_value(rng.normal(size=20_000)) <= 0.05).mean()
    assert found == pytest.approx(0.05, abs=0.015)


def test_a_row_stranger_than_all_has_the_smallest_p_value() -> None:
    """With n validation rows it is 1 / (n + 1)."""
    calibration = Calibration(1.0, 0.0, np.array([1.0, 2.0, 3.0]))
    assert calibration.p_value(np.array([0.0, 3.5])).tolist() == [0.25, 1.0]


def test_p_real_is_the_posterior_of_two_gaussians() -> None:
    """Logits N(1, 1) for real and N(-1, 1) for generated: p = sigmoid(2 logit)."""
    rng = np.random.default_rng(0)
    calibration = calibrate(rng.normal(1, 1, 50_000), rng.normal(-1, 1, 50_000), np.zeros(1))
    logit = np.array([-1.0, 0.0, 0.5])
    assert calibration.p_real(logit) == pytest.approx(1 / (1 + np.exp(-2 * logit)), abs=0.01)


def test_both_kinds_weigh_the_same_whatever_their_number() -> None:
    """Ten times as many real rows don't make a row more real."""
    rng = np.random.default_rng(0)
    calibration = calibrate(rng.normal(1, 1, 50_000), rng.normal(-1, 1, 5_000), np.zeros(1))
    assert calibration.p_real(np.zeros(1))[0] == pytest.approx(0.5, abs=0.02)


def test_the_state_round_trips_through_arrays() -> None:
    """A loaded calibration gives the same answers."""
    calibration = calibrate(np.array([2.0, 1.0]), np.array([-1.0, 0.5]), np.array([3.0, 1.0]))
    loaded = Calibration.from_arrays(calibration.to_arrays())
    assert loaded.p_real(np.arange(3.0)).tolist() == calibration.p_real(np.arange(3.0)).tolist()
    assert loaded.p_value(np.arange(3.0)).tolist() == calibration.p_value(np.arange(3.0)).tolist()


def test_p_real_follows_a_curve_that_bends() -> None:
    """Real logits of density |l| on [-1, 1] against uniform ones of density 1/2: p = 2 |l| / (1 + 2 |l|)."""
    rng = np.random.default_rng(0)
    sign, distance = rng.choice([-1, 1], 20_000), np.sqrt(rng.random(20_000))
    calibration = calibrate(sign * distance, rng.uniform(-1, 1, 20_000), np.zeros(1))
    logit = np.linspace(-0.95, 0.95, 39)
    posterior = 2 * np.abs(logit) / (1 + 2 * np.abs(logit))
    assert np.abs(calibration.p_real(logit) - posterior).mean() < 0.03


def test_few_rows_give_a_nearly_straight_curve() -> None:
    """30 rows against 10,000 samples: within .1 of the true posterior, sigmoid(2 logit)."""
    rng = np.random.default_rng(0)
    calibration = calibrate(rng.normal(1, 1, 30), rng.normal(-1, 1, 10_000), np.zeros(1))
    logit = np.linspace(-2, 2, 9)
    assert np.abs(calibration.p_real(logit) - 1 / (1 + np.exp(-2 * logit))).max() < 0.1


def test_arrays_of_the_first_format_are_a_plain_logistic_curve() -> None:
    """Bundles that were kept before give the answers that they gave."""
    loaded = Calibration.from_arrays({"platt": np.array([2.0, 1.0]), "typicality": np.array([1.0, 2.0])})
    logit = np.array([-1.0, 0.0, 3.0], np.float32)
    assert loaded.p_real(logit).tolist() == (1 / (1 + np.exp(-(2.0 * logit + 1.0)))).tolist()
