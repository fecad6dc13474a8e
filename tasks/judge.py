"""Stage judge: what can be said without labels of the clusters that a contestant's seeds found."""

from dataclasses import asdict

import numpy as np
import pyarrow.compute as pc
from prefect import get_run_logger

from models.cohesion import judge_labels, nearest_train_rows
from models.numbering import NO_CLUSTER
from tasks.loading import Draw, load_split
from tasks.stage import Artifacts, once, stage
from tasks.store import Artifact, Attempt, Store

TRAIN_ROWS, ROWS = 10_000, 2_000  # at most: distances cost their product
SEED = 0  # of the choice of rows, which is the same for all contestants


@stage(name="judge")
def judge(vectors: Artifact, assignments: list[Artifact], store: str) -> Artifacts:
    """Write the `evidence` for `assignments`, one of each seed; they and the vectors are all that it sees."""
    place = Store(store)

    def write(attempt: Attempt) -> None:
        train = load_split(place, vectors, "train", TRAIN_ROWS, SEED)
        x = load_split(place, vectors, "validation", ROWS, SEED)
        labels = np.stack([clusters_of(place, each, "validation", ROWS) for each in assignments])
        train_labels = np.stack([clusters_of(place, each, "train", TRAIN_ROWS) for each in assignments])
        found = judge_labels(labels, train_labels, nearest_train_rows(train, x))
        get_run_logger().info("Score %.4f from %d seeds on %d rows", found.score, len(assignments), len(x))
        attempt.write_json("evidence", asdict(found))

    return once(place, "judge", write, inputs=[vectors.sha256, *(each.sha256 for each in assignments)])


def clusters_of(store: Store, assignments: Artifact, split: str, limit: int) -> np.ndarray:
    """The clusters (rows,) of the rows that `load_split` takes of a split, NO_CLUSTER for none."""
    count = sum(pc.sum(pc.equal(table["split"], split)).as_py() or 0 for table in store.tables(assignments, ["split"]))
    draw, found = Draw(count, limit, SEED), []
    for table in store.tables(assignments, ["split", "cluster"]):
        here = draw.places(pc.equal(table["split"], split).to_numpy())
        found.append(table["cluster"].fill_null(NO_CLUSTER).to_numpy()[here])
    return np.concatenate(found)
