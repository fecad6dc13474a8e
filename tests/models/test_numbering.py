"""Claims about the numbers of clusters and about points that differ."""

import numpy as np

from models.numbering import count_distinct, ranks_by_size


def test_the_largest_cluster_becomes_0() -> None:
    """Equal ones keep their order, empty ones come last, and noise isn't counted."""
    assert ranks_by_size(np.array([1, 1, 0, 3, -1, -1, -1]), 4).tolist() == [1, 0, 3, 2]


def test_differing_points_are_counted_up_to_the_limit() -> None:
    """0 and -0 are one."""
    points = np.array([[0.0], [-0.0], [1.0], [2.0]])
    assert [count_distinct(points, limit) for limit in (2, 10)] == [2, 3]
