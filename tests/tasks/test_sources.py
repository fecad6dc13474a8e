"""Sources: which files they have, and what a file's parts are."""

from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import NamedTuple

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.errors import BadInput
from tasks.parts import PART_BYTES, PART_ROWS, Part, part_rows
from tasks.sources import SourceFile, source_files
from tasks.tabular import read_parts


def names_of(source: str | Path) -> list[str]:
    with source_files(str(source)) as files:
        return [file.name for file in files]


def parts_of(path: str | Path) -> list[Part]:
    with source_files(str(path)) as files:
        return [part for file in files for part in read_parts(file)]


def rows_of(path: Path) -> list[dict[str, object]]:
    return [row for part in parts_of(path) for row in part.table.to_pylist()]


class Words(NamedTuple):
    """What an error says."""

    stage: str
    expected: str
    found: str
    remedy: str


def refusal(path: str | Path) -> Words:
    with pytest.raises(BadInput) as raised:
        parts_of(path)
    return Words(*raised.value.words)


def test_a_folder_gives_its_files_in_sorted_order(tmp_path: Path) -> None:
    """Files come by name, deeper folders included; names that start with a dot or an underscore don't."""
    (tmp_path / "deep").mkdir()
    for name in ("b.csv", "a.csv", "deep/c.csv", ".hidden.csv", "_SUCCESS"):
        (tmp_path / name).write_text("x\n1\n")
    assert names_of(tmp_path) == ["a.csv", "b.csv", "deep/c.csv"]


def test_a_file_named_directly_is_taken_whatever_its_name(tmp_path: Path) -> None:
    """An underscore hides a file in a folder only."""
    (tmp_path / "_a.csv").write_text("x\n1\n")
    assert names_of(tmp_path / "_a.csv") == ["_a.csv"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("logs/2026-*.csv", ["2026-01.csv", "2026-02.csv"]),
        ("logs/202?-01.csv", ["2025-01.csv", "2026-01.csv"]),
        ("logs/2026-0[2-9].csv", ["2026-02.csv"]),
        ("logs/*", ["2025-01.csv", "2026-01.csv", "2026-02.csv", "deep/2026-03.csv"]),
        ("l*/*-03.csv", []),
        ("logs/*/*.csv", ["deep/2026-03.csv"]),
        ("*/2026-01.csv", ["logs/2026-01.csv"]),
        ("**/*-03.csv", ["logs/deep/2026-03.csv"]),
    ],
)
def test_a_pattern_gives_the_files_that_match(tmp_path: Path, pattern: str, names: list[str]) -> None:
    """Names are relative to the folder before the pattern; hidden files take no part, nothing is refused."""
    for name in ("2025-01.csv", "2026-01.csv", "2026-02.csv", "deep/2026-03.csv", "_2026-04.csv", ".x/2026-03.csv"):
        path = tmp_path / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x\n1\n")
    if names:
        assert names_of(tmp_path / pattern) == names
    else:
        assert refusal(tmp_path / pattern).expected == f"files at {tmp_path}/{pattern}"


def test_a_path_with_the_signs_of_a_pattern_still_opens(tmp_path: Path) -> None:
    """A file or folder that is really named so is meant, and not what would match."""
    for name in ("a[1].csv", "a1.csv", "b*/x.csv", "b2/y.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x\n1\n")
    assert names_of(tmp_path / "a[1].csv") == ["a[1].csv"]
    assert names_of(tmp_path / "b*") == ["x.csv"]


def test_patterns_hold_on_remote_file_systems() -> None:
    """The same names as on a disk."""
    for name in ("1.csv", "2.csv", "_3.csv"):
        with fsspec.open(f"memory://pattern-test/logs/{name}", "wb") as file:
            file.write(b"x\n1\n")
    assert names_of("memory://pattern-test/logs/*.csv") == ["1.csv", "2.csv"]


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    """Two files with the same bytes have the same digest, under any name."""
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x\n1\n")
    with source_files(str(tmp_path)) as (a, b):
        assert a.sha256 == b.sha256 == "daff832f802000e645771a60983c76c963f6ee602a6230e45237bd360e91cc1a"


def test_remote_files_are_read_like_local_ones() -> None:
    """A folder on a file system that isn't this machine's disk gives the same rows."""
    with fsspec.open("memory://source-test/a.csv", "wb") as file:
        file.write(b"x,y\n1,2\n")
    with source_files("memory://source-test") as files:
        (part, _) = read_parts(files[0])
        assert part.table.to_pylist() == [{"x": "1", "y": "2"}]


def test_digits_are_real_images() -> None:
    """The embedded data has 1,797 images of 64 pixels with labels 0 to 9, the ink as dark as bytes can be."""
    with source_files("digits") as (file,):
        (part,) = read_parts(file)
    assert part.table.schema == pa.schema({"id": pa.int64(), "image": pa.list_(pa.uint8(), 64), "label": pa.int64()})
    assert part.table.num_rows == 1797
    assert part.table["image"][0].as_py()[:8] == [0, 0, 80, 207, 143, 16, 0, 0]
    assert sorted(set(part.table["label"].to_pylist())) == list(range(10))


@pytest.mark.parametrize("source", ["/nowhere/at/all.csv", "memory://nothing-here", "nosuchprotocol://a/b.csv"])
def test_a_source_that_is_not_there_is_refused(source: str) -> None:
    """A missing file, an empty remote folder and an unknown protocol are named in the error."""
    assert source in refusal(source).expected


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A folder without files that count is no source."""
    (tmp_path / ".hidden.csv").write_text("x\n1\n")
    error = refusal(tmp_path)
    assert (error.stage, error.found) == ("source", "none")


def test_an_unknown_extension_is_refused(tmp_path: Path) -> None:
    """A file that no reader knows isn't silently left out."""
    (tmp_path / "a.csv").write_text("x\n1\n")
    (tmp_path / "notes.txt").write_text("hello")
    error = refusal(tmp_path)
    known = ".parquet, .pq, .csv, .tsv, .npz, .jsonl, .ndjson, .arrow, .feather, .ipc"
    assert error.expected == f"files that end in {known}"
    assert error.found == "notes.txt"


def test_a_folder_of_several_formats_is_refused(tmp_path: Path) -> None:
    """Types of cells mean different things in CSV and Parquet."""
    (tmp_path / "a.csv").write_text("x\n1\n")
    pq.write_table(pa.table({"x": [1]}), tmp_path / "b.parquet")
    assert refusal(tmp_path).found == "a.csv and b.parquet"


def test_csv_cells_are_text_and_quoted_ones_may_hold_lines(tmp_path: Path) -> None:
    """Quotes, line ends within them, a byte order mark and blank lines are read as meant."""
    (tmp_path / "a.csv").write_bytes(b'\xef\xbb\xbfid,text\n007,"a\nb"\n\n8,"c,d"\n')
    assert rows_of(tmp_path / "a.csv") == [{"id": "007", "text": "a\nb"}, {"id": "8", "text": "c,d"}]


def test_ragged_lines_keep_their_place(tmp_path: Path) -> None:
    """Lines with too few or too many cells come with position and text, and later rows count on."""
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3\n4,5\n\n6,7,8\n9,10\n11\n")
    first, last = parts_of(tmp_path / "a.csv")
    assert first.table["x"].to_pylist() == ["1", "4", "9"]
    assert first.positions.tolist() == [0, 2, 4]
    assert first.ragged + last.ragged == [(1, "3"), (3, "6,7,8"), (5, "11")]


def test_large_csv_files_come_in_bounded_parts(tmp_path: Path) -> None:
    """200,000 short rows make parts of at most 65,536, their positions without a gap."""
    (tmp_path / "a.csv").write_text("x,y\n" + "".join(f"{i},{i % 7}\n" for i in range(200_000)))
    parts = parts_of(tmp_path / "a.csv")
    assert max(part.table.num_rows for part in parts) <= PART_ROWS
    positions = np.concatenate([part.positions for part in parts])
    np.testing.assert_array_equal(positions, np.arange(200_000))
    np.testing.assert_array_equal([int(x) for part in parts for x in part.table["x"].to_pylist()], positions)


def test_wide_parts_have_fewer_rows() -> None:
    """A part of images fits in the limit even as vectors of float32."""
    rows = part_rows(pa.schema({"image": pa.list_(pa.uint8(), 784)}))
    assert rows == PART_BYTES // (784 * 4) == 10_699


def test_parquet_types_are_plain(tmp_path: Path) -> None:
    """Dictionaries, decimals and half floats are read as what they stand for."""
    table = pa.table(
        {
            "city": pa.array(["a", "b"]).dictionary_encode(),
            "price": pa.array(["1.50", "2.25"]).cast(pa.decimal128(6, 2)),
            "half": pa.array(np.array([1, 2], dtype=np.float16)),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    assert rows_of(tmp_path / "a.parquet") == [
        {"city": "a", "price": 1.5, "half": 1.0},
        {"city": "b", "price": 2.25, "half": 2.0},
    ]


def test_npz_arrays_are_columns(tmp_path: Path) -> None:
    """Arrays of one dimension are numbers or text, of more dimensions lists, whatever their memory layout."""
    matrix = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    images = np.arange(8, dtype=np.uint8).reshape(2, 2, 2)
    np.savez_compressed(tmp_path / "a.npz", x=np.array([1, 2], ">i4"), m=matrix, image=images, name=["u", "v"])
    assert rows_of(tmp_path / "a.npz") == [
        {"x": 1, "m": [0.0, 1.0, 2.0], "image": [0, 1, 2, 3], "name": "u"},
        {"x": 2, "m": [3.0, 4.0, 5.0], "image": [4, 5, 6, 7], "name": "v"},
    ]


def test_large_npz_files_come_in_parts(tmp_path: Path) -> None:
    """150,000 rows come in three parts, in order."""
    np.savez(tmp_path / "a.npz", x=np.arange(150_000), y=np.arange(300_000).reshape(-1, 2))
    parts = parts_of(tmp_path / "a.npz")
    assert [part.table.num_rows for part in parts] == [65_536, 65_536, 18_928]
    np.testing.assert_array_equal(np.concatenate([part.table["x"] for part in parts]), np.arange(150_000))


def test_npz_arrays_of_different_length_are_refused(tmp_path: Path) -> None:
    """Each array has one entry a row."""
    np.savez(tmp_path / "a.npz", x=np.arange(3), y=np.arange(4))
    assert refusal(tmp_path).found == "x (3,), y (4,)"


def test_npz_arrays_of_objects_are_refused(tmp_path: Path) -> None:
    """What would have to be unpickled is not loaded."""
    np.savez(tmp_path / "a.npz", x=np.array([{"a": 1}], dtype=object))
    assert refusal(tmp_path).found == "a.npz: arrays of Python objects are never loaded"


@pytest.mark.parametrize("keep", [0, 10, 3000])
def test_truncated_parquet_is_refused(tmp_path: Path, keep: int) -> None:
    """A file that lost its end is named."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": np.random.default_rng(0).normal(size=1000)}), path)
    path.write_bytes(path.read_bytes()[:keep])
    error = refusal(path)
    assert error.expected == "a whole Parquet file"
    assert error.found.startswith("a.parquet: ")


def test_damaged_parquet_is_refused(tmp_path: Path) -> None:
    """A file whose pages were overwritten is named, though its footer is whole."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": np.random.default_rng(0).normal(size=1000)}), path)
    content = bytearray(path.read_bytes())
    content[4:2000] = b"\xff" * 1996
    path.write_bytes(content)
    assert refusal(path).expected == "a whole Parquet file"


def test_truncated_npz_is_refused(tmp_path: Path) -> None:
    """A file that lost its end is named."""
    path = tmp_path / "a.npz"
    np.savez(path, x=np.arange(1000))
    path.write_bytes(path.read_bytes()[:4000])
    assert refusal(path).expected == "a whole NPZ file without objects"


@pytest.mark.parametrize("content", [b"", b"x,y\n1,\xff\xfe\n", b"\n\n"])
def test_a_csv_file_without_text_is_refused(tmp_path: Path, content: bytes) -> None:
    """Neither an empty file nor one in another encoding is read as something."""
    (tmp_path / "a.csv").write_bytes(content)
    assert refusal(tmp_path).expected == "a CSV file in UTF-8"


def test_source_files_are_frozen() -> None:
    """A reference can't be changed on its way through the stages."""
    file = SourceFile(name="a.csv", path="/a.csv", format="csv", sha256="0")
    with pytest.raises(FrozenInstanceError):
        file.name = "b.csv"  # type: ignore[misc]
