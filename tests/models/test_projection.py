"""The map keeps neighbours together and is the same every time."""

import numpy as np
import pytest

from models.projection import project


def blobs(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Three groups far apart in 20 dimensions: points (n, 20) and the group of each (n,)."""
    random = np.random.default_rng(0)
    group = np.arange(n) % 3
    return 50 * random.normal(size=(3, 20))[group] + random.normal(size=(n, 20)), group


def test_neighbours_on_the_map_belong_together() -> None:
    """The nearest point on the map is of the same group, for every point of groups that are far apart."""
    points, group = blobs(150)
    flat = project(points, seed=0)
    distance = ((flat[:, None] - flat[None]) ** 2).sum(axis=2) + np.diag(np.full(150, np.inf))
    assert (group[distance.argmin(axis=1)] == group).all()


def test_the_same_seed_gives_the_same_map() -> None:
    """Bit by bit."""
    points, _ = blobs(60)
    np.testing.assert_array_equal(project(points, seed=3), project(points, seed=3))


@pytest.mark.parametrize("shape", [(0, 4), (1, 4), (2, 1), (9, 3), (10, 1), (30, 2)])
def test_small_inputs_have_a_map(shape: tuple[int, int]) -> None:
    """Two finite coordinates a row, however few rows and columns there are."""
    flat = project(np.random.default_rng(0).random(shape), seed=0)
    assert flat.shape == (shape[0], 2)
    assert np.isfinite(flat).all()


def test_rows_that_are_all_alike_lie_on_one_point() -> None:
    """Nothing to spread, and no division by zero."""
    np.testing.assert_array_equal(project(np.full((40, 5), 7.0), seed=0), np.zeros((40, 2)))
