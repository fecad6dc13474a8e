"""Figures as PNG and SVG bytes, in one palette that colour-blind readers can tell apart."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

# Paul Tol's "muted" scheme and one more orange; beyond ten clusters colours repeat with another marker.
PALETTE = (
    "#332288", "#CC6677", "#117733", "#DDCC77", "#88CCEE",
    "#882255", "#44AA99", "#999933", "#AA4499", "#DD7733",
)  # fmt: skip
MARKERS = "os^D"
GREY = "#9a9a9a"
INK = "#26272b"
MAX_SIDE = 40  # pixels of an image in a sprite: larger ones are thinned, so that the page stays small
GAP = 1  # white pixels between two images of a sprite
MAX_CURVE_POINTS = 300
MAP_COLOURS = 64  # a third of the bytes, no visible difference


def colour_of(place: int) -> str:
    """The colour of the cluster at this place in the order of sizes."""
    return PALETTE[place % len(PALETTE)]


def text_colour_on(background: str) -> str:
    """Black or white, whichever has the higher contrast (WCAG 2) on a colour."""
    red, green, blue = ((int(background[i : i + 2], 16) / 255) ** 2.2 for i in (1, 3, 5))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if luminance > 0.179 else "#ffffff"


def draw_map(points: np.ndarray, clusters: np.ndarray, shown: Sequence[int]) -> bytes:
    """PNG of rows on a plane, coloured and numbered by cluster.

    Args:
        points: (n, 2).
        clusters: (n,); one that is not in `shown` is a grey dot, a negative one (fits none) a grey cross.
        shown: clusters by size.
    """
    figure = Figure(figsize=(8, 6), dpi=125, facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    rest, none = ~np.isin(clusters, shown) & (clusters >= 0), clusters < 0
    axes.scatter(points[rest, 0], points[rest, 1], s=9, c=GREY, linewidths=0, alpha=0.6)
    axes.scatter(points[none, 0], points[none, 1], s=22, c=GREY, marker="x", linewidths=1)
    for place, cluster in enumerate(shown):
        here = points[clusters == cluster]
        marker = MARKERS[place // len(PALETTE) % len(MARKERS)]
        axes.scatter(here[:, 0], here[:, 1], s=16, c=colour_of(place), marker=marker, linewidths=0, alpha=0.85)
    for place, cluster in enumerate(shown):
        _number(axes, points[clusters == cluster], cluster, colour_of(place))
    return _small_png(figure)


def draw_curve(name: str, steps: np.ndarray, values: np.ndarray) -> bytes:
    """SVG of one figure of the training; steps and values are (n,), values that are not finite leave gaps."""
    figure, axes = new_panel(3.2, 2.1)
    every = max(1, len(steps) // MAX_CURVE_POINTS)
    axes.plot(steps[::every], values[::every], color=PALETTE[0], linewidth=1.3)
    axes.set_title(name, fontsize=10, loc="left", color=INK)
    axes.set_xlabel("step", fontsize=8, color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    return svg_of(figure)


def draw_histogram(edges: np.ndarray, counts: dict[str, np.ndarray], label: str, line: float | None = None) -> bytes:
    """SVG of one or two histograms as shares, named by the keys of `counts`, with a dashed line at `line`."""
    figure, axes = new_panel(5.2, 2.9)
    every = _bins_to_join(min(count.sum() for count in counts.values()))
    edges, counts = edges[::every], {name: _joined(count, every) for name, count in counts.items()}
    for (name, count), colour in zip(counts.items(), (PALETTE[0], PALETTE[1]), strict=False):
        share = 100 * count / max(1, count.sum())
        axes.stairs(share, edges, fill=True, color=colour, alpha=0.25)
        axes.stairs(share, edges, color=colour, linewidth=1.4, label=name)
    if line is not None:
        axes.axvline(line, color=INK, linestyle="--", linewidth=1.2, label=f"outliers: up to {line:.2g}")
    axes.set_xlabel(label, fontsize=9, color=INK)
    axes.set_ylabel("% of each", fontsize=9, color=INK)
    axes.set_xlim(edges[0], edges[-1])
    axes.legend(fontsize=8, frameon=False)
    return svg_of(figure)


def draw_distribution(name: str, edges: np.ndarray, rows: np.ndarray, samples: np.ndarray) -> bytes:
    """SVG of a column's histograms of real rows and of samples; edges (bins + 1,), shares (bins,)."""
    figure, axes = new_panel(3.2, 2.1)
    for share, colour, label in ((rows, PALETTE[0], "real rows"), (samples, PALETTE[1], "samples")):
        axes.stairs(100 * share, edges, fill=True, color=colour, alpha=0.25)
        axes.stairs(100 * share, edges, color=colour, linewidth=1.3, label=label)
    axes.set_title(name, fontsize=10, loc="left", color=INK, parse_math=False)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.set_ylabel("% of each", fontsize=8, color=INK)
    axes.legend(fontsize=7, frameon=False)
    return svg_of(figure)


def draw_reliability(p_real: np.ndarray, real_share: np.ndarray, count: np.ndarray) -> bytes:
    """SVG of the share that is real against the probability that was told, (bins,) each, with 95 % intervals."""
    figure, axes = new_panel(5.2, 2.9)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1.2, label="taken at its word")
    low, high = proportion_interval(real_share * count, count)
    axes.vlines(p_real, low, high, color=PALETTE[0], alpha=0.5, linewidth=2)
    axes.plot(p_real, real_share, color=PALETTE[0], marker="o", markersize=4, linewidth=1.3, label="measured")
    axes.set_xlabel("probability of being real", fontsize=9, color=INK)
    axes.set_ylabel("share that is real", fontsize=9, color=INK)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.legend(fontsize=8, frameon=False)
    return svg_of(figure)


def proportion_interval(successes: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of a share (Wilson 1927); arrays of one shape."""
    z, n = 1.96, np.maximum(count, 1)
    share = successes / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def draw_sprite(images: np.ndarray) -> bytes:
    """PNG strip of uint8 images (n, height, width) or (n, height, width, 3), GAP white pixels apart."""
    every = -(-max(images.shape[1:3]) // MAX_SIDE)
    thin = images[:, ::every, ::every]
    gap = np.full((thin.shape[1], GAP, *thin.shape[3:]), 255, dtype=np.uint8)
    pieces = [piece for image in thin for piece in (image, gap)][:-1]
    buffer = io.BytesIO()
    Image.fromarray(np.concatenate(pieces, axis=1)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _bins_to_join(rows: int) -> int:
    """How many of 50 bins become one, so that few rows don't look like noise."""
    return 5 if rows < 500 else 2 if rows < 2000 else 1


def _joined(counts: np.ndarray, every: int) -> np.ndarray:
    return counts.reshape(-1, every).sum(axis=1)


def _number(axes: Any, here: np.ndarray, cluster: int, colour: str) -> None:
    """The cluster's number at its innermost row: a mean can lie outside a bent cluster."""
    if len(here):
        at = here[np.abs(here - np.median(here, axis=0)).sum(axis=1).argmin()]
        box = {"boxstyle": "round,pad=0.25", "facecolor": colour, "edgecolor": "white", "linewidth": 1.2}
        style = {"size": 13, "weight": "bold", "color": text_colour_on(colour)}
        axes.annotate(str(cluster), at, ha="center", va="center", bbox=box, **style)


def new_panel(width: float, height: float) -> tuple[Figure, Any]:
    """A figure of so many inches with one pair of axes."""
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8, colors=INK)
    return figure, axes


def svg_of(figure: Figure) -> bytes:
    """The same bytes for the same figure."""
    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": "genclust"}):  # ids of its parts are random otherwise
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def _small_png(figure: Figure) -> bytes:
    full, small = io.BytesIO(), io.BytesIO()
    figure.savefig(full, format="png")
    picture = Image.open(full).convert("RGB").quantize(MAP_COLOURS, dither=Image.Dither.NONE)
    picture.save(small, "PNG", optimize=True)
    return small.getvalue()
