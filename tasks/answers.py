"""All that a bundle says of vectors, with one request to the model."""

from dataclasses import dataclass

import numpy as np

from tasks.bundle import Bundle
from tasks.labelling import memberships_by, needed

FARTHEST = 1e12  # of a coordinate: no train row lies beyond it, and its square is still a float32


@dataclass(frozen=True)
class Answers:
    """Of each row: probabilities (rows, components), zeros where it fits none, `p_real` and `p_value` (rows,)."""

    probabilities: np.ndarray
    p_real: np.ndarray
    p_value: np.ndarray


def finite(x: np.ndarray) -> np.ndarray:
    """Vectors (rows, width) within FARTHEST: what is beyond any train row stays an outlier, and a number."""
    return np.clip(x, -FARTHEST, FARTHEST)


def ask(bundle: Bundle, x: np.ndarray) -> Answers:
    """Probabilities and scores of vectors x (rows, width)."""
    found = bundle.model.infer(x, "scores", *needed(bundle.partition))
    probabilities = memberships_by(bundle.partition, x, found)
    typicality = np.nan_to_num(found["typicality"], nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    logit = np.nan_to_num(found["logit"], nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    return Answers(
        np.nan_to_num(probabilities), bundle.calibration.p_real(logit), bundle.calibration.p_value(typicality)
    )
