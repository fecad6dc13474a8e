"""Claims about the drawn dendrogram."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from tasks.dendrogram import cut_height, draw_dendrogram, node_colours
from tasks.pictures import GREY, colour_of

LINKAGE = np.array([[0, 1, 1.0, 2], [2, 3, 2.0, 2], [4, 5, 9.0, 4]])
CLUSTER = np.array([1, 1, 0, 0])
ROWS = np.array([3, 4, 5000, 6])


def test_the_picture_names_cluster_and_rows_of_each_leaf() -> None:
    """A tick for each leaf, in the colour of its cluster, and a dashed line."""
    drawn = draw_dendrogram(LINKAGE, CLUSTER, ROWS).decode()
    assert ET.fromstring(drawn).tag == "{http://www.w3.org/2000/svg}svg"
    assert all(f"<!-- {words} -->" in drawn for words in ("1: 3 rows", "0: 5,000 rows", "0: 6 rows"))
    assert all(colour.lower() in drawn for colour in (colour_of(0), colour_of(1), GREY))
    assert "stroke-dasharray" in drawn


def test_colours_follow_the_clusters_that_are_shown() -> None:
    """A cluster that the page doesn't show is grey."""
    drawn = draw_dendrogram(LINKAGE, CLUSTER, ROWS, shown=[1]).decode()
    assert colour_of(0).lower() in drawn
    assert colour_of(1).lower() not in drawn


def test_a_merge_has_its_leaves_colour_up_to_the_cut() -> None:
    """Above it, it is grey."""
    assert node_colours(LINKAGE, CLUSTER, ["b", "b", "a", "a"]) == ["b", "b", "a", "a", "b", "a", GREY]


@pytest.mark.parametrize(("cluster", "height"), [([1, 1, 0, 0], 5.5), ([0, 0, 1, 2], 1.5), ([0, 1, 2, 3], 0.5)])
def test_the_cut_is_half_way_between_two_merges(cluster: list[int], height: float) -> None:
    """Below it are the merges inside clusters, above it those of clusters."""
    assert cut_height(LINKAGE, np.array(cluster)) == height
