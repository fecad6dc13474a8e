"""How long a phase will take on this machine, from a few of its own steps."""

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from models.computation import Computation
from models.settings import TrainingSettings

if TYPE_CHECKING:
    from models.training import Phase

STEPS = 50


def rehearse(model: Any, phase: str, x: np.ndarray, n_rows: int, training: TrainingSettings, seed: int) -> float:
    """Seconds for all steps of a phase, without compilation, checks and what it does at its end.

    The model is spoilt afterwards.

    x is (rows, columns). A training step costs the same for any number of rows; how much there is to train, or to
    compute, goes by the `n_rows` that the fit has.
    """
    plan = model.plan(phase, x)
    seconds = _compute(model, plan) if isinstance(plan, Computation) else _train(model, plan, training, seed)
    return seconds * plan.work(n_rows) / plan.work(len(x))


def _train(model: Any, plan: "Phase", training: TrainingSettings, seed: int) -> float:
    """Seconds of all steps, by those of the second time that a few are done."""
    from models.training import chunk_rows, compile_steps, table_tensors  # starts TensorFlow

    steps, n_rows = min(STEPS, training.check_every), len(plan.tables[0])
    run_steps, tables = compile_steps(plan, model.strategy), table_tensors(plan)
    rows = chunk_rows(plan, seed, 0, steps, training.check_every, n_rows)
    _run(run_steps, tables, rows, seed, steps)
    started = time.perf_counter()
    _run(run_steps, tables, rows, seed, steps)
    return (time.perf_counter() - started) / steps * plan.steps


def _compute(model: Any, plan: Computation) -> float:
    """Seconds of the second time; what it gives is there for later phases."""
    plan.run()
    started = time.perf_counter()
    computed = plan.run()
    model.arrays |= computed.arrays | computed.state
    return time.perf_counter() - started


def _run(run_steps: Any, tables: tuple[Any, ...], rows: np.ndarray, seed: int, steps: int) -> None:
    for value in run_steps(tables, rows, seed, 0, steps).values():
        float(value)
