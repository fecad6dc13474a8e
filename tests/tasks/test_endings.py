"""Claims about how a training is said to have ended."""

import logging

from models.guards import StopReason
from tasks.endings import HOW, ending_records, endings_of

COMPUTED = {"steps": 0, "stop_reason": "computed"}


def test_a_phase_that_went_wrong_is_a_warning() -> None:
    """What computes is left out; what was stopped by a guard says so and gives advice."""
    outcomes = [COMPUTED, {"steps": 2000, "stop_reason": "completed"}, {"steps": 1500, "stop_reason": "critic_won"}]
    student, adversarial = endings_of(ending_records(["graph", "student", "adversarial"], outcomes))
    assert (student.phase, student.level, student.text) == ("student", logging.INFO, "did all of its 2,000 steps.")
    assert (adversarial.phase, adversarial.level) == ("adversarial", logging.WARNING)
    assert adversarial.text.startswith("was stopped after 1,500 steps: the critic told samples from rows")


def test_every_reason_to_stop_has_words() -> None:
    """Another guard needs another sentence; only a phase that computes has nothing to tell."""
    assert set(StopReason) - set(HOW) == {StopReason.computed}
