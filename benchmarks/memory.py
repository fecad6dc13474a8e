"""Memory and time of the whole main job as the rows grow, by its own commands.

    python -m benchmarks.memory [ROWS ...] [--with-id] [--folder FOLDER]

For each number of rows (500,000 and 5,000,000 unless told) it writes Parquet files of ten Gaussian blobs, 16 columns
of numbers and the blob as the label, and runs `genclust fit` (`clustergan`) and `genclust export` on them. Memory is
the sum over the command and all processes under it, Prefect's temporary server among them, of what each has for
itself and its share of the rest (PSS), taken every 50 ms. Training is short (500 steps a phase) and costs the same at
both sizes, so that the ratio of the times is given without it too. Goals, from the first number of rows to ten times
as many: 1.3 x the memory, 11 x the time. About 10 minutes and 6 GB of disk on 2 cores.
"""

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

SIZES = (500_000, 5_000_000)
FILE_ROWS, COLUMNS, BLOBS = 250_000, 16, 10
SPREAD = 4.0  # of the blobs' centres; a blob's own deviation is 1
EVERY = 0.05  # seconds between two looks at the memory
SHORT = ("--model=clustergan", "--clustergan.pretraining-steps=500", "--clustergan.steps=500")
STAGES = (
    "start", "ingest", "fit", "generate", "score", "cluster", "probe", "assess", "evaluate", "explain", "report",
    "register", "export",
)  # fmt: skip
PARTS = ("all", "command", "model", "server")


@dataclass(frozen=True)
class Run:
    """One size: seconds and peak MiB of each stage."""

    rows: int
    seconds: dict[str, float]
    peaks: dict[str, dict[str, float]]  # stage -> part of the process tree

    def peak(self, part: str) -> float:
        """The largest of all stages, in MiB."""
        return max(peaks[part] for peaks in self.peaks.values())

    def total(self, without: tuple[str, ...] = ()) -> float:
        """Seconds of the job, or of its other stages."""
        return sum(seconds for stage, seconds in self.seconds.items() if stage not in ("export", *without))


class Watch:
    """The memory of a process and all under it, until it ends."""

    def __init__(self, pid: int) -> None:
        self.root = psutil.Process(pid)
        self.seen: list[tuple[float, dict[str, float]]] = []  # time, MiB
        self._names: dict[psutil.Process, str] = {}
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def join(self) -> None:
        """Wait for the last look, after the process ended."""
        self._thread.join()

    def peaks(self, start: float, end: float) -> dict[str, float]:
        """The most of each part between two times."""
        within = [memory for at, memory in self.seen if start <= at <= end]
        return {part: max((memory[part] for memory in within), default=0.0) for part in PARTS}

    def _look(self) -> None:
        while self.root.is_running() and self.root.status() != psutil.STATUS_ZOMBIE:
            memory = dict.fromkeys(PARTS, 0.0)
            for process in (self.root, *self.root.children(recursive=True)):
                try:
                    used = process.memory_full_info().pss / 2**20
                    memory[self._part(process)] += used
                    memory["all"] += used
                except psutil.Error:
                    continue  # it has just ended
            self.seen.append((time.time(), memory))
            time.sleep(EVERY)

    def _part(self, process: psutil.Process) -> str:
        if process == self.root:
            return "command"
        if process not in self._names:
            self._names[process] = "model" if "tasks.worker" in process.cmdline() else "server"
        return self._names[process]


def write_source(folder: Path, rows: int, with_id: bool) -> None:
    """Parquet files of FILE_ROWS rows; half of the columns are float32, half float64."""
    centres = np.random.default_rng(0).normal(0, SPREAD, (BLOBS, COLUMNS))
    for start in range(0, rows, FILE_ROWS):
        random, count = np.random.default_rng(start + 1), min(FILE_ROWS, rows - start)
        blob = random.integers(0, BLOBS, count)
        x = random.normal(centres[blob], 1.0)  # (count, COLUMNS)
        columns = {f"x{i:02d}": x[:, i].astype(np.float32 if i % 2 else np.float64) for i in range(COLUMNS)}
        ids = {"id": np.arange(start, start + count)} if with_id else {}
        pq.write_table(pa.table(ids | columns | {"blob": blob}), folder / f"rows-{start:09d}.parquet")


def command(*arguments: str, home: Path) -> tuple[Watch, float, float]:
    """Run `genclust` to its end; what it used, when it started and when it ended."""
    code = "import sys; from flows.cli import main; sys.exit(main())"
    environment = {**os.environ, "PREFECT_HOME": str(home), "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300"}
    words = [sys.executable, "-c", code, *arguments]
    started = time.time()
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, env=environment) as child:
        watch = Watch(child.pid)
        watch.join()
        if child.wait():
            sys.exit(f"genclust {' '.join(arguments)} failed")
    return watch, started, time.time()


def stage_times(home: Path) -> dict[str, tuple[float, float]]:
    """Start and end of each stage, from Prefect's own record."""
    with sqlite3.connect(home / "prefect.db") as database:
        found = database.execute("select name, start_time, end_time from task_run").fetchall()
    seconds = [[datetime.fromisoformat(f"{text}+00:00").timestamp() for text in times] for _, *times in found]
    return {name.rsplit("-", 1)[0]: (start, end) for (name, *_), (start, end) in zip(found, seconds, strict=True)}


def measure(rows: int, with_id: bool, folder: Path) -> Run:
    """Write a source, fit it, export what was found."""
    source, store, home = (folder / name for name in ("source", "store", "prefect"))
    source.mkdir()
    write_source(source, rows, with_id)
    roles = ["--label-column=blob", *(["--id-column=id"] if with_id else [])]
    clusters = f"--clusters={BLOBS}"
    fit, started, _ = command("fit", str(source), clusters, f"--store={store}", *roles, *SHORT, home=home)
    spans = stage_times(home)
    spans["start"] = (started, spans["ingest"][0])
    peaks = {stage: fit.peaks(*span) for stage, span in spans.items()}
    out = str(folder / "found.parquet")
    export, *spans["export"] = command("export", "main", out, f"--store={store}", home=home)
    peaks["export"] = export.peaks(*spans["export"])
    return Run(rows, {stage: end - start for stage, (start, end) in spans.items()}, peaks)


def lines(run: Run) -> list[str]:
    """A table of one size."""
    heads = [f"{part + ' MiB':>12}" for part in PARTS]
    found = [f"\n{run.rows:,} rows\n{'stage':<10}{'seconds':>9}{'rows/s':>10}" + "".join(heads)]
    for stage in STAGES:
        seconds, peaks = run.seconds[stage], run.peaks[stage]
        cells = "".join(f"{peaks[part]:>12,.0f}" for part in PARTS)
        found.append(f"{stage:<10}{seconds:>9.1f}{run.rows / max(seconds, 1e-3):>10,.0f}{cells}")
    peaks_of_all = "".join(f"{run.peak(part):>12,.0f}" for part in PARTS)
    return [*found, f"{'job':<10}{run.total():>9.1f}{run.rows / run.total():>10,.0f}{peaks_of_all}"]


def ratios(first: Run, last: Run) -> list[str]:
    """The last size against the first."""
    memory = ", ".join(f"{part} {last.peak(part) / max(first.peak(part), 1):.2f}" for part in PARTS)
    seconds = last.total() / first.total()
    others = last.total(("start", "fit")) / first.total(("start", "fit"))
    return [
        f"\n{last.rows / first.rows:.1f} x the rows",
        f"peak memory x {memory}",
        f"time of the job x {seconds:.2f}; without start and fit x {others:.2f}",
    ]


def main() -> None:
    """Measure the sizes one after another and compare the last with the first."""
    parser = argparse.ArgumentParser(description="Memory and time of genclust fit as the rows grow.")
    parser.add_argument("rows", nargs="*", type=int, default=SIZES)
    parser.add_argument("--with-id", action="store_true", help="give the rows an id column")
    parser.add_argument("--folder", help="where sources and stores are kept for the time of the run")
    told = parser.parse_args()
    runs = []
    for rows in told.rows:
        with tempfile.TemporaryDirectory(prefix="genclust-memory-", dir=told.folder) as folder:
            runs.append(measure(rows, told.with_id, Path(folder)))
        print(*lines(runs[-1]), sep="\n", flush=True)
    print(*ratios(runs[0], runs[-1]), sep="\n")


if __name__ == "__main__":
    main()
