"""Claims about the rule by which a challenger takes the champion's place."""

from dataclasses import replace

import numpy as np
import pytest

from models.promotion_rule import Measured, apply_rule
from models.settings import PromotionSettings
from models.succession import agreement, division, empty_share, vanished_share

EQUAL = Measured(
    division=(0.8, 0.8), outliers=(0.01, 0.01), outlier_rate=0.01, rows=1000, vanished=0, empty=0, agreement=0.9
)


def failed(**changes: object) -> list[str]:
    """The conditions that do not hold."""
    found = apply_rule(replace(EQUAL, **changes), PromotionSettings())  # type: ignore[arg-type]
    return [each.name for each in found if not each.holds]


def test_an_equal_challenger_is_promoted() -> None:
    """It comes from newer rows."""
    assert failed() == []


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"division": (0.8, 0.77)}, "division of neighbours"),
        ({"outliers": (0.01, 0.04)}, "outliers"),
        ({"vanished": 0.26}, "rows in vanished clusters"),
        ({"empty": 0.3}, "clusters without rows"),
        ({"agreement": 0.4}, "agreement"),
    ],
)
def test_each_condition_can_stop_a_challenger(changes: dict[str, object], name: str) -> None:
    """By itself."""
    assert failed(**changes) == [name]


def test_a_share_of_few_rows_may_be_off_by_chance() -> None:
    """One outlier among 20 rows says nothing about a rate of 1 %; 50 among 1000 do."""
    assert failed(outliers=(0.0, 0.05), rows=20) == []
    assert failed(outliers=(0.0, 0.05), rows=1000) == ["outliers"]


def test_clusters_that_follow_the_neighbours_divide_them_best() -> None:
    """Two islands: 1 if they are the clusters, about 0 by chance, and less if rows fit none."""
    random = np.random.default_rng(0)
    x, island = random.normal(size=(200, 2)), np.repeat([0, 1], 100)
    x[:, 0] += 100 * island
    assert division([x, 3 * x], island) == 1
    assert abs(division([x], random.permutation(island))) < 0.1
    some_none = np.where(np.arange(200) % 4 == 0, -1, island)
    assert 0.3 < division([x], some_none) < 0.8


def test_shares_are_of_the_right_rows_and_clusters() -> None:
    """Clusters by stable ids; a row that fits none is in no cluster that could vanish."""
    before, after = np.array([3, 3, 4, -1]), np.array([3, 5, 5, 5])
    assert vanished_share(before, after) == 0.25
    assert empty_share(after, np.array([3, 5, 6, 7])) == 0.5
    assert agreement(before, before) == 1
