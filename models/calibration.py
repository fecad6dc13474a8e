"""From raw scores to probabilities that mean what they say."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression


@dataclass(frozen=True)
class Calibration:
    """What validation rows and samples taught about the raw scores."""

    slope: float
    intercept: float
    typicality: np.ndarray  # (rows,) of validation rows, ascending

    def p_real(self, logit: np.ndarray) -> np.ndarray:
        """Probability that a row is real and not generated, were both equally common; (rows,)."""
        return 1 / (1 + np.exp(-np.clip(self.slope * logit + self.intercept, -50, 50)))

    def p_value(self, typicality: np.ndarray) -> np.ndarray:
        """Conformal p-value: of an ordinary row it is below any rate with at most that probability; (rows,).

        Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World (2005), eq. 2.19 without smoothing.
        """
        as_strange = np.searchsorted(self.typicality, typicality, side="right")
        return (1 + as_strange) / (1 + len(self.typicality))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The state as arrays, for npz."""
        return {"platt": np.array([self.slope, self.intercept]), "typicality": self.typicality}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "Calibration":
        """The inverse of `to_arrays`."""
        slope, intercept = arrays["platt"]
        return cls(float(slope), float(intercept), arrays["typicality"])


def calibrate(logit_real: np.ndarray, logit_generated: np.ndarray, typicality: np.ndarray) -> Calibration:
    """Fit a logistic curve (Platt 1999) to logits of validation rows and samples, each kind weighing the same."""
    logit = np.concatenate([logit_real, logit_generated])
    is_real = np.repeat([1, 0], [len(logit_real), len(logit_generated)])
    scale = max(float(logit.std()), 1e-12)
    curve = LogisticRegression(class_weight="balanced").fit(logit[:, None] / scale, is_real)
    return Calibration(float(curve.coef_[0, 0]) / scale, float(curve.intercept_[0]), np.sort(typicality))
