"""From raw scores to probabilities that mean what they say."""

from dataclasses import dataclass, field

import numpy as np
from sklearn.linear_model import LogisticRegression

SEGMENTS = 8
LINEAR_SCALE = 10  # the slope is all but free, its changes at the knots are held small: with few rows a plain curve


@dataclass(frozen=True)
class Calibration:
    """What validation rows and samples taught about the raw scores.

    The calibrated logit is linear between knots: slope * logit + intercept + sum of bend * max(logit - knot, 0).
    """

    slope: float
    intercept: float
    typicality: np.ndarray  # (rows,) of validation rows, ascending
    knots: np.ndarray = field(default_factory=lambda: np.zeros(0))  # (knots,); none in bundles before this curve
    bends: np.ndarray = field(default_factory=lambda: np.zeros(0))  # (knots,)

    def p_real(self, logit: np.ndarray) -> np.ndarray:
        """Probability that a row is real and not generated, were both equally common; (rows,)."""
        curve = self.slope * logit + self.intercept
        for knot, bend in zip(self.knots, self.bends, strict=True):
            curve = curve + bend * np.maximum(logit - knot, 0)
        return 1 / (1 + np.exp(-np.clip(curve, -50, 50)))

    def p_value(self, typicality: np.ndarray) -> np.ndarray:
        """Conformal p-value: of an ordinary row it is below any rate with at most that probability; (rows,).

        Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World (2005), eq. 2.19 without smoothing.
        """
        as_strange = np.searchsorted(self.typicality, typicality, side="right")
        return (1 + as_strange) / (1 + len(self.typicality))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The state as arrays, for npz."""
        curve = {"platt": np.array([self.slope, self.intercept]), "knots": self.knots, "bends": self.bends}
        return curve | {"typicality": self.typicality}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "Calibration":
        """The inverse of `to_arrays`; arrays without knots are a plain logistic curve (Platt 1999)."""
        slope, intercept = arrays["platt"]
        none = np.zeros(0)
        knots, bends = arrays.get("knots", none), arrays.get("bends", none)
        return cls(float(slope), float(intercept), arrays["typicality"], knots, bends)


def calibrate(logit_real: np.ndarray, logit_generated: np.ndarray, typicality: np.ndarray) -> Calibration:
    """Fit a logistic curve that bends (Platt 1999, with a penalised linear spline) to logits of rows and samples.

    Each kind weighs the same, and both together no more than twice the smaller one, so that the penalty on bends
    counts as much as so few rows deserve.
    """
    logit = np.concatenate([logit_real, logit_generated]).astype(np.float64)
    is_real = np.repeat([1, 0], [len(logit_real), len(logit_generated)])
    n_fewer = min(len(logit_real), len(logit_generated))
    weight = n_fewer / np.where(is_real == 1, len(logit_real), len(logit_generated))
    scale = max(float(logit.std()), 1e-12)
    knots = _knots(logit, weight)
    bent = np.maximum(logit[:, None] - knots, 0)  # (rows, knots)
    features = np.column_stack([LINEAR_SCALE * logit, bent]) / scale
    curve = LogisticRegression(max_iter=1000).fit(features, is_real, sample_weight=weight)
    slope, *bends = curve.coef_[0] / scale
    return Calibration(
        float(LINEAR_SCALE * slope), float(curve.intercept_[0]), np.sort(typicality), knots, np.array(bends)
    )


def _knots(logit: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Inner quantiles of the weighted logits, (at most SEGMENTS - 1,)."""
    order = np.argsort(logit, kind="stable")
    mass = np.cumsum(weight[order])
    levels = np.linspace(0, 1, SEGMENTS + 1)[1:-1]
    return np.unique(np.interp(levels, (mass - weight[order] / 2) / mass[-1], logit[order]))
