"""Claims about rows without clusters that are otherwise like given rows."""

import numpy as np
import pytest

from models.surrogates import fit_surrogates, one_peak

ROWS = 4000


def peaks(values: np.ndarray) -> int:
    """Maxima of a histogram of 12 bins whose bins differ by more than noise."""
    counts = np.histogram(values, bins=12)[0]
    turning = np.sign(np.diff(counts)) * (np.abs(np.diff(counts)) > 5 * np.sqrt(len(values) / 12))
    turning = turning[turning != 0]
    return 1 + int(((turning[:-1] < 0) & (turning[1:] > 0)).sum())


def test_a_column_of_two_peaks_gets_one_and_keeps_mean_and_deviation() -> None:
    """Half of the rows about -3, half about 3: mean 0 and variance 10."""
    random = np.random.default_rng(0)
    x = (random.standard_normal((ROWS, 1)) + random.choice([-3, 3], (ROWS, 1))).astype(np.float32)
    drawn = fit_surrogates(x).draw(20_000, random)
    assert (peaks(x), peaks(drawn)) == (2, 1)
    assert drawn.mean() == pytest.approx(0, abs=0.15)
    assert drawn.var() == pytest.approx(10, rel=0.05)


def test_correlated_normal_rows_keep_their_covariance() -> None:
    """Unequal deviations and a correlation of .8: [[1, 2.4], [2.4, 9]]."""
    random, covariance = np.random.default_rng(0), np.array([[1, 2.4], [2.4, 9]])
    x = random.multivariate_normal([5, -5], covariance, ROWS).astype(np.float32)
    drawn = fit_surrogates(x).draw(20_000, random)
    assert drawn.mean(axis=0) == pytest.approx([5, -5], abs=0.2)
    assert np.cov(drawn.T) == pytest.approx(covariance, rel=0.08)


def test_heavy_tails_and_skew_stay() -> None:
    """Of a lognormal column the quantiles from 5 to 95 % are nearly the same again."""
    random = np.random.default_rng(0)
    x = random.lognormal(size=(ROWS, 1)).astype(np.float32)
    drawn = fit_surrogates(x).draw(20_000, random)
    levels = [0.05, 0.25, 0.5, 0.75, 0.95]
    assert np.quantile(drawn, levels) == pytest.approx(np.quantile(x, levels), rel=0.15)


def test_two_values_are_no_two_peaks() -> None:
    """A coin stays a coin, a constant a constant."""
    drawn = fit_surrogates(np.repeat([[0, 7], [1, 7]], [300, 700], axis=0)).draw(20_000, np.random.default_rng(0))
    assert set(drawn[:, 0]) == {0, 1}
    assert drawn[:, 0].mean() == pytest.approx(0.7, abs=0.02)
    assert set(drawn[:, 1]) == {7}


def test_a_discrete_column_loses_its_second_peak() -> None:
    """Counts 400, 100, 300 of three values become 400, 200, 200."""
    values = one_peak(np.repeat([0.0, 1.0, 2.0], [400, 100, 300]))
    drawn = fit_surrogates(np.repeat([[0.0], [1.0], [2.0]], [400, 100, 300], axis=0))
    counts = np.bincount(drawn.draw(80_000, np.random.default_rng(0))[:, 0].astype(int)) / 100
    assert set(values) == {0, 1, 2}
    assert counts == pytest.approx([400, 200, 200], abs=8)


def test_more_columns_than_rows_need_no_square_matrix() -> None:
    """The root has one row for each of the rows."""
    x = np.random.default_rng(0).standard_normal((50, 200))
    assert fit_surrogates(x).root.shape == (50, 200)
