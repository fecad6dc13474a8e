"""Rows that are typical of clusters, the nearest to a given row."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from models.numbering import NO_CLUSTER
from tasks.census import side_by_side
from tasks.columns import source_name
from tasks.loading import matrix, take
from tasks.stage import Artifacts
from tasks.store import Store

TYPICAL = 100  # the surest rows of a cluster
NEAREST = 3  # of these, which are shown


@dataclass(frozen=True)
class TypicalRow:
    """A typical row: its cluster, how sure that is, its vector's distance, its numbers by the source's names."""

    row_id: str
    cluster: int
    probability: float
    distance: float
    own: dict[str, Any]


def typical_rows(
    store: Store, made: Artifacts, names: list[str], x: np.ndarray, position: int, means: dict[int, np.ndarray]
) -> list[TypicalRow]:
    """For each cluster in `means` the NEAREST to x (width,) of its TYPICAL rows, without the row at `position` itself.

    Typical are the highest probabilities, to two digits, and then the nearest to the cluster's mean vector.
    One part is in memory at a time.
    """
    kept, start = pd.DataFrame(), 0
    sources = (made["vectors"], ["vector"]), (made["assignments"], ["cluster", "cluster_probability"])
    for table in side_by_side(store, *sources):
        vectors, positions = matrix(table), np.arange(start, start + len(table))
        clusters = table["cluster"].fill_null(NO_CLUSTER).to_numpy()
        for cluster, mean in means.items():
            here = np.flatnonzero((clusters == cluster) & (positions != position))
            found = pd.DataFrame({"cluster": cluster, "position": positions[here]})
            found["probability"] = table["cluster_probability"].to_numpy()[here]
            found["doubt"] = 1 - found["probability"].round(2)
            found["from_mean"] = np.linalg.norm(vectors[here] - mean, axis=1)
            found["distance"] = np.linalg.norm(vectors[here] - x, axis=1)
            kept = _first(pd.concat([kept, found]), ["doubt", "from_mean", "position"], TYPICAL)
        start += len(table)
    shown = _first(kept, ["distance", "position"], NEAREST).sort_values("position")
    own = take(store, made["rows"], shown["position"].to_numpy(), ["row_id", *names])
    titles = {field.name: source_name(field) for field in own.schema if field.name != "row_id"}
    numbers = (shown[name].tolist() for name in ("cluster", "probability", "distance"))
    rows = [
        TypicalRow(values["row_id"], cluster, probability, distance, {titles[name]: values[name] for name in titles})
        for values, cluster, probability, distance in zip(own.to_pylist(), *numbers, strict=True)
    ]
    return sorted(rows, key=lambda row: (list(means).index(row.cluster), row.distance))


def _first(rows: pd.DataFrame, order: list[str], count: int) -> pd.DataFrame:
    """The first rows of each cluster."""
    return rows.sort_values(order).groupby("cluster").head(count)
