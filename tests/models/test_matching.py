"""Claims about the measures against known classes."""

import numpy as np
import pytest

from models.matching import matched_accuracy, purity
from models.metrics import external_metrics, internal_metrics

CLASSES = np.array(["a", "a", "b", "b", "c", "c"])


def test_renumbering_the_clusters_changes_no_score() -> None:
    """A perfect partition scores 1 whatever its numbers are."""
    assert external_metrics(CLASSES, np.array([7, 7, 0, 0, 3, 3])) == {
        "acc": 1,
        "nmi": 1,
        "ari": 1,
        "purity": 1,
    }


def test_accuracy_matches_one_cluster_to_one_class() -> None:
    """Splitting a class costs accuracy, not purity."""
    split = np.array([0, 1, 2, 2, 3, 3])
    assert matched_accuracy(CLASSES, split) == 5 / 6
    assert purity(CLASSES, split) == 1


def test_one_cluster_for_everything_scores_the_largest_class() -> None:
    """Of three equal classes a third is right."""
    assert matched_accuracy(CLASSES, np.zeros(6)) == pytest.approx(1 / 3)


def test_random_labels_score_about_nothing() -> None:
    """ARI is adjusted for chance."""
    rng = np.random.default_rng(0)
    found = external_metrics(rng.integers(0, 5, 10_000), rng.integers(0, 5, 10_000))
    assert abs(found["ari"]) < 0.002


def test_silhouette_of_far_clusters_is_near_one() -> None:
    """Two tight pairs far apart: a = .1, b = about 10."""
    x = np.array([[0.0], [0.1], [10.0], [10.1]])
    assert internal_metrics(x, np.array([0, 0, 1, 1]))["silhouette"] == pytest.approx(0.99, abs=0.001)


def test_one_cluster_has_no_internal_measure() -> None:
    """The measures compare clusters; with one they don't exist."""
    assert internal_metrics(np.ones((4, 1)), np.zeros(4)) == {}
