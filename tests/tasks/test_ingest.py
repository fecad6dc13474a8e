"""Ingest: what becomes of good rows, unusable rows, and sources that can't be used."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from prefect import flow

from models.encoding import Encoding
from models.settings import EncodingSettings, Scaling, SourceSettings
from tasks import kinds
from tasks.errors import BadInput
from tasks.ingest import ingest, ingest_source, inspect_source
from tasks.inspection import Inspection, describe
from tasks.plan import AN_ID
from tasks.stage import Artifacts
from tasks.store import Store

SHARED = Path(__file__).parents[3] / "shared" / "data"
RANDOM = np.random.default_rng(3)
BY_ID = SourceSettings(id_column="id")


def run(
    source: str | Path,
    store: Store,
    settings: SourceSettings = BY_ID,
    encoding: EncodingSettings | None = None,
) -> tuple[Artifacts, Inspection, bool]:
    return ingest_source(str(source), settings, encoding or EncodingSettings(), 2, store)


def rows_of(source: str | Path, store: Store, settings: SourceSettings = BY_ID) -> list[dict[str, Any]]:
    return list(store.table(run(source, store, settings)[0]["rows"]).to_pylist())


def rejected_of(source: str | Path, store: Store, settings: SourceSettings = BY_ID) -> list[dict[str, Any]]:
    return list(store.table(run(source, store, settings)[0]["rejected"]).to_pylist())


def write_csv(path: Path, rows: int = 40, start: int = 0, **columns: list[Any]) -> Path:
    """A file of columns id (from start), x, y and those given, which cycle."""
    path.parent.mkdir(exist_ok=True)
    numbers = {
        "id": list(range(start, start + rows)),
        "x": [i % 7 for i in range(rows)],
        "y": [i / 8 for i in range(rows)],
    }
    table = numbers | {name: [cells[i % len(cells)] for i in range(rows)] for name, cells in columns.items()}
    lines = [",".join(map(str, cells)) for cells in zip(*table.values(), strict=True)]
    path.write_text("\n".join([",".join(table), *lines]) + "\n")
    return path


def refuse(
    source: str | Path,
    store: Store,
    settings: SourceSettings = BY_ID,
    encoding: EncodingSettings | None = None,
    clusters: int = 2,
) -> str:
    """The error's text, after a look at the store: it must hold no file."""
    with pytest.raises(BadInput) as raised:
        ingest_source(str(source), settings, encoding or EncodingSettings(), clusters, store)
    assert store.fs.find(store.base) == []
    return str(raised.value)


# What becomes of rows


def test_rows_keep_the_users_columns_typed(tmp_path: Path, store: Store) -> None:
    """Integers, floats, booleans and text of a CSV file come back as such, after row_id and split."""
    source = write_csv(tmp_path / "a.csv", good=["true", "False"], city=["Rome", "Oslo"])
    table = store.table(run(source, store)[0]["rows"])
    types = {"id": pa.string(), "x": pa.int64(), "y": pa.float64(), "good": pa.bool_(), "city": pa.string()}
    assert table.schema == kinds.rows(pa.schema(types))
    assert table.slice(1, 1).drop(["split"]).to_pylist() == [
        {"row_id": "1", "id": "1", "x": 1, "y": 0.125, "good": False, "city": "Oslo"}
    ]


def test_the_type_of_a_csv_column_is_decided_by_all_of_it(tmp_path: Path, store: Store) -> None:
    """Integers are floats from the first cell on if the last cell, blocks later, is one."""
    lines = [f"{i},{i},{'text ' * 100}" for i in range(20_000)]
    (tmp_path / "a.csv").write_text("\n".join(["id,x,text", *lines, "-1,0.5,"]))
    parts = list(store.tables(run(tmp_path / "a.csv", store)[0]["rows"], ["x"]))
    assert len(parts) > 1
    assert {part.schema.field("x").type for part in parts} == {pa.float64()}
    assert parts[-1]["x"][-1].as_py() == 0.5


def test_numbers_past_the_first_block_can_turn_out_text(tmp_path: Path, store: Store) -> None:
    """A column with one word in it isn't used, and the reason names the word."""
    source = write_csv(tmp_path / "a.csv", rows=41, z=[*range(40), "abc"])
    unused = {column.name: column.reason for column in run(source, store)[1].unused}
    assert unused == {"id": "id", "z": "text, such as 'abc', among 40 numbers"}


def test_vectors_are_the_encoded_rows(tmp_path: Path, store: Store) -> None:
    """Vectors stand in the order of rows, and decoding them gives the columns back."""
    artifacts, _, _ = run(write_csv(tmp_path / "a.csv"), store)
    rows, vectors = store.table(artifacts["rows"]), store.table(artifacts["vectors"])
    assert vectors.schema == kinds.vectors(2)
    assert vectors["row_id"] == rows["row_id"]
    encoding = Encoding.from_json(store.json(artifacts["encoding"]))
    decoded = encoding.decode(np.array(vectors["vector"].to_pylist()))
    assert decoded["x"].tolist() == rows["x"].to_pylist()
    np.testing.assert_allclose(decoded["y"], rows["y"], atol=1e-5 * 39 / 8)


def test_labels_go_into_an_artifact_of_their_own(tmp_path: Path, store: Store) -> None:
    """Neither rows nor vectors know the label; without a label column there is no such artifact."""
    source = write_csv(tmp_path / "a.csv", label=[3, "NA"])
    settings = SourceSettings(id_column="id", label_column="label")
    artifacts, _, _ = run(source, store, settings)
    assert store.table(artifacts["labels"]).slice(0, 2).to_pylist() == [
        {"row_id": "0", "label": "3"},
        {"row_id": "1", "label": None},
    ]
    assert store.table(artifacts["rows"]).column_names == ["row_id", "split", "id", "x", "y"]
    assert [column["name"] for column in store.json(artifacts["encoding"])["columns"]] == ["x", "y"]
    assert "labels" not in run(source, store)[0]


def test_a_label_that_is_no_number_is_none(tmp_path: Path, store: Store) -> None:
    """pandas and NumPy have NaN where there is no value; it is no class."""
    label = np.where(np.arange(40) < 30, np.nan, 1.0)
    pq.write_table(pa.table({"x": np.arange(40) ** 0.5, "label": label}), tmp_path / "a.parquet")
    artifacts, _, _ = run(tmp_path / "a.parquet", store, SourceSettings(label_column="label"))
    assert store.table(artifacts["labels"])["label"].to_pylist() == [None] * 30 + ["1"] * 10


def test_ignored_columns_are_kept_but_not_used(tmp_path: Path, store: Store) -> None:
    """An ignored number is in rows, and in no vector; its missing cells reject no row."""
    source = write_csv(tmp_path / "a.csv", z=[1, ""])
    settings = SourceSettings(id_column="id", ignore=("z",))
    artifacts, inspection, _ = run(source, store, settings)
    assert store.table(artifacts["rows"])["z"].to_pylist()[:2] == [1, None]
    assert [column.name for column in inspection.used] == ["x", "y"]
    assert inspection.accepted == 40


def test_integers_that_only_tell_rows_apart_take_no_part_unless_they_are_chosen(tmp_path: Path, store: Store) -> None:
    """A newcomer doesn't name the id; `--encoding.columns` makes a number of it. Each file has ids of its own."""
    write_csv(tmp_path / "s" / "a.csv")
    write_csv(tmp_path / "s" / "b.csv", rows=50, start=1_000)
    found = run(tmp_path / "s", store, SourceSettings())[1]
    assert [column.name for column in found.used] == ["x", "y"]
    assert [(column.name, column.reason) for column in found.unused] == [("id", AN_ID)]
    chosen = EncodingSettings(columns={"id": Scaling.standard})
    assert [column.name for column in run(tmp_path / "s", store, SourceSettings(), chosen)[1].used] == ["id", "x", "y"]
    write_csv(tmp_path / "s" / "c.csv", rows=30, start=2_000, id=[1, 2])
    assert [column.name for column in run(tmp_path / "s", store, SourceSettings())[1].used] == ["id", "x", "y"]


def test_constant_and_all_missing_columns_are_dropped_with_a_warning(tmp_path: Path, store: Store) -> None:
    """Neither says anything, so their missing cells reject no row."""
    _, inspection, _ = run(write_csv(tmp_path / "a.csv", empty=["", "NA"], same=[5, ""]), store)
    assert inspection.accepted == 40
    lines = [line for level, line in describe(inspection) if level >= 30]
    assert lines == [
        "column empty is not used: all cells are missing",
        "column same is not used: constant (5)",
    ]


def test_columns_constant_in_the_train_rows_are_dropped(tmp_path: Path, store: Store) -> None:
    """What varies in other splits only can't be learnt."""
    source = write_csv(tmp_path / "a.csv", part=["train", "test"], z=[1, 2])
    _, inspection, _ = run(source, store, SourceSettings(id_column="id", split_column="part"))
    assert [column.name for column in inspection.used] == ["x", "y"]
    assert inspection.unused[-1].reason == "constant in the train rows"


def test_a_column_with_one_of_our_names_is_renamed(tmp_path: Path, store: Store) -> None:
    """The user's own split and vector stay beside ours."""
    source = write_csv(tmp_path / "a.csv", split=["train", "test"], vector=[1, 2, 3])
    table = store.table(run(source, store, SourceSettings(id_column="id", split_column="split"))[0]["rows"])
    assert table.column_names == ["row_id", "split", "id", "x", "y", "source_split", "source_vector"]


@pytest.mark.parametrize(
    ("stored", "known"),
    [
        ((2, 6), (2, 6)),
        ((6, 6, 3), (6, 6, 3)),
        ((6, 6, 1), (6, 6)),
        ((1, 6, 6), (6, 6)),
        ((3, 6, 6), None),
        ((6, 6, 4), None),
    ],
)
def test_an_npz_array_tells_the_shape_of_its_images(
    tmp_path: Path, store: Store, stored: tuple[int, ...], known: tuple[int, ...] | None
) -> None:
    """Images of 2 x 6 pixels are no square, and known all the same; channels that come first are no colours of ours."""
    np.savez(tmp_path / "a.npz", image=RANDOM.integers(0, 256, (40, *stored)).astype(np.uint8))
    artifacts, inspection, _ = run(tmp_path / "a.npz", store, SourceSettings())
    encoding = Encoding.from_json(store.json(artifacts["encoding"]))
    assert encoding.is_image
    assert encoding.image_shape == inspection.used[0].image_shape == known


@pytest.mark.parametrize("shape", ["28x28", "3x4x4", "six", "-3x-12"])
def test_a_shape_of_other_pixels_is_refused(tmp_path: Path, store: Store, shape: str) -> None:
    """Before training, where it would stop the graph of images."""
    images = RANDOM.integers(0, 256, (40, 36)).astype(np.uint8).tolist()
    field = pa.field("image", pa.list_(pa.uint8(), 36), metadata={"shape": shape})
    pq.write_table(pa.table([images], pa.schema([field])), tmp_path / "a.parquet")
    with pytest.raises(BadInput, match=f"expected a shape of 36 pixels for the lists 'image'; found {shape}"):
        run(tmp_path / "a.parquet", store, SourceSettings())


def test_digits_are_ready_to_use(store: Store) -> None:
    """The embedded data: every row is accepted, and a vector is 64 pixels between 0 and 1."""
    settings = SourceSettings(id_column="id", label_column="label")
    artifacts, inspection, _ = run("digits", store, settings)
    assert inspection.splits == {"train": 1463, "validation": 183, "test": 151}
    assert {name: artifact.rows for name, artifact in artifacts.items() if artifact.rows} == {
        "rows": 1797,
        "labels": 1797,
        "vectors": 1797,
    }
    vectors = np.array(store.table(artifacts["vectors"])["vector"].to_pylist())
    assert vectors.shape == (1797, 64)
    assert (vectors.min(), vectors.max()) == (0.0, 1.0)


# Row ids and splits


def test_row_ids_come_from_the_id_column_as_text(tmp_path: Path, store: Store) -> None:
    """Leading zeros are a part of an id."""
    (tmp_path / "a.csv").write_text("id,x\n007,1\n8,2\n009,3\n" + "".join(f"b{i},{i}\n" for i in range(20)))
    assert [row["row_id"] for row in rows_of(tmp_path / "a.csv", store)][:4] == ["007", "8", "009", "b0"]


def test_without_ids_a_row_is_known_by_its_content(tmp_path: Path, store: Store) -> None:
    """The id is a hash of the cells by the order of column names, then the number of earlier equal rows."""
    (tmp_path / "a.csv").write_text("y,x\n2,1\n" + "3,4\n" * 3 + "".join(f"{i},{i}\n" for i in range(20)))
    ids = [row["row_id"] for row in rows_of(tmp_path / "a.csv", store, SourceSettings())]
    first, second = (hashlib.sha256(cells).hexdigest()[:32] for cells in (b"1\x1f2", b"4\x1f3"))
    assert ids[:4] == [first, second, f"{second}-1", f"{second}-2"]


def test_row_ids_do_not_depend_on_the_order_of_files_and_columns(tmp_path: Path) -> None:
    """The same rows in other files, another order and with other settings have the same ids and splits."""
    rows = [(int(a), int(b)) for a, b in RANDOM.integers(0, 9, (200, 2))]
    found = []
    for name, order, header in (("one", 1, "a,b"), ("other", -1, "b,a")):
        folder = tmp_path / name
        folder.mkdir()
        lines = [f"{row[::order][0]},{row[::order][1]}" for row in rows[::order]]
        (folder / "1.csv").write_text("\n".join([header, *lines[:90]]))
        (folder / "2.csv").write_text("\n".join([header, *lines[90:]]))
        table = rows_of(folder, Store(str(tmp_path / f"store-{name}")), SourceSettings())
        found.append(sorted((row["row_id"], row["split"]) for row in table))
    assert found[0] == found[1]
    assert len(set(found[0])) == 200


def test_rows_are_split_eighty_ten_ten_by_a_hash(tmp_path: Path, store: Store) -> None:
    """20,000 rows have shares of 80, 10 and 10 in 100, within one."""
    inspection = run(write_csv(tmp_path / "a.csv", rows=20_000), store)[1]
    shares = [inspection.splits[name] / 20_000 for name in ("train", "validation", "test")]
    np.testing.assert_allclose(shares, [0.8, 0.1, 0.1], atol=0.01)


def test_a_named_split_is_taken_as_it_is(tmp_path: Path, store: Store) -> None:
    """With all three values in the column, no row changes sides."""
    source = write_csv(tmp_path / "a.csv", part=["train", "train", "validation", "test"])
    rows = rows_of(source, store, SourceSettings(id_column="id", split_column="part"))
    assert [row["split"] for row in rows] == [row["part"] for row in rows]


def test_a_named_split_without_validation_gives_a_tenth_of_train(tmp_path: Path, store: Store) -> None:
    """Test rows stay test rows."""
    source = write_csv(tmp_path / "a.csv", rows=10_000, part=["train", "test"])
    rows = rows_of(source, store, SourceSettings(id_column="id", split_column="part"))
    assert {row["split"] for row in rows if row["part"] == "test"} == {"test"}
    share = np.mean([row["split"] == "validation" for row in rows if row["part"] == "train"])
    assert share == pytest.approx(0.1, abs=0.01)


# Rejected rows


def test_rejected_rows_have_file_position_reason_and_content(tmp_path: Path, store: Store) -> None:
    """Positions count the rows of the file from 0, ragged lines included."""
    good = "".join(f"{i},{i},train\n" for i in range(20))
    bad = "a,,train\n,1,train\nb,1\nc,inf,train\nd,1,holdout\n"
    (tmp_path / "a.csv").write_text("id,x,part\n" + good + bad)
    settings = SourceSettings(id_column="id", split_column="part")
    rejected = rejected_of(tmp_path / "a.csv", store, settings)
    assert [(row["file"], row["position"], row["reason"]) for row in rejected] == [
        ("a.csv", 20, "missing cell: x"),
        ("a.csv", 21, "missing id"),
        ("a.csv", 22, "ragged line"),
        ("a.csv", 23, "infinite cell: x"),
        ("a.csv", 24, "unknown split value"),
    ]
    assert json.loads(rejected[0]["content"]) == {"id": "a", "x": "", "part": "train"}
    assert rejected[2]["content"] == "b,1"


def test_accepted_and_rejected_rows_are_the_source(tmp_path: Path, store: Store) -> None:
    """40 rows, of which every fourth lacks a cell."""
    artifacts, inspection, _ = run(write_csv(tmp_path / "a.csv", z=[1, 2, 3, ""]), store)
    assert (artifacts["rows"].rows, artifacts["rejected"].rows, inspection.rows) == (30, 10, 40)


def test_unusable_parquet_cells_are_rejected(tmp_path: Path, store: Store) -> None:
    """Nulls, NaN, infinities, and the same within lists, each with its column."""
    nan, inf = float("nan"), float("inf")
    odd, two_bytes = [[1], None, [1, None], [inf, 1]], pa.list_(pa.uint8(), 2)
    table = pa.table(
        {
            "id": range(26),
            "x": pa.array([1.0, None, nan, inf, *range(22)], pa.float32()),
            "free": pa.array([[1, 2]] * 4 + odd + [[i, 3] for i in range(18)], pa.list_(pa.float64())),
            "fixed": pa.array([[1, 2]] * 8 + [None, [1, None]] + [[i, 3] for i in range(16)], two_bytes),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    rejected = rejected_of(tmp_path / "a.parquet", store)
    assert {row["position"]: row["reason"] for row in rejected} == {
        1: "missing cell: x",
        2: "missing cell: x",
        3: "infinite cell: x",
        4: "list of another length than 2: free",
        5: "missing cell: free",
        6: "missing cell: free",
        7: "infinite cell: free",
        8: "missing cell: fixed",
        9: "missing cell: fixed",
    }
    assert json.loads(rejected[2]["content"])["x"] == "inf"


def test_nothing_rejected_is_an_empty_table(tmp_path: Path, store: Store) -> None:
    """Later stages read the artifact without asking whether it is there."""
    table = store.table(run(write_csv(tmp_path / "a.csv"), store)[0]["rejected"])
    assert (table.num_rows, table.schema) == (0, kinds.REJECTED)


# The store


def test_the_same_source_is_not_read_again(tmp_path: Path, store: Store) -> None:
    """The second run finds the first one's artifacts, by the file's content and not by its date."""
    source = write_csv(tmp_path / "a.csv")
    first, inspection, _ = run(source, store)
    write_csv(tmp_path / "a.csv")
    assert run(source, store) == (first, inspection, False)


def test_a_source_that_grows_reads_only_what_is_new(tmp_path: Path, store: Store) -> None:
    """With a third file, the pieces of the first two stay those of before, and nothing is copied."""
    folder = tmp_path / "data"
    write_csv(folder / "1.csv")
    write_csv(folder / "2.csv", start=40)
    before = store.files(run(folder, store)[0]["rows"])
    write_csv(folder / "3.csv", start=80)
    after = store.files(run(folder, store)[0]["rows"])
    assert after[:2] == before
    assert len(after) == 3
    assert len(store.fs.glob(f"{store.base}/read/*/*/manifest.json")) == 3
    assert len(store.fs.glob(f"{store.base}/ingest/*/*/rows")) == 0


def test_a_file_that_changes_what_a_column_is_has_the_others_read_again(tmp_path: Path, store: Store) -> None:
    """A column that was constant in the first file becomes used when the second one has other values."""
    folder = tmp_path / "data"
    write_csv(folder / "1.csv", z=[1])
    assert "z" not in [column.name for column in run(folder, store)[1].used]
    write_csv(folder / "2.csv", start=40, z=[2.5])
    artifacts, inspection, _ = run(folder, store)
    assert "z" in [column.name for column in inspection.used]
    assert store.table(artifacts["rows"])["z"].to_pylist() == [1.0] * 40 + [2.5] * 40


def test_another_scaling_reads_nothing_again(tmp_path: Path, store: Store) -> None:
    """The pieces don't depend on the encoding."""
    source = write_csv(tmp_path / "a.csv")
    first, _, _ = run(source, store)
    second, inspection, is_new = run(source, store, encoding=EncodingSettings(columns={"x": Scaling.quantile}))
    assert is_new
    assert store.files(second["rows"]) == store.files(first["rows"])
    assert [column.scaling for column in inspection.used] == ["quantile", "standard"]


def test_an_inspection_says_what_ingest_would_do(tmp_path: Path, store: Store) -> None:
    """`inspect_source` and a run find the same, with every number spelled out."""
    source = write_csv(tmp_path / "a.csv", city=["Rome"], z=[1, 2, 3, ""])
    inspection = inspect_source(str(source), BY_ID, EncodingSettings())
    assert inspection == run(source, store)[1]
    first = '{"id": "3", "x": "3", "y": "0.375", "city": "Rome", "z": ""}'
    assert [line for _, line in describe(inspection)] == [
        "40 rows in 1 file(s), accepted: 24 train, 1 validation, 5 test",
        f"rejected 10 rows, missing cell: z; the first: {first}",
        "3 number columns, scaled standard: x, y, z",
        "column id is not used: id",
        "column city is not used: text, such as 'Rome'",
    ]


@pytest.mark.usefixtures("prefect_server")
def test_the_task_gives_the_artifacts_and_is_cached_the_second_time(tmp_path: Path) -> None:
    """Inside a flow, the first run is Completed and the second one Cached, with the same artifacts."""
    source, store = str(write_csv(tmp_path / "a.csv")), str(tmp_path / "store")

    @flow
    def twice() -> list[tuple[str, Artifacts]]:
        found = []
        for _ in range(2):
            future = ingest.submit(source, BY_ID, EncodingSettings(), 2, store)
            artifacts = future.result()
            found.append((future.state.name, artifacts))
        return found

    (first, artifacts), (second, again) = twice()
    assert (first, second) == ("Completed", "Cached")
    assert artifacts == again
    assert set(artifacts) == {"rows", "rejected", "vectors", "encoding", "inspection"}


@pytest.mark.parametrize("name", ["mnist", "pendigits"])
def test_shared_data_is_read_as_it_is(name: str, store: Store) -> None:
    """Real files with an id, a label and a split of train and test: no row is rejected."""
    settings = SourceSettings(id_column="id", label_column="label", split_column="split")
    artifacts, inspection, _ = run(SHARED / f"{name}.parquet", store, settings)
    assert inspection.rejected == {}
    assert inspection.splits["test"] == (3498 if name == "pendigits" else 10_000)
    assert artifacts["vectors"].rows == (10_992 if name == "pendigits" else 70_000)


def test_shared_shop_sessions_are_read_as_they_are(store: Store) -> None:
    """A raw CSV file: 14 rows lack cells, months and visitor types aren't used, tails choose the scalings."""
    inspection = run(SHARED / "online-shoppers.csv", store, SourceSettings(label_column="Revenue"))[1]
    assert (inspection.accepted, inspection.rejected["missing cell: Administrative"].count) == (12_316, 14)
    assert [column.name for column in inspection.unused] == ["Month", "VisitorType", "Revenue"]
    assert {column.scaling for column in inspection.used} == {"standard", "log", "quantile"}


# Sources that can't be used


def test_a_source_without_rows_is_refused(tmp_path: Path, store: Store) -> None:
    """A header alone is no data."""
    (tmp_path / "a.csv").write_text("id,x\n")
    assert refuse(tmp_path, store) == "ingest: expected rows in the source; found none. Name a source with rows."


def test_a_missing_source_is_refused(tmp_path: Path, store: Store) -> None:
    """The error names the path."""
    assert str(tmp_path / "b.csv") in refuse(tmp_path / "b.csv", store)


def test_a_truncated_file_among_whole_ones_leaves_nothing(tmp_path: Path, store: Store) -> None:
    """The store has no pieces of the whole files either."""
    for name in ("a", "b"):
        table = pa.table({"id": [f"{name}{i}" for i in range(50)], "x": range(50)})
        pq.write_table(table, tmp_path / f"{name}.parquet")
    (tmp_path / "b.parquet").write_bytes((tmp_path / "b.parquet").read_bytes()[:300])
    assert "found b.parquet: " in refuse(tmp_path, store)


def test_text_alone_is_refused(tmp_path: Path, store: Store) -> None:
    """The error says of each column why it can't be used."""
    (tmp_path / "a.csv").write_text("id,city,same\n1,Rome,5\n2,Oslo,5\n")
    message = refuse(tmp_path, store)
    assert "found id: id; city: text, such as 'Rome'; same: constant (5)." in message


@pytest.mark.parametrize(
    ("settings", "role"),
    [
        (SourceSettings(id_column="ident"), "id column 'ident'"),
        (SourceSettings(label_column="ident"), "label column 'ident'"),
        (SourceSettings(split_column="ident"), "split column 'ident'"),
        (SourceSettings(ignore=("ident",)), "ignored column 'ident'"),
    ],
)
def test_unknown_columns_are_refused_with_near_names(
    tmp_path: Path, store: Store, settings: SourceSettings, role: str
) -> None:
    """A column that the settings name must be there; the error offers those that look like it."""
    message = refuse(write_csv(tmp_path / "a.csv"), store, settings)
    assert message == f"ingest: expected the {role} in the source; found no such column. Did you mean 'id'?"


def test_a_scaling_for_an_unknown_column_is_refused(tmp_path: Path, store: Store) -> None:
    """Without a name that is near, the error lists all."""
    message = refuse(write_csv(tmp_path / "a.csv"), store, encoding=EncodingSettings(columns={"price": Scaling.log}))
    assert message.endswith("found no such column. It has: id, x, y.")


def test_a_scaling_for_text_is_refused(tmp_path: Path, store: Store) -> None:
    """Only numbers are scaled."""
    source = write_csv(tmp_path / "a.csv", city=["Rome", "Oslo"])
    message = refuse(source, store, encoding=EncodingSettings(columns={"city": Scaling.log}))
    assert message.endswith("found another kind of column. A scaling can be chosen for: x, y.")


def test_a_name_that_two_columns_have_is_refused(tmp_path: Path, store: Store) -> None:
    """Which of them is meant can't be known."""
    (tmp_path / "a.csv").write_text("id,x,x\n1,2,3\n2,3,4\n")
    assert "found 'x' twice in a.csv." in refuse(tmp_path, store)


@pytest.mark.parametrize("role", ["id_column", "label_column", "split_column"])
def test_a_role_for_a_column_that_is_no_text_is_refused(role: str, tmp_path: Path, store: Store) -> None:
    """Lists tell no rows apart, and so on."""
    table = {"x": [i % 7 for i in range(40)], "y": [i / 8 for i in range(40)], "z": [[1, 2]] * 40}
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    message = refuse(tmp_path / "a.parquet", store, SourceSettings(**{role: "z"}))
    assert "expected ids, labels and splits that can be text; found list<" in message
    assert "in 'z'. Name another column" in message


def test_a_missing_number_is_no_id(tmp_path: Path, store: Store) -> None:
    """A column of ids that lacks some is one of floats in pandas, and its gaps are NaN."""
    ids = [float(i) if i else float("nan") for i in range(40)]
    pq.write_table(pa.table({"id": ids, "x": [i % 7 for i in range(40)]}), tmp_path / "a.parquet")
    assert [row["reason"] for row in rejected_of(tmp_path / "a.parquet", store)] == ["missing id"]
    assert rows_of(tmp_path / "a.parquet", store)[0]["row_id"] == "1"


def test_lines_that_are_all_ragged_are_refused_as_such(tmp_path: Path, store: Store) -> None:
    """A header with a name too few, and one with a name too many."""
    for text in ("x\n1,2\n3,4\n", "x,y,z\n1,2\n3,4\n"):
        (tmp_path / "a.csv").write_text(text)
        message = refuse(tmp_path, store, SourceSettings())
        assert "expected lines with as many cells as the first one has names; found more or fewer in all 2" in message


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_cells_may_be_separated_by_other_signs(separator: str, name: str, tmp_path: Path, store: Store) -> None:
    """As spreadsheets of many countries write them, with commas in the cells; rows are the same as with commas."""
    source = write_csv(tmp_path / "b" / "a.csv", city=["Rome", "Oslo"])
    before = rows_of(source, store)
    (tmp_path / name).write_text(source.read_text().replace(",", separator).replace("Rome", "Rome, Italy"))
    found = rows_of(tmp_path / name, store)
    assert found == [row | {"city": row["city"].replace("Rome", "Rome, Italy")} for row in before]


def test_numbers_with_commas_are_named(tmp_path: Path, store: Store) -> None:
    (tmp_path / "a.csv").write_text("x;y\n1,5;2,5\n3,5;4,5\n")
    assert refuse(tmp_path, store, SourceSettings()).endswith("Write numbers with points in place of commas.")
    (tmp_path / "a.csv").write_text("\n".join(["x", *map(str, range(1_234)), "word"]))
    message = refuse(tmp_path, store, SourceSettings())
    assert "text, such as 'word', among 1,234 numbers. Name a source with columns of numbers" in message


def test_a_column_of_numbers_with_a_stray_word_says_how_many_are_numbers(tmp_path: Path, store: Store) -> None:
    """So that nobody takes it for one of text; a question mark is a missing cell."""
    source = write_csv(tmp_path / "a.csv", z=[1.5, "-", *range(8)], w=["?", *range(9)])
    _, found, _ = run(source, store)
    assert {column.name: column.reason for column in found.unused}["z"] == "text, such as '-', among 36 numbers"
    assert {reason: count.count for reason, count in found.rejected.items()} == {"missing cell: w": 4}


def test_a_source_without_train_rows_is_refused_as_such(tmp_path: Path, store: Store) -> None:
    """And not as one whose columns are constant."""
    source = write_csv(tmp_path / "a.csv", split=["test", "validation"])
    message = refuse(source, store, SourceSettings(id_column="id", split_column="split"))
    assert "expected at least 4 train rows; found 0" in message


def test_a_look_refuses_what_a_fit_would(tmp_path: Path) -> None:
    """Too few rows for the clusters, for one."""
    with pytest.raises(BadInput, match="at least 900 train rows for 900 clusters"):
        inspect_source(str(write_csv(tmp_path / "a.csv")), BY_ID, EncodingSettings(), 900)


def test_columns_are_shown_by_the_users_names(tmp_path: Path, store: Store) -> None:
    """Those too whose names our own tables need."""
    _, found, _ = run(write_csv(tmp_path / "a.csv", vector=[1, 2, 4]), store)
    assert [column.name for column in found.used] == ["x", "y", "vector"]


def test_a_store_below_a_file_is_refused(tmp_path: Path) -> None:
    """By a clear error, also from what clears up behind it."""
    source = write_csv(tmp_path / "a.csv")
    with pytest.raises(BadInput, match="store: expected a folder that can be written"):
        run(source, Store(str(source / "store")))


def test_parquet_without_columns_is_refused(tmp_path: Path, store: Store) -> None:
    pq.write_table(pa.table({"x": [1]}).select([]), tmp_path / "a.parquet")
    assert "expected columns; found none in a.parquet" in refuse(tmp_path, store, SourceSettings())


def test_duplicate_ids_are_refused(tmp_path: Path, store: Store) -> None:
    """The error counts them, and names some and their files."""
    write_csv(tmp_path / "a.csv")
    write_csv(tmp_path / "b.csv", start=38)
    message = refuse(tmp_path, store)
    assert "found 2 copies: 38 in a.csv, b.csv; 39 in a.csv, b.csv." in message


def test_files_with_other_columns_are_refused(tmp_path: Path, store: Store) -> None:
    """The error names the file and what it lacks and has more."""
    (tmp_path / "a.csv").write_text("id,x,y\n1,2,3\n")
    (tmp_path / "b.csv").write_text("id,x,z\n1,2,3\n")
    assert "found b.csv without y and also with z." in refuse(tmp_path, store)


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        (pa.array([1, 2]), pa.array(["a", "b"]), "b.parquet with string"),
        (
            pa.array([[1, 2]] * 2, pa.list_(pa.int8(), 2)),
            pa.array([[1]] * 2, pa.list_(pa.int8(), 1)),
            "b.parquet with fixed_size_list<item: int8>[1]",
        ),
    ],
)
def test_files_with_other_types_are_refused(
    tmp_path: Path, store: Store, one: pa.Array, other: pa.Array, found: str
) -> None:
    """A column is of one type, or of types that one holds, in all files."""
    pq.write_table(pa.table({"id": [1, 2], "x": one}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"id": [3, 4], "x": other}), tmp_path / "b.parquet")
    assert f"found {found}." in refuse(tmp_path, store)


def test_a_csv_file_of_ragged_lines_is_refused(tmp_path: Path, store: Store) -> None:
    """Even when any share of rejected rows is allowed."""
    (tmp_path / "a.csv").write_text("id,x\n" + "1\n" * 30)
    assert refuse(tmp_path, store, SourceSettings(id_column="id", max_rejected=1)) != ""


def test_too_many_rejected_rows_are_refused(tmp_path: Path, store: Store) -> None:
    """The error counts the rows by their reasons."""
    source = write_csv(tmp_path / "a.csv", z=[1, 2, "", "inf"], w=[1, "", 3, 4])
    message = refuse(source, store)
    assert "expected at most 50.0% of 40 rows to be rejected, and not all of them" in message
    assert "found 30 (infinite cell: z: 10; missing cell: w: 10; missing cell: z: 10)" in message


def test_a_source_without_ids_in_its_id_column_is_refused(tmp_path: Path, store: Store) -> None:
    """Rows without an id are unusable, and here there are no others."""
    (tmp_path / "a.csv").write_text("id,x\n" + "".join(f",{i}\n" for i in range(20)))
    assert "found 20 (missing id: 20)" in refuse(tmp_path, store)


def test_three_train_rows_are_too_few_for_any_clusters(tmp_path: Path, store: Store) -> None:
    """Their number couldn't be found, and is refused before a model would fail on it."""
    splits = ["train", "train", "train", "validation"]
    (tmp_path / "a.csv").write_text("x,split\n" + "".join(f"{i},{split}\n" for i, split in enumerate(splits)))
    with pytest.raises(BadInput, match="expected at least 4 train rows; found 3"):
        ingest_source(str(tmp_path / "a.csv"), SourceSettings(split_column="split"), EncodingSettings(), None, store)


def test_fewer_train_rows_than_clusters_are_refused(tmp_path: Path, store: Store) -> None:
    """40 rows with 33 train rows can't be put into 34 clusters, on the first run and on any later one."""
    source = write_csv(tmp_path / "a.csv")
    train = inspect_source(str(source), BY_ID, EncodingSettings()).splits["train"]
    message = refuse(source, store, clusters=train + 1)
    assert f"expected at least {train + 1} train rows for {train + 1} clusters; found {train}." in message
    run(source, store)
    with pytest.raises(BadInput, match=f"found {train}"):
        ingest_source(str(source), BY_ID, EncodingSettings(), train + 1, store)
