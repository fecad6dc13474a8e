"""Claims about columns that only tell rows apart."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from tasks.identifiers import Distinct, tells_rows_apart

RANDOM = np.random.default_rng(0)


def counted(*parts: pa.Array) -> int:
    """Distinct integers of a column in parts."""
    distinct = Distinct()
    for part in parts:
        distinct.add(part)
    return distinct.count


@pytest.mark.parametrize(
    ("parts", "count"),
    [
        ([pa.array([3, 1, 2]), pa.array([5, None, 4])], 5),
        ([pa.array([3, 1, 2]), pa.array([4, 1])], 0),
        ([pa.array([1, 1])], 0),
        ([pa.array([1, 2]), pa.array([2, 2]), pa.array([3])], 0),
        ([pa.array([1.0, 2.0])], 0),
        ([pa.array(["1", "2"])], 0),
        ([pa.array([1, 2]), pa.array([0.5])], 0),  # a CSV column that turns out to have fractions
        ([], 0),
    ],
)
def test_distinct_integers_are_counted_over_all_parts(parts: list[pa.Array], count: int) -> None:
    """None as soon as one of them is there twice, in a part or in two; missing ones don't count."""
    assert counted(*parts) == count


@pytest.mark.parametrize(
    ("files", "is_id"),
    [
        ([(150, 1, 150)], True),
        ([(15, 1, 15)], False),  # a handful of rows may well have no repeat
        ([(1_000, 10_000, 59_999)], False),  # nor may numbers from a wide range
        ([(1_001, 10_000, 59_999)], True),
        ([(500, 1, 500), (500, 1, 500)], True),  # each file counts its own rows
        ([(500, 1, 500), (0, 1, 500)], False),
        ([], False),
    ],
)
def test_an_id_has_no_repeat_where_chance_would_make_some(files: list[tuple[int, int, int]], is_id: bool) -> None:
    """Ten of them on average."""
    assert tells_rows_apart(files) == is_id


@pytest.mark.parametrize("draw", [lambda n: RANDOM.integers(0, 5 * n, n), lambda n: RANDOM.poisson(40, n)])
def test_measurements_are_no_ids(draw: Callable[[int], np.ndarray]) -> None:
    """Counts and amounts repeat."""
    values = [draw(1_000) for _ in range(20)]
    counts = [counted(pa.array(each)) for each in values]
    assert not any(
        tells_rows_apart([(count, each.min(), each.max())]) for count, each in zip(counts, values, strict=True)
    )
