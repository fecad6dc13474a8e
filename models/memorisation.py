"""Whether samples are copies of train rows: their distance to the nearest one against that of rows never trained on."""

from collections.abc import Iterable

import numpy as np
from sklearn.metrics import pairwise_distances_argmin_min

from models.conformal import conformal_rank, count_quantiles
from models.quality import auroc

COPY_RATE = 0.01  # of the control rows lie as close to a train row as what is called a copy
BOUND = 0.99


def distance_to_nearest(x: np.ndarray, train_parts: Iterable[np.ndarray]) -> np.ndarray:
    """Distance of each row from its nearest train row, (rows,); one part in memory at a time."""
    nearest = np.full(len(x), np.inf)
    for part in train_parts:
        if len(part):
            nearest = np.minimum(nearest, pairwise_distances_argmin_min(x, part)[1])
    return nearest


def copying_metrics(samples: np.ndarray, control: np.ndarray) -> dict[str, float]:
    """Share of copies with its bound, and AUROC, of distances to the nearest train row; (rows,) each.

    After the test of Meehan, Chaudhuri and Dasgupta (2020). A sample counts as copied when it is closer to a train
    row than 99 in 100 control rows are (than all of fewer than 99). Without memorisation the share stays below the
    bound with probability .99; the bound allows for the finite control. The AUROC is .5 without memorisation and
    larger when samples are closer.
    """
    rank = max(conformal_rank(len(control), COPY_RATE), 1)
    copied = samples < np.sort(control)[rank - 1]
    bound = count_quantiles(len(samples), len(control), rank, [BOUND])[0]
    return {
        "copied_share": float(copied.mean()),
        "copied_share_bound": float(bound / len(samples)),
        "copying_auroc": auroc(control, samples),
    }
