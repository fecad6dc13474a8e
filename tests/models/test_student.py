"""Claims about what the student is taught."""

import numpy as np
import pytest

from models.data_shape import DataShape
from models.gradients import EdgeHistograms
from models.manifoldgan import ManifoldGan
from models.model_settings import ManifoldGanSettings, Prior
from models.student import between, keep_last, write_lesson
from models.training import Phase

X = np.arange(8, dtype=np.float32).reshape(4, 2)
GRAPH = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])
RESPONSIBILITIES = np.array([[1, 0], [1, 0], [1, 0], [0.2, 0.8]], np.float32)


def test_a_row_is_taught_what_it_and_its_neighbours_are_taken_for() -> None:
    """The one of four whose neighbours all lie in another cluster is taught its share, as they are."""
    labels = write_lesson(X, GRAPH, RESPONSIBILITIES, Prior.estimated).labels
    np.testing.assert_allclose(labels, [[0.8, 0.2]] * 4, atol=1e-6)
    alone = write_lesson(X, np.array([[0], [1], [2], [3]]), RESPONSIBILITIES, Prior.estimated).labels
    np.testing.assert_allclose(alone, RESPONSIBILITIES, atol=1e-6)


@pytest.mark.parametrize(("prior", "shares"), [(Prior.estimated, [0.8, 0.2]), (Prior.uniform, [0.5, 0.5])])
def test_the_prior_is_the_share_that_is_taught_or_uniform(prior: Prior, shares: list[float]) -> None:
    """Real data is unbalanced, so it is estimated unless told."""
    np.testing.assert_allclose(write_lesson(X, GRAPH, RESPONSIBILITIES, prior).prior, shares, atol=1e-6)


def test_wide_rows_may_be_moved_a_quarter_of_the_way_to_their_tenth_neighbour() -> None:
    """Or to the last one, where there are fewer; wide is beyond 128 columns."""
    x = np.tile(X, 65)
    lesson = write_lesson(x, GRAPH, RESPONSIBILITIES, Prior.estimated)
    assert lesson.variation is None
    np.testing.assert_allclose(lesson.radius[:, 0], np.linalg.norm(x - x[[3, 3, 3, 2]], axis=1) / 4, rtol=1e-6)


def test_other_rows_may_be_moved_half_the_way_as_rows_vary() -> None:
    """Far where neighbours lie far from each other, little where they don't."""
    random = np.random.default_rng(0)
    x = (random.normal(size=(2000, 2)) * [10, 0.1]).astype(np.float32)
    graph = np.argsort(((x[:, None] - x[:500]) ** 2).sum(axis=2), axis=1)[:, 1:11].astype(np.int32)
    lesson = write_lesson(x, graph, np.full((2000, 2), 0.5, np.float32), Prior.estimated)
    assert lesson.variation is not None
    step = x - x[graph[:, 9]]
    np.testing.assert_allclose(
        lesson.radius, np.linalg.norm(step @ lesson.variation.whiten, axis=1, keepdims=True) / 2, rtol=1e-5
    )


def test_a_row_is_taught_on_the_way_to_its_neighbour() -> None:
    """Cells and labels alike."""
    rows, near, share = np.array([0, 3]), np.array([1, 0]), np.array([[0.25], [0.5]], np.float32)
    np.testing.assert_allclose(between(X, rows, near, share), [[0.5, 1.5], [3.0, 4.0]], atol=1e-6)
    np.testing.assert_allclose(between(RESPONSIBILITIES, rows, near, share), [[1.0, 0.0], [0.6, 0.4]], atol=1e-6)


@pytest.mark.parametrize(
    ("rows", "told", "steps"), [(1_000, None, 2_000), (25_600, None, 2_000), (60_000, None, 4_687), (60_000, 100, 100)]
)
def test_a_student_of_many_rows_learns_for_longer_unless_told(rows: int, told: int | None, steps: int) -> None:
    """Twenty passes over them, and `check` knows it by the work."""
    model = ManifoldGan(ManifoldGanSettings(student_steps=told), DataShape(2, image=False), 2, seed=0)
    neighbors, responsibilities = np.zeros((rows, 1), np.int32), np.full((rows, 2), 0.5, np.float32)
    model.arrays |= {"graph_rows": np.arange(rows), "graph": neighbors, "responsibilities": responsibilities}
    model.arrays["coordinates"] = np.eye(2, dtype=np.float32)
    plan = model.plan("student", np.zeros((rows, 2), np.float32))
    assert isinstance(plan, Phase)
    assert (plan.steps, plan.work(rows)) == (steps, steps)


@pytest.mark.parametrize(
    ("settings", "image_shape", "seen"),
    [
        ({}, (8, 8), 512),
        ({"networks": "convolutional"}, (8, 8), 512),
        ({"student_input": "vectors"}, (8, 8), 64),
        ({"representation": "vectors"}, (8, 8), 64),
        ({}, None, 64),
    ],
)
def test_a_student_sees_the_gradients_of_images_whose_neighbours_are_by_them(
    settings: dict[str, str], image_shape: tuple[int, int] | None, seen: int
) -> None:
    """Unless told; it is taught what it sees, and asked about rows."""
    told = ManifoldGanSettings.model_validate(settings)
    model = ManifoldGan(told, DataShape(64, image=True, image_shape=image_shape), 2, seed=0)
    x = np.random.default_rng(0).random((30, 64), np.float32)
    model.arrays |= {"graph_rows": np.arange(30), "graph": np.ones((30, 1), np.int32)}
    model.arrays["coordinates"] = np.eye(64, dtype=np.float32)
    model.arrays["responsibilities"] = np.full((30, 2), 0.5, np.float32)
    plan = model.plan_student(x)
    assert plan.tables[0].shape == (30, seen)
    expected = EdgeHistograms((8, 8)).describe(x) if seen == 512 else x
    assert np.array_equal(plan.tables[0], expected)
    np.testing.assert_allclose(model.encode(x), model.student.network(expected, training=False), atol=1e-5)
    assert plan.check(x)["components_used"] <= 2


def test_rows_that_are_looked_at_again_are_not_described_again() -> None:
    """Those of another array are, though equal."""
    calls: list[int] = []
    look = keep_last(lambda x: (x + len(calls), calls.append(1) or x))
    x = np.zeros(3)
    assert look(x) is look(x)
    assert look(x.copy()) is not look(x)
    assert len(calls) == 3
