"""How far a column of samples is from the same column of real rows."""

import numpy as np
from scipy.stats import ks_2samp

BINS = 30
TAIL = 0.005  # of the values on either side: they count in the outermost bins, which would else stretch the rest


def ks_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """Largest difference of the two distribution functions (Kolmogorov-Smirnov), from 0 to 1."""
    return float(ks_2samp(real, fake, method="asymp").statistic)


def shared_edges(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Ascending edges of bins for both: one bin a value where there are few values, else of equal width."""
    values = np.unique(np.concatenate([real, fake]))
    if len(values) <= BINS:
        middle = (values[1:] + values[:-1]) / 2
        gap = float(np.diff(values).min()) / 2 if len(values) > 1 else 0.5
        return np.concatenate([[values[0] - gap], middle, [values[-1] + gap]])
    ends = [np.quantile(part, [TAIL, 1 - TAIL]) for part in (real, fake)]
    low, high = min(ends[0][0], ends[1][0]), max(ends[0][1], ends[1][1])
    return np.linspace(low, high, BINS + 1) if low < high else np.array([values[0], values[-1]])


def bin_shares(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Share of the values in each bin, (bins,); what lies beyond the edges counts in the outermost bins."""
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return counts / len(values)
