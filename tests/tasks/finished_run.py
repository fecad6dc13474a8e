"""Artifacts as the stages before the report leave them, small and with values that can be told by heart."""

from typing import Any

import numpy as np
import pyarrow as pa

from models.encoding import Column, Encoding, Kind, fit_encoding
from models.settings import EncodingSettings
from tasks import kinds
from tasks.store import Artifact, Attempt, Store

NONE = -1  # fits no cluster


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


def assigned(ids: pa.Table, clusters: np.ndarray, schema: pa.Schema) -> pa.Table:
    """Assignments: probability .9, the first row of a cluster .99, the last one .5."""
    probability = np.full(len(clusters), 0.9)
    for cluster in np.unique(clusters):
        places = np.flatnonzero(clusters == cluster)
        probability[places[0]], probability[places[-1]] = 0.99, 0.5
    none = clusters == NONE
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
        write_the_rest(attempt, encoding)
        return attempt.commit()


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
    attempt.write_table("rejected", pa.table(rejected).cast(kinds.REJECTED))
    attempt.write_table("history", pa.Table.from_pylist(history, schema=kinds.HISTORY))
    attempt.write_table("metrics", pa.Table.from_pylist(metrics, schema=kinds.METRICS))


def _beside(ids: pa.Table, columns: dict[str, Any], schema: pa.Schema) -> pa.Table:
    table = pa.table({name: ids[name] for name in ids.column_names} | columns)
    return table.select(schema.names).cast(schema)
