"""Claims about new rows in the clusters of a version."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.settings import SourceSettings
from tasks.assign import assign_source
from tasks.assigned import Assignment, add_assignment, assignments, current_parts, save_assigned
from tasks.errors import BadInput
from tasks.identity import repeated
from tasks.process import ModelProcess
from tasks.repeats import spilled_repeats
from tasks.stage import Artifacts
from tasks.store import Store
from tests.tasks.fitted_blobs import BLOBS, NAME, blob_rows, register_blobs, write_rows
from tests.tasks.test_memory import peak


class Model(NamedTuple):
    """A promoted model, its source and its store."""

    store: Store
    source: str
    version: str
    process: ModelProcess

    def assign(self, source: object, said: list[str] | None = None) -> tuple[Artifacts, bool]:
        """What becomes of a source, and whether there was anything to do."""
        say = lambda words, *values: None if said is None else said.append(words % values)  # noqa: E731
        return assign_source(str(source), NAME, self.version, self.store, self.process, say)

    def table(self, source: object) -> pd.DataFrame:
        """The assigned rows."""
        return self.store.table(self.assign(source)[0]["assigned"]).to_pandas().set_index("row_id")

    def rejected(self, source: object) -> list[tuple[int, str]]:
        """Position and reason of the rejected rows."""
        found = self.store.table(self.assign(source)[0]["rejected"])
        return list(zip(found["position"].to_pylist(), found["reason"].to_pylist(), strict=True))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, process: ModelProcess) -> Model:
    """A k-means of 1,500 rows."""
    folder = tmp_path_factory.mktemp("assign")
    store, source = Store(str(folder / "store")), write_rows(folder / "fit.parquet", blob_rows(1500, seed=0))
    return Model(store, source, register_blobs(store, source, process), process)


def made_by_the_fit(store: Store) -> pd.DataFrame:
    """Assignments and scores that the stages of the fit left."""
    from tasks.registry import newest_registration

    made = newest_registration(store, NAME, "test").artifacts
    found = [store.table(made[kind]).to_pandas().set_index("row_id") for kind in ("assignments", "scores")]
    return found[0].join(found[1].drop(columns="split"))


ANSWERS = ["cluster", "cluster_probability", "second_cluster", "margin", "p_real", "p_value", "is_outlier"]


def test_rows_of_the_fit_get_the_answers_that_the_fit_gave(model: Model) -> None:
    """To the last bit, with the version and the time on each row."""
    found, known = model.table(model.source), made_by_the_fit(model.store)
    pd.testing.assert_frame_equal(found[ANSWERS], known[ANSWERS], check_exact=True)
    assert found["probabilities"].map(list).tolist() == known["probabilities"].map(list).tolist()
    assert set(found["version"]) == {model.version}
    assert found["cluster_name"].isna().all()
    assert (pd.Timestamp.now("UTC") - found["assigned_at"]).max() < pd.Timedelta(hours=1)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_the_format_of_the_source_changes_no_answer(model: Model, tmp_path: Path, suffix: str) -> None:
    """Nor does the number of rows in a file, nor a missing label, split or ignored column."""
    rows = blob_rows(1500, seed=0).drop(columns=["blob", "part", "city"]).iloc[100:400]
    found = model.table(write_rows(tmp_path / f"some{suffix}", rows))
    expected = made_by_the_fit(model.store).loc[rows["id"]]
    assert (found["cluster"] == expected["cluster"]).all()
    assert found["p_value"].to_numpy() == pytest.approx(expected["p_value"].to_numpy(), abs=2e-3)
    assert found["cluster_probability"].to_numpy() == pytest.approx(expected["cluster_probability"].to_numpy())


def test_without_an_id_column_rows_are_known_by_their_content(tmp_path: Path, process: ModelProcess) -> None:
    """The same ids as in the fit, copies of a row included, over all files of the source."""
    rows = blob_rows(600, seed=1)[["x", "vector", "count"]]
    rows = pd.concat([rows, rows.iloc[:50], rows.iloc[:20]])
    for number, part in enumerate(np.array_split(np.arange(len(rows)), 3)):
        write_rows(tmp_path / "source" / f"{number}.parquet", rows.iloc[part])
    store = Store(str(tmp_path / "store"))
    version = register_blobs(store, str(tmp_path / "source"), process, SourceSettings(), scaling="standard")
    found = Model(store, "", version, process).table(tmp_path / "source")
    known = made_by_the_fit(store)
    assert sum(id.endswith("-2") for id in found.index) == 20
    pd.testing.assert_frame_equal(found[ANSWERS], known[ANSWERS], check_exact=True)


def test_repeats_by_buckets_are_those_in_memory() -> None:
    """Of keys that come up to many times in several files, one of them empty."""
    random = np.random.default_rng(0)
    files = [random.integers(0, 500, n).astype(np.uint64) * np.uint64(2**40 + 7) for n in (700, 0, 1300, 5)]
    parts = [[file[:300], file[300:]] for file in files]
    for found, expected in zip(spilled_repeats(parts), repeated(files), strict=True):
        assert found.places.tolist() == expected.places.tolist()
        assert found.counts.tolist() == expected.counts.tolist()


def test_single_bad_rows_are_rejected_with_their_reason(model: Model, tmp_path: Path) -> None:
    """Accepted and rejected rows are those of the source."""
    rows = blob_rows(20, seed=2)[["id", "x", "vector", "count", "gap"]]
    lines = rows.to_csv(index=False).splitlines()[1:]
    lines[1] = "a,,1,5,1"
    lines[2] = "b,inf,1,5,1"
    lines[3] = "c,1,1"
    lines[4] = "d,one,1,5,1"
    lines[5] = ",1,1,5,1"
    lines[7] = lines[6]
    lines[8] = "e,1,1,5.5,"
    lines[9] = "f,1,1,5,many"
    (tmp_path / "bad.csv").write_text("id,x,vector,count,gap\n" + "\n".join(lines) + "\n")
    assert model.rejected(tmp_path / "bad.csv") == [
        (1, "missing cell: x"),
        (2, "infinite cell: x"),
        (3, "ragged line"),
        (4, "no number: x"),
        (5, "missing id"),
        (7, "repeated id"),
        (9, "no number: gap"),
    ]
    assert len(model.table(tmp_path / "bad.csv")) == 13


def test_an_id_counts_once_in_a_source_of_several_files(model: Model, tmp_path: Path) -> None:
    """The first row has it."""
    write_rows(tmp_path / "a.parquet", blob_rows(30, seed=3))
    write_rows(tmp_path / "b.parquet", blob_rows(30, seed=4, start=25))
    assert model.rejected(tmp_path) == [(place, "repeated id") for place in range(5)]
    assert model.table(tmp_path).index.is_unique


def test_columns_that_do_not_fit_are_refused_with_all_differences(model: Model, tmp_path: Path) -> None:
    """Before anything is read or written."""
    rows = blob_rows(20, seed=5).drop(columns=["id", "x"])
    rows["vector"], rows["count"], rows["gap"] = "text", [[1, 2]] * 20, True
    before = {stage: model.store.names(stage) for stage in ("scan", "labelled", "assign")}
    with pytest.raises(BadInput) as refused:
        model.assign(write_rows(tmp_path / "other.parquet", rows))
    assert str(refused.value) == (
        f"assign: expected the columns that version {model.version[:12]} of blobs was fitted to; found no id column "
        "'id'; no column 'x'; column 'vector' with string instead of float; column 'count' with list<item: int64> "
        "instead of int64; column 'gap' with bool instead of double. "
        "Give the source these columns, or fit a model to it."
    )
    assert {stage: model.store.names(stage) for stage in before} == before


def test_a_name_that_two_columns_have_is_refused(model: Model, tmp_path: Path) -> None:
    """As in a fit."""
    write_rows(tmp_path / "a.csv", blob_rows(20, seed=5))
    header, *lines = (tmp_path / "a.csv").read_text().splitlines()
    (tmp_path / "a.csv").write_text("\n".join([f"{header},x", *(f"{line},1" for line in lines)]))
    with pytest.raises(BadInput, match=r"expected column names that differ; found 'x' twice in a\.csv"):
        model.assign(tmp_path / "a.csv")


def test_differences_name_their_file(model: Model, tmp_path: Path) -> None:
    """In a source of several; text is seen by the cells of a CSV file."""
    write_rows(tmp_path / "a.csv", blob_rows(20, seed=5))
    write_rows(tmp_path / "b.csv", blob_rows(20, seed=5, start=20).assign(x="north").drop(columns="gap"))
    with pytest.raises(
        BadInput, match=r"found column 'x' with text, such as 'north', instead of double \(b\.csv\); no"
    ):
        model.assign(tmp_path)


def test_lists_of_another_length_do_not_fit(tmp_path: Path, process: ModelProcess) -> None:
    """Of an embedding; one list of another length is a bad row."""
    random, store = np.random.default_rng(0), Store(str(tmp_path / "store"))
    points = APART_POINTS[random.integers(0, BLOBS, 400)] + random.normal(size=(400, 3))
    lists = pa.array(points.tolist(), pa.list_(pa.float64()))
    pq.write_table(pa.table({"id": np.arange(400), "point": lists}), tmp_path / "fit.parquet")
    columns = SourceSettings(id_column="id")
    version = register_blobs(store, str(tmp_path / "fit.parquet"), process, columns, scaling="standard")
    model = Model(store, "", version, process)
    one_short = pa.array([*points[:9].tolist(), [1.0, 2.0]], pa.list_(pa.float64()))
    pq.write_table(pa.table({"id": np.arange(10), "point": one_short}), tmp_path / "short.parquet")
    assert model.rejected(tmp_path / "short.parquet") == [(9, "list of another length than 3: point")]
    pairs = pa.array(points[:, :2].tolist(), pa.list_(pa.float64()))
    pq.write_table(pa.table({"id": np.arange(400), "point": pairs}), tmp_path / "pairs.parquet")
    with pytest.raises(BadInput, match=r"column 'point' with lists of 2 double instead of lists of 3 double\."):
        model.assign(tmp_path / "pairs.parquet")


APART_POINTS = 8.0 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])


def test_further_columns_and_other_number_types_are_fine(model: Model, tmp_path: Path) -> None:
    """The further ones are named; whole numbers may come as floats, and floats as whole numbers."""
    rows = blob_rows(40, seed=6).assign(colour="red", size=1.5, x=3)
    rows["count"] = rows["count"].astype(float)
    said: list[str] = []
    made, _ = model.assign(write_rows(tmp_path / "more.parquet", rows), said)
    assert (made["assigned"].rows, made["rejected"].rows) == (40, 0)
    assert said[0] == "columns that the model doesn't know take no part: colour, size"


def test_rows_far_from_all_that_is_known_are_outliers(model: Model, tmp_path: Path) -> None:
    """However far: their answers are numbers."""
    rows = blob_rows(40, seed=7)
    rows["x"] = np.array([1e3, -1e9, 1e30, 1e99] * 10)
    found = model.table(write_rows(tmp_path / "far.parquet", rows))
    assert found["is_outlier"].all()
    assert np.isfinite(found[["p_real", "p_value"]].to_numpy()).all()


def test_a_source_of_bad_rows_is_refused(model: Model, tmp_path: Path) -> None:
    """By the share that the fit allowed, a half."""
    rows = blob_rows(40, seed=8)
    rows.loc[:25, "x"] = np.nan
    with pytest.raises(
        BadInput, match=r"assign: expected at most 50.0% of 40 rows to be rejected.*26 \(missing cell: x"
    ):
        model.assign(write_rows(tmp_path / "bad.parquet", rows))


def test_the_same_files_again_are_done_already(model: Model, tmp_path: Path) -> None:
    """And other versions of them are not."""
    source = write_rows(tmp_path / "new.parquet", blob_rows(50, seed=9))
    first, second = model.assign(source), model.assign(source)
    assert (first[1], second[1]) == (True, False)
    assert first[0] == second[0]
    write_rows(tmp_path / "new.parquet", blob_rows(60, seed=9))
    assert model.assign(source)[1]


def test_a_source_that_grows_reads_only_the_new_file(model: Model, tmp_path: Path) -> None:
    """One more scan and one more piece; the earlier rows keep their time."""
    write_rows(tmp_path / "1.csv", blob_rows(50, seed=10))
    write_rows(tmp_path / "2.csv", blob_rows(50, seed=11, start=50))
    before = model.table(tmp_path)
    pieces = {stage: set(model.store.names(stage)) for stage in ("scan", "labelled")}
    write_rows(tmp_path / "3.csv", blob_rows(50, seed=12, start=100))
    after = model.table(tmp_path)
    assert [len(set(model.store.names(stage)) - pieces[stage]) for stage in pieces] == [1, 1]
    assert len(after) == 150
    pd.testing.assert_frame_equal(after.iloc[:100], before)


def test_a_run_that_was_stopped_goes_on_behind_the_files_that_were_done(model: Model, tmp_path: Path) -> None:
    """Each file is kept once it is labelled."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    for number in (1, 2):
        write_rows(tmp_path / f"{number}.csv", blob_rows(50, seed=20 + number, start=100 * number))
    with pytest.raises(KeyboardInterrupt):
        assign_source(str(tmp_path), NAME, model.version, model.store, model.process, stop)
    said: list[str] = []
    assert model.assign(tmp_path, said)[0]["assigned"].rows == 100
    assert said == ["2.csv, file 2 of 2: 50 rows assigned"]


def keep(model: Model, source: object, run_id: str) -> None:
    """A run in the ledger."""
    made = model.assign(source)[0]
    add_assignment(
        model.store,
        Assignment(
            name=NAME, run_id=run_id, version=model.version, source=str(source), assigned_at="", artifacts=made,
            rows=made["assigned"].rows, rejected=made["rejected"].rows,
        ),
    )  # fmt: skip


def test_of_overlapping_runs_the_later_one_counts(model: Model, tmp_path: Path) -> None:
    """Each row_id once; the earlier run stays readable, and a run that is recorded twice counts once."""
    early, late = blob_rows(80, seed=13, start=5000), blob_rows(80, seed=14, start=5040)
    for rows, run in ((early, "early"), (late, "late"), (late, "late")):
        keep(model, write_rows(tmp_path / f"{run}.parquet", rows), run)
    runs = [each.run_id for each in assignments(model.store, NAME)]
    assert runs[-2:] == ["early", "late"]
    out = tmp_path / "out.parquet"
    assert save_assigned(NAME, str(out), model.store.root) == 120
    found = pd.read_parquet(out).set_index("row_id")
    of_late = model.table(tmp_path / "late.parquet")
    pd.testing.assert_frame_equal(found.loc[late["id"], ANSWERS], of_late[ANSWERS])
    assert save_assigned(NAME, str(tmp_path / "early.csv"), model.store.root, "early") == 80
    assert pd.read_csv(tmp_path / "early.csv")["row_id"].tolist() == early["id"].tolist()
    with pytest.raises(BadInput, match=r"a run of blobs with the id none; found the newest: early, late\."):
        save_assigned(NAME, str(out), model.store.root, "none")


def test_a_name_without_assigned_rows_is_refused(model: Model, tmp_path: Path) -> None:
    """With what to do."""
    with pytest.raises(BadInput, match=r"none; models: blobs\. Assign rows first"):
        save_assigned("other", str(tmp_path / "out.csv"), model.store.root)


def test_more_rows_need_no_more_memory(model: Model, tmp_path: Path) -> None:
    """Neither the assignment nor the view of all runs, for three times the files."""
    peaks: dict[str, list[int]] = {"assign": [], "view": []}
    for count in (4, 12):
        folder = tmp_path / str(count)
        for file in range(count):
            write_rows(folder / f"{file:02d}.parquet", blob_rows(8000, seed=file, start=10**6 + 8000 * file))
        peaks["assign"].append(peak(partial(model.assign, folder)))
        keep(model, folder, f"memory-{count}")
        peaks["view"].append(peak(lambda: sum(map(len, current_parts(model.store, NAME)))))
    assert all(more < 1.3 * less for less, more in peaks.values()), peaks
