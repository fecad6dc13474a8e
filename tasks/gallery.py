"""The few rows and samples that stand for a cluster in the report, chosen part by part."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from models.numbering import NO_CLUSTER
from tasks.census import side_by_side
from tasks.loading import matrix
from tasks.store import Artifact, Store

MEMBERS = 8  # of each sort, for each cluster
Chosen = dict[int, dict[str, np.ndarray]]  # cluster -> sort -> positions in the whole table


def choose_rows(store: Store, vectors: Artifact, assignments: Artifact, clusters: list[int]) -> Chosen:
    """Positions of typical and borderline rows.

    Typical: the highest probability, to two digits, and then the nearest to the cluster's mean vector.
    Borderline: the smallest margin to the second cluster.
    """
    columns = ["cluster", "cluster_probability", "margin"]
    centres = _centres(store, vectors, assignments, clusters)
    order, typical, borderline = pd.Index(clusters), pd.DataFrame(), pd.DataFrame()
    for frame, x in _parts(store, vectors, assignments, columns, clusters):
        frame["distance"] = np.linalg.norm(x - centres[order.get_indexer(pd.Index(frame["cluster"]))], axis=1)
        frame["doubt"] = 1 - frame["cluster_probability"].round(2)
        typical = _best(typical, frame, ["doubt", "distance"])
        borderline = _best(borderline, frame, ["margin"])
    return {
        cluster: {"typical": _positions(typical, cluster), "borderline": _positions(borderline, cluster)}
        for cluster in clusters
    }


def choose_samples(store: Store, sample_assignments: Artifact, clusters: list[int]) -> Chosen:
    """Positions of the first samples of each cluster: noise has no order, so they are a random choice."""
    first, start = pd.DataFrame(), 0
    for table in store.tables(sample_assignments, ["cluster"]):
        frame = _frame(table, start)
        first = _best(first, frame[frame["cluster"].isin(clusters)], ["position"])
        start += len(table)
    return {cluster: {"generated": _positions(first, cluster)} for cluster in clusters}


def _centres(store: Store, vectors: Artifact, assignments: Artifact, clusters: list[int]) -> np.ndarray:
    """The mean vector of each cluster (clusters, width), in the order given."""
    sums, counts = 0.0, np.zeros(len(clusters))
    for frame, x in _parts(store, vectors, assignments, ["cluster"], clusters):
        belongs = frame["cluster"].to_numpy()[:, None] == np.array(clusters)  # (rows, clusters)
        sums = sums + belongs.T.astype(np.float64) @ x
        counts += belongs.sum(axis=0)
    return sums / counts[:, None]


def _parts(
    store: Store, vectors: Artifact, assignments: Artifact, columns: list[str], clusters: list[int]
) -> Iterator[tuple[pd.DataFrame, np.ndarray]]:
    """The rows of these clusters: position and `columns`, and the vectors (rows, width)."""
    start = 0
    for table in side_by_side(store, (vectors, ["vector"]), (assignments, columns)):
        frame = _frame(table.drop_columns(["vector"]), start)
        wanted = frame["cluster"].isin(clusters).to_numpy()
        if wanted.any():
            yield frame[wanted].reset_index(drop=True), matrix(table)[wanted]
        start += len(table)


def _frame(table: pa.Table, start: int) -> pd.DataFrame:
    frame = table.drop_columns(["cluster"]).to_pandas()
    clusters = table["cluster"].fill_null(NO_CLUSTER).to_numpy()
    return frame.assign(cluster=clusters, position=np.arange(start, start + len(table)))


def _best(kept: pd.DataFrame, found: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """The first MEMBERS rows of each cluster."""
    return pd.concat([kept, found]).sort_values([*order, "position"]).groupby("cluster").head(MEMBERS)


def _positions(frame: pd.DataFrame, cluster: int) -> np.ndarray:
    if frame.empty:
        return np.zeros(0, dtype=np.int64)
    return frame.loc[frame["cluster"] == cluster, "position"].to_numpy()
