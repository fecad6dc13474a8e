"""One model's part of a comparison: its given settings and those of a search, each fitted from some seeds."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from pydantic import TypeAdapter

from models.model_settings import ModelName, ModelSettings
from models.ranking import Evidence
from models.search import Changes, Trial, search
from models.search_spaces import space_of
from models.settings import PartitionSettings, SampleSettings, SearchSettings, TrainingSettings
from tasks.cluster import cluster
from tasks.comparison import Contestant, Outcome
from tasks.errors import StageError
from tasks.fit import fit
from tasks.generate import generate
from tasks.judge import judge
from tasks.process import ModelProcess
from tasks.slot import gpu_slot
from tasks.stage import Artifacts
from tasks.store import Artifact, Store

SEARCH_SEED = 0
EVIDENCE = TypeAdapter(Evidence)  # JSON has lists for its tuples


@dataclass(frozen=True)
class Terms:
    """What all contestants have in common; clusters get the ids of the promoted version of `name`."""

    name: str
    rows: Artifact
    vectors: Artifact
    encoding: Artifact
    clusters: int | None
    training: TrainingSettings
    seeds: int
    search: SearchSettings
    store: str


@dataclass
class Entry:
    """What has been made of one choice of settings so far."""

    settings: ModelSettings
    assignments: list[Artifact] = field(default_factory=list)
    evidence: Evidence | None = None
    reason: str = ""


@task(name="contest", task_run_name="contest-{model}", cache_policy=NO_CACHE)
def contest(
    model: ModelName, settings: ModelSettings, terms: Terms, turns: AbstractContextManager[Any]
) -> list[Contestant]:
    """The given settings first, then those of the search; waits for one of the `turns` and for the machine's slot.

    Both are held until the model has no more to fit: its process, which goes with them, keeps a GPU's memory.
    """
    entries: dict[str, Entry] = {}
    with turns, gpu_slot(), ModelProcess() as process:

        def measure(changes: Changes, rounds: int) -> float | None:
            entry = entries.setdefault(repr(changes), Entry(settings.model_validate(settings.model_dump() | changes)))
            return play_round(model, entry, terms, seed=rounds - 1, process=process)

        found = search(
            space_of(model, settings), terms.search.trials, terms.seeds, measure, SEARCH_SEED,
            terms.search.timeout_minutes * 60,
        )  # fmt: skip
    return [contestant(model, trial, entries[repr(trial.changes)]) for trial in found]


def play_round(model: ModelName, entry: Entry, terms: Terms, seed: int, process: ModelProcess) -> float | None:
    """Fit, cluster and judge from one more seed; the score so far, or None where a stage can't do it."""
    try:
        entry.assignments.append(find_clusters(model, entry.settings, terms, seed, process)["assignments"])
        made = judge(terms.vectors, entry.assignments, terms.store, return_state=True).result()
    except StageError as error:  # the others go on: what failed is told in the leaderboard
        get_run_logger().warning("%s fails with seed %d: %s", model, seed, error)
        entry.reason = str(error)
        return None
    entry.evidence = EVIDENCE.validate_python(Store(terms.store).json(made["evidence"]))
    return entry.evidence.score


def find_clusters(
    model: ModelName, settings: ModelSettings, terms: Terms, seed: int, process: ModelProcess
) -> Artifacts:
    """The stages of a fit as far as the assignments; a fit of the same settings and seed finds them in the store."""
    made: Artifacts = fit(
        terms.vectors, terms.encoding, model, settings, terms.training, terms.clusters, seed, terms.store, process,
        return_state=True,
    ).result()  # fmt: skip
    drawn = generate(
        made["model"], terms.encoding, SampleSettings(), seed, terms.store, process, return_state=True
    ).result()
    found: Artifacts = cluster(
        terms.name, made["model"], terms.rows, terms.vectors, drawn["samples"], PartitionSettings(), terms.clusters,
        terms.training.max_rows, seed, terms.store, process, return_state=True,
    ).result()  # fmt: skip
    return found


def contestant(model: ModelName, trial: Trial, entry: Entry) -> Contestant:
    """The entry of the leaderboard."""
    outcome = Outcome.failed if trial.failed else Outcome.pruned if trial.is_pruned else Outcome.ranked
    return Contestant(
        model=model,
        settings=entry.settings.model_dump(mode="json"),
        changes=trial.changes,
        outcome=outcome,
        reason=entry.reason,
        seeds=len(entry.assignments),
        evidence=entry.evidence,
        assignments=entry.assignments,
    )
