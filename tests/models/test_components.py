"""Claims about which tables are taken for principal components."""

import numpy as np
import pytest

from models.components import are_components


def components(columns: int, rows: int = 400) -> np.ndarray:
    """Of rows with correlated columns in three groups, the largest first: (rows, columns)."""
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, columns)) @ random.normal(size=(columns, columns))
    x += 5 * random.normal(size=(3, columns))[random.integers(3, size=rows)]
    left, singular, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    return np.asarray(left * singular)


@pytest.mark.parametrize(("columns", "share"), [(3, 1.0), (8, 0.8), (50, 0.8), (50, 0.5)])
def test_components_are_known_by_a_part_of_the_rows(columns: int, share: float) -> None:
    """The train rows are four in five; of many columns a smaller part is enough."""
    x = components(columns)
    assert are_components(x[np.random.default_rng(1).random(len(x)) < share])


def test_correlated_columns_are_none() -> None:
    """Whatever their deviations."""
    x = np.random.default_rng(0).normal(size=(400, 8)) @ np.random.default_rng(1).normal(size=(8, 8))
    assert not are_components(x)
    assert not are_components(x / x.std(axis=0) * np.geomspace(9, 1, 8))


@pytest.mark.parametrize("columns", [5, 8, 50])
def test_columns_that_have_nothing_in_common_are_none(columns: int) -> None:
    """Not even with falling deviations: they are correlated by chance."""
    random = np.random.default_rng(0)
    falling = np.geomspace(9, 1, columns)
    assert not any(are_components(random.standard_t(4, size=(200, columns)) * falling) for _ in range(100))


def test_a_plan_of_trials_is_none() -> None:
    """All combinations of levels aren't correlated at all, but in whatever units they have."""
    levels = [np.arange(3) * unit for unit in (1.0, 100.0, 0.1, 7.0)]
    assert not are_components(np.stack(np.meshgrid(*levels), axis=-1).reshape(-1, 4))


def test_what_is_too_little_to_tell_is_none() -> None:
    """One column, a constant one, no column."""
    assert not are_components(np.arange(9.0)[:, None])
    assert not are_components(np.stack([np.arange(9.0), np.zeros(9)], axis=1))
    assert not are_components(np.zeros((9, 0)))
