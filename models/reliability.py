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
    residuals = np.bincount(_bin_numbers(p, bins), weights=is_real - p, minlength=bins)
    return float(np.abs(residuals).sum() / len(p))


def perfect_calibration_error(p: np.ndarray, seed: int, bins: int = BINS) -> float:
    """The error that would be measured on average if every p were exactly right: above 0 for finite rows.

    Simulated: each row is real with its own p.
    """
    random = np.random.default_rng(seed)
    return float(np.mean([expected_calibration_error(p, random.random(len(p)) < p, bins) for _ in range(ROUNDS)]))


def _bin_numbers(p: np.ndarray, bins: int) -> np.ndarray:
    first = np.searchsorted(np.sort(p), p, side="left")  # equal p get the rank of the first of them
    return first * bins // len(p)
