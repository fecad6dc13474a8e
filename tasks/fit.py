"""Stage fit: vectors to a fitted model, phase by phase, each phase an artifact of its own."""

import json
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
import numpy as np
import pyarrow as pa
from prefect import get_run_logger
from prefect.artifacts import create_progress_artifact, update_progress_artifact

from models.encoding import Encoding
from models.guards import StopReason
from models.model_settings import ModelName, ModelSettings, model_settings
from models.settings import TrainingSettings
from tasks import kinds
from tasks.checkpoints import StoredCheckpoints
from tasks.code import code_digest, library_versions
from tasks.endings import ENDINGS, ending_records, endings_of
from tasks.errors import StageError
from tasks.loading import load_split
from tasks.model import ARRAYS, ModelSpec
from tasks.process import ModelProcess
from tasks.stage import Artifacts, cached, stage
from tasks.store import Artifact, Store

VALIDATION_ROWS = 10_000  # that checks and stop criteria look at
SECONDS_BETWEEN_UPDATES = 5.0  # each one is a row in the server's database

# Phase, step, total steps and values after each check; once, with no steps, as a phase begins that computes.
Report = Callable[[str, int, int, dict[str, float]], None]


@stage(name="fit")
def fit(
    vectors: Artifact,
    encoding: Artifact,
    model: ModelName,
    settings: ModelSettings,
    training: TrainingSettings,
    clusters: int | None,
    seed: int,
    store: str,
    process: ModelProcess,
) -> Artifacts:
    """Do each phase that the store doesn't have.

    Gives `model`, `history`, `endings` (how each phase ended), and `selection` where clusters were chosen.
    Costs steps x batch size x weights; memory grows with `training.max_rows`, not with the table.
    """
    place = Store(store)
    spec = model_spec(place, encoding, model, settings, clusters, seed)
    found = place.find("fit", phase_key(place, settings.phases[-1], vectors, spec, settings, training))
    if found:
        return cached(found)
    made = fit_phases(place, vectors, spec, settings, training, process, reporter())
    for ending in endings_of(place.json(made[ENDINGS])):
        get_run_logger().log(ending.level, "%s %s", ending.phase, ending.text)
    return made


def model_spec(
    store: Store, encoding: Artifact, model: ModelName, settings: ModelSettings, clusters: int | None, seed: int
) -> ModelSpec:
    """What decides the model's networks.

    Raises:
        BadInput: settings that don't suit the vectors.
    """
    return ModelSpec.of(Encoding.from_json(store.json(encoding)), model, settings, clusters, seed)


def fit_phases(
    store: Store,
    vectors: Artifact,
    spec: ModelSpec,
    settings: ModelSettings,
    training: TrainingSettings,
    process: ModelProcess,
    report: Report,
) -> Artifacts:
    """Run the phases in order and join what they made into one model."""
    weights = process.scratch / "weights"
    shutil.rmtree(weights, ignore_errors=True)
    weights.mkdir()
    made: list[Artifacts] = []
    outcomes: list[dict[str, Any]] = []
    for phase in settings.phases:
        key = phase_key(store, phase, vectors, spec, settings, training)
        made.append(fit_phase(store, key, phase, vectors, _counted(spec, outcomes), training, process, weights, report))
        outcomes.append(store.json(made[-1]["outcome"]))
        for name, content in store.contents(made[-1]["weights"]).items():
            (weights / name).write_bytes(content)
    fitted = _counted(spec, outcomes).model_dump(mode="json")
    with store.attempt("fit", key) as attempt:
        attempt.write_file("model", "model.json", json.dumps(fitted, sort_keys=True).encode())
        files = {file.path.rsplit("/", 1)[1]: file for each in made for file in store.files(each["weights"])}
        answering = (file for name, file in files.items() if not name.endswith(ARRAYS))
        attempt.refer("model", answering)  # a network that two phases train is the later one's
        attempt.refer("history", (file for each in made for file in store.files(each["history"])))
        attempt.write_json(ENDINGS, ending_records(settings.phases, outcomes))
        if records := [outcome["record"] for outcome in outcomes if outcome.get("record")]:
            attempt.write_json("selection", records[0])
        return attempt.commit()


def _counted(spec: ModelSpec, outcomes: list[dict[str, Any]]) -> ModelSpec:
    """The spec with the number of clusters that a phase found."""
    found = [outcome["clusters"] for outcome in outcomes if outcome.get("clusters")]
    return spec.model_copy(update={"clusters": found[-1]}) if found else spec


def fit_phase(
    store: Store,
    key: str,
    phase: str,
    vectors: Artifact,
    spec: ModelSpec,
    training: TrainingSettings,
    process: ModelProcess,
    weights: Path,
    report: Report,
) -> Artifacts:
    """The weights and the history of one phase: from the store, or trained from the last checkpoint on."""
    found = store.find("phase", key)
    if found:
        return found
    result = process.ask(
        "train",
        spec=spec.model_dump(mode="json"),
        phase=phase,
        weights=str(weights),
        inputs=training_rows(store, vectors, training, spec.seed, process),
        training=training.model_dump(mode="json"),
        seed=spec.seed,
        store=store.root,
        checkpoints=key,
        timeout=training.timeout_minutes * 60,
        progress=lambda message: report(phase, message["step"], message["total"], message["values"]),
    )
    check_outcome(phase, spec, result)
    with store.attempt("phase", key) as attempt:
        for name in result.pop("files"):
            attempt.write_file("weights", name, (weights / name).read_bytes())
        attempt.write_table("history", history_table(phase, result.pop("history")))
        attempt.write_json("outcome", result)
        made = attempt.commit()
    StoredCheckpoints(store, key, process.scratch).clear()
    return made


def check_outcome(phase: str, spec: ModelSpec, result: dict[str, Any]) -> None:
    """Refuse to build on a phase whose losses stayed not finite; the last phase keeps what it had learnt by then.

    Raises:
        StageError: not finite in a phase that others need, or before anything was learnt.
    """
    is_last = phase == model_settings(spec.model, spec.settings).phases[-1]
    if result["stop_reason"] != StopReason.not_finite or (is_last and result["steps"]):
        return
    raise StageError(
        "fit",
        f"finite losses in phase {phase} of {spec.model}",
        f"infinite ones or none (NaN) after step {result['steps']}, again and again at ever smaller learning rates",
        "Lower the model's learning rates, or tame columns with huge numbers (encoding.scaling quantile).",
    )


def history_table(phase: str, history: list[tuple[int, str, float]]) -> pa.Table:
    """The checks of a phase as a table."""
    rows = [{"phase": phase, "step": step, "name": name, "value": value} for step, name, value in history]
    return pa.Table.from_pylist(rows, schema=kinds.HISTORY)


def training_rows(store: Store, vectors: Artifact, training: TrainingSettings, seed: int, process: ModelProcess) -> str:
    """The file of what a phase trains on and checks itself on: `train` and `validation`, (rows, width) each.

    Validation rows come in random order, for checks look at the first of them and a source may be sorted.
    """
    path = process.scratch / f"training-{vectors.sha256[:16]}-{training.max_rows}-{seed}.npz"
    if path.exists():  # an earlier phase wrote it
        return str(path)
    train = load_split(store, vectors, "train", training.max_rows, seed)
    validation = load_split(store, vectors, "validation", VALIDATION_ROWS, seed)
    validation = np.random.default_rng(seed).permutation(validation)
    partial = path.with_name("partial.npz")
    np.savez(partial, allow_pickle=False, train=train, validation=validation)
    return str(partial.rename(path))


def phase_key(
    store: Store,
    phase: str,
    vectors: Artifact,
    spec: ModelSpec,
    settings: ModelSettings,
    training: TrainingSettings,
) -> str:
    """Key of a phase and all before it; what matters later on takes no part."""
    reached: dict[str, Any] = {"settings": settings.up_to(phase)}
    if not settings.needs_clusters(phase):
        reached["clusters"] = None
    return store.key(
        "phase",
        phase=phase,
        spec=spec.model_copy(update=reached),
        training=training.model_dump(exclude={"timeout_minutes"}),
        vectors=vectors.sha256,
        code=code_digest("tasks.fit", without=frozenset(f"models.{name}" for name in ModelName if name != spec.model)),
        libraries=library_versions(),
    )


def reporter() -> Report:
    """Tells the run's log of each check, and the UI of the progress while its server is there."""
    log = get_run_logger()
    progress = cast("UUID", create_progress_artifact(progress=0.0, key="training", description="Training of the model"))
    last = 0.0

    def report(phase: str, step: int, total: int, values: dict[str, float]) -> None:
        nonlocal last
        if not total:
            log.info("%s begins", phase)
            return
        shown = ", ".join(f"{name} {value:.3g}" for name, value in values.items())
        log.info("%s %d of %d steps: %s", phase, step, total, shown)
        if step == total or time.monotonic() - last > SECONDS_BETWEEN_UPDATES:
            with suppress(httpx.HTTPError):  # a training is worth more than the server's picture of it
                update_progress_artifact(progress, progress=100 * step / total, description=f"Phase {phase}")
            last = time.monotonic()

    return report
