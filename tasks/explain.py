"""Stage explain: what sets each cluster apart from all other rows."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from prefect import get_run_logger

from models.effects import Sums, mean_difference, share_difference, sum_groups
from models.encoding import Encoding
from tasks import kinds
from tasks.census import side_by_side
from tasks.columns import fixed_lists
from tasks.loading import matrix
from tasks.stage import Artifacts, once, stage
from tasks.store import Artifact, Attempt, Store

MAX_COLUMNS = 50  # of a cluster: nobody reads more
DIRECTIONS = np.array(["lower", "higher"])
MISSING_DIRECTIONS = np.array(["missing less often", "missing more often"])


@dataclass(frozen=True)
class ClusterSums:
    """Sums by cluster, in the last place those of rows that fit none.

    Attributes:
        vectors: of all coordinates.
        numbers: of the number columns as they are encoded, missing cells left out.
        own: of the number columns in the user's own units, missing cells left out.
    """

    vectors: Sums
    numbers: Sums
    own: Sums

    def __add__(self, other: "ClusterSums") -> "ClusterSums":
        return ClusterSums(self.vectors + other.vectors, self.numbers + other.numbers, self.own + other.own)


@stage(name="explain")
def explain(rows: Artifact, vectors: Artifact, assignments: Artifact, encoding: Artifact, store: str) -> Artifacts:
    """Write `explanations` and `profiles`; sums alone are kept, one part of the tables is in memory at a time."""
    place = Store(store)

    def write(attempt: Attempt) -> None:
        get_run_logger().info("Explaining the clusters of %d rows", rows.rows)
        described = Encoding.from_json(place.json(encoding))
        sums = sum_clusters(place, rows, vectors, assignments, described)
        attempt.write_table("explanations", explanation_table(sums, number_columns(described)))
        attempt.write_table("profiles", profile_table(sums.vectors))

    return once(place, "explain", write, inputs=[part.sha256 for part in (rows, vectors, assignments, encoding)])


def number_columns(encoding: Encoding) -> list[str]:
    """Names of the columns that are explained."""
    return [column.name for column in encoding.numbers]


def sum_clusters(
    store: Store, rows: Artifact, vectors: Artifact, assignments: Artifact, encoding: Encoding
) -> ClusterSums:
    """Sums over all rows; artifacts keep the same order of rows."""
    parts = store.tables(assignments, ["cluster"])
    n_clusters = 1 + max((pc.max(part["cluster"].fill_null(-1)).as_py() for part in parts if len(part)), default=-1)
    sources = (vectors, ["vector"]), (assignments, ["cluster"]), (rows, number_columns(encoding))
    first, *others = (_sum_part(table, encoding, n_clusters) for table in side_by_side(store, *sources))
    return sum(others, first)


def explanation_table(sums: ClusterSums, names: list[str]) -> pa.Table:
    """A line for each cluster and column that differs, the largest effects of a cluster first, at most MAX_COLUMNS.

    The effect is Cohen's d of the encoded values, whose tails are light; where the shares of missing cells differ
    more, it is Cohen's h of those. Means are in the user's own units.
    """
    compared = _compared(sums)
    lines = []
    for cluster in _clusters(sums.vectors):
        effects = np.abs(np.nan_to_num(compared["effect"][cluster]))
        best = [place for place in np.argsort(-effects, kind="stable")[:MAX_COLUMNS] if effects[place] > 0]
        for place in best:
            cells = {name: _cell(values[cluster, place]) for name, values in compared.items()}
            lines.append({"cluster": cluster, "column": names[place], **cells})
    return pa.Table.from_pylist(lines, schema=kinds.EXPLANATIONS)


def profile_table(sums: Sums) -> pa.Table:
    """Rows, mean and standard deviation of each cluster that has rows."""
    clusters = _clusters(sums)
    columns = [
        pa.array(clusters, pa.int32()),
        pa.array(sums.count[clusters, 0].astype(np.int64)),
        fixed_lists(sums.mean()[clusters].astype(np.float32)),
        fixed_lists(np.sqrt(sums.variance()[clusters]).astype(np.float32)),
    ]
    return pa.Table.from_arrays(columns, schema=kinds.profiles(sums.count.shape[1]))


def _sum_part(table: pa.Table, encoding: Encoding, n_clusters: int) -> ClusterSums:
    clusters = table["cluster"].fill_null(n_clusters).to_numpy()
    x, names = matrix(table), number_columns(encoding)
    encoded = x[:, [encoding.places[name].start for name in names]]  # (rows, number columns)
    own, is_there = np.zeros(encoded.shape), np.zeros(encoded.shape, dtype=bool)
    for i, name in enumerate(names):
        is_there[:, i] = ~pc.is_null(table[name], nan_is_null=True).to_numpy()
        own[:, i] = pc.cast(table[name], pa.float64(), safe=False).fill_null(0).to_numpy()
    return ClusterSums(
        vectors=sum_groups(x, clusters, n_clusters + 1),
        numbers=sum_groups(encoded, clusters, n_clusters + 1, is_there),
        own=sum_groups(own, clusters, n_clusters + 1, is_there),
    )


def _compared(sums: ClusterSums) -> dict[str, np.ndarray]:
    """Each cluster against all other rows, (clusters, number columns) each; NaN where there is nothing to compare."""
    missing, other_missing = (
        _missing(sums.vectors, sums.numbers),
        _missing(sums.vectors.others(), sums.numbers.others()),
    )
    by_mean = mean_difference(sums.numbers, sums.numbers.others())
    by_missing = share_difference(missing, other_missing)
    is_missing = np.abs(np.nan_to_num(by_missing)) > np.abs(np.nan_to_num(by_mean))
    effect = np.where(is_missing, by_missing, by_mean)
    is_more = (effect > 0).astype(int)
    return {
        "effect": effect,
        "direction": np.where(is_missing, MISSING_DIRECTIONS[is_more], DIRECTIONS[is_more]),
        "cluster_mean": sums.own.mean(),
        "other_mean": sums.own.others().mean(),
        "cluster_missing": missing,
        "other_missing": other_missing,
    }


def _missing(vectors: Sums, numbers: Sums) -> np.ndarray:
    """Shares of cells that are missing; NaN of no rows."""
    rows = vectors.count[:, :1]  # every row has a vector
    return np.where(rows > 0, 1 - numbers.count / np.maximum(rows, 1), np.nan)


def _clusters(sums: Sums) -> list[int]:
    """Clusters that have rows."""
    return np.flatnonzero(sums.count[:-1, 0] > 0).tolist()


def _cell(value: np.generic) -> str | float | None:
    found = value.item()
    return None if found != found else found
