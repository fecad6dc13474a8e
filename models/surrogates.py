"""Rows without clusters that are otherwise like given rows: a Gaussian copula with columns of one peak."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, rankdata
from sklearn.isotonic import isotonic_regression

CELLS = 2048  # of the table that turns a normal number into a column's value
REACH = 4.0  # standard deviations that the table covers
QUANTILES = 129  # of a continuous column; denser in the tails, where values are far apart
FEW_VALUES = 32  # a column with no more distinct values is discrete
PEAK_SHARE = 0.3  # of the values: the shortest interval that holds them has the peak in its middle
STEPS = np.linspace(0, 1 - PEAK_SHARE, 71)  # where such intervals begin, as shares of the values below


@dataclass(frozen=True)
class Surrogates:
    """A distribution without clusters, from which rows can be drawn.

    Columns depend on each other as a Gaussian's with the correlation of the rows' normal scores, and each has one
    peak. One Gaussian, a uniform cube and skewed or heavy-tailed independent columns stay what they are.
    """

    root: np.ndarray  # (rank, columns) float32: independent normal numbers times it are correlated
    table: np.ndarray  # (columns, CELLS) float32: a column's value for each cell of its normal number

    def draw(self, n: int, random: np.random.Generator) -> np.ndarray:
        """Rows (n, columns) float32."""
        z = random.standard_normal((n, len(self.root)), dtype=np.float32) @ self.root  # (n, columns)
        cell = np.clip((z + REACH) * (CELLS / (2 * REACH)), 0, CELLS - 1).astype(np.int32)
        return self.table[np.arange(z.shape[1]), cell]


def fit_surrogates(x: np.ndarray) -> Surrogates:
    """Surrogates of rows x (rows, columns) that keep the correlation and each column's mean, deviation and tails.

    The correlation isn't shrunk: surrogates rounder than the rows would make every partition of the rows look good.
    """
    scores = norm.ppf((rankdata(x, axis=0) - 0.5) / len(x))
    deviation = scores.std(axis=0)
    scores /= np.where(deviation > 0, deviation, 1)
    table = np.stack([one_peak(column.astype(np.float64)) for column in x.T])
    return Surrogates(_root(scores).astype(np.float32), table.astype(np.float32))


def one_peak(values: np.ndarray) -> np.ndarray:
    """A column's quantiles at equal steps of a standard normal number (CELLS,), with every peak but one levelled.

    Of a discrete column (at most 32 values) the counts are levelled, so that two values never make two peaks; of
    another one the spacings of quantiles, and mean and deviation stay.
    """
    z = (np.arange(CELLS) + 0.5) / CELLS * 2 * REACH - REACH
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= FEW_VALUES:
        share = _level(counts.astype(float), np.ones(len(counts)), int(counts.argmax()), rises=True)
        below = np.cumsum(share / share.sum())
        return distinct[np.searchsorted(below, norm.cdf(z)).clip(max=len(distinct) - 1)]
    quantiles = np.interp(z, *_levelled_quantiles(values))
    weight = norm.pdf(z) / norm.pdf(z).sum()
    mean = weight @ quantiles
    deviation = np.sqrt(weight @ (quantiles - mean) ** 2)
    return (quantiles - mean) * (values.std() / deviation) + values.mean()


def _root(scores: np.ndarray) -> np.ndarray:
    """A root (rank, columns) of the correlation of the scores (rows, columns), by the smaller of the two."""
    rows, columns = scores.shape
    if columns >= rows:
        return scores / np.sqrt(rows)
    values, vectors = np.linalg.eigh(scores.T @ scores / rows)
    return (vectors * np.sqrt(np.maximum(values, 0))).T


def _levelled_quantiles(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normal numbers and the quantiles there, whose spacing shrinks up to the peak and grows beyond it."""
    z = np.linspace(-1, 1, QUANTILES) * norm.ppf(1 - 0.5 / len(values))
    share = np.diff(norm.cdf(z))
    quantiles = np.quantile(values, norm.cdf(z), method="hazen")
    peak = np.searchsorted(norm.cdf(z), _peak(values)) - 1
    spacing = _level(np.diff(quantiles) / share, share, int(np.clip(peak, 0, QUANTILES - 2)), rises=False)
    return z, quantiles[0] + np.concatenate([[0], np.cumsum(spacing * share)])


def _peak(values: np.ndarray) -> float:
    """Share of the values below the peak."""
    low, high = np.quantile(values, STEPS), np.quantile(values, np.minimum(STEPS + PEAK_SHARE, 1))
    length = high - low
    shortest = np.flatnonzero(length <= length.min())
    return float(STEPS[shortest[len(shortest) // 2]] + PEAK_SHARE / 2)


def _level(values: np.ndarray, weight: np.ndarray, peak: int, rises: bool) -> np.ndarray:
    """The nearest values that rise (or fall) up to the peak and turn there: isotonic regression on either side."""
    left = isotonic_regression(values[: peak + 1], sample_weight=weight[: peak + 1], increasing=rises)
    right = isotonic_regression(values[peak:], sample_weight=weight[peak:], increasing=not rises)
    return np.concatenate([left[:-1], [(left[-1] + right[0]) / 2], right[1:]])
