"""Artifacts as the stages before the report leave them, small and with values that can be told by heart."""

from typing import Any

import numpy as np
import pyarrow as pa

from models.encoding import Column, Encoding, Kind
from models.encoding_fit import fit_encoding
from models.numbering import NO_CLUSTER
from models.settings import EncodingSettings
from tasks import kinds
from tasks.store import Artifact, Attempt, Store

STRUCTURE = {
    "found": True, "p_value": 0.01, "agreement": 0.9, "surrogate_mean": 0.5, "surrogate_high": 0.6,
    "clearance": 0.8, "surrogate_clearance_mean": 0.4, "surrogate_clearance_high": 0.45,
    "surrogates": 99, "rows": 80, "clusters": 4,
}  # fmt: skip
QUALITY = {
    "precision": 0.71, "recall": 0.62, "density": 0.83, "coverage": 0.54,
    "precision_real": 0.81, "recall_real": 0.82, "density_real": 0.99, "coverage_real": 0.94,
    "c2st_accuracy": 0.77, "c2st_p_value": 0.001,
    "copied_share": 0.0, "copied_share_bound": 0.05, "copying_auroc": 0.5,
    "p_real_ece": 0.021, "p_real_ece_perfect": 0.034, "p_real_auroc": 0.8,
    "false_alarms": 0.0125, "false_alarms_low": 0.0, "false_alarms_high": 0.0375, "false_alarm_rate": 0.01,
}  # fmt: skip


LINEAGE = {
    "predecessor": "0123456789abcdef", "next_id": 4, "made_of": "", "rows": 400, "unfit": [],
    "changes": [
        {"kind": "kept", "before": [0], "after": [0], "shares": [0.9]},
        {"kind": "split", "before": [1], "after": [1, 4, 5], "shares": [0.5, 0.3, 0.2]},
        {"kind": "vanished", "before": [3], "after": [], "shares": [0.25]},
    ],
}  # fmt: skip


def number_columns(names: list[str], n: int) -> tuple[list[Column], dict[str, np.ndarray]]:
    """Columns whose values are 1000 times the group of the row (row number modulo 4), and noise."""
    random = np.random.default_rng(0)
    values = {name: 1000.0 * (np.arange(n) % 4) + random.normal(size=n).round(3) for name in names}
    return [Column(name, Kind.NUMBER, "double", 1, v.min(), v.max()) for name, v in values.items()], values


def image_columns(n: int) -> tuple[list[Column], dict[str, np.ndarray]]:
    """2 x 3 pictures; row i has the pixels i, i + 1, ... and 255 in the last one."""
    pixels = np.minimum(np.arange(n)[:, None] + np.arange(6), 255).astype(np.uint8)
    pixels[:, 0], pixels[:, 5] = 0, 255
    return [Column("image", Kind.IMAGE, "uint8", 6, 0, 255, (2, 3))], {"image": pixels}


def pixel_columns(n: int) -> tuple[list[Column], dict[str, np.ndarray]]:
    """The same pictures with a column for each pixel."""
    pixels = image_columns(n)[1]["image"]
    columns = [
        Column(f"p{i}", Kind.NUMBER, "uint8", 1, int(p.min()), int(p.max()), (2, 3)) for i, p in enumerate(pixels.T)
    ]
    return columns, {column.name: values for column, values in zip(columns, pixels.T, strict=True)}


def assigned(ids: pa.Table, clusters: np.ndarray, schema: pa.Schema) -> pa.Table:
    """Assignments: probability .9, the first row of a cluster .99, the last one .5."""
    probability = np.full(len(clusters), 0.9)
    for cluster in np.unique(clusters):
        places = np.flatnonzero(clusters == cluster)
        probability[places[0]], probability[places[-1]] = 0.99, 0.5
    none = clusters == NO_CLUSTER
    columns = {
        "cluster": pa.array(clusters, mask=none),
        "cluster_probability": pa.array(probability, mask=none),
        "second_cluster": pa.array((clusters + 1) % 4, mask=none),
        "margin": pa.array(2 * probability - 1, mask=none),
        "probabilities": pa.array([[] for _ in clusters], schema.field("probabilities").type),
    }
    return _beside(ids, columns, schema)


def scored(ids: pa.Table, schema: pa.Schema) -> pa.Table:
    """Scores: every 50th row has the p-value .004 and is an outlier."""
    p_value = np.where(np.arange(len(ids)) % 50 == 0, 0.004, 0.5)
    columns = {
        "p_real": np.full(len(ids), 0.7),
        "log_density": pa.nulls(len(ids), pa.float64()),
        "p_value": p_value,
        "is_outlier": p_value < 0.01,
    }
    return _beside(ids, columns, schema)


def own_table(values: dict[str, np.ndarray]) -> pa.Table:
    """The user's columns as they lie in the artifact `rows`."""
    lists = {
        name: pa.FixedSizeListArray.from_arrays(pa.array(v.ravel()), v.shape[1]) if v.ndim > 1 else v
        for name, v in values.items()
    }
    return pa.table(lists)


def write_artifacts(
    store: Store, columns: list[Column], values: dict[str, np.ndarray], clusters: np.ndarray
) -> dict[str, Artifact]:
    """What the stages before the report leave: the samples are the first 40 rows; parts are uneven."""
    encoding = fit_encoding(columns, values, EncodingSettings())
    n, own, x = len(clusters), own_table(values), encoding.encode(values)
    split = np.array(kinds.SPLITS)[np.where(np.arange(n) % 5 == 0, 2, np.where(np.arange(n) % 5 == 1, 1, 0))]
    ids = pa.table({"row_id": [f"row-{i}" for i in range(n)], "split": split})
    sample_ids = pa.table({"sample_id": [f"sample-{i}" for i in range(40)]})
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(x.ravel(), pa.float32()), encoding.width)
    rows = pa.Table.from_arrays([*ids.columns, *own.columns], schema=kinds.rows(own.schema))
    samples = [sample_ids["sample_id"], pa.nulls(40, pa.int32()), vectors[:40], *own.slice(0, 40).columns]
    with store.attempt("made", "0" * 24) as attempt:
        attempt.write_table("rows", rows.slice(0, 30))
        attempt.write_table("rows", rows.slice(30))
        attempt.write_table(
            "vectors", pa.Table.from_arrays([*ids.columns, vectors], schema=kinds.vectors(encoding.width))
        )
        assignments = assigned(ids, clusters, kinds.ASSIGNMENTS)
        attempt.write_table("assignments", assignments.slice(0, 50))
        attempt.write_table("assignments", assignments.slice(50))
        attempt.write_table("scores", scored(ids, kinds.SCORES))
        attempt.write_table("samples", pa.Table.from_arrays(samples, schema=kinds.samples(own.schema, encoding.width)))
        labelled = assigned(sample_ids, clusters[:40], kinds.SAMPLE_ASSIGNMENTS)
        attempt.write_table("sample_assignments", labelled)
        attempt.write_table("sample_scores", scored(sample_ids, kinds.SAMPLE_SCORES))
        write_findings(attempt, encoding, x, clusters)
        write_the_rest(attempt, encoding)
        return attempt.commit()


def write_findings(attempt: Attempt, encoding: Encoding, x: np.ndarray, clusters: np.ndarray) -> None:
    """What was found out about clusters, samples and probabilities; x (rows, width) are the vectors."""
    names = [column.name for column in encoding.columns if column.kind is Kind.NUMBER]
    numbers = sorted(set(clusters.tolist()) - {NO_CLUSTER})
    explanations = [
        {
            "cluster": cluster,
            "column": name,
            "effect": 2.0 / (1 + place),
            "direction": "higher",
            "cluster_mean": 1000.0 * cluster,
            "other_mean": 1500.0,
            "cluster_missing": 0.0,
            "other_missing": 0.0,
        }
        for cluster in numbers
        for place, name in enumerate(names)
    ]
    profiles = {
        "cluster": numbers,
        "rows": [int((clusters == cluster).sum()) for cluster in numbers],
        "mean": [x[clusters == cluster].mean(axis=0) for cluster in numbers],
        "deviation": [x[clusters == cluster].std(axis=0) for cluster in numbers],
    }
    distributions = [
        {"column": name, "distance": 0.25, "edges": [0.0, 1.0, 2.0], "rows": [0.5, 0.5], "samples": [0.25, 0.75]}
        for name in names
    ]
    reliability = [
        {"low": 0.0, "high": 0.5, "count": 40, "p_real": 0.2, "real_share": 0.25},
        {"low": 0.5, "high": 1.0, "count": 40, "p_real": 0.8, "real_share": 0.75},
    ]
    metrics = [{"name": name, "value": value, "split": "test"} for name, value in QUALITY.items()]
    attempt.write_table("explanations", pa.Table.from_pylist(explanations, schema=kinds.EXPLANATIONS))
    attempt.write_table("profiles", pa.table(profiles, schema=kinds.profiles(encoding.width)))
    attempt.write_table("distributions", pa.Table.from_pylist(distributions, schema=kinds.DISTRIBUTIONS))
    attempt.write_table("reliability", pa.Table.from_pylist(reliability, schema=kinds.RELIABILITY))
    attempt.write_table("sample_metrics", pa.Table.from_pylist(metrics, schema=kinds.METRICS))
    attempt.write_json("structure", STRUCTURE)


def write_the_rest(attempt: Attempt, encoding: Encoding) -> None:
    """Encoding, rejected rows, history and metrics."""
    reasons = ["<b>missing</b> value"] * 2 + ["infinite value"]
    rejected = {"file": ["a.csv"] * 3, "position": [1, 2, 3], "reason": reasons, "content": ["{}"] * 3}
    history = [
        {"phase": "adversarial", "step": step, "name": name, "value": step / 7}
        for name in ("d_loss", "g_loss")
        for step in (500, 1000)
    ]
    metrics = [
        {"name": "silhouette", "value": 0.1234, "split": "test"},
        {"name": "acc", "value": 0.8765, "split": "test"},
    ]
    attempt.write_json("encoding", encoding.to_json())
    attempt.write_json("identities", {"cluster_ids": [0, 1, 2, 3]})
    attempt.write_json("lineage", LINEAGE)
    attempt.write_json("endings", [{"phase": "adversarial", "steps": 1000, "stop_reason": "collapse"}])
    attempt.write_arrays("partition", {})
    attempt.write_table("rejected", pa.table(rejected).cast(kinds.REJECTED))
    attempt.write_table("history", pa.Table.from_pylist(history, schema=kinds.HISTORY))
    attempt.write_table("metrics", pa.Table.from_pylist(metrics, schema=kinds.METRICS))


def _beside(ids: pa.Table, columns: dict[str, Any], schema: pa.Schema) -> pa.Table:
    table = pa.table({name: ids[name] for name in ids.column_names} | columns)
    return table.select(schema.names).cast(schema)
