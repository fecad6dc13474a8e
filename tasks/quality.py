"""How good samples and probabilities are, for the page: verdicts, figures and pictures."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tasks.pictures import draw_distribution, draw_reliability
from tasks.store import Artifact, Store
from tasks.strips import data_uri
from tasks.verdicts import Figure, Verdict, outlier_verdict, p_real_verdict, sample_figures, sample_verdict

MAX_DISTRIBUTIONS = 24  # columns, those whose samples are farthest from the rows


@dataclass(frozen=True)
class Distribution:
    """A column's picture, and the same in words."""

    picture: str
    alt: str


@dataclass(frozen=True)
class Quality:
    """What the page says of samples and probabilities."""

    split: str
    samples: Verdict
    figures: list[Figure]
    distributions: list[Distribution]
    n_columns: int
    p_real: Verdict
    outliers: Verdict
    reliability: str


def quality_of(store: Store, artifacts: dict[str, Artifact]) -> Quality:
    """From what the stage `assess` measured."""
    rows = store.table(artifacts["sample_metrics"]).to_pylist()
    metrics, split = {row["name"]: row["value"] for row in rows}, rows[0]["split"]
    distributions = store.table(artifacts["distributions"])
    return Quality(
        split=split,
        samples=sample_verdict(metrics),
        figures=sample_figures(metrics),
        distributions=[_distribution(row) for row in distributions.slice(0, MAX_DISTRIBUTIONS).to_pylist()],
        n_columns=len(distributions),
        p_real=p_real_verdict(metrics, split),
        outliers=outlier_verdict(metrics, split),
        reliability=_reliability(store.table(artifacts["reliability"])),
    )


def _distribution(row: dict) -> Distribution:
    edges, rows, samples = (np.array(row[name]) for name in ("edges", "rows", "samples"))
    picture = data_uri(draw_distribution(row["column"], edges, rows, samples), "svg+xml")
    return Distribution(picture, f"{row['column']} of real rows and of samples; distance {row['distance']:.2f}")


def _reliability(table: pa.Table) -> str:
    p_real, real_share, count = (table[name].to_numpy() for name in ("p_real", "real_share", "count"))
    return data_uri(draw_reliability(p_real, real_share, count), "svg+xml")
