"""Claims about the assessment of samples and probabilities."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from prefect import flow

from models.encoding import Column, Encoding, Kind
from models.settings import EvaluationSettings, ScoreSettings
from tasks import kinds
from tasks.assess import (
    assess,
    distribution_table,
    false_alarm_metrics,
    fidelity_metrics,
    measured_rows,
    memorisation_metrics,
)
from tasks.columns import fixed_lists
from tasks.process import ModelProcess
from tasks.score import score
from tasks.store import Artifact, Store
from tests.conftest import Fitted

X = np.random.default_rng(0).normal(size=(600, 4)).astype(np.float32)
SPLIT = np.repeat(["train", "validation", "test"], [400, 100, 100])


def vectors_of(store: Store, split: np.ndarray, n_parts: int) -> Artifact:
    """Normal vectors in so many parts."""
    with store.attempt("vectors", str(n_parts)) as attempt:
        for part in np.array_split(np.arange(len(X)), n_parts):
            columns = [pa.array(part.astype(str)), pa.array(split[part]), fixed_lists(X[part])]
            attempt.write_table("vectors", pa.Table.from_arrays(columns, schema=kinds.vectors(4)))
        return attempt.commit()["vectors"]


@pytest.mark.usefixtures("prefect_server")
def test_the_stage_measures_samples_and_probabilities_on_test_rows(fitted: Fitted, process: ModelProcess) -> None:
    """Its tables are of their kinds; a second run finds them in the store; images have no distributions."""
    made, settings = fitted.artifacts, (ScoreSettings(), EvaluationSettings(max_rows=100))

    @flow
    def assessed() -> tuple[dict[str, Artifact], str | None]:
        model, vectors, samples, root = made["model"], made["vectors"], made["samples"], fitted.store.root
        scored = score.submit(model, vectors, samples, settings[0], 0, root, process).result()
        given = (scored["scores"], scored["calibration"], made["encoding"], *settings, 0, root, process)
        found = assess.submit(model, vectors, made["rows"], samples, *given).result()
        again = assess.submit(model, vectors, made["rows"], samples, *given)
        again.wait()
        return found, again.state.name

    found, again = assessed()
    assert again == "Cached"
    tables = {name: fitted.store.table(artifact) for name, artifact in found.items()}
    assert {name: table.schema for name, table in tables.items()} == {
        "sample_metrics": kinds.METRICS,
        "reliability": kinds.RELIABILITY,
        "distributions": kinds.DISTRIBUTIONS,
    }
    values = dict(zip(*(tables["sample_metrics"][column].to_pylist() for column in ("name", "value")), strict=True))
    assert set(tables["sample_metrics"]["split"].to_pylist()) == {"test"}
    assert values["coverage_real"] > values["coverage"]
    assert values["false_alarms_low"] <= values["false_alarm_rate"] <= values["false_alarms_high"]
    assert pc.sum(tables["reliability"]["count"]).as_py() == 200
    assert len(tables["distributions"]) == 0


def test_parts_make_no_difference(store: Store) -> None:
    """Ten parts give what one part gives."""
    samples = np.random.default_rng(1).normal(size=(100, 4)).astype(np.float32)
    found = []
    for n_parts in (1, 10):
        vectors = vectors_of(store, SPLIT, n_parts)
        split, positions = measured_rows(store, vectors)
        assert (split, positions.tolist()) == ("test", list(range(500, 600)))
        metrics = fidelity_metrics(store, vectors, X[positions], samples, seed=0)
        found.append(metrics | memorisation_metrics(store, vectors, samples, seed=0))
    assert found[0] == pytest.approx(found[1])


def test_validation_rows_are_measured_where_no_row_is_for_test(store: Store) -> None:
    """And the figures say so."""
    split, positions = measured_rows(store, vectors_of(store, np.where(SPLIT == "test", "train", SPLIT), 2))
    assert (split, positions.tolist()) == ("validation", list(range(400, 500)))


def test_false_alarms_are_counted_among_test_rows_alone(store: Store) -> None:
    """5 in 100, where 999 validation rows promise 1 in 100: outside the interval."""
    is_outlier = np.arange(600) % 20 == 0
    with store.attempt("scores", "k") as attempt:
        for part in np.array_split(np.arange(600), 3):
            attempt.write_table("scores", pa.table({"split": SPLIT[part], "is_outlier": is_outlier[part]}))
        scores = attempt.commit()["scores"]
    found = false_alarm_metrics(store, scores, "test", 999, 0.01)
    assert (found["false_alarms"], found["false_alarm_rate"]) == (0.05, 0.01)
    assert found["false_alarms_low"] == 0
    assert 0.02 <= found["false_alarms_high"] < 0.05


def test_distributions_are_in_the_users_units_and_the_most_distant_first(store: Store) -> None:
    """A missing cell takes no part; a column without any number isn't shown; nor are images."""
    rows = {"same": [1, 2, 3, None], "far": [0.0, 0, 0, 1], "empty": [None] * 4}
    samples = {"same": [1, 2, 3, 3], "far": [1.0, 1, 1, 1], "empty": [None] * 4}
    schema = pa.schema([("same", pa.int64()), ("far", pa.float64()), ("empty", pa.float64())])
    with store.attempt("made", "k") as attempt:
        attempt.write_table("rows", pa.table(rows, schema=schema))
        attempt.write_table("samples", pa.table(samples, schema=schema))
        made = attempt.commit()
    numbers = tuple(Column(name, Kind.NUMBER, "double", 1, 0, 3) for name in rows)
    encoding = Encoding((*numbers, Column("image", Kind.IMAGE, "uint8", 4, 0, 255)))
    all_rows = np.arange(4)
    found = distribution_table(store, made["rows"], all_rows, made["samples"], all_rows, encoding).to_pylist()
    assert [each["column"] for each in found] == ["far", "same"]
    assert found[0] == {
        "column": "far", "distance": 0.75, "edges": [-0.5, 0.5, 1.5], "rows": [0.75, 0.25], "samples": [0, 1],
    }  # fmt: skip
    assert found[1]["rows"] == pytest.approx([1 / 3] * 3)
