"""Rows of benchmarks.accuracy as Markdown: mean and standard deviation over the seeds of a data set and model."""

from itertools import groupby
from typing import Any

import numpy as np

from benchmarks.records import Row

SHARE, COUNT, SIZE = "share", "count", "size"  # how a number is written: .987, 312 or 2.4
CLUSTERS = {
    "ACC": ("acc", SHARE),
    "NMI": ("nmi", SHARE),
    "ARI": ("ari", SHARE),
    "purity": ("purity", SHARE),
    "unseen ACC": ("test_acc", SHARE),
    "unseen NMI": ("test_nmi", SHARE),
    "unseen ARI": ("test_ari", SHARE),
    "unseen purity": ("test_purity", SHARE),
    "ECE": ("ece", SHARE),
    "unseen ECE": ("test_ece", SHARE),
    "of exact p": ("test_ece_perfect", SHARE),
    "clusters": ("clusters", COUNT),
    "agreement of restarts": ("agreement", SHARE),
}
SAMPLES = {
    "class of the cluster": ("sample_agreement", SHARE),
    "the same of test rows": ("test_agreement", SHARE),
    "purity": ("sample_purity", SHARE),
    "classifier's accuracy": ("classifier_accuracy", SHARE),
    "coverage of test rows": ("coverage", SHARE),
    "by train rows": ("coverage_real", SHARE),
    "coverage of validation rows": ("validation_coverage", SHARE),
    "by train rows too": ("validation_coverage_real", SHARE),
    "precision": ("precision", SHARE),
    "recall": ("recall", SHARE),
    "strangers, typicality": ("strangers_typicality", SHARE),
    "strangers, logit": ("strangers_logit", SHARE),
}
COST = {
    "seconds": ("seconds", COUNT),
    "of them fit": ("fit", COUNT),
    "peak GiB": ("peak_gib", SIZE),
    "load before": ("load", SIZE),
}


def tables(rows: list[Row]) -> str:
    """Clusters, samples and cost, and where they were measured."""
    groups = [list(found) for _, found in groupby(sorted(rows, key=_order), key=what)]
    parts = [
        "Clusters\n\n" + markdown(groups, CLUSTERS, with_seeds=True),
        "Samples and scores\n\n" + markdown(groups, SAMPLES),
        "Cost\n\n" + markdown(groups, COST),
        "\n".join(sorted({where(row) for row in rows})),
    ]
    return "\n\n".join(parts)


def what(row: Row) -> tuple[str, str]:
    """The data set, and the model with what it was told."""
    clusters = [] if row["clusters"] is None else [f"--clusters {row['clusters']}"]
    return row["data"], " ".join([row["model"], *clusters, *row["options"]])


def where(row: Row) -> str:
    """Version and machine of a row."""
    machine = f"{row['cores']} cores of {row['cpu']}, {row['memory_gib']} GiB, {row['gpu'] or 'no GPU'}"
    return f"{row['date'][:10]}, {row['version']}: {machine}"


def markdown(groups: list[list[Row]], columns: dict[str, tuple[str, str]], with_seeds: bool = False) -> str:
    """A table; columns that no row has are left out."""
    known = set().union(*(numbers(row) for rows in groups for row in rows))
    columns = {title: column for title, column in columns.items() if column[0] in known}
    lines = [["data", "model", "seeds", *(["ACC of each"] if with_seeds else []), *columns]]
    lines.append(["---"] * len(lines[0]))
    for rows in groups:
        each = [" ".join(written(row["figures"]["acc"], SHARE) for row in rows)] if with_seeds else []
        cells = [
            cell([numbers(row)[name] for row in rows if name in numbers(row)], kind) for name, kind in columns.values()
        ]
        lines.append([*what(rows[0]), str(len(rows)), *each, *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def numbers(row: Row) -> dict[str, float]:
    """What is in a row to be averaged."""
    cost = {"seconds": row["seconds"], "fit": row["stages"]["fit"], "peak_gib": row["peak_mib"] / 1024}
    return row["figures"] | row["selection"] | cost | {"load": row["load"]}


def cell(values: list[float], kind: str) -> str:
    """Mean and, of several values, sample standard deviation."""
    if not values:
        return ""
    mean = written(float(np.mean(values)), kind)
    return mean if len(values) == 1 else f"{mean} ± {written(float(np.std(values, ddof=1)), kind)}"


def written(value: float, kind: str) -> str:
    """A number in the way of its kind."""
    match kind:
        case "share":
            return f"{value:.3f}".removeprefix("0")
        case "size":
            return f"{value:.1f}"
    return f"{value:,.0f}"


def _order(row: Row) -> Any:
    return what(row), row["seed"]
