"""Rates that rest on a finite reference: how many new rows rank low among reference rows, and how far that may vary."""

import numpy as np
from scipy.stats import betabinom


def conformal_rank(n_reference: int, rate: float) -> int:
    """Largest r with r / (n + 1) <= rate: a new row counts when it ranks among the lowest r of n + 1; 0 if none can."""
    return int((np.arange(1, n_reference + 2) / (n_reference + 1) <= rate).sum())


def count_quantiles(n_rows: int, n_reference: int, rank: int, quantiles: list[float]) -> np.ndarray:
    """Quantiles of how many of n new rows lie below the rank-th lowest of the reference rows: (quantiles,).

    For exchangeable rows the share below has a Beta(r, n_reference + 1 - r) distribution over the draw of the
    reference, so that the count is beta-binomial and wider than a binomial (Vovk 2012, sec. 2).
    """
    if rank == 0:
        return np.zeros(len(quantiles))
    return np.asarray(betabinom.ppf(quantiles, n_rows, rank, n_reference + 1 - rank))
