"""Stage probe: whether the clusters follow the data or were cut out of data that has none."""

from typing import Any

import numpy as np
from prefect import get_run_logger

from models.numbering import NO_CLUSTER, likeliest
from models.partitions import Partition
from models.structure import SURROGATES, StructureTest, probe_structure
from models.surrogates import fit_surrogates
from tasks.labelling import memberships
from tasks.loading import load_split
from tasks.model import FittedModel
from tasks.process import ModelProcess
from tasks.stage import Artifacts, once, stage
from tasks.store import Artifact, Attempt, Store

MAX_ROWS = 1000  # tested; the cost grows with their square
FITTING_ROWS = 4000  # train rows that the surrogates are made like
FEWEST_ROWS = 40


@stage(name="probe")
def probe(
    model: Artifact, vectors: Artifact, partition: Artifact, seed: int, store: str, process: ModelProcess
) -> Artifacts:
    """Write `structure`: a test of the partition on rows that training never saw, as JSON."""
    place = Store(store)

    def write(attempt: Attempt) -> None:
        found = structure(place, FittedModel(place, model, process), vectors, partition, seed)
        get_run_logger().info("Groups found: %s", found["found"])
        attempt.write_json("structure", found)

    return once(place, "probe", write, inputs=[model.sha256, vectors.sha256, partition.sha256], seed=seed)


def structure(store: Store, fitted: FittedModel, vectors: Artifact, partition: Artifact, seed: int) -> dict[str, Any]:
    """The verdict on validation and test rows; `found` is null, with a `reason`, where there is nothing to test."""
    arrays = store.arrays(partition)
    rule = Partition.from_arrays(arrays) if arrays else None

    def label(x: np.ndarray) -> np.ndarray:
        return likeliest(memberships(fitted, rule, x))

    unseen = [load_split(store, vectors, split, MAX_ROWS // 2, seed) for split in ("validation", "test")]
    x = np.concatenate(unseen)
    if len(x) < FEWEST_ROWS:
        return _untested(len(x), f"Fewer than {FEWEST_ROWS} rows were kept from training ({len(x)}).")
    if len(set(label(x)) - {NO_CLUSTER}) < 2:
        return _untested(len(x), "All rows that were kept from training are in one cluster, or in none.")
    surrogates = fit_surrogates(load_split(store, vectors, "train", FITTING_ROWS, seed))
    return verdict(probe_structure(x, label, surrogates, seed), len(x), len(set(label(x)) - {NO_CLUSTER}))


def verdict(test: StructureTest, rows: int, clusters: int) -> dict[str, Any]:
    """The JSON of a test: both statistics of the rows beside their mean and maximum over the surrogate tables."""
    (agreement, clearance), mean, high = (
        values.tolist() for values in (test.rows, test.surrogates.mean(axis=0), test.surrogates.max(axis=0))
    )
    return {
        "found": test.found,
        "p_value": test.p_value,
        "agreement": agreement,
        "surrogate_mean": mean[0],
        "surrogate_high": high[0],
        "clearance": clearance,
        "surrogate_clearance_mean": mean[1],
        "surrogate_clearance_high": high[1],
        "surrogates": SURROGATES,
        "rows": rows,
        "clusters": clusters,
    }


def _untested(rows: int, reason: str) -> dict[str, Any]:
    return {"found": None, "reason": reason, "rows": rows}
