"""Whether a challenger should take the champion's place: a stated rule that needs no labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.labellings import NO_CLUSTER
from models.matching import contingency
from models.metrics import adjusted_rand_index
from models.settings import PromotionSettings
from models.structure import neighbor_agreement

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


def division(spaces: Sequence[np.ndarray], labels: np.ndarray) -> float:
    """Mean over spaces (rows, width) of how much oftener than by chance a row's nearest rows share its cluster.

    A row that fits none is alone: it shares its cluster with nobody.
    """
    alone = labels == NO_CLUSTER
    own = np.where(alone, labels.max(initial=0) + 1 + np.arange(len(labels)), labels)
    return float(np.mean([neighbor_agreement(x - x.mean(axis=0), own) for x in spaces]))


def vanished_share(before: np.ndarray, after: np.ndarray) -> float:
    """Share of rows whose cluster before (rows,) is no row's cluster after, by stable ids."""
    return float((~np.isin(before, after) & (before != NO_CLUSTER)).mean())


def empty_share(labels: np.ndarray, ids: np.ndarray) -> float:
    """Share of clusters (clusters,), by ids, that no row (rows,) is in."""
    return float(1 - np.isin(ids, labels).mean())


def agreement(before: np.ndarray, after: np.ndarray) -> float:
    """Adjusted Rand index of two labellings (rows,)."""
    return adjusted_rand_index(contingency(before, after))


def _at_most(name: str, value: float, most: float) -> Criterion:
    return Criterion(name, None, value, f"at most {most:.3f}", value <= most)
