"""Sources that grow between runs, and sources that change while they are read."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.settings import EncodingSettings, SourceSettings
from tasks.errors import Interrupted
from tasks.ingest import ingest_source, inspect_source
from tasks.sources import check_unchanged, source_files
from tasks.store import Store
from tasks.tabular import read_parts

BY_ID = SourceSettings(id_column="id")


def write_lines(path: Path, start: int, rows: int = 40) -> None:
    """Rows as JSON lines or as CSV."""
    ids = range(start, start + rows)
    if path.suffix == ".csv":
        path.write_text("id,x,y\n" + "".join(f"{id},{id % 7},{id % 9 / 8}\n" for id in ids))
    else:
        path.write_text("".join(json.dumps({"id": id, "x": id % 7, "y": id % 9 / 8}) + "\n" for id in ids))


def ingested(source: Path, store: Store) -> int:
    """Rows of the source, by a run."""
    return ingest_source(str(source), BY_ID, EncodingSettings(), 2, store)[0]["rows"].rows


def attempts(store: Store) -> dict[str, set[str]]:
    """What both passes over the files have written so far."""
    return {
        stage: {f"{key}/{attempt}" for key in store.names(stage) for attempt in store.names(f"{stage}/{key}")}
        for stage in ("profile", "read")
    }


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_only_new_and_changed_files_are_read(tmp_path: Path, store: Store, suffix: str) -> None:
    """Each pass makes one more attempt for a third file, one for a file that was appended to, none for fewer files."""
    folder = tmp_path / "data"
    folder.mkdir()
    for number in (1, 2):
        write_lines(folder / f"{number}{suffix}", start=100 * number)
    assert ingested(folder, store) == 80
    two = attempts(store)

    write_lines(folder / f"3{suffix}", start=300)
    assert ingested(folder, store) == 120
    three = attempts(store)

    write_lines(folder / f"2{suffix}", start=200, rows=50)
    assert ingested(folder, store) == 130
    appended = attempts(store)

    (folder / f"1{suffix}").unlink()
    assert ingested(folder, store) == 90

    for stage in ("profile", "read"):
        assert [len(seen[stage]) for seen in (two, three, appended, attempts(store))] == [2, 3, 4, 4]
        assert two[stage] < three[stage] < appended[stage]


def test_a_pattern_and_its_folder_share_what_was_read(tmp_path: Path, store: Store) -> None:
    """A file has the same name by both, so it is read once."""
    folder = tmp_path / "data"
    folder.mkdir()
    for number in (1, 2):
        write_lines(folder / f"{number}.csv", start=100 * number)
    assert ingested(folder / "[1].csv", store) == 40
    first = attempts(store)
    assert ingested(folder, store) == 80
    for stage in ("profile", "read"):
        assert first[stage] < attempts(store)[stage]
        assert len(attempts(store)[stage]) == 2


@contextmanager
def meanwhile(change: Path, replace: bool) -> Iterator[None]:
    """A thread that appends to a file, or replaces it by a copy, again and again."""
    started, stop = Event(), Event()
    content = change.read_bytes()

    def write() -> None:
        number = 0
        while not stop.wait(0.001):
            number += 1
            if replace:
                change.with_suffix(".new").write_bytes(content)
                change.with_suffix(".new").replace(change)
            else:
                with change.open("a") as file:
                    file.write(f"{10**6 + number},1,1\n")
            started.set()

    thread = Thread(target=write)
    thread.start()
    started.wait()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("replace", [False, True], ids=["appended", "replaced"])
def test_a_file_that_is_written_while_it_is_read_is_noticed(tmp_path: Path, store: Store, replace: bool) -> None:
    """A run, and a look, name the file and leave nothing; when the writer is done, a run succeeds."""
    source = tmp_path / "a.csv"
    write_lines(source, start=0, rows=5000)
    words = "source: expected a.csv to stay the same while it is read; found another version of it. Wait until"
    with meanwhile(source, replace):
        with pytest.raises(Interrupted, match=words):
            ingested(source, store)
        with pytest.raises(Interrupted, match=words):
            inspect_source(str(source), BY_ID, EncodingSettings())
    assert store.fs.find(store.base) == []
    assert ingested(source, store) >= 5000


def test_a_file_that_is_deleted_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    """Its open handle still gives all rows, but the next pass can't."""
    write_lines(tmp_path / "a.csv", start=0)
    with source_files(str(tmp_path)) as files:
        parts = read_parts(files[0])
        next(parts)
        (tmp_path / "a.csv").unlink()
        assert sum(part.table.num_rows for part in parts) == 0
        with pytest.raises(Interrupted, match=r"a.csv to stay the same .* found no such file any more"):
            list(read_parts(files[0]))
        with pytest.raises(Interrupted, match="found no such file any more"):
            check_unchanged(files)


def test_a_file_that_is_cut_short_while_it_is_read_is_not_called_damaged(tmp_path: Path) -> None:
    """Between two parts of it: what looks damaged will be whole again."""
    path = tmp_path / "a.parquet"
    table = pa.table({"x": np.random.default_rng(0).normal(size=400_000)})
    pq.write_table(table, path, row_group_size=50_000)
    with source_files(str(path)) as (file,):
        parts = read_parts(file)
        next(parts)
        os.truncate(path, 1_000_000)
        with pytest.raises(Interrupted, match=r"a.parquet to stay the same .* found another version of it"):
            list(parts)


def test_any_error_from_a_file_that_changed_is_the_changes(tmp_path: Path) -> None:
    """What later steps can't make sense of needs no other excuse."""
    write_lines(tmp_path / "a.csv", start=0)

    def fail() -> None:
        with source_files(str(tmp_path)):
            write_lines(tmp_path / "a.csv", start=1)
            raise TypeError

    with pytest.raises(Interrupted, match=r"a.csv to stay the same"):
        fail()
