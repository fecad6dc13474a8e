"""Claims about the evidence for clusters: whose rows it is of."""

import numpy as np
import pyarrow as pa
import pytest

from tasks.judge import NO_CLUSTER, SEED, clusters_of, judge
from tasks.labelling import assignment_table
from tasks.loading import load_split, matrix
from tasks.store import Artifact
from tests.conftest import Fitted


def assignments(fitted: Fitted, part_rows: int) -> Artifact:
    """Two clusters by the sign of a row's sum; rows whose sum is far from 0 fit none. Parts of any length."""
    pieces = []
    for table in fitted.store.tables(fitted.artifacts["vectors"]):
        total = matrix(table).sum(axis=1)
        probabilities = np.stack([total >= 0, total < 0], axis=1) * (np.abs(total) < 20)[:, None]
        pieces.append(assignment_table(table.select(["row_id", "split"]), probabilities * 1.0, np.arange(2)))
    whole = pa.concat_tables(pieces)
    with fitted.store.attempt("made", f"by-sign-{part_rows}") as attempt:
        for start in range(0, len(whole), part_rows):
            attempt.write_table("assignments", whole.slice(start, part_rows))
        return attempt.commit()["assignments"]


@pytest.mark.parametrize("limit", [100, 10_000])
def test_clusters_are_those_of_the_rows_whose_vectors_are_taken(fitted: Fitted, limit: int) -> None:
    """Also where a random choice of the rows is, and where the parts are cut elsewhere."""
    total = load_split(fitted.store, fitted.artifacts["vectors"], "train", limit, SEED).sum(axis=1)
    found = clusters_of(fitted.store, assignments(fitted, 77), "train", limit)
    assert (found == np.where(np.abs(total) >= 20, NO_CLUSTER, total < 0)).all()
    assert NO_CLUSTER in found


@pytest.mark.usefixtures("prefect_server")
def test_clusters_that_are_apart_are_more_cohesive_than_clusters_at_random(fitted: Fitted) -> None:
    """The digits themselves against a number of each row that says nothing."""
    vectors = fitted.artifacts["vectors"]
    rows = pa.concat_tables([table.select(["row_id", "split"]) for table in fitted.store.tables(vectors)])
    chance = np.eye(2)[np.random.default_rng(0).integers(2, size=len(rows))]
    with fitted.store.attempt("made", "by-chance") as attempt:
        attempt.write_table("assignments", assignment_table(rows, chance, np.arange(2)))
        by_chance = attempt.commit()["assignments"]
    scores = []
    for made in (assignments(fitted, 500), by_chance):
        evidence = fitted.store.json(judge(vectors, [made], fitted.store.root)["evidence"])
        scores.append(evidence["cohesion"][0])
    assert scores[0] > scores[1] + 0.1
    assert abs(scores[1]) < 0.05
