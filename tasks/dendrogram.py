"""A dendrogram as SVG: which groups of rows are alike, and where the tree was cut into clusters."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import dendrogram

from tasks.pictures import GREY, INK, colour_of, svg_of

WIDTH = 6.4  # inches
LEAF = 0.17  # inches for a leaf's line
MARGINS = 0.7  # inches for the axis and its label
STEP = 10  # SciPy draws leaves at 5, 15, 25, ...


def draw_dendrogram(
    linkage: np.ndarray, cluster: np.ndarray, rows: np.ndarray, shown: Sequence[int] | None = None
) -> bytes:
    """SVG of a tree that lies on its side, a leaf a line, with a dashed line at the cut.

    Args:
        linkage: (m - 1, 4), SciPy's linkage matrix of m groups of rows.
        cluster: (m,) the cluster of each group.
        rows: (m,) rows in each group.
        shown: clusters by size, as for the map; others are grey. If None, by their numbers.
    """
    order = list(range(int(cluster.max()) + 1)) if shown is None else list(shown)
    colours = [colour_of(order.index(k)) if k in order else GREY for k in cluster]
    links = node_colours(linkage, cluster, colours)
    tree: Any = dendrogram(linkage, no_plot=True, link_color_func=links.__getitem__)
    figure = Figure(figsize=(WIDTH, LEAF * len(cluster) + MARGINS), layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    axes.spines[["top", "right", "left"]].set_visible(False)
    for heights, places, colour in zip(tree["dcoord"], tree["icoord"], tree["color_list"], strict=True):
        axes.plot(heights, places, color=colour, linewidth=1.3)
    axes.axvline(cut_height(linkage, cluster), color=INK, linestyle="--", linewidth=1.2)
    leaves = tree["leaves"]
    lines = STEP * np.arange(len(leaves)) + STEP / 2
    axes.scatter(np.zeros(len(leaves)), lines, s=14, c=[colours[i] for i in leaves], zorder=3, clip_on=False)
    axes.set_yticks(lines, [f"{cluster[i]}: {rows[i]:,} rows" for i in leaves])
    axes.tick_params(labelsize=8, colors=INK)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(left=0)
    axes.set_ylim(STEP * len(leaves), 0)
    axes.set_xlabel("distance of the groups that are joined; dashed: the cut into clusters", fontsize=9, color=INK)
    return svg_of(figure)


def cut_height(linkage: np.ndarray, cluster: np.ndarray) -> float:
    """Half-way between the last merge inside a cluster and the first one of two clusters."""
    heights = np.concatenate([[0.0], linkage[:, 2]])
    inside = len(cluster) - len(np.unique(cluster))
    return float(heights[inside : inside + 2].mean())


def node_colours(linkage: np.ndarray, cluster: np.ndarray, colours: Sequence[str]) -> list[str]:
    """The colour of each node, leaves first (2 m - 1): its leaves' where they share a cluster, grey above the cut."""
    within, found = list(cluster), list(colours)
    for one, other in linkage[:, :2].astype(int):
        together = within[one] == within[other]
        within.append(within[one] if together else -1)
        found.append(found[one] if together else GREY)
    return found
