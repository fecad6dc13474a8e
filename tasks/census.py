"""Counts over all rows, taken part by part: what the report says of the whole."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tasks.loading import Rows
from tasks.store import Artifact, Store

SURE = 0.9  # a row whose cluster has at least this probability counts as sure
BINS = np.linspace(0, 1, 51)  # of probabilities; 50 bins, so that a threshold of .02 is an edge
REASON_LENGTH = 160


@dataclass(frozen=True)
class Histograms:
    """How many rows lie between each two of BINS, (50,) each."""

    p_real: np.ndarray  # of real test rows
    p_real_samples: np.ndarray
    p_value: np.ndarray  # of real test rows
    threshold: float | None  # the largest p-value that was called an outlier, None without outliers


def side_by_side(store: Store, *sources: tuple[Artifact, list[str]]) -> Iterator[pa.Table]:
    """Named columns of several artifacts that keep the same order of rows, one part in memory at a time."""
    (first, columns), *others = sources
    streams = [(Rows(store, artifact, names), names) for artifact, names in others]
    for table in store.tables(first, columns):
        for stream, names in streams:
            found = stream.take(len(table))
            for name in names:
                table = table.append_column(name, found[name])
        yield table


def count_clusters(store: Store, assignments: Artifact, scores: Artifact) -> pd.DataFrame:
    """Sums by cluster (<NA>: fits none) and split, as columns rows, probability, sure and outliers."""
    sources = (assignments, ["cluster", "split", "cluster_probability"]), (scores, ["is_outlier"])
    return _sum_groups([_count_part(table) for table in side_by_side(store, *sources)])


def count_samples(store: Store, sample_assignments: Artifact) -> dict[int | None, int]:
    """Number of samples in each cluster."""
    counts: Counter[int | None] = Counter()
    for table in store.tables(sample_assignments, ["cluster"]):
        counts.update(table["cluster"].to_pylist())
    return dict(counts)


def count_reasons(store: Store, rejected: Artifact) -> list[tuple[str, int]]:
    """Why rows were rejected and how many, the most frequent reason first."""
    counts: Counter[str] = Counter()
    for table in store.tables(rejected, ["reason"]):
        counts.update((reason or "no reason given")[:REASON_LENGTH] for reason in table["reason"].to_pylist())
    return counts.most_common()


def count_scores(store: Store, scores: Artifact, sample_scores: Artifact) -> Histograms:
    """Histograms of test rows (of all rows, where no row is a test row) and of samples."""
    p_real, p_real_samples, p_value = (np.zeros(len(BINS) - 1, dtype=np.int64) for _ in range(3))
    threshold = -1.0
    in_test = _has_test_rows(store, scores)
    for table in store.tables(scores, ["split", "p_real", "p_value", "is_outlier"]):
        outliers = table["p_value"].filter(table["is_outlier"])
        threshold = max(threshold, pc.max(outliers).as_py() if len(outliers) else -1.0)
        shown = table.filter(pc.equal(table["split"], "test")) if in_test else table
        p_real += _histogram(shown["p_real"])
        p_value += _histogram(shown["p_value"])
    for table in store.tables(sample_scores, ["p_real"]):
        p_real_samples += _histogram(table["p_real"])
    return Histograms(p_real, p_real_samples, p_value, threshold if threshold >= 0 else None)


def _count_part(table: pa.Table) -> pd.DataFrame:
    probability = table["cluster_probability"].fill_null(0).to_numpy()
    frame = pd.DataFrame(
        {
            "cluster": table["cluster"].to_pandas().astype("Int32"),
            "split": table["split"].to_pandas(),
            "rows": 1,
            "probability": probability,
            "sure": (probability >= SURE).astype(int),
            "outliers": table["is_outlier"].fill_null(False).to_numpy().astype(int),
        }
    )
    return _sum_groups([frame])


def _sum_groups(frames: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames).groupby(["cluster", "split"], dropna=False, as_index=False).sum()


def _has_test_rows(store: Store, scores: Artifact) -> bool:
    return any(pc.any(pc.equal(table["split"], "test")).as_py() for table in store.tables(scores, ["split"]))


def _histogram(values: pa.ChunkedArray) -> np.ndarray:
    return np.histogram(values.drop_null().to_numpy(), bins=BINS)[0]
