"""Whether probabilities come true: reliability bins and the expected calibration error."""

from dataclasses import dataclass

import numpy as np

BINS = 10
ROUNDS = 200


@dataclass(frozen=True)
class ReliabilityBin:
    """Rows of similar p_real.

    Attributes:
        low: the smallest p_real.
        high: the largest one.
        count: rows and samples.
        p_real: their mean.
        real_share: share of them that is real.
    """

    low: float
    high: float
    count: int
    p_real: float
    real_share: float


def reliability(p: np.ndarray, is_real: np.ndarray, bins: int = BINS) -> list[ReliabilityBin]:
    """Bins of equal mass, the lowest p first; equal p share a bin. `p` and `is_real` are (rows,)."""
    number = _bin_numbers(p, bins)
    found = []
    for i in np.unique(number):
        inside, real = p[number == i], is_real[number == i]
        bounds = float(inside.min()), float(inside.max())
        found.append(ReliabilityBin(*bounds, len(inside), float(inside.mean()), float(real.mean())))
    return found


def expected_calibration_error(p: np.ndarray, is_real: np.ndarray, bins: int = BINS) -> float:
    """Mean distance of p from the real share, over bins of equal mass weighted by their rows (Naeini et al. 2015)."""
    level, place = np.unique(p, return_inverse=True)
    count, p_sum, real = (np.bincount(place, each, len(level)) for each in (np.ones(len(p)), p, is_real))
    return calibration_error_of_levels(count, p_sum, real, bins)


def calibration_error_of_levels(count: np.ndarray, p: np.ndarray, real: np.ndarray, bins: int = BINS) -> float:
    """The same from what rows of equal or nearly equal p sum up to: (levels,) each, the lowest p first.

    `count` is the rows of a level, `p` the sum of theirs, `real` how many of them are real.
    """
    total = count.sum()
    number = ((count.cumsum() - count) * bins // total).astype(int)
    return float(np.abs(np.bincount(number, weights=real - p)).sum() / total)


def perfect_calibration_error(p: np.ndarray, seed: int, bins: int = BINS) -> float:
    """The error that would be measured on average if every p were exactly right: above 0 for finite rows.

    Simulated: each row is real with its own p.
    """
    random = np.random.default_rng(seed)
    return float(np.mean([expected_calibration_error(p, random.random(len(p)) < p, bins) for _ in range(ROUNDS)]))


def _bin_numbers(p: np.ndarray, bins: int) -> np.ndarray:
    first = np.searchsorted(np.sort(p), p, side="left")  # equal p get the rank of the first of them
    return first * bins // len(p)
