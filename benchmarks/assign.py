"""Memory and time of assigning new rows as they grow, and the rate of the model's forward passes alone.

    python -m benchmarks.assign [ROWS ...] [--model MODEL] [--with-id] [--folder FOLDER]

It fits a model (manifoldgan unless told) to 20,000 rows of ten Gaussian blobs in 16 columns, briefly, and then assigns
new rows of them (1, 10 and 50 million unless told), each number in a process of its own. Memory is that of the process
and its child (PSS), taken every 50 ms. The forward passes are those that assigning asks for, responsibilities and
scores, on the very arrays that it asks with, measured in the same process just before: with nothing else at work, each
in the child, without the way there. Goals: memory flat, time linear, at least half the rate of the forward passes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import surroundings
from benchmarks.memory import Watch, write_source
from flows.fit_clusters import fit_clusters
from models.model_settings import ClusterGanSettings, ManifoldGanSettings, ModelName
from models.settings import SampleSettings, SourceSettings
from tasks.assign import assign_source
from tasks.bundle import read_bundle
from tasks.labelling import needed
from tasks.parts import PART_ROWS
from tasks.process import ModelProcess
from tasks.promotions import champion
from tasks.sources import source_files
from tasks.store import Store
from tasks.tabular import read_parts

SIZES = (1_000_000, 10_000_000, 50_000_000)
FIT_ROWS, BLOBS, NAME = 20_000, 10, "blobs"
FORWARD_PARTS = 8  # of PART_ROWS rows, after one to warm up
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


def forward_rate(store: Store, version: str, source: str, process: ModelProcess) -> float:
    """Rows a second of the passes that assigning needs, as the child measures them."""
    bundle = read_bundle(store, NAME, process, version)
    names = [column.name for column in bundle.encoding.columns]
    with source_files(source) as files:
        table = next(read_parts(files[0])).table
    x = bundle.encoding.encode({name: table[name].to_numpy() for name in names})
    x = np.resize(x, (PART_ROWS, x.shape[1]))
    bundle.model.infer(x, "scores", *needed(bundle.partition))
    started = time.perf_counter()
    for _ in range(FORWARD_PARTS):
        process.ask(
            "infer", inputs=str(process.scratch / "asked.npz"), outputs=str(process.scratch / "answered.npz"),
            wanted=["scores", *needed(bundle.partition)],
        )  # fmt: skip
    return FORWARD_PARTS * PART_ROWS / (time.perf_counter() - started)


def child(folder: Path, source: str) -> None:
    """One size: the forward passes, then the assignment; prints its figures as JSON."""
    store = Store(str(folder / "store"))
    version = champion(store, NAME, "benchmark").version
    with ModelProcess() as process:
        forward = forward_rate(store, version, source, process)
        started = time.perf_counter()
        made, _ = assign_source(source, NAME, version, store, process, lambda *_: None)
        seconds = time.perf_counter() - started
        after = forward_rate(store, version, source, process)
    found = {"rows": made["assigned"].rows, "seconds": seconds, "forward": forward, "forward_after": after}
    print(json.dumps(found))


def measure(folder: Path, rows: int, with_id: bool) -> dict[str, float]:
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
    return json.loads(out.splitlines()[-1]) | {"command": peaks["command"], "model": peaks["model"]}


def line(found: dict[str, float]) -> str:
    """A row of the table."""
    rate = found["rows"] / found["seconds"]
    forward = (found["forward"] + found["forward_after"]) / 2
    return (
        f"| {found['rows']:,.0f} | {found['seconds']:.1f} | {rate:,.0f} | {found['forward']:,.0f} / "
        f"{found['forward_after']:,.0f} | {rate / forward:.2f} | {found['command']:.0f} | {found['model']:.0f} |"
    )


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
        print("| rows | seconds | rows/s | forward rows/s before / after | ratio | MiB command | MiB model |")
        print("|---:|---:|---:|---:|---:|---:|---:|", flush=True)
        for rows in told.rows:
            print(line(measure(Path(folder), rows, told.with_id)), flush=True)


if __name__ == "__main__":
    main()
