"""Claims about the rule that ranks contestants without labels."""

import numpy as np
import pytest

from models.cohesion import cohesion, judge_labels, nearest_train_rows
from models.ranking import Evidence, ranks

RANDOM = np.random.default_rng(0)
GROUP = np.repeat(np.arange(4), 50)
PLACES = np.array([[0, 0], [100, 0], [0, 100], [100, 100]])
TRAIN = PLACES[GROUP] + RANDOM.standard_normal((200, 2))
ROWS = PLACES[GROUP] + RANDOM.standard_normal((200, 2))
NEAR = nearest_train_rows(TRAIN, ROWS)


def evidence(*labellings: np.ndarray) -> Evidence:
    """Of one labelling of rows and train rows for each seed."""
    return judge_labels(np.stack(labellings), np.stack(labellings), NEAR)


def test_groups_far_apart_reach_the_highest_score() -> None:
    """All neighbours are in the own cluster, of which chance would give a quarter."""
    assert evidence(GROUP).cohesion == (0.75,)


@pytest.mark.parametrize("name", ["joined", "cut", "one", "without"])
def test_other_clusters_score_less(name: str) -> None:
    """Two groups joined: 1 - 6/16; one cut at random, all in one cluster, or in none."""
    labels, expected = {
        "joined": (np.maximum(GROUP, 1), 1 - 6 / 16),
        "cut": (np.where(GROUP == 0, 4 * RANDOM.integers(2, size=200), GROUP), None),
        "one": (np.zeros(200, int), 0.0),
        "without": (np.full(200, -1), 0.0),
    }[name]
    found = cohesion(labels, labels, NEAR)
    assert found < 0.75
    assert expected is None or found == pytest.approx(expected)


def test_relabelling_changes_nothing() -> None:
    """Clusters have no order."""
    mixed = np.where(RANDOM.random(200) < 0.2, RANDOM.integers(4, size=200), GROUP)
    assert evidence(np.array([2, 0, 3, 1])[mixed], GROUP) == evidence(mixed, np.array([3, 2, 1, 0])[GROUP])


def test_a_random_labelling_ranks_last() -> None:
    """Behind one that is half wrong."""
    random = evidence(*RANDOM.integers(4, size=(3, 200)))
    half = evidence(*(np.where(RANDOM.random(200) < 0.5, RANDOM.integers(4, size=200), GROUP) for _ in range(3)))
    assert ranks([random, half, evidence(GROUP, GROUP, GROUP)]) == [3, 2, 1]
    assert abs(random.score) < 0.03


def test_stability_parts_equal_scores_alone() -> None:
    """And equals share a place."""
    found = [Evidence((0.5, 0.7), stability, (4, 4)) for stability in (0.2, 0.9, 0.9)]
    assert ranks([*found, Evidence((0.7, 0.7), 0.0, (4, 4))]) == [4, 2, 2, 1]


def test_wide_vectors_are_compared_by_their_principal_components() -> None:
    """Neighbours are found although most columns are noise of little variance."""
    noise = np.random.default_rng(1).standard_normal((2, 200, 300))
    found = nearest_train_rows(np.hstack([TRAIN, noise[0]]), np.hstack([ROWS, noise[1]]))
    assert (GROUP[found] == GROUP[:, None]).all()
