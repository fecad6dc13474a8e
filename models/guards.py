"""What stops a phase that has gone wrong, each a reason and the metrics that give it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

CRITIC_WON_AUROC = 0.99
FAR_ENERGY_COEFFICIENT = 0.1
COLLAPSED_COVERAGE = 0.05


class StopReason(StrEnum):
    """Why a phase ended."""

    computed = "computed"  # it had no steps
    completed = "completed"
    converged = "converged"
    collapse = "collapse"
    critic_won = "critic_won"
    not_finite = "not_finite"


@dataclass(frozen=True)
class Guard:
    """A reason to stop; it counts checks in a row that fail while the criterion doesn't improve."""

    stop_reason: StopReason
    fails: Callable[[Mapping[str, float]], bool]


def guard_critic() -> Guard:
    """The critic has won: it tells all rows from samples, and the samples are far away and come no closer.

    Separation alone is no failure: a Wasserstein critic that separates perfectly still teaches the generator
    (Gulrajani et al. 2017); on digits its AUROC is 1.0 throughout a healthy run.
    """
    return Guard(
        StopReason.critic_won,
        lambda metrics: (
            metrics["critic_auroc"] > CRITIC_WON_AUROC and metrics["energy_coefficient"] > FAR_ENERGY_COEFFICIENT
        ),
    )


def guard_components(n_components: int) -> Guard:
    """Collapse of the responsibilities: fewer than half of the components hold rows."""
    return Guard(StopReason.collapse, lambda metrics: metrics["components_used"] < n_components / 2)


def guard_coverage() -> Guard:
    """Collapse of the generator: its samples are nearest to a few validation rows only."""
    return Guard(StopReason.collapse, lambda metrics: metrics["coverage"] < COLLAPSED_COVERAGE)
