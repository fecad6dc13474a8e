"""How rows get their clusters: one rule for rows that a partition was fitted to and for rows never seen."""

import numpy as np
import pyarrow as pa

from models.partitions import Partition
from tasks import kinds
from tasks.model import FittedModel

SMALLEST_PROBABILITY = 1e-3  # below it a cluster isn't listed among a row's probabilities


def memberships(fitted: FittedModel, partition: Partition | None, x: np.ndarray) -> np.ndarray:
    """Probability of each cluster for vectors x: (rows, clusters); without a partition the model's responsibilities."""
    answers = fitted.infer(x)
    if partition is None:
        return answers["responsibilities"]
    return partition.predict_proba(answers["embedding"].astype(np.float64))


def assignment_table(ids: pa.Table, probabilities: np.ndarray) -> pa.Table:
    """Assignments beside the ids of the same rows; probabilities is (rows, clusters)."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    first, second = (np.take_along_axis(probabilities, order[:, i : i + 1], axis=1)[:, 0] for i in (0, 1))
    columns = {
        "cluster": order[:, 0],
        "cluster_probability": first,
        "second_cluster": order[:, 1],
        "margin": first - second,
        "probabilities": _listed(probabilities, order),
    }
    schema = kinds.ASSIGNMENTS if "row_id" in ids.column_names else kinds.SAMPLE_ASSIGNMENTS
    return pa.table({name: ids[name] for name in ids.column_names} | columns).select(schema.names).cast(schema)


def _listed(probabilities: np.ndarray, order: np.ndarray) -> pa.ListArray:
    """Each row's clusters and probabilities from the likeliest on, without the negligible ones."""
    sorted_probabilities = np.take_along_axis(probabilities, order, axis=1)
    keep = sorted_probabilities >= SMALLEST_PROBABILITY
    entries = pa.StructArray.from_arrays(
        [pa.array(order[keep], pa.int32()), pa.array(sorted_probabilities[keep], pa.float32())],
        names=["cluster", "probability"],
    )
    offsets = np.concatenate([[0], np.cumsum(keep.sum(axis=1))]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, entries)
