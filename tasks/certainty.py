"""Whether a row's cluster_probability is the chance that it belongs to the class of its cluster."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.matching import match_clusters
from models.numbering import NO_CLUSTER
from models.reliability import calibration_error_of_levels
from tasks.loading import Rows
from tasks.store import Artifact, Store

LEVELS = 10_000  # that probabilities are told apart by: of a part's rows only sums for each are kept
BINS = 15  # of the error, of equal mass
GROUP = ["split", "cluster", "label", "level"]


def calibration_errors(store: Store, assignments: Artifact, labels: Artifact) -> dict[str | None, float]:
    """Expected calibration error of the rows with a known class, by split and, under None, of all.

    Each cluster stands for the class that the best one-to-one matching on train rows gives it (on all rows, where no
    class of a train row is known); without such a class every row of the cluster is wrong, as one without a cluster is.
    """
    sums = sum_levels(store, assignments, labels)
    split, cluster, label = (sums[name].to_numpy(zero_copy_only=False) for name in ("split", "cluster", "label"))
    learnt = split == "train" if (split == "train").any() else np.ones(len(split), bool)
    learnt &= cluster != NO_CLUSTER
    class_of = match_clusters(label[learnt], cluster[learnt], sums["rows"].to_numpy()[learnt])
    is_correct = np.array([class_of.get(each) for each in cluster.tolist()], dtype=object) == label
    chosen = {None: np.ones(len(split), bool)} | {name: split == name for name in np.unique(split).tolist()}
    return {name: _error(sums.filter(pa.array(rows)), is_correct[rows]) for name, rows in chosen.items() if rows.any()}


def sum_levels(store: Store, assignments: Artifact, labels: Artifact) -> pa.Table:
    """Rows with a known class and the sum of their probabilities, for each split, cluster, class and level.

    A row without a cluster has cluster NO_CLUSTER and probability 0.
    """
    beside = Rows(store, labels, ["row_id", "label"])
    found: list[pa.Table] = []
    for table in store.tables(assignments, ["row_id", "split", "cluster", "cluster_probability"]):
        p = table["cluster_probability"].fill_null(0)
        part = pa.table(
            {
                "split": table["split"],
                "cluster": table["cluster"].fill_null(NO_CLUSTER),
                "label": beside.take_beside(table)["label"],
                "level": pc.floor(pc.multiply(p, float(LEVELS))).cast(pa.int32()),
                "rows": pa.array(np.ones(len(table), np.int64)),
                "p": p,
            }
        )
        found = [_summed([*found, part.filter(pc.is_valid(part["label"]))])]
    return found[0]


def _summed(tables: list[pa.Table]) -> pa.Table:
    sums = pa.concat_tables(tables).group_by(GROUP, use_threads=False).aggregate([("rows", "sum"), ("p", "sum")])
    return sums.rename_columns([*GROUP, "rows", "p"])


def _error(sums: pa.Table, is_correct: np.ndarray) -> float:
    level, place = np.unique(sums["level"].to_numpy(), return_inverse=True)
    rows, p = sums["rows"].to_numpy(), sums["p"].to_numpy()
    count, p_sum, real = (np.bincount(place, each, len(level)) for each in (rows, p, rows * is_correct))
    return calibration_error_of_levels(count, p_sum, real, BINS)
