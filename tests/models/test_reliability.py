"""Claims about how far probabilities and rates can be believed."""

import numpy as np
import pytest
from scipy.stats import betabinom

from models.conformal import conformal_rank, count_quantiles
from models.reliability import (
    calibration_error_of_levels,
    expected_calibration_error,
    perfect_calibration_error,
    reliability,
)


def test_probabilities_that_come_true_have_no_error() -> None:
    """1 in 4 of the rows with p = .25 and 3 in 4 of those with p = .75 are real."""
    p = np.repeat([0.25, 0.75], 100)
    is_real = np.concatenate([np.repeat([1, 0], [25, 75]), np.repeat([1, 0], [75, 25])])
    assert expected_calibration_error(p, is_real) == pytest.approx(0)


def test_the_error_is_the_mean_distance_from_the_real_share() -> None:
    """p = .9 where half is real, and p = .1 where half is: .4."""
    p, is_real = np.repeat([0.1, 0.9], 100), np.tile([0, 1], 100)
    assert expected_calibration_error(p, is_real) == pytest.approx(0.4)
    low, high = reliability(p, is_real)
    assert (low.low, low.high, low.count, low.p_real, low.real_share) == pytest.approx((0.1, 0.1, 100, 0.1, 0.5))
    assert high.p_real == pytest.approx(0.9)


def test_sums_of_levels_measure_the_same_error() -> None:
    """100 rows of p = .1 and 100 of p = .9, half of each real: .4, whether a row or a level at a time."""
    found = calibration_error_of_levels(np.full(2, 100), np.array([10.0, 90.0]), np.array([50, 50]))
    assert found == pytest.approx(0.4)


def test_bins_hold_equally_many_rows() -> None:
    """Ten of a hundred each where no two p are equal."""
    p = np.random.default_rng(0).random(1000)
    assert [each.count for each in reliability(p, p > 0.5)] == [100] * 10


def test_few_rows_measure_an_error_where_there_is_none() -> None:
    """Bins of 10 rows at p = .5: E|Binomial(10, .5) / 10 - .5| = 252 / 2048; it shrinks as 1 / sqrt(rows)."""
    p = 0.5 + np.arange(100) * 1e-9
    assert perfect_calibration_error(p, seed=0) == pytest.approx(252 / 2048, rel=0.05)
    assert perfect_calibration_error(np.tile(p, 16) + np.arange(1600) * 1e-12, seed=0) < 0.04


def test_a_rank_is_the_largest_that_keeps_the_rate() -> None:
    """With fewer than 99 reference rows none can be among the lowest 1 in 100."""
    assert [conformal_rank(n, 0.01) for n in (98, 99, 198, 199)] == [0, 1, 1, 2]
    assert count_quantiles(50, 98, 0, [0.025, 0.975]).tolist() == [0, 0]


def test_the_interval_of_false_alarms_holds_at_least_as_often_as_it_says() -> None:
    """Simulated with a threshold drawn anew each time; a binomial interval would hold less often."""
    rng, n_rows, n_reference = np.random.default_rng(0), 500, 199
    rank = conformal_rank(n_reference, 0.05)
    low, high = count_quantiles(n_rows, n_reference, rank, [0.025, 0.975])
    thresholds = np.sort(rng.random((4000, n_reference)), axis=1)[:, rank - 1]
    counts = rng.binomial(n_rows, thresholds)
    exact = betabinom(n_rows, rank, n_reference + 1 - rank)
    assert counts.mean() == pytest.approx(exact.mean(), rel=0.02)
    assert 0.95 <= ((low <= counts) & (counts <= high)).mean() + 0.01 <= 0.99
