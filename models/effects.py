"""What sets a group of rows apart from all other rows: effect sizes from sums that are taken part by part."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

LARGEST = 100.0  # in size, of any effect: without spread in both groups there would be no end


@dataclass(frozen=True)
class Sums:
    """Of each group and column: values that are there, their sum and their sum of squares, (groups, columns) each."""

    count: np.ndarray
    total: np.ndarray
    squares: np.ndarray

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.count + other.count, self.total + other.total, self.squares + other.squares)

    def others(self) -> "Sums":
        """The same of all rows outside of each group."""
        return Sums(*(whole.sum(axis=0) - whole for whole in (self.count, self.total, self.squares)))

    def mean(self) -> np.ndarray:
        """Means; NaN of nothing."""
        return _ratio(self.total, self.count)

    def variance(self) -> np.ndarray:
        """Variances (divided by the count); NaN of nothing."""
        return np.maximum(_ratio(self.squares, self.count) - self.mean() ** 2, 0)


def sum_groups(values: np.ndarray, groups: np.ndarray, n_groups: int, is_there: np.ndarray | None = None) -> Sums:
    """Sums of values (rows, columns) by group.

    Args:
        groups: (rows,) numbers below `n_groups`.
        is_there: (rows, columns), where a value counts; everywhere without it.
    """
    rows = np.arange(len(groups))
    belongs = sparse.csr_array((np.ones(len(groups)), (groups, rows)), shape=(n_groups, len(groups)))
    counted = np.ones(values.shape) if is_there is None else is_there.astype(np.float64)
    values = np.where(counted > 0, values.astype(np.float64), 0)
    return Sums(*(np.asarray(belongs @ each) for each in (counted, values, values**2)))


def mean_difference(own: Sums, others: Sums) -> np.ndarray:
    """Standardised difference of means, in pooled standard deviations: Cohen's d (Cohen 1988, section 2.2).

    NaN where one of the groups has no value; within +-LARGEST.
    """
    freedom = own.count + others.count - 2
    within = own.variance() * own.count + others.variance() * others.count
    deviation = np.sqrt(_ratio(within, freedom))
    difference = own.mean() - others.mean()
    tiny = np.finfo(float).tiny
    effect = np.where(difference == 0, 0, difference / np.maximum(np.nan_to_num(deviation), tiny))
    return np.where(np.isnan(difference), np.nan, effect.clip(-LARGEST, LARGEST))


def share_difference(share: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Difference of two shares on a scale that compares with Cohen's d: Cohen's h (Cohen 1988, section 6.2)."""
    return 2 * np.arcsin(np.sqrt(share)) - 2 * np.arcsin(np.sqrt(other))


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.where(below > 0, above / np.maximum(below, 1), np.nan)
