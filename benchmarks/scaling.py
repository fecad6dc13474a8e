"""Time and memory of `genclust fit` as rows and columns grow, with its defaults.

    python -m benchmarks.scaling                            # 5,000, 20,000 and 80,000 rows of 8, 64 and 512 columns
    python -m benchmarks.scaling --rows 5000 --columns 8 --model clustergan -- --clustergan.steps 500
    python -m benchmarks.scaling --table                    # what is there, as Markdown

The rows come from ten Gaussians. Each size is one fresh command with a store and a Prefect home of its own, and a line
of `--out` once measured. Memory is the peak of the command and all processes under it. `ACC` only shows that the fit
came to something: the Gaussians lie well apart.
"""

import argparse
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.accuracy import FLAGSHIP, NAME
from benchmarks.judging import read_assigned
from benchmarks.machine import surroundings
from benchmarks.records import Row, append_row, read_rows
from benchmarks.running import parse_with_options, phase_seconds, run_genclust
from benchmarks.tables import where
from models.metrics import external_metrics
from models.model_settings import ModelName
from tasks.code import ROOT
from tasks.registry import newest_registration
from tasks.store import Store

OUT = ROOT / "benchmarks" / "results" / "scaling.jsonl"
ROWS, COLUMNS, BLOBS = (5_000, 20_000, 80_000), (8, 64, 512), 10
SPREAD = 2.0  # of the Gaussians' centres in each column; their own deviation is 1


def write_mixture(path: Path, rows: int, columns: int) -> None:
    """Rows of BLOBS spherical Gaussians with random centres, and the blob of each."""
    random = np.random.default_rng(0)
    centres, blob = random.normal(0, SPREAD, (BLOBS, columns)), random.integers(0, BLOBS, rows)
    x = random.normal(centres[blob], 1.0).astype(np.float32)  # (rows, columns)
    table = {"id": np.arange(rows)} | {f"x{i:03d}": x[:, i] for i in range(columns)}
    pq.write_table(pa.table(table | {"blob": blob}), path)


def key(row: Row) -> tuple[Any, ...]:
    """What a row is a measurement of."""
    return row["rows"], row["columns"], row["model"], tuple(row["options"])


def measure(wanted: Row, folder: Path) -> Row:
    """One size, in a folder."""
    source, store, around = folder / "mixture.parquet", Store(str(folder / "store")), surroundings()
    write_mixture(source, wanted["rows"], wanted["columns"])
    arguments = ["fit", str(source), "--id-column=id", "--label-column=blob", f"--clusters={BLOBS}", f"--name={NAME}"]
    arguments += [f"--store={store.root}", f"--model={wanted['model']}"]
    run = run_genclust([*arguments, *wanted["options"]], folder)
    registration = newest_registration(store, NAME, "scaling")
    found = read_assigned(store, registration)
    cost = {"seconds": run.seconds, "peak_mib": run.peak_mib, "stages": run.stages}
    phases = phase_seconds(store, registration, run.stages["fit"])
    return wanted | around | cost | {"phases": phases, "acc": external_metrics(found.label, found.cluster)["acc"]}


def table(rows: list[Row]) -> str:
    """A line for each size: all seconds, those of each phase, those of all stages but fit."""
    lines = []
    for (model, *options), found in grouped(rows).items():
        phases = list(found[0]["phases"])
        titles = ["rows", "columns", "seconds", "peak GiB", "ACC", *phases, "other stages"]
        lines += ["", " ".join([model, *options]), "", line(titles), line(["---"] * len(titles))]
        for row in sorted(found, key=key):
            size = [
                f"{row['rows']:,}",
                f"{row['columns']:,}",
                f"{row['seconds']:,.0f}",
                f"{row['peak_mib'] / 1024:.1f}",
            ]
            spent = [f"{row['phases'][phase]:,.0f}" for phase in phases]
            others = row["seconds"] - row["stages"]["fit"]
            lines.append(line([*size, f"{row['acc']:.3f}", *spent, f"{others:,.0f}"]))
    return "\n".join([*lines, "", *sorted({where(row) for row in rows})])


def grouped(rows: list[Row]) -> dict[tuple[str, ...], list[Row]]:
    """The rows by model and what it was told."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["model"], *row["options"]), []).append(row)
    return groups


def line(cells: list[str]) -> str:
    """Of a table in Markdown."""
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure the sizes that aren't there yet, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--columns", type=int, nargs="+", default=COLUMNS)
    parser.add_argument("--model", default=FLAGSHIP, choices=[name.value for name in ModelName])
    parser.add_argument("--out", type=Path, default=OUT, help="the file of rows")
    parser.add_argument("--table", action="store_true", help="only print what is there")
    told = parse_with_options(parser)
    there = {key(row) for row in read_rows(told.out, key)}
    for rows, columns in [] if told.table else product(told.rows, told.columns):
        wanted = {"rows": rows, "columns": columns, "model": told.model, "options": told.options}
        if key(wanted) not in there:
            with tempfile.TemporaryDirectory(prefix="genclust-scaling-") as folder:
                append_row(told.out, measure(wanted, Path(folder)))
            print(f"{rows:,} rows, {columns} columns measured", flush=True)
    print(table(read_rows(told.out, key)))


if __name__ == "__main__":
    main()
