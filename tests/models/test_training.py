"""The training loop: exact resume, determinism, guards, replicas."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from models import training
from models.draws import order_rows
from models.guards import guard_components, guard_coverage, guard_critic
from models.model_settings import ModelName
from models.settings import TrainingSettings
from tests.models.folder_checkpoints import Killed
from tests.models.training_runs import TRAINING, run_phase, small_model, weights_of

STEPS = {"steps": 20, "encoder_steps": 20, "pretraining_steps": 20, "student_steps": 20}
CASES = [
    (ModelName.gan, "encoder", 14),
    (ModelName.clustergan, "pretraining", 20),
    (ModelName.clustergan, "adversarial", 7),
    (ModelName.manifoldgan, "student", 14),
    (ModelName.manifoldgan, "adversarial", 7),
    (ModelName.vade, "elbo", 14),
]


def short_model(name: ModelName):
    fields = {field: value for field, value in STEPS.items() if hasattr(small_model(name).settings, field)}
    return small_model(name, **fields)


@pytest.mark.parametrize(("name", "phase", "killed_at"), CASES)
def test_a_run_killed_while_it_saves_resumes_to_the_same_weights_and_history(
    name, phase, killed_at, tmp_path, monkeypatch
):
    """A new model object with only the checkpoints ends bit for bit as an unbroken run does."""
    if name == ModelName.gan:
        monkeypatch.setattr(training, "XLA_STEPS", 0)  # compiled, as long trainings are
    unbroken, resumed = short_model(name), short_model(name)
    expected = run_phase(unbroken, phase, tmp_path / "unbroken")
    with pytest.raises(Killed):
        run_phase(short_model(name), phase, tmp_path / "killed", killed_at=killed_at)
    steps_seen = []
    actual = run_phase(resumed, phase, tmp_path / "killed", progress=lambda step, *_: steps_seen.append(step))
    assert expected == actual
    assert steps_seen[0] > killed_at - TRAINING.checkpoint_every
    for a, b in zip(weights_of(unbroken), weights_of(resumed), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_run_killed_between_checkpoints_repeats_the_lost_steps_exactly(tmp_path):
    """An exception from progress at step 10 goes back to the checkpoint of step 7."""

    def die(step: int, *_: object) -> None:
        if step == 10:
            raise Killed

    unbroken, resumed = short_model(ModelName.gan), short_model(ModelName.gan)
    run_phase(unbroken, "adversarial", tmp_path / "unbroken")
    with pytest.raises(Killed):
        run_phase(short_model(ModelName.gan), "adversarial", tmp_path / "killed", progress=die)
    run_phase(resumed, "adversarial", tmp_path / "killed")
    for a, b in zip(weights_of(unbroken), weights_of(resumed), strict=True):
        np.testing.assert_array_equal(a, b)


def test_another_seed_gives_another_result():
    """The seed reaches the weights."""
    first, second = small_model(ModelName.gan, seed=0), small_model(ModelName.gan, seed=1)
    assert not np.array_equal(weights_of(first)[0], weights_of(second)[0])


DIGEST = """
import hashlib, pathlib, sys
from models import training
from models.model_settings import ModelName
from tests.models.training_runs import run_phase, small_model, weights_of
model = small_model(ModelName.gan, steps=20, encoder_steps=20)
for phase, training.XLA_STEPS in (("adversarial", 1000), ("encoder", 0)):  # compiled, as long ones are, is the last
    run_phase(model, phase, pathlib.Path(sys.argv[1], phase))
print(hashlib.sha256(b"".join(weight.tobytes() for weight in weights_of(model))).hexdigest())
"""

REPLICAS = """
import sys, pathlib, numpy as np, keras, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from models import training
from models.data_shape import DataShape
from models.generative import build_model
from models.model_settings import ModelName
from tests.models.training_runs import CLUSTERS, SMALL, found_in_blobs, run_phase, weights_of
rate = 0.001  # SGD at ten times that diverges on sums over columns, and rounding with it
data, names = DataShape(4, image=False), ("steps", "encoder_steps", "pretraining_steps", "student_steps")
computed = {"graph", "embedding", "mixture", "assignment"}  # on one replica; given
def train(name, strategy, folder):
    settings = SMALL[name].model_copy(update={k: 50 for k in names if hasattr(SMALL[name], k)})
    sgd = lambda _: keras.optimizers.SGD(rate)
    model = build_model(settings, data, CLUSTERS, 0, strategy, sgd)
    model.arrays |= found_in_blobs()
    before = weights_of(model)
    for phase in [phase for phase in model.phases if phase not in computed]:
        training.XLA_STEPS = 0 if phase == "encoder" else 1000  # what XLA and TensorFlow draw is the same
        run_phase(model, phase, pathlib.Path(sys.argv[1], name, folder, phase))
    return before, weights_of(model)
for name in set(ModelName) - {"n2d", "kmeans", "gaussian_mixture"}:  # with networks that no other model has
    before, one = train(name, None, "one")
    _, two = train(name, tf.distribute.MirroredStrategy(
        ["CPU:0", "CPU:1"], tf.distribute.ReductionToOneDevice()
    ), "two")
    moved = max(np.abs(a - b).max() for a, b in zip(before, one))
    apart = max(np.abs(a - b).max() for a, b in zip(one, two))
    print(name, moved, apart)
    assert moved > 1e-2 and apart < 1e-5 * max(1, moved), (name, moved, apart)
"""


def run_python(code: str, *arguments: object) -> str:
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_one_seed_gives_one_result_in_any_process(tmp_path):
    """Two processes end with the same bytes."""
    assert run_python(DIGEST, tmp_path / "a") == run_python(DIGEST, tmp_path / "b")


def test_two_replicas_give_the_weights_of_one(tmp_path):
    """Fifty SGD steps of every phase under MirroredStrategy, to 1e-5."""
    run_python(REPLICAS, tmp_path)


def test_every_epoch_holds_every_row_once():
    """Ten rows of three epochs, read in parts, are three permutations."""
    order = np.concatenate([order_rows(5, 0, 7, 10), order_rows(5, 7, 23, 10)])
    assert [sorted(order[i : i + 10]) for i in (0, 10, 20)] == [list(range(10))] * 3


def poison(model, phase: str, step_of_nan: int):
    """The model with a loss that is NaN from a step on as long as the learning rate is the first one."""
    plan = model.plan

    def poisoned_plan(name, x_train):
        clean = plan(name, x_train)
        optimizer = clean.optimizers["critic"]
        rate = float(optimizer.learning_rate)

        def train_step(tables, rows, seed, step):
            losses = clean.train_step(tables, rows, seed, step)
            bad = (step >= step_of_nan) & (optimizer.learning_rate.value >= 0.75 * rate)
            return losses | {"d_loss": tf.where(bad, float("nan"), losses["d_loss"])}

        return dataclasses.replace(clean, train_step=train_step)

    model.plan = poisoned_plan
    return model


def test_losses_that_are_not_finite_go_back_a_checkpoint_with_half_the_rate(tmp_path):
    """A NaN that the smaller rate avoids costs one restart, and the phase completes."""
    model = poison(short_model(ModelName.gan), "adversarial", 9)
    rate = float(model.optimizers["critic"].learning_rate)
    result = run_phase(model, "adversarial", tmp_path)
    assert result.stop_reason == "completed"
    assert float(model.optimizers["critic"].learning_rate) == pytest.approx(rate / 2)
    assert np.isfinite([value for _, _, value in result.history]).all()


def test_losses_that_stay_not_finite_stop_at_the_last_checkpoint(tmp_path):
    """With no restart left, the phase ends where weights were last finite."""
    model = poison(short_model(ModelName.gan), "adversarial", 9)
    result = run_phase(model, "adversarial", tmp_path, TRAINING.model_copy(update={"max_restarts": 0}))
    assert (result.steps, result.stop_reason) == (7, "not_finite")
    assert all(np.isfinite(weight).all() for weight in weights_of(model))


def forced(model, **metrics: float):
    """The model whose checks report the given metrics."""
    plan = model.plan

    def forced_plan(name, x_train):
        clean = plan(name, x_train)
        return dataclasses.replace(clean, check=lambda x: clean.check(x) | metrics)

    model.plan = forced_plan
    return model


@pytest.mark.parametrize(
    ("name", "metrics", "reason"),
    [
        (ModelName.clustergan, {"components_used": 1.0}, "collapse"),
        (ModelName.gan, {"coverage": 0.01}, "collapse"),
        (ModelName.gan, {"critic_auroc": 1.0}, "critic_won"),
    ],
)
def test_a_guard_stops_after_failing_n_checks_without_improvement(name, metrics, reason, tmp_path):
    """The first check improves on nothing; the next two fail."""
    model = forced(short_model(name), energy_coefficient=0.5, **metrics)
    result = run_phase(model, "adversarial", tmp_path, TrainingSettings(check_every=5, guard_checks=2))
    assert (result.steps, result.stop_reason) == (15, reason)


def test_a_criterion_that_stands_still_stops_as_converged(tmp_path):
    """Patience of two checks after the first."""
    model = forced(short_model(ModelName.gan), energy_coefficient=0.05)
    result = run_phase(model, "adversarial", tmp_path, TrainingSettings(check_every=5, patience=2))
    assert (result.steps, result.stop_reason) == (15, "converged")


def test_guards_fail_by_their_thresholds():
    """Half the components, a twentieth of the rows, an AUROC of .99 far from the rows."""
    assert guard_components(10).fails({"components_used": 4})
    assert not guard_components(10).fails({"components_used": 5})
    assert guard_coverage().fails({"coverage": 0.04})
    assert not guard_coverage().fails({"coverage": 0.05})
    won = guard_critic().fails
    assert won({"critic_auroc": 0.995, "energy_coefficient": 0.2})
    assert not won({"critic_auroc": 0.995, "energy_coefficient": 0.05})
    assert not won({"critic_auroc": 0.98, "energy_coefficient": 0.2})


def test_a_finished_phase_is_not_trained_again(tmp_path):
    """The last checkpoint holds the result."""
    first = run_phase(short_model(ModelName.gan), "adversarial", tmp_path)
    steps = []
    again = run_phase(short_model(ModelName.gan), "adversarial", Path(tmp_path), progress=lambda s, *_: steps.append(s))
    assert (again, steps) == (first, [])
