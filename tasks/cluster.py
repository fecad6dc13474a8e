"""Stage cluster: rows and samples into clusters."""

from dataclasses import asdict
from typing import Any

import numpy as np
from prefect import get_run_logger

from models.density import NEIGHBORS
from models.numbering import count_distinct
from models.partitions import Partition, fit_partition
from models.settings import PartitionMethod, PartitionOf, PartitionSettings
from tasks.errors import BadInput
from tasks.labelling import assignment_table, memberships, positions
from tasks.lineage import find_predecessor, trace
from tasks.loading import choose, load_split, parts, take_rows
from tasks.model import FittedModel
from tasks.process import ModelProcess
from tasks.stage import Artifacts, once, stage, stage_key
from tasks.store import Artifact, Attempt, Store

BLOCK_ROWS = 16_384


@stage(name="cluster")
def cluster(
    name: str,
    model: Artifact,
    rows: Artifact,
    vectors: Artifact,
    samples: Artifact,
    settings: PartitionSettings,
    clusters: int | None,
    max_rows: int,
    seed: int,
    store: str,
    process: ModelProcess,
) -> Artifacts:
    """Write `assignments`, `sample_assignments`, the `partition`, a hierarchical one's `dendrogram`, and stable ids.

    The partition is fitted to at most `max_rows` train rows, or samples; all rows are then labelled, one part in
    memory at a time, by the same rule as rows that nobody has seen. HDBSCAN doesn't need `clusters`, of which
    the model's number is taken where none is given. Clusters that the promoted version of `name` has too keep their
    ids: `identities` has the id of each component, and `lineage` what became of the promoted clusters.
    """
    place = Store(store)
    inputs = [model.sha256, vectors.sha256, samples.sha256]
    decides: dict[str, Any] = {"settings": settings, "clusters": clusters, "max_rows": max_rows, "seed": seed}
    made_of = stage_key(place, "cluster", inputs=inputs, **decides)
    predecessor = find_predecessor(place, name, made_of)

    def write(attempt: Attempt) -> None:
        fitted = FittedModel(place, model, process)
        method = settings.method_for(bool(fitted.spec.clusters))
        get_run_logger().info("Clustering %d rows by %s", vectors.rows, method)
        partition = None
        if method != PartitionMethod.responsibilities:
            points = fit_points(place, fitted, vectors, samples, settings, max_rows, seed)
            partition = partition_points(points, settings, method, clusters or fitted.spec.clusters or 0, seed)
            get_run_logger().info("%d points are in %d clusters", len(points), partition.n_clusters)
        ids, lineage = trace(
            place, name, predecessor, made_of, fitted, partition, rows, vectors, process, get_run_logger()
        )
        for kind, source in {"assignments": vectors, "sample_assignments": samples}.items():
            for of_rows, x in parts(place, source):
                attempt.write_table(kind, assignment_table(of_rows, memberships(fitted, partition, x), ids))
        attempt.write_arrays("partition", partition.to_arrays() if partition else {})
        if partition and partition.dendrogram:
            tree = partition.dendrogram
            attempt.write_arrays("dendrogram", tree._replace(cluster=ids[tree.cluster])._asdict())
        attempt.write_json("identities", {"cluster_ids": ids.tolist()})
        attempt.write_json("lineage", lineage)

    follows = {"predecessor": asdict(predecessor), "rows": rows.sha256} if predecessor.version else {}
    return once(place, "cluster", write, inputs=inputs, **follows, **decides)


def fit_points(
    store: Store,
    fitted: FittedModel,
    vectors: Artifact,
    samples: Artifact,
    settings: PartitionSettings,
    max_rows: int,
    seed: int,
) -> np.ndarray:
    """What a partition is fitted to: at most `max_rows` train rows or samples, in its space (points, dims)."""
    if settings.of == PartitionOf.samples:
        x = take_rows(store, samples, choose(np.arange(samples.rows), max_rows, seed))
    else:
        x = load_split(store, vectors, "train", max_rows, seed)
    blocks = (x[i : i + BLOCK_ROWS] for i in range(0, len(x), BLOCK_ROWS))
    return np.concatenate([positions(fitted, settings.space, block) for block in blocks])


def partition_points(
    points: np.ndarray, settings: PartitionSettings, method: PartitionMethod, clusters: int, seed: int
) -> Partition:
    """The partition of points (rows, dims).

    Raises:
        BadInput: too few points for what was asked, or no cluster among them.
    """
    _refuse_too_few(points, settings, method, clusters)
    partition = fit_partition(points, settings, method, clusters, seed)
    if not partition.n_clusters:
        raise BadInput(
            "cluster", "at least two dense regions for partition.method hdbscan", f"none in the {settings.space} of "
            f"{min(len(points), settings.max_rows)} points",
            "Lower partition.min_cluster_size, or choose another partition.space or partition.method.",
        )  # fmt: skip
    return partition


def _refuse_too_few(points: np.ndarray, settings: PartitionSettings, method: PartitionMethod, clusters: int) -> None:
    if method == PartitionMethod.hdbscan:
        least, n_points = max(settings.min_cluster_size or 0, NEIGHBORS), min(len(points), settings.max_rows)
        if n_points < least:
            raise BadInput(
                "cluster", f"at least {least} points for partition.method hdbscan", f"{n_points}",
                "Lower partition.min_cluster_size, raise partition.max_rows, or give more rows.",
            )  # fmt: skip
        return
    found = count_distinct(points, clusters)
    if found < clusters:
        raise BadInput(
            "cluster", f"at least {clusters} different points to find {clusters} clusters in",
            f"{found} in the {settings.space}", "Ask for fewer clusters, or choose another partition.space.",
        )  # fmt: skip
    if method == PartitionMethod.hierarchical and clusters > settings.max_rows < len(points):
        raise BadInput(
            "cluster", f"partition.max_rows of at least {clusters} to join into {clusters} clusters",
            f"{settings.max_rows}", "Raise partition.max_rows, or ask for fewer clusters.",
        )  # fmt: skip
