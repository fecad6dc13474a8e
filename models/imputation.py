"""Numbers that stand for missing cells, and the coordinate that says which cells were missing.

A masked array holds missing cells of any type; NaN is one too.
"""

import numpy as np

from models.settings import Imputation

MISSING = 1.0
"""The indicator where the cell was missing; 0 where it was there.

In a standardised column that is imputed by its mean, two cells that are there are sqrt(2) apart (root mean square).
With 1, so are a missing cell and one that is there: 1 by the value and 1 by the indicator. The indicator divided by
its own deviation would be 1/sqrt(share) where the share of missing cells is small, and rule the distances.
"""


def missing_cells(values: np.ndarray) -> np.ndarray:
    """Whether each of the numbers (rows,) is missing."""
    missing = np.ma.getmaskarray(values)
    return missing | np.isnan(np.ma.getdata(values)) if values.dtype.kind == "f" else missing


def present(values: np.ndarray) -> np.ndarray:
    """The numbers that are there, (present rows,)."""
    return np.ma.getdata(values)[~missing_cells(values)]


def fit_fill(values: np.ndarray, imputation: Imputation) -> float:
    """The number that stands for a missing one, by those that are there; of equally frequent ones the smallest."""
    match imputation:
        case Imputation.mean:
            return float(values.mean())
        case Imputation.median:
            return float(np.median(values))
        case Imputation.most_frequent:
            unique, counts = np.unique(values, return_counts=True)
            return float(unique[counts.argmax()])
    raise ValueError(f"Expected an imputation that is fitted. Received: {imputation}")


def indicator(missing: np.ndarray) -> np.ndarray:
    """Missing cells (rows,) as a coordinate, (rows,) float32."""
    return np.where(missing, np.float32(MISSING), np.float32(0))


def indicated(coordinate: np.ndarray) -> np.ndarray:
    """Whether a coordinate, generated perhaps, says that the cell is missing: past the middle of its two values."""
    return coordinate > MISSING / 2
