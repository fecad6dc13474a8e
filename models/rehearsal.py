"""How long a phase will take on this machine, from a few of its own steps."""

import time
from typing import Any

import numpy as np
import tensorflow as tf

from models.settings import TrainingSettings
from models.training import chunk_rows, compile_steps

STEPS = 50


def rehearse(model: Any, phase: str, x: np.ndarray, training: TrainingSettings, seed: int) -> float:
    """Seconds for all steps of a phase, compilation and checks left out. The model is spoilt afterwards.

    x is (rows, columns); any number of rows does, since a step costs the same for all.
    """
    plan, steps = model.plan(phase, x), min(STEPS, training.check_every)
    run_steps, tables = compile_steps(plan, model.strategy), tuple(map(tf.constant, plan.tables))
    rows = chunk_rows(plan, seed, 0, steps, training.check_every, len(x))
    _run(run_steps, tables, rows, seed, steps)
    started = time.perf_counter()
    _run(run_steps, tables, rows, seed, steps)
    return (time.perf_counter() - started) / steps * plan.steps


def _run(run_steps: Any, tables: tuple[tf.Tensor, ...], rows: np.ndarray, seed: int, steps: int) -> None:
    for value in run_steps(tables, rows, seed, 0, steps).values():
        float(value)
