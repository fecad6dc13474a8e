"""Claims about how rows vary among their neighbours."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from models.variation import local_variation

RANDOM = np.random.default_rng(0)


def nearest(x: np.ndarray) -> np.ndarray:
    """The ten nearest others of each row."""
    return NearestNeighbors(n_neighbors=10).fit(x).kneighbors(return_distance=False)


def test_two_groups_are_told_apart_by_what_hardly_varies_within_them() -> None:
    """A long axis that says nothing and a short one that does: whitened, the short one is the longer."""
    group = np.arange(200) % 2
    x = np.stack([RANDOM.uniform(-3, 3, 200), group + RANDOM.normal(0, 0.02, 200)], axis=1)
    apart = x[group == 1].mean(axis=0) - x[group == 0].mean(axis=0)
    found = local_variation(x, nearest(x))
    whitened = x @ found.whiten
    within = whitened - np.stack([whitened[group == g].mean(axis=0) for g in (0, 1)])[group]
    before = np.linalg.norm(apart) / (x - np.stack([x[group == g].mean(axis=0) for g in (0, 1)])[group]).std()
    assert np.linalg.norm(apart @ found.whiten) / within.std() > 1.3 * before


def test_neighbours_vary_alike_in_all_directions() -> None:
    """And the rows as a whole as much as before."""
    x = RANDOM.normal(size=(3000, 3)) @ RANDOM.normal(size=(3, 3))
    near = nearest(x)
    whitened = x @ local_variation(x, near).whiten
    steps = (whitened[:, None] - whitened[near]).reshape(-1, 3)
    covariance = steps.T @ steps / len(steps)
    np.testing.assert_allclose(covariance, np.eye(3) * covariance.trace() / 3, atol=0.01 * covariance.trace())
    np.testing.assert_allclose(whitened.var(axis=0).sum(), x.var(axis=0).sum(), rtol=1e-4)


@pytest.mark.parametrize("columns", [1, 3, 40])
def test_there_is_a_way_back(columns: int) -> None:
    """Also where columns are copies of others, or constant, or more than there are rows."""
    x = RANDOM.normal(size=(30, columns))
    x[:, -1] = x[:, 0]
    x[:, columns // 2] = 1.0 if columns > 1 else x[:, 0]
    found = local_variation(x, nearest(x))
    np.testing.assert_allclose(found.whiten @ found.unwhiten, np.eye(columns), atol=1e-3)
    assert np.isfinite(found.whiten).all()


def test_rows_that_are_all_the_same_stay_where_they_are() -> None:
    """There is nothing to go by."""
    found = local_variation(np.ones((20, 2), np.float32), np.zeros((20, 5), np.int32))
    assert np.isfinite(found.whiten).all()
    assert np.isfinite(found.unwhiten).all()
