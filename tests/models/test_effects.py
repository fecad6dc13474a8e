"""Claims about effect sizes."""

import numpy as np
import pytest

from models.effects import LARGEST, mean_difference, share_difference, sum_groups

FIRST = np.array([0, 0, 0, 1, 1])


def effect(values: list[float], groups: np.ndarray = FIRST) -> np.ndarray:
    """The effect of each group of one column."""
    sums = sum_groups(np.array(values)[:, None], groups, 2)
    return mean_difference(sums, sums.others())[:, 0]


def test_the_effect_is_the_difference_of_means_in_pooled_deviations() -> None:
    """Means 2 and 6; sums of squares 2 and 8 over 3 degrees of freedom."""
    assert effect([1, 2, 3, 4, 8]) == pytest.approx([-4 / np.sqrt(10 / 3), 4 / np.sqrt(10 / 3)])


def test_the_effect_does_not_depend_on_the_unit() -> None:
    """Nor on the origin."""
    values = np.array([1.0, 2, 3, 4, 8])
    assert effect((1000 - 7 * values).tolist()) == pytest.approx(-effect(values.tolist()))


def test_sums_of_parts_add_up_to_the_sums_of_the_whole() -> None:
    """So a table is read part by part."""
    values = np.arange(10.0).reshape(5, 2)
    parts = sum_groups(values[:2], FIRST[:2], 2) + sum_groups(values[2:], FIRST[2:], 2)
    whole = sum_groups(values, FIRST, 2)
    assert parts.mean().tolist() == whole.mean().tolist() == [[2, 3], [7, 8]]
    assert whole.variance() == pytest.approx(np.array([[8 / 3, 8 / 3], [1, 1]]))


def test_a_column_that_does_not_vary_has_an_effect_within_bounds() -> None:
    """None where it is the same everywhere, the largest where it tells the groups apart."""
    assert effect([5, 5, 5, 5, 5]).tolist() == [0, 0]
    assert effect([0, 0, 0, 1, 1]).tolist() == [-LARGEST, LARGEST]


def test_values_that_are_not_there_do_not_count() -> None:
    """Whatever stands in their place; a group without any value has no effect."""
    values, is_there = np.array([[1.0], [np.nan], [3], [9], [9]]), np.array([[1], [0], [1], [0], [0]])
    sums = sum_groups(values, FIRST, 2, is_there)
    assert sums.mean()[0] == 2
    assert np.isnan(mean_difference(sums, sums.others())).all()


def test_a_group_of_all_rows_has_no_effect() -> None:
    """There is nothing to compare it with."""
    assert np.isnan(effect([1, 2, 3, 4, 8], np.zeros(5, dtype=int))).all()


def test_shares_are_compared_on_the_scale_of_arcsines() -> None:
    """From none to all is pi; from 1/4 to 3/4 a third of it."""
    assert share_difference(np.array([1.0, 0.75]), np.array([0.0, 0.25])) == pytest.approx([np.pi, np.pi / 3])
