"""Claims about the stage fit: resume, keys, and what it keeps."""

import logging
import os
import random
import signal
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest

from models.encoding import Column, Encoding, Kind
from models.model_settings import (
    ClusterGanSettings,
    GanSettings,
    KMeansSettings,
    ManifoldGanSettings,
    ModelName,
    ModelSettings,
)
from models.settings import TrainingSettings
from tasks import fit, kinds
from tasks.errors import BadInput, Interrupted, StageError
from tasks.fit import fit_phase, fit_phases, model_spec, phase_key, training_rows
from tasks.loading import load_split
from tasks.model import FittedModel, ModelSpec
from tasks.process import ModelProcess
from tasks.stage import Artifacts
from tasks.store import Store
from tests.conftest import write_digits

TRAINING = TrainingSettings(check_every=50, checkpoint_every=100)
SETTINGS: dict[ModelName, ModelSettings] = {
    ModelName.gan: GanSettings(),
    ModelName.clustergan: ClusterGanSettings(pretraining_steps=300, steps=300, units=32),
    ModelName.kmeans: KMeansSettings(restarts=2),
}


def spec_of(model: ModelName, clusters: int = 10) -> ModelSpec:
    """The model on the digits of the fixtures."""
    settings = SETTINGS[model]
    return ModelSpec(
        model=model,
        settings=settings.model_dump(mode="json"),
        width=64,
        image=True,
        clusters=clusters if settings.has_components else 0,
        seed=0,
    )


def fit_digits(
    store: Store, process: ModelProcess, model: ModelName, report: Callable[..., None] = lambda *_: None
) -> Artifacts:
    """All phases, as the task runs them."""
    return fit_phases(store, write_digits(store), spec_of(model), SETTINGS[model], TRAINING, process, report)


def fit_through_kills(
    store: Store, model: ModelName, kills: set[tuple[str, int]]
) -> tuple[Artifacts, list[tuple[str, int]]]:
    """Kill the child at each (phase, step) and try again, as a retry does; gives the steps that were reported."""
    seen: list[tuple[str, int]] = []
    with ModelProcess() as process:

        def report(phase: str, step: int, total: int, values: dict[str, float]) -> None:
            seen.append((phase, step))
            if (phase, step) in kills:
                kills.remove((phase, step))
                assert process._child is not None
                os.kill(process._child.pid, signal.SIGKILL)

        while True:
            try:
                return fit_digits(store, process, model, report), seen
            except Interrupted:
                assert store.names("checkpoints") != []


def random_step(seed: int) -> int:
    """A step of a check that lies behind the first checkpoint."""
    return random.Random(seed).randrange(150, 300, 50)


@pytest.fixture(scope="module")
def unbroken(process: ModelProcess, tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Artifacts]:
    """A training that nothing happens to."""
    store = Store(str(tmp_path_factory.mktemp("unbroken")))
    return store, fit_digits(store, process, ModelName.clustergan)


def test_a_killed_training_ends_as_an_unbroken_one(unbroken: tuple[Store, Artifacts], store: Store) -> None:
    """Inside phases and between them: the same weights to the last bit, and no checkpointed step is done again."""
    kills = {("pretraining", random_step(0)), ("adversarial", 50), ("adversarial", random_step(1))}
    broken, seen = fit_through_kills(store, ModelName.clustergan, set(kills))
    for kind in ("model", "history", "endings"):
        assert broken[kind].sha256 == unbroken[1][kind].sha256
    assert seen.count(("pretraining", 50)) == 1
    for phase, step in kills:
        checkpoint = (step - 1) // 100 * 100  # a checkpoint follows the report of its step
        assert min(after(seen, (phase, step)), default=step) > checkpoint


def after(seen: list[tuple[str, int]], kill: tuple[str, int]) -> list[int]:
    """The steps that were reported of a phase after a kill in it."""
    return [step for phase, step in seen[seen.index(kill) + 1 :] if phase == kill[0]]


def test_checkpoints_go_when_the_phase_is_kept(unbroken: tuple[Store, Artifacts]) -> None:
    """The store doesn't fill up with states that nobody needs."""
    store, _ = unbroken
    assert [path for name in store.names("checkpoints") for path in store.names(f"checkpoints/{name}")] == []


def test_a_later_phase_does_not_do_an_earlier_one_again(store: Store) -> None:
    """The encoder's settings change the key of the encoder's phase alone."""
    vectors, spec = write_digits(store), spec_of(ModelName.gan)
    settings = SETTINGS[ModelName.gan]
    changed = settings.model_copy(update={"encoder_steps": 1})
    same = [
        phase_key(store, phase, vectors, spec, settings, TRAINING)
        == phase_key(store, phase, vectors, spec, changed, TRAINING)
        for phase in settings.phases
    ]
    assert same == [True, False]


def test_pretraining_that_is_never_finite_ends_the_fit_by_name(store: Store, process: ModelProcess) -> None:
    """Squares of 1e30 overflow: the error tells the phase and what to do, and nothing of it is kept."""
    rows = pa.table({"row_id": [str(i) for i in range(150)], "split": ["train"] * 120 + ["validation"] * 30})
    vector = pa.FixedSizeListArray.from_arrays(pa.array(np.full(300, 1e30, np.float32)), 2)
    with store.attempt("vectors", "huge") as attempt:
        attempt.write_table("vectors", pa.Table.from_arrays([*rows.columns, vector], schema=kinds.vectors(2)))
        vectors = attempt.commit()["vectors"]
    settings = ManifoldGanSettings(representation="autoencoder", pretraining_steps=100)
    spec = ModelSpec(
        model=ModelName.manifoldgan, settings=settings.model_dump(mode="json"), width=2, image=False, clusters=2, seed=0
    )
    with pytest.raises(StageError, match=r"fit: expected finite losses in phase pretraining .*encoding\.scaling"):
        fit_phases(store, vectors, spec, settings, TRAINING, process, lambda *_: None)
    assert store.find("phase", phase_key(store, "pretraining", vectors, spec, settings, TRAINING)) is None


def test_a_phase_that_computes_tells_that_it_begins(store: Store, process: ModelProcess) -> None:
    """It may take minutes and has no steps to tell of."""
    told: list[tuple[str, int, int]] = []
    fit_digits(store, process, ModelName.kmeans, lambda phase, step, total, _: told.append((phase, step, total)))
    assert told == [("mixture", 0, 0)]


def test_a_phase_with_nothing_to_do_tells_nothing(store: Store, process: ModelProcess) -> None:
    """Narrow rows have no autoencoder, though pretraining is a phase."""
    settings, told = ManifoldGanSettings(), []
    spec = spec_of(ModelName.kmeans).model_copy(
        update={"model": ModelName.manifoldgan, "settings": settings.model_dump(mode="json")}
    )
    vectors, weights = write_digits(store), process.scratch
    key = phase_key(store, "pretraining", vectors, spec, settings, TRAINING)
    made = fit_phase(
        store, key, "pretraining", vectors, spec, TRAINING, process, weights, lambda *all_: told.append(all_)
    )
    assert "weights" in made
    assert told == []


def test_checks_see_validation_rows_in_random_order(store: Store, process: ModelProcess) -> None:
    """A source may be sorted, and checks look at the first rows: none of the 60 is left out, and few stay in place."""
    vectors = write_digits(store)
    rows = np.load(training_rows(store, vectors, TRAINING, 0, process))["validation"]
    in_order = load_split(store, vectors, "validation", 60, seed=0)
    np.testing.assert_array_equal(np.sort(rows, axis=0), np.sort(in_order, axis=0))
    assert (rows == in_order).all(axis=1).sum() < 10


def test_a_fitted_model_answers_for_rows_that_it_never_saw(
    unbroken: tuple[Store, Artifacts], process: ModelProcess
) -> None:
    """Responsibilities of test rows sum to one; a row's answers don't depend on its batch."""
    store, made = unbroken
    x = load_split(store, write_digits(store), "test", 100, seed=0)
    fitted = FittedModel(store, made["model"], process)
    together, alone = fitted.infer(x), fitted.infer(x[7:8])
    assert together["responsibilities"].sum(axis=1) == pytest.approx([1] * 60)
    assert all((together[name][7] == alone[name][0]).all() for name in together)


def test_samples_can_be_drawn_in_parts(unbroken: tuple[Store, Artifacts], process: ModelProcess) -> None:
    """Sample i depends on the seed and i alone."""
    store, made = unbroken
    fitted = FittedModel(store, made["model"], process)
    whole, component = fitted.sample(10, None, seed=3)
    part, part_component = fitted.sample(4, None, seed=3, start=6)
    assert (whole[6:] == part).all()
    assert (component[6:] == part_component).all()
    assert (fitted.sample(5, 2, seed=3)[1] == 2).all()


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        (ManifoldGanSettings(networks="convolutional"), "convolutional networks"),
        (ManifoldGanSettings(representation="gradients"), "neighbours by gradients"),
    ],
)
def test_what_only_images_have_is_refused_for_columns_of_numbers(
    store: Store, settings: ManifoldGanSettings, what: str
) -> None:
    """Before any training: the error says what it is for."""
    column = Column(
        "x", Kind.NUMBER, "double", 1, 0.0, 1.0, scaling="standard", parameters={"centre": [0], "unit": [1]}
    )
    with store.attempt("encoding", "numbers") as attempt:
        attempt.write_json("encoding", Encoding((column,)).to_json())
        encoding = attempt.commit()["encoding"]
    with pytest.raises(BadInput, match=f"expected one image of a known shape in each row, for {what}"):
        model_spec(store, encoding, ModelName.manifoldgan, settings, 3, seed=0)


def test_a_training_goes_on_while_its_server_is_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody to show the progress to is no failure; the log has it."""

    def unheard(*_: Any, **__: Any) -> None:
        raise httpx.ConnectError("nobody answers")

    monkeypatch.setattr(fit, "get_run_logger", logging.getLogger)
    monkeypatch.setattr(fit, "create_progress_artifact", lambda **_: uuid.uuid4())
    monkeypatch.setattr(fit, "update_progress_artifact", unheard)
    with caplog.at_level(logging.INFO):
        fit.reporter()("student", 10, 10, {"teacher_loss": 0.5})
    assert "student 10 of 10 steps: teacher_loss 0.5" in caplog.text
