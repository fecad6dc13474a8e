"""Claims about how long phases are said to take."""

import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.computation import Computation, Computed
from models.data_shape import DataShape
from models.manifoldgan import ManifoldGan
from models.model_settings import ManifoldGanSettings
from models.rehearsal import rehearse
from models.settings import TrainingSettings
from models.teacher import Teacher


class Sleeper:
    """A model whose one phase sleeps, with work that grows with the square of the rows."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}

    def plan(self, _phase: str, _x: np.ndarray) -> Computation:
        """Twenty milliseconds."""
        return Computation(self.sleep, work=lambda rows: rows**2)

    def sleep(self) -> Computed:
        """What it leaves is there for later phases."""
        time.sleep(0.02)
        return Computed({"slept": np.ones(1)})


def test_what_is_computed_takes_as_long_as_its_work_for_all_rows() -> None:
    """Ten times the rows, a hundred times the work."""
    model = Sleeper()
    seconds = rehearse(model, "sleep", np.zeros((10, 1), np.float32), 100, TrainingSettings(), 0)
    assert seconds >= 2
    assert set(model.arrays) == {"slept"}


def test_what_is_trained_for_longer_on_more_rows_takes_as_much_longer() -> None:
    """A student of three million rows does 117 times the steps of one of three hundred."""
    x, settings = np.zeros((300, 2), np.float32), ManifoldGanSettings(units=2)
    seconds = []
    for rows in (300, 3_000_000):
        model = ManifoldGan(settings, DataShape(2, image=False), 2, seed=0)
        neighbors, responsibilities = np.zeros((300, 1), np.int32), np.full((300, 2), 0.5, np.float32)
        model.arrays |= {"graph_rows": np.arange(300), "graph": neighbors, "responsibilities": responsibilities}
        model.arrays["coordinates"] = np.eye(2, dtype=np.float32)
        seconds.append(rehearse(model, "student", x, rows, TrainingSettings(), 0))
    assert seconds[1] > 20 * seconds[0]


@pytest.mark.parametrize(
    ("phase", "rows", "times"),
    [
        ("graph", 2_000, 2 * 6 / 5),
        ("graph", 60_000, 60 * 64 / 5),
        ("embedding", 2_000, 2),
        ("embedding", 10_000, 10 / 5),  # once, not five times
        ("embedding", 60_000, 60 / 5 * 200 / 500),  # and with fewer epochs
        ("mixture", 2_000, 2),
        ("mixture", 60_000, (5 * 7_500 + 60_000) / (5 * 1_000 + 1_000)),
    ],
)
def test_the_work_of_a_teacher_is_not_in_proportion_to_the_rows(phase: str, rows: int, times: float) -> None:
    """How much more it is than for a thousand."""
    settings = ManifoldGanSettings()
    teacher = Teacher(settings, DataShape(5, image=False), 2, 0, tf.distribute.get_strategy(), keras.optimizers.Adam)
    plan = teacher.plan(phase, np.zeros((3, 5), np.float32), {})
    assert isinstance(plan, Computation)
    assert plan.work(rows) / plan.work(1_000) == pytest.approx(times)


def test_large_images_are_more_work_for_each_row_of_the_graph() -> None:
    """Describing 56 x 56 pixels takes longer than comparing a thousand rows."""
    small, large = (
        Teacher(
            ManifoldGanSettings(),
            DataShape(side**2, True, (side, side)),
            2,
            0,
            tf.distribute.get_strategy(),
            keras.optimizers.Adam,
        ).graph_work(1_000)
        for side in (8, 56)
    )
    assert large > 3 * small
