"""Stage cluster: rows and samples into clusters."""

import numpy as np
import pyarrow as pa
from prefect import get_run_logger

from models.partitions import Partition, fit_partition
from models.settings import PartitionMethod, PartitionOf, PartitionSettings
from tasks import kinds
from tasks.code import code_digest, library_versions
from tasks.loading import load_split, parts
from tasks.model import FittedModel
from tasks.process import ModelProcess
from tasks.stage import Artifacts, cached, stage
from tasks.store import Artifact, Store

SMALLEST_PROBABILITY = 1e-3  # below it a cluster isn't listed among a row's probabilities
BLOCK_ROWS = 16_384


@stage(name="cluster")
def cluster(
    model: Artifact,
    vectors: Artifact,
    samples: Artifact,
    settings: PartitionSettings,
    clusters: int,
    max_rows: int,
    seed: int,
    store: str,
    process: ModelProcess,
) -> Artifacts:
    """Write `assignments`, `sample_assignments` and the `partition`.

    The partition is fitted to at most `max_rows` train rows, or to the samples; all rows are then labelled, one part
    in memory at a time, by the same rule as rows that nobody has seen.
    """
    place = Store(store)
    key = place.key(
        "cluster",
        inputs=[model.sha256, vectors.sha256, samples.sha256],
        settings=settings,
        clusters=clusters,
        max_rows=max_rows,
        seed=seed,
        code=code_digest("tasks.cluster"),
        libraries=library_versions(),
    )
    found = place.find("cluster", key)
    if found:
        return cached(found)
    fitted = FittedModel(place, model, process)
    method = settings.method_for(bool(fitted.spec.clusters))
    get_run_logger().info("Clustering %d rows by %s", vectors.rows, method)
    partition = None
    if method != PartitionMethod.responsibilities:
        points = fit_points(place, fitted, vectors, samples, settings.of, max_rows, seed)
        partition = fit_partition(points, method, clusters, settings.restarts, settings.max_rows, seed)
    with place.attempt("cluster", key) as attempt:
        for kind, source in {"assignments": vectors, "sample_assignments": samples}.items():
            for ids, x in parts(place, source):
                attempt.write_table(kind, assignment_table(ids, memberships(fitted, partition, x)))
        attempt.write_arrays("partition", partition.to_arrays() if partition else {})
        return attempt.commit()


def fit_points(
    store: Store,
    fitted: FittedModel,
    vectors: Artifact,
    samples: Artifact,
    of: PartitionOf,
    max_rows: int,
    seed: int,
) -> np.ndarray:
    """What a partition is fitted to: embeddings (points, dims) of train rows or of the samples."""
    if of == PartitionOf.samples:
        found = [fitted.infer(x)["embedding"] for _, x in parts(store, samples)]
    else:
        x = load_split(store, vectors, "train", max_rows, seed)
        found = [fitted.infer(x[i : i + BLOCK_ROWS])["embedding"] for i in range(0, len(x), BLOCK_ROWS)]
    return np.concatenate(found)


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
