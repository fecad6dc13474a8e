"""Models, seeds and settings on the same vectors, ranked without labels."""

from statistics import mean
from threading import Semaphore
from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run
from pydantic import Field

from flows.contests import Terms, contest
from flows.contradictions import refuse_uncounted
from models.model_settings import COMPARED, EveryModelSettings, ModelName
from models.settings import (
    Clusters,
    EncodingSettings,
    EvaluationSettings,
    Name,
    SearchSettings,
    SourceSettings,
    TrainingSettings,
)
from tasks.compare import compare
from tasks.comparison import Comparison, Contestant, Outcome, ranked
from tasks.evaluate import evaluate
from tasks.ingest import ingest
from tasks.stage import Artifacts
from tasks.store import Artifact, Store
from tasks.turns import slots

LABEL_METRICS = ("acc", "nmi", "ari")
Models = Annotated[tuple[ModelName, ...], Field(min_length=1)]
Seeds = Annotated[int, Field(ge=1, le=20)]


@flow(name="compare-models", persist_result=False)
def compare_models(
    source: str = "digits",
    name: Name = "digits",
    clusters: Clusters = 10,
    models: Models = COMPARED,
    seeds: Seeds = 3,
    store: Annotated[str, Field(min_length=1)] = "store",
    columns: SourceSettings = SourceSettings(),
    encoding: EncodingSettings = EncodingSettings(),
    training: TrainingSettings = TrainingSettings(),
    settings: EveryModelSettings = EveryModelSettings(),
    search: SearchSettings = SearchSettings(),
) -> Comparison:
    """Fit several models to a table and rank them without labels, as many at once as the machine has slots.

    Args:
        source: A file, a folder or a glob (Parquet, Arrow, CSV, JSON lines, NPZ), local or any URI; or digits.
        name: What the comparison is kept under; nothing is registered or promoted.
        clusters: Number of clusters; auto only with models that choose it (manifoldgan, n2d).
        models: The contestants.
        seeds: How often each is fitted, from seeds 0, 1, ...
        store: Folder or URI where everything is kept.
        columns: Which columns mean what.
        encoding: How columns become vectors.
        training: The training loop.
        settings: What each model is told.
        search: How far better settings are looked for.
    """
    refuse_uncounted({model: settings.of(model) for model in models}, clusters)
    made = ingest.submit(source, columns, encoding, clusters, store).result()
    terms = Terms(name, made["rows"], made["vectors"], made["encoding"], clusters, training, seeds, search, store)
    turns = Semaphore(slots())
    contests = [contest.submit(model, settings.of(model), terms, turns) for model in dict.fromkeys(models)]
    leaderboard = ranked([contestant for each in contests for contestant in each.result()])
    if "labels" in made:  # only now, for display: the places are taken
        leaderboard = [with_label_metrics(each, made, store) for each in leaderboard]
    run_id = str(flow_run.id)
    return compare.submit(
        name, run_id, source, clusters, seeds, columns, encoding, training, leaderboard, store
    ).result()


def with_label_metrics(contestant: Contestant, made: Artifacts, store: str) -> Contestant:
    """The same with how well its clusters agree with the known classes of all rows, mean over seeds."""
    if contestant.outcome != Outcome.ranked:
        return contestant
    evaluated = [
        evaluate.submit(made["vectors"], each, made["labels"], EvaluationSettings(), seed, store)
        for seed, each in enumerate(contestant.assignments)
    ]
    found = [label_metrics(Store(store), each.result()["metrics"]) for each in evaluated]
    means = {name: mean(each[name] for each in found) for name in LABEL_METRICS if all(name in each for each in found)}
    return contestant.model_copy(update={"label_metrics": means})


def label_metrics(store: Store, metrics: Artifact) -> dict[str, float]:
    """The metrics of all rows by name."""
    return {row["name"]: row["value"] for row in store.table(metrics).to_pylist() if row["split"] == "all"}
