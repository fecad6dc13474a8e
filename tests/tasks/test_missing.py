"""Missing numbers: the rows that have them, what stands in the vectors for them, and samples with gaps."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.encoding import Column, Encoding, Kind
from models.settings import EncodingSettings, Imputation, Scaling, SourceSettings
from tasks import kinds
from tasks.errors import BadInput
from tasks.generate import own_columns, sample_table
from tasks.ingest import ingest_source, inspect_source
from tasks.inspection import Inspection, describe
from tasks.loading import matrix
from tasks.stage import Artifacts
from tasks.store import Store
from tasks.vectors import fit

BY_SPLIT = SourceSettings(id_column="id", split_column="split")
MEDIAN = EncodingSettings(missing=Imputation.median, scaling=Scaling.standard)


def write_csv(path: Path, rows: int = 40, start: int = 0, **columns: list[Any]) -> Path:
    """A file of columns id (from start), split (8 train, 1 validation, 1 test), x, and those given, which cycle."""
    splits = ["train"] * 8 + ["validation", "test"]
    table: dict[str, list[Any]] = {"id": list(range(start, start + rows)), "split": splits, "x": list(range(7))}
    cells = {name: [values[i % len(values)] for i in range(rows)] for name, values in (table | columns).items()}
    lines = [",".join(map(str, row)) for row in zip(*cells.values(), strict=True)]
    path.write_text("\n".join([",".join(cells), *lines]) + "\n")
    return path


def run(
    source: Path, store: Store, encoding: EncodingSettings = MEDIAN, settings: SourceSettings = BY_SPLIT
) -> tuple[Artifacts, Inspection]:
    artifacts, inspection, _ = ingest_source(str(source), settings, encoding, 2, store)
    return artifacts, inspection


def encoding_of(artifacts: Artifacts, store: Store) -> Encoding:
    return Encoding.from_json(store.json(artifacts["encoding"]))


def vectors_of(artifacts: Artifacts, store: Store, column: str) -> np.ndarray:
    """The coordinates of a column, (rows, its coordinates)."""
    place = encoding_of(artifacts, store).places[column]
    return matrix(store.table(artifacts["vectors"]))[:, place]


def unused(inspection: Inspection) -> dict[str, str]:
    return {column.name: column.reason for column in inspection.unused}


# Rows


def test_rows_with_missing_numbers_are_rejected_unless_asked_otherwise(tmp_path: Path, store: Store) -> None:
    """Every fourth of 40 rows lacks a cell; the reason names the column and counts them."""
    artifacts, inspection = run(write_csv(tmp_path / "a.csv", z=[1, 2, 3, "NA"]), store, EncodingSettings())
    assert (artifacts["rows"].rows, artifacts["rejected"].rows, inspection.rows) == (30, 10, 40)
    assert {reason: rejection.count for reason, rejection in inspection.rejected.items()} == {"missing cell: z": 10}
    assert encoding_of(artifacts, store).width == 2


def test_a_row_whose_missing_number_is_imputed_is_kept_with_its_gap(tmp_path: Path, store: Store) -> None:
    """All 40 rows are accepted; `rows` says null, in the column's own type, whatever the file called it."""
    artifacts, inspection = run(write_csv(tmp_path / "a.csv", z=[1, "NaN", 3, "", "null"]), store)
    assert (inspection.accepted, inspection.rejected, artifacts["rows"].rows) == (40, {}, 40)
    column = store.table(artifacts["rows"])["z"]
    assert column.type == pa.int64()
    assert column.to_pylist() == [1, None, 3, None, None] * 8


def test_nan_and_null_of_a_parquet_file_are_the_same_gap(tmp_path: Path, store: Store) -> None:
    """Both are null in `rows` and indicated in the vectors; an infinite number still rejects its row."""
    cells = pa.array([1.0, None, float("nan"), 4.0, float("inf")] * 8, pa.float32())
    split = ["train"] * 38 + ["validation", "test"]
    pq.write_table(pa.table({"id": range(40), "split": split, "x": range(40), "z": cells}), tmp_path / "a.parquet")
    artifacts, inspection = run(tmp_path / "a.parquet", store)
    assert store.table(artifacts["rows"])["z"].to_pylist() == [1.0, None, None, 4.0] * 8
    assert vectors_of(artifacts, store, "z")[:, 1].tolist() == [0, 1, 1, 0] * 8
    assert {reason: rejection.count for reason, rejection in inspection.rejected.items()} == {"infinite cell: z": 8}


@pytest.mark.parametrize(("kind", "type"), [("bytes", pa.uint8()), ("embedding", pa.float32())])
def test_gaps_in_lists_still_reject_their_rows(tmp_path: Path, store: Store, kind: str, type: pa.DataType) -> None:
    """A missing list, or a list with a gap, has no number that could stand for it."""
    cells = [[i, 9] for i in range(38)] + [None, [1, None]]
    table = {"id": range(40), "x": range(40), kind: pa.array(cells, pa.list_(type, 2))}
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    _, inspection = run(tmp_path / "a.parquet", store, settings=SourceSettings(id_column="id"))
    assert {reason: rejection.count for reason, rejection in inspection.rejected.items()} == {
        f"missing cell: {kind}": 2
    }


def test_single_columns_can_have_their_own_imputation(tmp_path: Path, store: Store) -> None:
    """The setting of a column, by its name in the source, wins over the general one, both ways."""
    source = write_csv(tmp_path / "a.csv", vector=[1, "", 3, 4], z=[1, 2, "", 4])
    only = EncodingSettings(missing_columns={"vector": Imputation.mean})
    inspection = run(source, store, only)[1]
    assert inspection.rejected["missing cell: z"].count == 10
    assert {column.name: column.imputation for column in inspection.used} == {
        "x": Imputation.reject,
        "vector": Imputation.mean,
        "z": Imputation.reject,
    }
    all_but = EncodingSettings(missing=Imputation.mean, missing_columns={"vector": Imputation.reject})
    assert run(source, store, all_but)[1].rejected["missing cell: vector"].count == 10


# Vectors


@pytest.mark.parametrize(
    ("imputation", "fill"), [(Imputation.mean, 3.25), (Imputation.median, 2.0), (Imputation.most_frequent, 2.0)]
)
def test_the_imputed_number_is_that_of_the_train_rows(
    tmp_path: Path, store: Store, imputation: Imputation, fill: float
) -> None:
    """Of 2, 2, 2, 7 in the train rows, by hand; 1000 in each validation and test row has no say."""
    source = write_csv(tmp_path / "a.csv", z=[2, 2, 2, 7, "", "", "", "", 1000, 1000])
    settings = EncodingSettings(missing=imputation, scaling=Scaling.standard)
    artifacts, _ = run(source, store, settings)
    deviation = np.sqrt(np.var([2, 2, 2, 7]))
    found = vectors_of(artifacts, store, "z")
    expected = (np.array([2, 2, 2, 7, fill, fill, fill, fill, 1000, 1000] * 4) - 3.25) / deviation
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-5, atol=1e-6)
    assert found[:, 1].tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 0, 0] * 4


def test_only_columns_with_gaps_among_the_train_rows_get_an_indicator(tmp_path: Path, store: Store) -> None:
    """x has no gap, and test has some that training never sees: their cells are imputed, and that is all."""
    source = write_csv(tmp_path / "a.csv", test=[1, 2, 3, 1, 2, 3, 1, 3, 4, ""], z=["", 1, 2, 3])
    artifacts, inspection = run(source, store)
    assert {column.name: (column.width, column.missing) for column in inspection.used} == {
        "x": (1, 0),
        "test": (1, 4),
        "z": (2, 10),
    }
    assert store.table(artifacts["vectors"]).schema == kinds.vectors(4)
    found = vectors_of(artifacts, store, "test")
    np.testing.assert_allclose(found[9], found[1])  # the median of the train rows is 2


def test_a_number_that_is_constant_but_for_its_gaps_says_which_rows_have_them(tmp_path: Path, store: Store) -> None:
    """One coordinate; without imputation, or without a gap, the column takes no part, as ever."""
    source = write_csv(tmp_path / "a.csv", same=[5, "", 5, 5, 5], still=[5])
    artifacts, inspection = run(source, store)
    assert vectors_of(artifacts, store, "same").tolist() == [[0], [1], [0], [0], [0]] * 8
    assert unused(inspection) == {"id": "id", "split": "split", "still": "constant (5)"}
    _, inspection = run(source, store, EncodingSettings())
    assert (unused(inspection)["same"], inspection.accepted) == ("constant (5)", 40)


def test_columns_of_gaps_alone_are_not_used(tmp_path: Path, store: Store) -> None:
    """The reason says whether numbers are missing everywhere or in the train rows."""
    source = write_csv(tmp_path / "a.csv", nowhere=["", "NA"], huge=["1e300", "inf"], elsewhere=[*[""] * 8, 1, 2])
    _, inspection = run(source, store)
    assert inspection.accepted == 40
    assert unused(inspection) == {
        "id": "id",
        "split": "split",
        "nowhere": "all cells are missing",
        "huge": "all cells are missing or infinite",
        "elsewhere": "all cells are missing or infinite in the train rows",
    }


def test_a_few_numbers_among_many_gaps_are_enough() -> None:
    """The one number of the train rows is drawn, however few rows are, and stands for the gaps; a test row's is not."""
    table = pa.table({"split": ["test", *["train"] * 9], "z": pa.array([1.0, *[None] * 8, 7.0])})
    column = Column("z", Kind.NUMBER, "double", 1, 1.0, 7.0, imputation=Imputation.mean, has_indicator=True)
    encoding = fit([column], [table], train_rows=10**12, settings=MEDIAN)
    assert encoding.columns[0].parameters["fill"] == [7.0]


# Samples


def test_samples_have_gaps_in_their_own_columns_and_types(tmp_path: Path, store: Store) -> None:
    """Integers, floats and booleans of rows come back from their vectors, nulls included."""
    source = write_csv(tmp_path / "a.csv", z=[2**60, 2**60 + 1, ""], y=["0.0", "", 5], flag=["true", "", "false"])
    artifacts, _ = run(source, store)
    rows, vectors = store.table(artifacts["rows"]), matrix(store.table(artifacts["vectors"]))
    own = own_columns(vectors, encoding_of(artifacts, store))
    assert own.schema.types == [pa.int64(), pa.int64(), pa.float64(), pa.bool_()]
    assert own.drop(["y"]).to_pylist() == rows.select(["x", "z", "flag"]).to_pylist()
    assert own["y"].is_null() == rows["y"].is_null()
    np.testing.assert_allclose(own["y"].to_numpy(), rows["y"].to_numpy(), atol=1e-6)


def test_a_sample_without_its_number_has_its_vector_whole(tmp_path: Path, store: Store) -> None:
    """The table of samples keeps all coordinates, and null in the column whose indicator is past the middle."""
    artifacts, _ = run(write_csv(tmp_path / "a.csv", z=[1, 2, ""]), store)
    x = np.array([[0, 0, 0.4], [0, 0, 0.6]], np.float32)
    samples = sample_table(x, np.array([-1, -1]), encoding_of(artifacts, store), start=0)
    assert matrix(samples).tolist() == x.tolist()
    assert [cell is None for cell in samples["z"].to_pylist()] == [False, True]


# The store


def test_asking_for_imputation_reads_the_file_anew_but_has_its_profile(tmp_path: Path, store: Store) -> None:
    """Which rows are accepted changes, what the columns are like doesn't; a median for the mean reads nothing again."""
    source = write_csv(tmp_path / "a.csv", z=[1, 2, ""])
    made = [
        run(source, store, EncodingSettings(missing=imputation))[0]["rows"]
        for imputation in (Imputation.reject, Imputation.mean, Imputation.median)
    ]
    assert [artifact.rows for artifact in made] == [27, 40, 40]
    assert store.files(made[1]) == store.files(made[2])
    counts = {stage: len(store.fs.glob(f"{store.base}/{stage}/*/*/manifest.json")) for stage in ("profile", "read")}
    assert counts == {"profile": 1, "read": 2}


def test_files_with_and_without_gaps_are_one_source(tmp_path: Path, store: Store) -> None:
    """Gaps are counted over all files, and one of gaps alone takes its type from the others."""
    folder = tmp_path / "data"
    folder.mkdir()
    write_csv(folder / "1.csv", z=[1, 2])
    write_csv(folder / "2.csv", start=40, z=[""])
    artifacts, inspection = run(folder, store)
    assert (inspection.used[1].name, inspection.used[1].type, inspection.used[1].missing) == ("z", "int64", 40)
    assert vectors_of(artifacts, store, "z")[:, 1].tolist() == [0] * 40 + [1] * 40


# What is said


def test_an_inspection_says_what_is_imputed(tmp_path: Path, store: Store) -> None:
    """By what, and in how many rows; nothing of columns without a gap."""
    source = write_csv(tmp_path / "a.csv", z=[1, 2, 3, ""], same=[5, 5, ""])
    settings = EncodingSettings(missing=Imputation.median, missing_columns={"same": Imputation.most_frequent})
    inspection = inspect_source(str(source), BY_SPLIT, settings)
    assert inspection == run(source, store, settings)[1]
    assert [line for _, line in describe(inspection)] == [
        "40 rows in 1 file(s), accepted: 32 train, 4 validation, 4 test",
        "2 number columns, scaled standard: x, z",
        "1 number columns, constant but for missing cells: same",
        "missing cells replaced by their column's median, in so many rows: z (10)",
        "missing cells replaced by their column's most frequent value, in so many rows: same (13)",
        "column id is not used: id",
        "column split is not used: split",
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("zz", "the column with an imputation of its own 'zz' in the source; found no such column. It has: "),
        ("city", "a column of numbers named 'city'; found another kind of column. An imputation can be chosen for: x."),
    ],
)
def test_an_imputation_for_what_is_no_number_is_refused(tmp_path: Path, store: Store, name: str, message: str) -> None:
    """An unknown column, or one of text."""
    source = write_csv(tmp_path / "a.csv", city=["Rome", "Oslo"])
    with pytest.raises(BadInput) as raised:
        run(source, store, EncodingSettings(missing_columns={name: Imputation.mean}))
    assert message in str(raised.value)
    assert store.fs.find(store.base) == []
