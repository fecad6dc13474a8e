"""What a comparison found: its contestants, the best first, and the numbered records of a name's comparisons."""

import json
import shlex
from collections.abc import Sequence
from enum import StrEnum
from statistics import stdev
from typing import Any

from pydantic import BaseModel, ConfigDict

from models.model_settings import ModelName, model_settings
from models.ranking import Evidence, ranks
from models.settings import EncodingSettings, SourceSettings, TrainingSettings
from tasks.ledger import append_once, records
from tasks.store import Artifact, Store


class Outcome(StrEnum):
    """How far a contestant came."""

    ranked = "ranked"
    pruned = "pruned"  # hopeless after its first seeds, the others were spared
    failed = "failed"


class Contestant(BaseModel):
    """A model with settings, fitted once for each of `seeds` seeds from 0 on.

    `evidence` is of the judge, None where no seed got so far; `reason` is why it failed; `assignments` has one for each
    seed. `label_metrics` and `place` come last: nothing before knows them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: ModelName
    settings: dict[str, Any]
    changes: dict[str, Any]  # what the search changed
    outcome: Outcome
    reason: str = ""
    seeds: int
    evidence: Evidence | None = None
    assignments: list[Artifact]
    place: int | None = None
    label_metrics: dict[str, float] = {}

    @property
    def title(self) -> str:
        """The model, and what the search changed."""
        return ", ".join(filter(None, [str(self.model), changed(self)]))

    @property
    def options(self) -> list[str]:
        """What tells `genclust fit` of the model and its settings."""
        settings = model_settings(self.model, self.settings)
        return [f"--model={self.model}", *options(settings, f"{_kebab(self.model)}.")]


class Comparison(BaseModel):
    """A leaderboard: ranked contestants by place, then those that were pruned, then those that failed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    run_id: str
    source: str
    clusters: int | None
    seeds: int
    columns: SourceSettings = SourceSettings()
    encoding: EncodingSettings = EncodingSettings()
    training: TrainingSettings = TrainingSettings()
    store: str = "store"
    compared_at: str
    report: str
    contestants: list[Contestant]


def fit_command(comparison: Comparison) -> str:
    """The command that registers the first contestant's clusters; the store has them already."""
    words = [comparison.source, f"--name={comparison.name}", f"--clusters={comparison.clusters or 'auto'}"]
    words += [*comparison.contestants[0].options, *options(comparison.columns)]
    words += [*options(comparison.encoding, "encoding."), *options(comparison.training, "training.")]
    return shlex.join(["genclust", "fit", *words, f"--store={comparison.store}"])


def options(told: BaseModel, group: str = "") -> list[str]:
    """What tells the command line of settings that differ from their defaults."""
    default, given = (each.model_dump(mode="json") for each in (type(told)(), told))
    return [f"--{group}{_kebab(name)}={_word(value)}" for name, value in given.items() if value != default[name]]


def ranked(contestants: Sequence[Contestant]) -> list[Contestant]:
    """The contestants in the order of a leaderboard, with their places; by the evidence alone."""
    whole = [each for each in contestants if each.outcome == Outcome.ranked]
    places = ranks([each.evidence for each in whole if each.evidence])
    placed = [each.model_copy(update={"place": place}) for each, place in zip(whole, places, strict=True)]
    others = [each for outcome in (Outcome.pruned, Outcome.failed) for each in contestants if each.outcome == outcome]
    return sorted(placed, key=lambda each: (each.place, each.title)) + others


def add_comparison(store: Store, comparison: Comparison) -> None:
    """Keep it under its name, once for a run."""
    append_once(store, folder(comparison.name), comparison.run_id, comparison.model_dump_json(indent=1).encode())


def comparisons(store: Store, name: str) -> list[Comparison]:
    """All comparisons of a name, the oldest first."""
    return [Comparison.model_validate_json(record) for record in records(store, folder(name))]


def folder(name: str) -> str:
    """Where the comparisons of a name lie."""
    return f"models/{name}/comparisons"


def table_rows(contestants: Sequence[Contestant]) -> list[dict[str, Any]]:
    """The leaderboard as Prefect's table shows it; the columns of `label_metrics` are the last ones."""
    return [_table_row(each) for each in contestants]


def _table_row(each: Contestant) -> dict[str, Any]:
    row: dict[str, Any] = {
        "place": each.place if each.place is not None else str(each.outcome),
        "model": str(each.model),
        "settings": changed(each) or "as given",
        "seeds": each.seeds,
    }
    if found := each.evidence:
        row |= {
            "score": round(found.score, 4),
            "deviation": "" if each.seeds < 2 else round(stdev(found.cohesion), 4),
            "stability": "" if each.seeds < 2 else round(found.stability, 4),
            "clusters": ", ".join(map(str, sorted(set(found.clusters_used)))),
        }
    return row | {f"label {name}": round(value, 4) for name, value in each.label_metrics.items()}


def changed(contestant: Contestant) -> str:
    """What the search changed, in words."""
    return ", ".join(f"{setting} {value}" for setting, value in contestant.changes.items())


def _word(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _kebab(name: str) -> str:
    return name.replace("_", "-")
