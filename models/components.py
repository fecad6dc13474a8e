"""Tables of principal components: columns less correlated than chance leaves such as have nothing in common."""

import numpy as np
from scipy.stats import chi2, rankdata

CHANCE = 1e-3  # that columns which have nothing in common are correlated as little
FALLING = -0.8  # rank correlation of a column's place and its deviation, at most


def are_components(x: np.ndarray) -> bool:
    """Whether columns (rows, columns) are principal components or singular vectors, the largest first.

    Correlations of these vanish in the rows that they were made of, and nearly so in most of the rows, where those of
    other columns vary by chance, the more so the more two are far out together. Correlations vanish in a plan of trials
    too, but there deviations don't fall from one column to the next. Where a fifth of the rows that they were made of
    are missing, fewer than about eight columns are too few to tell, and where half are, fewer than fifteen. The cost
    grows with the rows and the square of the columns.
    """
    deviations = x.std(axis=0)
    if x.shape[1] < 2 or not deviations.all() or _rank_correlation(deviations) > FALLING:
        return False
    z = (x - x.mean(axis=0)) / deviations
    pairs = np.triu_indices(x.shape[1], 1)
    products, squares = (z.T @ z)[pairs], (z**2).T @ z**2
    return bool((products**2 / squares[pairs]).sum() < chi2.ppf(CHANCE, len(products)))


def _rank_correlation(values: np.ndarray) -> float:
    """Of values (n,) with their places."""
    return float(np.corrcoef(np.arange(len(values)), rankdata(values))[0, 1])
