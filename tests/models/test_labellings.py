"""Claims about labellings, each other and the graph."""

import numpy as np
import pytest

from models.labellings import (
    cluster_agreement,
    divides_better,
    graph_cut,
    mean_agreement,
    modularity,
    modularity_gain,
)


def test_graph_cut_counts_the_edges_between_clusters() -> None:
    """Two of six."""
    assert graph_cut(np.array([0, 0, 1]), np.array([[1, 2], [0, 2], [2, 2]])) == pytest.approx(2 / 6)


def test_agreement_of_renumbered_labels_is_one_and_of_unrelated_ones_is_about_zero() -> None:
    """Two of three labellings are the same; the third is random."""
    random = np.random.default_rng(0)
    labels = random.integers(4, size=10_000)
    agreement = mean_agreement(np.stack([labels, (labels + 1) % 4, random.integers(4, size=10_000)]))
    assert agreement == pytest.approx([0.5, 0.5, 0], abs=0.01)


def test_a_cluster_that_others_divide_agrees_less_than_one_they_keep() -> None:
    """Kept by both others; halved by one of them: the mean of 1 and 1/2."""
    labels = np.repeat([0, 1], 4)
    others = np.stack([labels, np.array([0, 0, 0, 0, 1, 1, 2, 2])])
    assert cluster_agreement(labels, others, 2).tolist() == [1.0, 0.75]


def test_modularity_of_separate_parts_is_one_less_the_chance_of_an_edge_within() -> None:
    """Three equal parts without an edge between them: 1 - 1/3; one cluster of all: 0."""
    labels = np.repeat([0, 1, 2], 2)
    graph = np.array([[1], [0], [3], [2], [5], [4]])
    assert modularity(labels, graph) == pytest.approx(2 / 3)
    assert modularity(np.zeros(6, dtype=int), graph) == pytest.approx(0)


def test_modularity_where_no_neighbour_is_in_the_last_cluster() -> None:
    """All edges go to the first: each way, what stays within is what chance would leave there."""
    assert modularity(np.array([0, 0, 1]), np.array([[1], [0], [0]])) == pytest.approx(2 / 3 - 2 / 3)


def test_the_error_of_a_gain_is_how_far_those_of_like_graphs_vary() -> None:
    """One edge a point, four of five within the cluster; none where all points are alike."""
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1], 500)
    target = np.where(random.random((200, 1000)) < 0.8, labels, 1 - labels)
    graphs = (random.integers(500, size=(200, 1000)) + 500 * target)[:, :, None]
    spread = np.std([modularity(labels, graph) for graph in graphs])
    one = np.zeros_like(labels)  # cluster of all, without modularity in any graph
    assert modularity_gain(labels, one, graphs[0])[1] == pytest.approx(spread, rel=0.2)
    assert modularity_gain(labels, one, (500 * labels)[:, None])[1] == 0


@pytest.mark.parametrize(("moved", "better"), [(range(12), True), (range(900, 1000), False)])
def test_a_labelling_is_better_only_by_more_than_two_errors_of_the_difference(moved: range, better: bool) -> None:
    """A dozen that leave their neighbours count; a hundred whose neighbours are of either side are chance."""
    labels, random = np.repeat([0, 1], 500), np.random.default_rng(0)
    graph = 500 * labels[:, None] + random.integers(400, size=(1000, 4))
    graph[900:] = random.integers(100, 900, size=(100, 4))
    others = labels.copy()
    others[moved] = 1 - others[moved]
    assert divides_better(labels, others, graph) == better
    assert not divides_better(others, labels, graph)
    assert not divides_better(labels, labels, graph)
