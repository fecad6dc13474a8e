"""Claims about new rows against those that their version was judged on, from files to verdicts."""

from pathlib import Path

import pandas as pd
import pytest

from models.drift import Verdict
from models.settings import DriftSettings
from tasks.assign import assign_source
from tasks.assigned import Assignment, add_assignment
from tasks.detect_drift import event_payload, judge, new_files
from tasks.drift_reference import reference_of
from tasks.process import ModelProcess
from tasks.registry import find_registration, newest_registration
from tasks.store import Store
from tests.tasks.fitted_blobs import NAME, blob_rows, register_blobs, write_rows
from tests.tasks.test_assign import Model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, process: ModelProcess) -> Model:
    """A k-means of 4,000 rows, 800 of them for test."""
    folder = tmp_path_factory.mktemp("drift")
    store, source = Store(str(folder / "store")), write_rows(folder / "fit.parquet", blob_rows(4000, seed=0))
    return Model(store, source, register_blobs(store, source, process), process)


def run_on(model: Model, source: str, run_id: str = "run", version: str | None = None) -> Assignment:
    """A run as the stages before leave it."""
    made = assign_source(source, NAME, model.version, model.store, model.process, lambda *_: None)[0]
    return Assignment(
        name=NAME, run_id=run_id, version=version or model.version, source=source, assigned_at="", artifacts=made,
        rows=made["assigned"].rows, rejected=made["rejected"].rows,
    )  # fmt: skip


def verdicts(model: Model, path: Path, rows: pd.DataFrame) -> list[Verdict]:
    """What the tests say of new rows."""
    run = run_on(model, write_rows(path, rows))
    registration = find_registration(model.store, run.name, run.version)
    assert registration
    return judge(model.store, registration, *new_files(model.store, run), DriftSettings())


def drifted(found: list[Verdict]) -> set[str]:
    """What drifted."""
    return {verdict.what for verdict in found if verdict.drifted}


def test_the_reference_has_no_train_row(model: Model) -> None:
    """It is the validation and test rows, with clusters and outliers of all of them."""
    registration = newest_registration(model.store, NAME, "test")
    reference = reference_of(model.store, registration)
    splits = model.store.table(registration.artifacts["vectors"], ["split"])["split"].to_pylist()
    n_judged = sum(split != "train" for split in splits)
    assert 800 < n_judged < 1300
    assert (reference.rows, sum(reference.clusters.values()), len(reference.sample.order)) == (n_judged,) * 3


def test_new_rows_like_the_old_ones_have_not_drifted(model: Model, tmp_path: Path) -> None:
    """Every column, missing cells, scores, outliers and clusters are tested."""
    found = verdicts(model, tmp_path / "same.parquet", blob_rows(3000, seed=1, start=10_000))
    assert drifted(found) == set()
    assert {verdict.what for verdict in found} == {
        "column x", "column source_vector", "column count", "column gap", "missing cells of gap",
        "p_value of the rows", "outliers", "cluster 0", "cluster 1", "cluster 2", "cluster 3",
    }  # fmt: skip


def test_a_shifted_column_is_named(model: Model, tmp_path: Path) -> None:
    """And no column that isn't shifted."""
    rows = blob_rows(1000, seed=2, start=20_000)
    rows["x"] += 2
    found = drifted(verdicts(model, tmp_path / "shifted.parquet", rows))
    assert {what for what in found if what.startswith("column")} == {"column x"}


def test_a_missing_cluster_is_named(model: Model, tmp_path: Path) -> None:
    """A quarter of the rows is gone."""
    rows = blob_rows(1200, seed=3, start=30_000)
    known = run_on(model, write_rows(tmp_path / "one.parquet", rows[rows["blob"] == 2]), "one")
    (gone,) = set(model.store.table(known.artifacts["assigned"])["cluster"].to_pylist())
    found = verdicts(model, tmp_path / "missing.parquet", rows[rows["blob"] != 2])
    assert f"cluster {gone}" in drifted(found)


def test_a_new_cluster_shows_in_scores_and_outliers(model: Model, tmp_path: Path) -> None:
    """Rows where nobody was."""
    found = verdicts(model, tmp_path / "new.parquet", blob_rows(1000, seed=4, start=40_000, blobs=5))
    assert {"outliers", "p_value of the rows"} <= drifted(found)


def test_cells_that_go_missing_are_found(model: Model, tmp_path: Path) -> None:
    """In an imputed column, where they reject no row."""
    rows = blob_rows(1000, seed=5, start=50_000)
    rows.loc[rows.index[:400], "gap"] = None
    assert "missing cells of gap" in drifted(verdicts(model, tmp_path / "gaps.parquet", rows))


def test_few_rows_say_so_and_never_alarm(model: Model, tmp_path: Path) -> None:
    """However far they are."""
    rows = blob_rows(50, seed=6, start=60_000)
    rows["x"] += 1000
    (found,) = verdicts(model, tmp_path / "few.parquet", rows)
    assert found.note.startswith("not tested: too few rows (50 new, ")
    assert not found.drifted


def test_of_a_source_that_grew_the_new_files_are_tested(model: Model, tmp_path: Path) -> None:
    """All files if the run before had them all, or was of another source."""
    write_rows(tmp_path / "grown" / "1.parquet", blob_rows(200, seed=7, start=70_000))
    first = run_on(model, str(tmp_path / "grown"), "first")
    add_assignment(model.store, first)
    assert len(new_files(model.store, first)[0]) == 1
    write_rows(tmp_path / "grown" / "2.parquet", blob_rows(200, seed=8, start=71_000))
    second = run_on(model, str(tmp_path / "grown"), "second")
    tallies, samples = new_files(model.store, second)
    assert [file.path for file in tallies] == [model.store.files(second.artifacts["tallies"])[1].path]
    assert len(samples) == 1
    add_assignment(model.store, second)
    assert len(new_files(model.store, run_on(model, str(tmp_path / "grown"), "third"))[0]) == 2


def test_a_version_without_its_registration_cannot_be_tested(model: Model, tmp_path: Path) -> None:
    """There is nothing to compare with."""
    source = write_rows(tmp_path / "rows.parquet", blob_rows(100, seed=9, start=80_000))
    run = run_on(model, source, version="another")
    assert find_registration(model.store, run.name, run.version) is None


def test_the_event_says_what_drifted_most_first(model: Model, tmp_path: Path) -> None:
    """In units of its threshold."""
    run = run_on(model, write_rows(tmp_path / "rows.parquet", blob_rows(100, seed=10, start=90_000)))
    found = [
        Verdict("column a", 0.3, 0.1, 0.0, True, ""),
        Verdict("cluster 1", 1.0, 0.2, 0.0, True, "10% before, 60% now"),
        Verdict("column b", 0.9, 0.1, 0.5, False, ""),
    ]
    assert event_payload(run, found, "store") == {
        "name": "blobs", "version": model.version, "run_id": "run", "source": run.source, "store": "store",
        "rows": 100, "tests": 3, "n_drifted": 2,
        "drifted": [
            {"what": "cluster 1", "statistic": 1.0, "threshold": 0.2, "note": "10% before, 60% now"},
            {"what": "column a", "statistic": 0.3, "threshold": 0.1, "note": ""},
        ],
    }  # fmt: skip
