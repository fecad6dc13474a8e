"""What sets a cluster apart, for the page: columns by the size of their effect, or mean and variation as pictures."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from models.encoding import Column, Encoding
from tasks.loading import matrix
from tasks.numbers import column_number, percent
from tasks.pixels import pixels_of
from tasks.strips import sprite

MAX_LINES = 5  # a cluster's columns that are shown
SMALL = 0.2  # an effect that hardly shows (Cohen 1988)


@dataclass(frozen=True)
class Line:
    """A column of a cluster against all other rows; `part` is its effect as a share of the largest on the page."""

    column: str
    direction: str
    here: str
    elsewhere: str
    part: float


def telling_columns(
    encoding: Encoding, explanations: pa.Table, clusters: list[int], limit: int
) -> dict[int, list[str]]:
    """At most `limit` number columns of each cluster, those that set it apart the most first."""
    numbers = [column.name for column in encoding.numbers]
    told: dict[int, list[str]] = {cluster: [] for cluster in clusters}
    for row in explanations.select(["cluster", "column"]).to_pylist():
        told.get(row["cluster"], []).append(row["column"])
    return {cluster: list(dict.fromkeys([*names, *numbers]))[:limit] for cluster, names in told.items()}


def apart_lines(encoding: Encoding, explanations: pa.Table, clusters: list[int]) -> dict[int, list[Line]]:
    """The columns that set each cluster apart, the largest effect first; none where all effects are small."""
    columns = {column.name: column for column in encoding.numbers}
    found = [row for row in explanations.to_pylist() if abs(row["effect"] or 0) >= SMALL and row["column"] in columns]
    largest = max((abs(row["effect"]) for row in found), default=1.0)
    lines: dict[int, list[Line]] = {cluster: [] for cluster in clusters}
    for row in found:
        if len(lines.get(row["cluster"], range(MAX_LINES))) < MAX_LINES:
            here, elsewhere = _values(row, columns[row["column"]])
            part = abs(row["effect"]) / largest
            lines[row["cluster"]].append(Line(row["column"], row["direction"], here, elsewhere, part))
    return lines


def _values(row: dict[str, Any], column: Column) -> tuple[str, str]:
    """What a line compares: the means, or the shares that are missing."""
    if row["direction"] in ("higher", "lower"):
        return column_number(row["cluster_mean"], column), column_number(row["other_mean"], column)
    return percent(row["cluster_missing"]), percent(row["other_missing"])


def apart_pictures(encoding: Encoding, profiles: pa.Table, clusters: list[int]) -> dict[int, str]:
    """Mean and variation of each cluster's images side by side; none where vectors aren't images of a known shape."""
    image = pixels_of(encoding)
    if image is None or not encoding.is_image:
        return {}
    means = image.draw(encoding.decode(matrix(profiles, "mean")))
    deviations = matrix(profiles, "deviation").reshape(means.shape)
    brightness = np.round(255 * deviations / max(float(deviations.max()), 1e-9)).astype(np.uint8)
    place = {cluster: i for i, cluster in enumerate(profiles["cluster"].to_pylist())}
    return {cluster: sprite(np.stack([means[place[cluster]], brightness[place[cluster]]])) for cluster in clusters}
