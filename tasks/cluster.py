"""Stage cluster: rows and samples into clusters."""

from typing import Any

import numpy as np
from prefect import get_run_logger

from models.partitions import fit_partition
from models.settings import PartitionMethod, PartitionOf, PartitionSettings
from tasks.labelling import assignment_table, memberships
from tasks.loading import load_split, parts
from tasks.model import FittedModel
from tasks.process import ModelProcess
from tasks.stage import Artifacts, once, stage
from tasks.store import Artifact, Attempt, Store

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

    def write(attempt: Attempt) -> None:
        fitted = FittedModel(place, model, process)
        method = settings.method_for(bool(fitted.spec.clusters))
        get_run_logger().info("Clustering %d rows by %s", vectors.rows, method)
        partition = None
        if method != PartitionMethod.responsibilities:
            points = fit_points(place, fitted, vectors, samples, settings.of, max_rows, seed)
            partition = fit_partition(points, method, clusters, settings.restarts, settings.max_rows, seed)
        for kind, source in {"assignments": vectors, "sample_assignments": samples}.items():
            for ids, x in parts(place, source):
                attempt.write_table(kind, assignment_table(ids, memberships(fitted, partition, x)))
        attempt.write_arrays("partition", partition.to_arrays() if partition else {})

    inputs = [model.sha256, vectors.sha256, samples.sha256]
    decides: dict[str, Any] = {"settings": settings, "clusters": clusters, "max_rows": max_rows, "seed": seed}
    return once(place, "cluster", write, inputs=inputs, **decides)


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
