"""Claims about the search of settings."""

import subprocess
import sys

import pytest

from models.model_settings import SETTINGS, ModelName
from models.search import Changes, search
from models.search_spaces import SPACES, space_of
from tasks.code import ROOT

SPACE = {"a": (0, 1, 2), "b": ("x", "y")}
PATIENT = 1e9


def by_a(changes: Changes, rounds: int) -> float:
    """Settings with a = 2 are hopeless; the others get better with b = y."""
    return (0.0 if changes.get("a") == 2 else 0.8) + 0.1 * ("b" in changes)


def test_without_trials_the_defaults_are_measured_in_every_round() -> None:
    """And nothing else."""
    (found,) = search(SPACE, 0, 3, by_a, seed=0, seconds=PATIENT)
    assert (found.changes, found.scores, found.is_pruned) == ({}, (0.8, 0.8, 0.8), False)


def test_hopeless_settings_are_pruned_after_their_first_round() -> None:
    """Their other rounds are never measured; what is good is measured to the end."""
    rounds: list[tuple[object, int]] = []

    def measure(changes: Changes, done: int) -> float:
        rounds.append((changes.get("a"), done))
        return by_a(changes, done)

    found = search(SPACE, 30, 3, measure, seed=0, seconds=PATIENT)
    pruned = [trial for trial in found if trial.is_pruned]
    assert any(trial.changes.get("a") == 2 for trial in pruned)
    assert {len(trial.scores) for trial in pruned} == {1}
    assert len(rounds) == sum(len(trial.scores) for trial in found) < 3 * len(found)
    assert max(found, key=lambda trial: trial.scores[-1]).changes["b"] == "y"


def test_settings_are_tried_once() -> None:
    """However often they are proposed."""
    found = [str(trial.changes) for trial in search(SPACE, 50, 1, by_a, seed=0, seconds=PATIENT)]
    assert len(found) == len(set(found)) <= 6


def test_the_same_scores_give_the_same_trials() -> None:
    """So that a search that is run again finds everything in the store."""
    assert search(SPACE, 6, 2, by_a, 0, PATIENT) == search(SPACE, 6, 2, by_a, 0, PATIENT)


def test_settings_that_fail_do_not_end_the_search() -> None:
    """They are told apart from those that are merely bad."""
    found = search({"a": (0, 1)}, 9, 2, lambda changes, _: None if changes else 0.5, seed=0, seconds=PATIENT)
    assert [(trial.changes, trial.failed) for trial in found] == [({}, False), ({"a": 1}, True)]


def test_no_trial_begins_after_the_time() -> None:
    """But the defaults are always measured."""
    assert [trial.changes for trial in search(SPACE, 9, 1, by_a, seed=0, seconds=0)] == [{}]


@pytest.mark.parametrize("name", ModelName)
def test_a_model_accepts_all_values_of_its_space(name: ModelName) -> None:
    """And its default comes first."""
    default = SETTINGS[name]()
    for setting, values in space_of(name, default).items():
        assert values[0] == getattr(default, setting)
        assert set(SPACES[name][setting]) <= set(values)
        for value in values:
            SETTINGS[name].model_validate(default.model_dump() | {setting: value})


def test_a_search_unpickles_nothing() -> None:
    """An audit hook would end the process at the first object that a pickle names."""
    code = """
import sys
from tests.models.test_search import SPACE, by_a, search
sys.addaudithook(lambda event, _: sys.exit(event) if event.startswith("pickle.") else None)
print(len(search(SPACE, 5, 2, by_a, 0, 1e9)) > 1)
"""
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (found.stdout.strip(), found.returncode) == ("True", 0), found.stderr
