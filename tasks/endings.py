"""How each phase of a training ended, in words."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from models.guards import StopReason

ENDINGS = "endings"  # artifact of the stage fit: a record of each phase that trained
HOW = {  # but for phases that compute
    StopReason.completed: "did all of its {steps:,} steps.",
    StopReason.converged: "ended after {steps:,} steps, when the figure that it goes by got no better any more.",
    StopReason.collapse: "was stopped after {steps:,} steps: check after check it knew few of the kinds of rows.",
    StopReason.critic_won: "was stopped after {steps:,} steps: the critic told samples from rows without fail, and the "
    "samples came no closer.",
    StopReason.not_finite: "was stopped after {steps:,} steps: its losses were infinite or none (NaN), at smaller "
    "learning rates too.",
}
HEALTHY = {StopReason.completed, StopReason.converged}
ADVICE = " Distrust what comes of it; another seed, lower learning rates or another model may do better."


@dataclass(frozen=True)
class Ending:
    """The end of a phase: `good` unless something went wrong."""

    phase: str
    good: bool
    text: str

    @property
    def level(self) -> int:
        """Of a log line that tells it."""
        return logging.INFO if self.good else logging.WARNING


def ending_records(phases: Iterable[str], outcomes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What `endings_of` tells in words; phases that computed and trained nothing are left out."""
    return [
        {"phase": phase, "steps": outcome["steps"], "stop_reason": outcome["stop_reason"]}
        for phase, outcome in zip(phases, outcomes, strict=True)
        if outcome["stop_reason"] != StopReason.computed
    ]


def endings_of(records: list[dict[str, Any]]) -> list[Ending]:
    """The records in words, in the order of training."""
    return [_ending(**record) for record in records]


def _ending(phase: str, steps: int, stop_reason: str) -> Ending:
    good = stop_reason in HEALTHY
    return Ending(phase, good, HOW[StopReason(stop_reason)].format(steps=steps) + ("" if good else ADVICE))
