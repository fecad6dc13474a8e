"""The one compiled training loop: phases of any model, checkpoints, exact resume, guards."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import keras
import numpy as np
import tensorflow as tf

from models.draws import order_rows
from models.guards import Guard, StopReason
from models.settings import TrainingSettings

STATE = "state.json"
IMPROVEMENT = 0.01
XLA_STEPS = 1000  # fewer are done before XLA has compiled their loop
CONVOLUTION_RANK = 4  # dimensions of the kernel of a convolution of images

Progress = Callable[[int, int, dict[str, float]], None]


class Checkpoints(Protocol):
    """Where checkpoints are kept; the store's, or a folder in tests."""

    def latest(self) -> str | None:
        """Local folder with the files of the newest whole checkpoint."""

    def save(self, step: int, folder: str) -> None:
        """Keep the finished files of a checkpoint."""


@dataclass(frozen=True)
class Phase:
    """What one phase trains, how, and by which measure it has converged."""

    steps: int
    batch_size: int  # rows over all replicas
    batches: int  # of real rows, in one step
    networks: dict[str, keras.Model]
    optimizers: dict[str, keras.optimizers.Optimizer]
    tables: tuple[np.ndarray, ...]  # what train_step gathers from; one line for each row that the phase trains on
    # (tables, rows [batches, batch_size], seed, step) -> losses, scaled by one over the number of replicas
    train_step: Callable[[tuple[tf.Tensor, ...], tf.Tensor, tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]
    losses: tuple[str, ...]
    check: Callable[[np.ndarray], dict[str, float]]  # x_validation, rows in random order -> metrics
    criterion: str  # the metric that falls while training helps
    guards: tuple[Guard, ...] = ()
    work: Callable[[int], float] = lambda _: 1  # how much it is for so many rows, in a unit of its own
    keeps_best: bool = False  # ends with the weights that the criterion was lowest with, not with the last ones
    finish: Callable[[], None] = lambda: None  # done once, after the last step


@dataclass
class State:
    """Everything of a run that isn't a weight."""

    step: int = 0
    restarts: int = 0
    best: float = float("inf")  # criterion of the last check that counts as an improvement
    lowest: float = float("inf")
    best_step: int = 0  # where the criterion was lowest
    stale: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    history: list[tuple[int, str, float]] = field(default_factory=list)
    stop_reason: str = ""


@dataclass(frozen=True)
class PhaseResult:
    """How a phase ended."""

    steps: int
    stop_reason: str
    history: list[tuple[int, str, float]]  # step, name, value


def train_phase(
    plan: Phase,
    strategy: tf.distribute.Strategy,
    x_validation: np.ndarray,
    training: TrainingSettings,
    seed: int,
    checkpoints: Checkpoints,
    progress: Progress,
) -> PhaseResult:
    """Train one phase of a model from its newest checkpoint to its end. x_validation: (rows, columns) float32."""
    best = BestWeights(plan)
    weights = tf.train.Checkpoint(
        **plan.networks, **{f"{k}_optimizer": v for k, v in plan.optimizers.items()}, best=best.copies
    )
    run_steps = compile_steps(plan, strategy)
    tables = table_tensors(plan)
    if checkpoints.latest() is None:
        save_checkpoint(checkpoints, weights, State())
    state = restore_checkpoint(checkpoints, weights)
    while not state.stop_reason:
        start, end = state.step, next_stop(state.step, plan.steps, training)
        rows = chunk_rows(plan, seed, start, end, training.check_every, len(plan.tables[0]))
        sums = run_steps(tables, rows, seed, start, end - start)
        losses = {name: float(value) / (end - start) for name, value in sums.items()}
        state.step = end
        if not is_finite(losses, plan.networks):
            state = restart(plan, checkpoints, weights, state.restarts, training)
            continue
        if end % training.check_every == 0 or end == plan.steps:
            check(plan, state, losses | plan.check(x_validation), training)
            best.keep(state)
            progress(end, plan.steps, {name: value for step, name, value in state.history if step == end})
        if state.stop_reason:
            best.restore()
            plan.finish()
        if end % training.checkpoint_every == 0 or state.stop_reason:
            save_checkpoint(checkpoints, weights, state)
    return PhaseResult(state.step, state.stop_reason, state.history)


class BestWeights:
    """Copies of a phase's weights from the check with the lowest criterion, where the phase keeps its best."""

    def __init__(self, plan: Phase) -> None:
        kept = plan.networks.values() if plan.keeps_best else ()
        self.weights = [weight for network in kept for weight in network.weights]
        self.copies = [tf.Variable(weight.numpy(), trainable=False) for weight in self.weights]

    def keep(self, state: State) -> None:
        """Copy the weights if the last check was the best one."""
        if state.best_step == state.step:
            for copy, weight in zip(self.copies, self.weights, strict=True):
                copy.assign(weight)

    def restore(self) -> None:
        """Put the copies back."""
        for copy, weight in zip(self.copies, self.weights, strict=True):
            weight.assign(copy)


def table_tensors(plan: Phase) -> tuple[tf.Tensor, ...]:
    """What the loop gathers from, on the device."""
    return tuple(map(tf.constant, plan.tables))


def compile_steps(plan: Phase, strategy: tf.distribute.Strategy) -> Callable[..., dict[str, tf.Tensor]]:
    """The compiled loop: losses summed over `count` steps.

    The steps are traced as they stand: AutoGraph would rewrite all their functions first, for seconds.
    """

    @tf.function(jit_compile=takes_xla(plan, strategy), reduce_retracing=True, autograph=False)
    def run_steps(
        tables: tuple[tf.Tensor, ...], rows: tf.Tensor, seed: tf.Tensor, start: tf.Tensor, count: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        def run_step(i: tf.Tensor, sums: dict[str, tf.Tensor]) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
            losses = strategy.run(plan.train_step, (tables, rows[i], seed, start + i))
            return i + 1, {name: sums[name] + strategy.reduce("SUM", losses[name], None) for name in plan.losses}

        before = tf.zeros((), tf.int32), {name: tf.zeros(()) for name in plan.losses}
        _, sums = tf.while_loop(lambda i, _: i < count, run_step, before)
        return sums

    return lambda tables, *rest: run_steps(tables, *map(tf.constant, rest))


def takes_xla(plan: Phase, strategy: tf.distribute.Strategy) -> bool:
    """Whether XLA compiles the loop: for one replica and many steps.

    On a CPU it makes convolutions eight times as slow.
    """
    weights = (weight for network in plan.networks.values() for weight in network.weights)
    convolves = any(len(weight.shape) == CONVOLUTION_RANK for weight in weights)
    is_slower = convolves and not tf.config.list_logical_devices("GPU")
    return plan.steps >= XLA_STEPS and strategy.num_replicas_in_sync == 1 and not is_slower


def next_stop(step: int, steps: int, training: TrainingSettings) -> int:
    """The next step at which the loop returns to the host."""
    marks = (step - step % every + every for every in (training.check_every, training.checkpoint_every))
    return min(steps, *marks)


def chunk_rows(plan: Phase, seed: int, start: int, end: int, length: int, n_rows: int) -> np.ndarray:
    """Rows of each step, padded to one length so that one program serves all: (length, batches, batch_size)."""
    per_step = plan.batches * plan.batch_size
    rows = order_rows(seed, start * per_step, (end - start) * per_step, n_rows)
    padded = np.zeros((length, plan.batches, plan.batch_size), np.int32)
    padded[: end - start] = rows.reshape(end - start, plan.batches, plan.batch_size)
    return padded


def check(plan: Phase, state: State, metrics: dict[str, float], training: TrainingSettings) -> None:
    """Record the metrics and decide whether the phase goes on."""
    state.history += [(state.step, name, float(value)) for name, value in metrics.items()]
    if metrics[plan.criterion] < state.lowest:
        state.lowest, state.best_step = metrics[plan.criterion], state.step
    improved = metrics[plan.criterion] < state.best * (1 - IMPROVEMENT)
    state.stale = 0 if improved else state.stale + 1
    state.best = metrics[plan.criterion] if improved else state.best
    for guard in plan.guards:
        failed = guard.fails(metrics) and not improved
        state.failed[guard.stop_reason] = state.failed.get(guard.stop_reason, 0) + 1 if failed else 0
        if state.failed[guard.stop_reason] >= training.guard_checks:
            state.stop_reason = state.stop_reason or guard.stop_reason
    if state.step == plan.steps:
        state.stop_reason = state.stop_reason or StopReason.completed
    elif state.stale >= training.patience:
        state.stop_reason = state.stop_reason or StopReason.converged


def restart(
    plan: Phase,
    checkpoints: Checkpoints,
    weights: tf.train.Checkpoint,
    restarts: int,
    training: TrainingSettings,
) -> State:
    """Back to the last checkpoint, with half the learning rate for each restart; after too many, stop there."""
    state = restore_checkpoint(checkpoints, weights)
    for optimizer in plan.optimizers.values():
        optimizer.learning_rate.assign(optimizer.learning_rate * 0.5 ** (restarts + 1 - state.restarts))
    state.restarts = restarts + 1
    if state.restarts > training.max_restarts:
        state.stop_reason = StopReason.not_finite
    return state


def is_finite(losses: dict[str, float], networks: dict[str, keras.Model]) -> bool:
    """Whether all losses and weights are finite."""
    weights = (variable.numpy() for network in networks.values() for variable in network.weights)
    return all(map(np.isfinite, losses.values())) and all(np.isfinite(weight).all() for weight in weights)


def save_checkpoint(checkpoints: Checkpoints, weights: tf.train.Checkpoint, state: State) -> None:
    """Write networks, optimizers and state to a folder and hand it over."""
    with tempfile.TemporaryDirectory() as folder:
        weights.write(str(Path(folder, "weights")))
        Path(folder, STATE).write_text(json.dumps(asdict(state)))
        checkpoints.save(state.step, folder)


def restore_checkpoint(checkpoints: Checkpoints, weights: tf.train.Checkpoint) -> State:
    """Read the newest checkpoint into networks and optimizers."""
    folder = Path(str(checkpoints.latest()))
    weights.read(str(folder / "weights")).assert_consumed()
    state = State(**json.loads((folder / STATE).read_text()))
    state.history = [(step, name, value) for step, name, value in state.history]
    return state
