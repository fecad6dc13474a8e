"""Training curves and metrics as the report shows them."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tasks.pictures import draw_curve
from tasks.strips import data_uri

MAX_CURVES = 30
SPLITS = ("all", "train", "validation", "test")  # columns of the metrics table, in this order


@dataclass(frozen=True)
class Metric:
    """How a metric is called and read."""

    title: str
    note: str
    uses_labels: bool = False


METRICS = {
    "silhouette": Metric(
        "Silhouette",
        "Higher is better, 1 at most: how much nearer rows are to their own cluster than the next.",
    ),
    "davies_bouldin": Metric(
        "Davies-Bouldin", "Lower is better, 0 at best: width of clusters relative to the gaps between them."
    ),
    "calinski_harabasz": Metric(
        "Calinski-Harabasz", "Higher is better, without a limit: spread between clusters over spread within."
    ),
    "acc": Metric("ACC", "Share of rows whose cluster, each matched to one class, is their class.", True),
    "nmi": Metric("NMI", "What cluster and class tell of each other: 0 nothing, 1 everything.", True),
    "ari": Metric("ARI", "Agreement on pairs of rows: about 0 for a random partition, 1 at best.", True),
    "purity": Metric("Purity", "Share of rows that have the most frequent class of their cluster.", True),
    "ece": Metric(
        "Calibration error",
        "Lower is better, 0 at best: how far cluster probabilities are from the share of rows whose class is their "
        "cluster's, each matched on the train rows.",
        True,
    ),
}


@dataclass(frozen=True)
class MetricRow:
    """One line of the metrics table; a value for each of SPLITS, empty where it wasn't measured."""

    metric: Metric
    values: list[str]


@dataclass(frozen=True)
class Curve:
    """A picture of one figure of one phase, and the same in words."""

    picture: str
    alt: str


def metric_tables(metrics: pa.Table) -> dict[str, list[MetricRow]]:
    """Lines that need no labels under `alone`, the others under `labels`."""
    tables: dict[str, list[MetricRow]] = {"alone": [], "labels": []}
    values = {(row["name"], row["split"]): row["value"] for row in metrics.to_pylist()}
    for name in dict.fromkeys(metrics["name"].to_pylist()):
        metric = METRICS.get(name) or Metric(name, "")
        cells = [_number(values[name, split]) if (name, split) in values else "" for split in SPLITS]
        tables["labels" if metric.uses_labels else "alone"].append(MetricRow(metric, cells))
    return tables


def curve_groups(history: pa.Table) -> dict[str, list[Curve]]:
    """Curves by phase, in the order of training; at most MAX_CURVES."""
    frame = history.to_pandas()
    groups: dict[str, list[Curve]] = {}
    for (phase, name), rows in list(frame.groupby(["phase", "name"], sort=False))[:MAX_CURVES]:
        groups.setdefault(phase, []).append(_curve(name, rows["step"].to_numpy(), rows["value"].to_numpy()))
    return groups


def _curve(name: str, steps: np.ndarray, values: np.ndarray) -> Curve:
    values = np.where(np.isfinite(values), values, np.nan)
    picture = data_uri(draw_curve(name, steps, values), "svg+xml")
    ends = f"first {_number(values[0])}, last {_number(values[-1])}"
    return Curve(picture, f"{name} over {len(steps)} checks: {ends}")


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"
