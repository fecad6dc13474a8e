"""Whether a challenger should take the champion's place: a stated rule that needs no labels."""

from dataclasses import dataclass

import numpy as np

from models.settings import PromotionSettings

ALLOWANCE = 3.0  # standard errors that a share of few rows may be off


@dataclass(frozen=True)
class Measured:
    """What was measured of champion and challenger on rows that neither model was trained on.

    Attributes:
        division: how well the clusters divide the graph of nearest rows, corrected for chance, (2,): champion,
            challenger.
        outliers: shares of the challenger's own period that each calls outliers, (2,).
        outlier_rate: the share that the challenger was asked for.
        rows: in the challenger's own period.
        vanished: share of rows in clusters of the champion that the challenger has not.
        empty: share of the challenger's clusters that no row is in.
        agreement: adjusted Rand index of both labellings.
    """

    division: tuple[float, float]
    outliers: tuple[float, float]
    outlier_rate: float
    rows: int
    vanished: float
    empty: float
    agreement: float


@dataclass(frozen=True)
class Criterion:
    """One condition of the rule: what both reach, what the challenger needs, and whether it has it."""

    name: str
    champion: float | None
    challenger: float
    needed: str
    holds: bool


def apply_rule(measured: Measured, settings: PromotionSettings) -> list[Criterion]:
    """Every condition of the rule; the challenger is promoted if all hold."""
    least = measured.division[0] - settings.division_loss
    error = np.sqrt(measured.outlier_rate * (1 - measured.outlier_rate) / max(measured.rows, 1))
    most = float(settings.outlier_factor * measured.outlier_rate + ALLOWANCE * error)
    return [
        Criterion("division of neighbours", *measured.division, f"at least {least:.3f}", measured.division[1] >= least),
        Criterion("outliers", *measured.outliers, f"at most {most:.3f}", measured.outliers[1] <= most),
        _at_most("rows in vanished clusters", measured.vanished, settings.max_vanished),
        _at_most("clusters without rows", measured.empty, settings.max_empty),
        Criterion(
            "agreement", None, measured.agreement, f"at least {settings.min_agreement:.3f}",
            measured.agreement >= settings.min_agreement,
        ),
    ]  # fmt: skip


def _at_most(name: str, value: float, most: float) -> Criterion:
    return Criterion(name, None, value, f"at most {most:.3f}", value <= most)
