"""Stages hold a part of a table at a time: what they need at once is a small share of what they read."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.encoding import Encoding
from models.settings import EncodingSettings, EvaluationSettings, SourceSettings
from tasks import identity, kinds
from tasks.census import count_clusters
from tasks.curation import Curation
from tasks.evaluate import metric_rows
from tasks.explain import sum_clusters
from tasks.export import joined_parts
from tasks.gallery import choose_rows
from tasks.ingest import ingest_source
from tasks.stage import Artifacts
from tasks.store import Store
from tests.tasks.finished_run import assigned, scored

FILES, FILE_ROWS, COLUMNS, CLUSTERS = 24, 8000, 16, 4
TABLE = FILES * FILE_ROWS * COLUMNS * (8 + 4)  # bytes of the numbers in rows and vectors
MOST = TABLE // 3


def peak(work: Callable[[], Any]) -> int:
    """The most bytes at once that Arrow took for some work, as seen every millisecond."""
    before, done, seen = pa.total_allocated_bytes(), threading.Event(), [0]

    def look() -> None:
        while not done.wait(0.001):
            seen.append(pa.total_allocated_bytes() - before)

    watch = threading.Thread(target=look)
    watch.start()
    try:
        kept = work()
        seen.append(pa.total_allocated_bytes() - before)
        del kept
    finally:
        done.set()
        watch.join()
    return max(seen)


def ingested(folder: Path) -> tuple[Store, Artifacts]:
    """Real files through ingest, with a known class for each row."""
    store = Store(str(folder / "store"))
    settings = SourceSettings(id_column="id", label_column="group")
    return store, ingest_source(str(folder / "source"), settings, EncodingSettings(), CLUSTERS, store)[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source of many files."""
    folder = tmp_path_factory.mktemp("memory")
    (folder / "source").mkdir()
    random = np.random.default_rng(0)
    for file in range(FILES):
        group = np.arange(FILE_ROWS) % CLUSTERS
        columns = {f"x{i:02d}": random.normal(group) for i in range(COLUMNS)}
        ids = {"id": np.arange(file * FILE_ROWS, (file + 1) * FILE_ROWS), "group": group}
        pq.write_table(pa.table(ids | columns), folder / "source" / f"{file:02d}.parquet")
    return folder


@pytest.fixture(scope="module")
def found(folder: Path) -> tuple[Store, Artifacts]:
    """The same with assignments and scores."""
    store, made = ingested(folder)
    with store.attempt("found", "0" * 24) as attempt:
        for table in store.tables(made["vectors"], ["row_id", "split"]):
            clusters = np.arange(len(table)) % CLUSTERS
            attempt.write_table("assignments", assigned(table, clusters, kinds.ASSIGNMENTS))
            attempt.write_table("scores", scored(table, kinds.SCORES))
        return store, made | attempt.commit()


def test_ingest_needs_no_more_for_three_times_the_files(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both passes, the fit of the encoding on its sample of rows, and the vectors."""
    monkeypatch.setattr(identity, "WINDOW", 20_000)  # keys that are compared at once: far fewer than all, as at size
    peaks = []
    for count in (FILES // 3, FILES):
        source = tmp_path / str(count) / "source"
        source.mkdir(parents=True)
        for file in sorted((folder / "source").iterdir())[:count]:
            (source / file.name).symlink_to(file)
        peaks.append(peak(partial(ingested, source.parent)))
    assert peaks[1] < 1.3 * peaks[0]


STAGES: dict[str, Callable[[Store, Artifacts], Any]] = {
    "evaluate": lambda store, made: list(
        metric_rows(store, made["vectors"], made["assignments"], made["labels"], EvaluationSettings(max_rows=500), 0)
    ),
    "explain": lambda store, made: sum_clusters(
        store, made["rows"], made["vectors"], made["assignments"], Encoding.from_json(store.json(made["encoding"]))
    ),
    "census": lambda store, made: count_clusters(store, made["assignments"], made["scores"]),
    "gallery": lambda store, made: choose_rows(store, made["vectors"], made["assignments"], list(range(CLUSTERS))),
    "export": lambda store, made: sum(len(part) for part in joined_parts(store, made, Curation(merged={1: 0}))),
}


@pytest.mark.parametrize("stage", STAGES)
def test_what_reads_all_rows_holds_a_part_of_them(stage: str, found: tuple[Store, Artifacts]) -> None:
    """However many parts there are."""
    assert peak(lambda: STAGES[stage](*found)) < MOST


def test_a_whole_table_would_be_noticed(found: tuple[Store, Artifacts]) -> None:
    """The measure sees what it should."""
    store, made = found
    assert peak(lambda: [store.table(made[kind]) for kind in ("rows", "vectors")]) > MOST
