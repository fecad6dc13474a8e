"""How good clusters, samples and probabilities are: `genclust fit` on labelled data, a row for each seed.

    python -m benchmarks.accuracy                           # all rows of the plan that aren't there yet: hours
    python -m benchmarks.accuracy mnist manifoldgan --seeds 0
    python -m benchmarks.accuracy pendigits clustergan --seeds 0 1 2 -- --clustergan.steps 2000
    python -m benchmarks.accuracy --table                   # what is there, as Markdown

Each row is a fresh command with a store and a Prefect home of its own; its labels are read after it has ended. A row
is kept as a line of `--out` as soon as it is measured, with the time, the machine and the commit, and isn't measured
again unless `--again` says so. The figures:

    acc, nmi, ari, purity   of all rows; with `test_` of rows that no stage has seen: the official test rows, which in
                            pendigits other writers wrote, and a hash's tenth of the digits
    ece                     expected calibration error of cluster_probability against the class that is matched to the
                            cluster on train rows (15 bins of equal mass); `ece_perfect` is what exact probabilities
                            would measure on as many rows
    sample_agreement        share of samples that a classifier, which learned the true classes of train rows, puts into
                            the class matched to their cluster; `test_agreement` is that of test rows
    sample_purity           share that it puts into the commonest class of their cluster
    coverage, precision ... of samples against test rows; `coverage_real` is that of train rows in place of samples,
                            which is low where test rows are of another kind; `validation_` then tells more
    strangers_logit, ...    AUROC with which that raw score of a model of MNIST tells its test rows from Fashion-MNIST's
"""

import argparse
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.judging import judge, judge_strangers
from benchmarks.machine import surroundings
from benchmarks.records import Row, append_row, read_rows
from benchmarks.running import parse_with_options, phase_seconds, run_genclust
from benchmarks.sources import DATA, SOURCES, source_arguments
from benchmarks.tables import tables
from models.model_settings import ModelName
from tasks.code import ROOT
from tasks.registry import Registration, newest_registration
from tasks.store import Store

OUT = ROOT / "benchmarks" / "results" / "accuracy.jsonl"
FLAGSHIP = "manifoldgan"
FLAGSHIP_SEEDS = {
    "mnist": 5,
    "fashion-mnist": 5,
    "pendigits": 5,
    "pendigits-mixed": 5,
    "digits": 5,
    "reuters": 1,
    "reuters-vectors": 1,
}
OTHER_SEEDS = {"pendigits": 3, "mnist": 1}
STRANGERS = {"mnist": "fashion-mnist"}  # whose test rows a model of the first should find strange
NAME = "row"
SHOWN = ("acc", "nmi", "ari", "test_acc", "ece", "sample_agreement", "coverage")


def planned(data: str | None, model: str | None, seeds: list[int] | None) -> Iterator[tuple[str, str, int]]:
    """Data set, model and seed of the rows that are asked for; the plan fills in what isn't named."""
    others = [name.value for name in ModelName if name != FLAGSHIP]
    plan = [(each, FLAGSHIP, count) for each, count in FLAGSHIP_SEEDS.items()]
    plan += [(each, name, count) for each, count in OTHER_SEEDS.items() for name in others]
    chosen = [row for row in plan if data in (None, row[0]) and model in (None, row[1])]
    if data and model and not chosen:
        chosen = [(data, model, 1)]
    for each, name, count in chosen:
        yield from ((each, name, seed) for seed in (range(count) if seeds is None else seeds))


def key(row: Row) -> tuple[Any, ...]:
    """What a row is a measurement of."""
    return row["data"], row["model"], row["seed"], row["clusters"], tuple(row["options"])


def measure(wanted: Row, data: Path, folder: Path) -> Row:
    """Run one fit in a folder and judge it."""
    around, store = surroundings(), Store(str(folder / "store"))
    source, clusters = wanted["data"], wanted["clusters"] or SOURCES[wanted["data"]].clusters
    arguments = ["fit", *source_arguments(source, data, folder), f"--clusters={clusters}", f"--model={wanted['model']}"]
    arguments += [f"--seed={wanted['seed']}", f"--name={NAME}", f"--store={store.root}", "--samples.count=10000"]
    run = run_genclust([*arguments, *wanted["options"]], folder)
    registration = newest_registration(store, NAME, "accuracy")
    figures = judge(store, registration)
    if source in STRANGERS:
        figures |= judge_strangers(store, registration, data / f"{STRANGERS[source]}.parquet")
    cost = {"seconds": run.seconds, "peak_mib": run.peak_mib, "stages": run.stages}
    phases = phase_seconds(store, registration, run.stages["fit"])
    return wanted | around | cost | {"phases": phases, "selection": selection(store, registration), "figures": figures}


def selection(store: Store, registration: Registration) -> dict[str, Any]:
    """What the model chose without labels, in short; nothing for a model that had no choice."""
    if "selection" not in registration.artifacts:
        return {}
    found = store.json(registration.artifacts["selection"])
    chosen = next((each for each in found.get("restarts", []) if each["chosen"]), {})
    is_likeliest = chosen == max(found.get("restarts", []), key=lambda each: each["log_likelihood"], default=chosen)
    left_out = ("restarts", "chosen")
    return {k: v for k, v in (chosen | found).items() if k not in left_out} | {"is_likeliest": is_likeliest}


def attempt(wanted: Row, told: argparse.Namespace) -> bool:
    """Measure a row and keep it; what it needed on disk goes, unless it failed or is asked for."""
    if told.keep:
        Path(told.keep).mkdir(parents=True, exist_ok=True)
    folder = Path(
        tempfile.mkdtemp(prefix=f"genclust-{wanted['data']}-{wanted['model']}-{wanted['seed']}-", dir=told.keep)
    )
    print(f"{wanted['data']:<16}{wanted['model']:<18}{wanted['seed']:>3}", end="", flush=True)
    try:
        row = measure(wanted, told.data_folder, folder)
    except Exception:  # noqa: BLE001 - the other rows of a night are measured all the same
        print(f"  failed; see {folder}\n{traceback.format_exc()}", flush=True)
        return False
    append_row(told.out, row)
    shown = "".join(f"  {name} {row['figures'][name]:.3f}" for name in SHOWN if name in row["figures"])
    print(f"{shown}  {row['seconds']:.0f} s  {row['peak_mib']:,.0f} MiB", flush=True)
    if told.keep is None:
        shutil.rmtree(folder)
    return True


def arguments() -> argparse.Namespace:
    """The command line; what follows -- is told to every fit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", choices=SOURCES, help="all of the plan, if left out")
    parser.add_argument("model", nargs="?", choices=[name.value for name in ModelName], help="likewise")
    parser.add_argument("--seeds", "--seed", type=int, nargs="+", help="those of the plan, if left out")
    parser.add_argument("--clusters", help="a number or auto; the number of classes, if left out")
    parser.add_argument("--out", type=Path, default=OUT, help="the file of rows")
    parser.add_argument("--again", action="store_true", help="measure rows that are there once more")
    parser.add_argument("--keep", type=Path, help="a folder for stores and logs, which then stay")
    parser.add_argument("--data-folder", type=Path, default=DATA)
    parser.add_argument("--table", action="store_true", help="only print what is there")
    return parse_with_options(parser)


def main() -> None:
    """Measure the rows that are asked for and not there yet; the exit status tells whether all came about."""
    told = arguments()
    there = read_rows(told.out, key)
    if told.table:
        print(tables(there))
        return
    done = set() if told.again else set(map(key, there))
    wanted = [
        {"data": data, "model": model, "seed": seed, "clusters": told.clusters, "options": told.options}
        for data, model, seed in planned(told.data, told.model, told.seeds)
    ]
    kept = [attempt(row, told) for row in wanted if key(row) not in done]
    if not all(kept):
        sys.exit(f"{kept.count(False)} of {len(kept)} rows failed")


if __name__ == "__main__":
    main()
