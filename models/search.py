"""Search of a few settings by their score, by Optuna (Akiba et al. 2019), without waiting for hopeless ones."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna

WITHOUT_PRUNING = 2  # the first settings are tried to the end: there is nothing yet to compare with

Changes = dict[str, Any]  # setting -> value, where it isn't the default
Measure = Callable[[Changes, int], float | None]  # settings, rounds done -> score so far; None: it failed


@dataclass(frozen=True)
class Trial:
    """Settings that were tried, and their score after each round.

    Attributes:
        changes: what differs from the defaults.
        scores: after one round, two, ...; the last one counts.
        is_pruned: whether the rounds that are missing were spared.
        failed: whether the last round that was tried gave no score.
    """

    changes: Changes
    scores: tuple[float, ...]
    is_pruned: bool = False
    failed: bool = False


def search(
    space: Mapping[str, Sequence[Any]], trials: int, rounds: int, measure: Measure, seed: int, seconds: float
) -> list[Trial]:
    """The defaults, then at most `trials` other settings out of a space whose first values are the defaults.

    A tree-structured Parzen estimator (Bergstra et al. 2011) proposes settings. After each round but the last, a trial
    whose best score so far is below the median of the others' after as many rounds is pruned. No trial begins after
    `seconds`. The same scores give the same trials. Nothing is kept on disk.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=WITHOUT_PRUNING, n_warmup_steps=0),
    )  # in memory: Optuna's other storages pickle
    defaults = dict.fromkeys(space, 0)
    study.enqueue_trial(defaults)
    end = time.monotonic() + seconds
    found: dict[tuple[int, ...], Trial] = {}
    for _ in range(1 + (trials if space else 0)):
        if found and time.monotonic() > end:
            break
        asked = study.ask()
        places = {setting: asked.suggest_categorical(setting, range(len(values))) for setting, values in space.items()}
        changes = {setting: space[setting][place] for setting, place in places.items() if place}
        key = tuple(places.values())
        if key not in found:
            found[key] = try_settings(asked, changes, rounds, measure)
        tell(study, asked, found[key])
    return list(found.values())


def try_settings(asked: optuna.Trial, changes: Changes, rounds: int, measure: Measure) -> Trial:
    """Round after round, until the settings have failed or are hopeless."""
    scores: list[float] = []
    for done in range(1, rounds + 1):
        score = measure(changes, done)
        if score is None:
            return Trial(changes, tuple(scores), failed=True)
        scores.append(score)
        asked.report(score, done)
        if done < rounds and asked.should_prune():
            return Trial(changes, tuple(scores), is_pruned=True)
    return Trial(changes, tuple(scores))


def tell(study: optuna.Study, asked: optuna.Trial, trial: Trial) -> None:
    """What became of settings, for the next proposals; those that were proposed before got the same answer."""
    if trial.failed:
        study.tell(asked, state=optuna.trial.TrialState.FAIL)
    elif trial.is_pruned:
        study.tell(asked, state=optuna.trial.TrialState.PRUNED)
    else:
        study.tell(asked, trial.scores[-1])
