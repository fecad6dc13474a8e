"""Claims about the measures against known classes."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from models.matching import contingency, match_clusters, matched_accuracy, purity
from models.metrics import contingency_metrics, external_metrics, internal_metrics

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
    counts = contingency(CLASSES, np.array([0, 1, 2, 2, 3, 3]))
    assert matched_accuracy(counts) == 5 / 6
    assert purity(counts) == 1


def test_a_cluster_stands_for_the_class_that_lets_most_rows_agree() -> None:
    """Of two clusters of one class the larger has it; the fourth cluster has none."""
    found = match_clusters(CLASSES[:4], np.array([0, 1, 2, 3]), np.array([2, 3, 9, 8]))
    assert found == {1: "a", 2: "b"}


def test_one_cluster_for_everything_scores_the_largest_class() -> None:
    """Of three equal classes a third is right."""
    assert matched_accuracy(contingency(CLASSES, np.zeros(6))) == pytest.approx(1 / 3)


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


@pytest.mark.parametrize("agree", [0, 0.3, 1])
def test_the_measures_from_counts_are_scikit_learns(agree: float) -> None:
    """To 1e-12, whatever the numbers of classes and clusters."""
    rng = np.random.default_rng(0)
    for n in (1, 2, 50, 1000):
        for n_classes, n_clusters in ((1, 1), (1, 4), (5, 1), (5, 5), (3, 9)):
            labels_true = rng.integers(0, n_classes, n)
            labels_pred = np.where(rng.random(n) < agree, labels_true, rng.integers(0, n_clusters, n))
            found = external_metrics(labels_true, labels_pred)
            assert found["nmi"] == pytest.approx(normalized_mutual_info_score(labels_true, labels_pred), abs=1e-12)
            assert found["ari"] == pytest.approx(adjusted_rand_score(labels_true, labels_pred), abs=1e-12)


def test_the_measures_of_many_rows_need_their_counts_alone() -> None:
    """1,000,000,000 rows in the shares of 100: the pairs that chance lets agree no longer count, the rest stays."""
    counts = np.array([[30, 10], [5, 55]])
    few, many = contingency_metrics(counts), contingency_metrics(counts * 10**7)
    assert many["acc"] == few["acc"] == 0.85
    assert many["nmi"] == pytest.approx(few["nmi"])
    assert many["ari"] == pytest.approx(few["ari"], abs=0.01)
