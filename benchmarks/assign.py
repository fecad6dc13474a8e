"""Memory and time of assigning new rows as they grow, and the rate of the model's forward passes alone.

    python -m benchmarks.assign [ROWS ...] [--model MODEL] [--with-id] [--folder FOLDER]

It fits a model (manifoldgan unless told) to 20,000 rows of ten Gaussian blobs in 16 columns, briefly, and then assigns
new rows of them (1, 10 and 50 million unless told), each number in a process of its own. Memory is that of the process
and its child (PSS), taken every 50 ms. The forward passes are those that assigning asks for, responsibilities and
scores, on vectors as it asks with, in the same child just before and just after, without the way there; those of the
encoder alone are for responsibilities. On a machine that others use, rates by the clock say little: the seconds of
processor time that each takes are given too. Goals: memory flat, time linear, at least half the rate of the forward
passes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.machine import surroundings
from benchmarks.memory import Watch, write_source
from flows.fit_clusters import fit_clusters
from models.model_settings import ClusterGanSettings, ManifoldGanSettings, ModelName
from models.settings import SampleSettings, SourceSettings
from tasks.assign import assign_source
from tasks.bundle import Bundle, read_bundle
from tasks.labelling import needed
from tasks.parts import PART_ROWS
from tasks.process import ModelProcess
from tasks.promotions import champion
from tasks.sources import source_files
from tasks.store import Store
from tasks.tabular import read_parts

SIZES = (1_000_000, 10_000_000, 50_000_000)
FIT_ROWS, BLOBS, NAME = 5_000, 10, "blobs"
FORWARD_PARTS = 4  # of PART_ROWS rows, after one to warm up
SHORT = {
    "manifoldgan": ManifoldGanSettings(student_steps=500, steps=500),
    "clustergan": ClusterGanSettings(pretraining_steps=500, steps=500),
}


def fit(folder: Path, model: ModelName, with_id: bool) -> None:
    """A short fit."""
    (folder / "fit").mkdir()
    write_source(folder / "fit", FIT_ROWS, with_id)
    columns = SourceSettings(label_column="blob", id_column="id" if with_id else None)
    fit_clusters(
        source=str(folder / "fit"), name=NAME, clusters=BLOBS, model=model, store=str(folder / "store"),
        columns=columns, samples=SampleSettings(count=500), **SHORT,
    )  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """Of some rows: seconds by the clock, and of processor time in this process and in its child."""

    rows: int
    seconds: float
    command: float
    model: float

    @property
    def rate(self) -> float:
        """Rows a second by the clock."""
        return self.rows / self.seconds

    @property
    def micro(self) -> float:
        """Microseconds of processor time a row, of both processes."""
        return 1e6 * (self.command + self.model) / self.rows


def measured(work: Callable[[], int]) -> Cost:
    """What some work cost; it gives its number of rows."""
    child = psutil.Process().children()[0].cpu_times
    before, started, own = sum(child()[:2]), time.perf_counter(), time.process_time()
    rows = work()
    return Cost(rows, time.perf_counter() - started, time.process_time() - own, sum(child()[:2]) - before)


def forward_passes(process: ModelProcess, *wanted: str) -> int:
    """The passes for what is wanted, on FORWARD_PARTS times PART_ROWS rows; gives their number."""
    names = {"inputs": str(process.scratch / "asked.npz"), "outputs": str(process.scratch / "answered.npz")}
    for _ in range(FORWARD_PARTS):
        process.ask("infer", wanted=list(wanted), **names)
    return FORWARD_PARTS * PART_ROWS


def warm_up(bundle: Bundle, source: str) -> None:
    """Start the child and ask it once, so that a part's vectors lie where the passes find them."""
    names = [column.name for column in bundle.encoding.columns]
    with source_files(source) as files:
        table = next(read_parts(files[0])).table
    x = bundle.encoding.encode({name: table[name].to_numpy() for name in names})
    bundle.model.infer(np.resize(x, (PART_ROWS, x.shape[1])), "scores", *needed(bundle.partition))


def child(folder: Path, source: str) -> None:
    """One size: the forward passes, the assignment, and the passes again; prints their costs as JSON."""
    store = Store(str(folder / "store"))
    version = champion(store, NAME, "benchmark").version
    with ModelProcess(trains=False) as process:
        bundle = read_bundle(store, NAME, process, version)
        warm_up(bundle, source)
        asked = needed(bundle.partition)
        passes = lambda: forward_passes(process, "scores", *asked)  # noqa: E731
        encoder = measured(lambda: forward_passes(process, *asked))
        before = measured(passes)
        work = lambda: assign_source(source, NAME, version, store, process, lambda *_: None)[0]["assigned"].rows  # noqa: E731
        assigned = measured(work)
        after = measured(passes)
    costs = {"encoder": encoder, "before": before, "assigned": assigned, "after": after}
    print(json.dumps({name: asdict(cost) for name, cost in costs.items()}))


def measure(folder: Path, rows: int, with_id: bool) -> dict[str, Any]:
    """Write a source and assign it in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="genclust-rows-", dir=folder) as source:
        write_source(Path(source), rows, with_id)
        words = [sys.executable, "-m", "benchmarks.assign", "--child", source, "--folder", str(folder)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
            watch = Watch(running.pid)
            out, _ = running.communicate()
            watch.join()
        if running.returncode:
            sys.exit("assign failed")
    peaks = watch.peaks(0, float("inf"))
    return {**json.loads(out.splitlines()[-1]), "command": peaks["command"], "model": peaks["model"]}


def line(found: dict[str, Any]) -> str:
    """A row of the table."""
    encoder, before, assigned, after = (Cost(**found[name]) for name in ("encoder", "before", "assigned", "after"))
    forward = (before.rate + after.rate) / 2
    micro = (before.micro + after.micro) / 2
    own, model = (1e6 * seconds / assigned.rows for seconds in (assigned.command, assigned.model))
    cells = [
        f"{assigned.rows:,}", f"{assigned.seconds:.1f}", f"{assigned.rate:,.0f}", f"{encoder.rate:,.0f}",
        f"{before.rate:,.0f} / {after.rate:,.0f}", f"{assigned.rate / forward:.2f}", f"{own:.1f} + {model:.1f}",
        f"{micro:.1f}", f"{found['command']:.0f}", f"{found['model']:.0f}",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Fit, then measure the sizes one after another."""
    parser = argparse.ArgumentParser(description="Memory and time of genclust assign as the rows grow.")
    parser.add_argument("rows", nargs="*", type=int, default=SIZES)
    parser.add_argument("--model", type=ModelName, default=ModelName.manifoldgan)
    parser.add_argument("--with-id", action="store_true", help="give the rows an id column")
    parser.add_argument("--folder", help="where sources and stores are kept for the time of the run")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.child:
        child(Path(told.folder), told.child)
        return
    with tempfile.TemporaryDirectory(prefix="genclust-assign-", dir=told.folder) as folder:
        fit(Path(folder), told.model, told.with_id)
        print(f"{told.model}, {'with' if told.with_id else 'without'} an id column; {surroundings()}\n")
        print(
            "| rows | seconds | rows/s | encoder alone rows/s | forward rows/s before / after | ratio "
            "| CPU us/row command + model | CPU us/row forward | MiB command | MiB model |"
        )
        print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|", flush=True)
        for rows in told.rows:
            print(line(measure(Path(folder), rows, told.with_id)), flush=True)


if __name__ == "__main__":
    main()
