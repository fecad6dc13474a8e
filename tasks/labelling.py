"""How rows get their clusters: one rule for rows that a partition was fitted to and for rows never seen."""

import numpy as np
import pyarrow as pa

from models.partitions import Partition
from models.settings import PartitionSpace
from tasks import kinds
from tasks.columns import one_chunk
from tasks.model import Answer, FittedModel

SCORES = ("logit", "typicality", "log_density")  # the model's answers that the space of scores is made of
ASKED: dict[PartitionSpace, tuple[Answer, ...]] = {
    PartitionSpace.vectors: (),
    PartitionSpace.embedding: ("embedding",),
    PartitionSpace.scores: ("scores",),
}
SMALLEST_PROBABILITY = 1e-3  # below it a cluster isn't listed among a row's probabilities


def memberships(fitted: FittedModel, partition: Partition | None, x: np.ndarray) -> np.ndarray:
    """Probability of each cluster for vectors x: (rows, clusters), zeros for a row that fits none.

    Without a partition it is the model's responsibilities.
    """
    wanted = needed(partition)
    return memberships_by(partition, x, fitted.infer(x, *wanted) if wanted else {})


def needed(partition: Partition | None) -> tuple[Answer, ...]:
    """The model's answers that memberships rest on."""
    return ("responsibilities",) if partition is None else ASKED[partition.space]


def memberships_by(partition: Partition | None, x: np.ndarray, answers: dict[str, np.ndarray]) -> np.ndarray:
    """The same as `memberships` from answers that were asked already."""
    if partition is None:
        return answers["responsibilities"]
    return partition.predict_proba(positions_by(partition.space, x, answers)[:, : len(partition.shift)])


def positions(fitted: FittedModel, space: PartitionSpace, x: np.ndarray) -> np.ndarray:
    """Where vectors x lie in the space of a partition: (rows, dims)."""
    return positions_by(space, x, fitted.infer(x, *ASKED[space]) if ASKED[space] else {})


def positions_by(space: PartitionSpace, x: np.ndarray, answers: dict[str, np.ndarray]) -> np.ndarray:
    """The same as `positions` from answers that were asked already."""
    match space:
        case PartitionSpace.vectors:
            return x
        case PartitionSpace.embedding:
            return answers["embedding"]
        case PartitionSpace.scores:
            return np.stack([answers[name] for name in SCORES if name in answers], axis=1)


def assignment_table(ids: pa.Table, probabilities: np.ndarray, cluster_ids: np.ndarray) -> pa.Table:
    """Assignments beside the ids of the same rows.

    Args:
        ids: row_id and split, or sample_id.
        probabilities: (rows, clusters), zeros for fits none.
        cluster_ids: (clusters,) the stable id of each, which is what the table names.
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked, order = np.take_along_axis(probabilities, order, axis=1), cluster_ids[order]
    fits_none = ranked[:, 0] == 0
    has_second = ranked.shape[1] > 1
    second = ranked[:, 1] if has_second else np.zeros(len(ranked))
    columns = {
        "cluster": pa.array(order[:, 0], mask=fits_none),
        "cluster_probability": pa.array(ranked[:, 0], mask=fits_none),
        "second_cluster": pa.array(order[:, 1], mask=fits_none) if has_second else pa.nulls(len(order)),
        "margin": pa.array(ranked[:, 0] - second, mask=fits_none),
        "probabilities": _listed(ranked, order),
    }
    schema = kinds.ASSIGNMENTS if "row_id" in ids.column_names else kinds.SAMPLE_ASSIGNMENTS
    return pa.table({name: ids[name] for name in ids.column_names} | columns).select(schema.names).cast(schema)


def listed_probabilities(assignments: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """The probabilities (rows, clusters) that a table lists, the negligible ones as 0, and the ids (clusters,)."""
    lists = one_chunk(assignments["probabilities"])
    entries = lists.flatten()
    clusters, probability = (entries.field(name).to_numpy() for name in ("cluster", "probability"))
    row = np.repeat(np.arange(len(lists)), lists.value_lengths().to_numpy())
    ids, place = np.unique(clusters, return_inverse=True)
    probabilities = np.zeros((len(lists), len(ids)))
    probabilities[row, place] = probability
    return probabilities, ids


def _listed(ranked: np.ndarray, order: np.ndarray) -> pa.ListArray:
    """Each row's clusters and probabilities from the likeliest on, without the negligible ones."""
    keep = ranked >= SMALLEST_PROBABILITY
    entries = pa.StructArray.from_arrays(
        [pa.array(order[keep], pa.int32()), pa.array(ranked[keep], pa.float32())],
        names=["cluster", "probability"],
    )
    offsets = np.concatenate([[0], np.cumsum(keep.sum(axis=1))]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, entries)
