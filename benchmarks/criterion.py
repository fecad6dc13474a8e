"""Whether the student's criterion, which no label enters, goes with ACC: both at each check of its training.

    python -m benchmarks.criterion                      # pendigits and digits, a line for each seed
    python -m benchmarks.criterion mnist --seeds 0

The phases up to the student are those of manifoldgan with its defaults, but for a check every EVERY steps and none that
stops early. `rho` is Spearman's correlation of minus the criterion with ACC on all rows over the checks after the warm
start; `chosen` is ACC at the check whose weights the phase keeps, beside the best and the last check.
"""

import argparse
import dataclasses
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.stats import spearmanr

from benchmarks.sources import DATA, SOURCES
from models.computation import Computation
from models.encoding import Column, Encoding, Kind, fit_encoding, image_shape
from models.generative import DataShape, build_model
from models.manifoldgan import ManifoldGan
from models.matching import contingency, matched_accuracy
from models.model_settings import ManifoldGanSettings
from models.settings import EncodingSettings, TrainingSettings
from models.student import WARM_STEPS
from models.training import train_phase
from tasks.checkpoints import StoredCheckpoints
from tasks.digits import write_digits
from tasks.identity import hashed_splits, named_splits, row_keys
from tasks.loading import matrix
from tasks.store import Store

EVERY = 50  # steps between two checks
OWN = ("id", "label", "split")
Checks = list[tuple[int, float, float]]  # step, criterion, ACC of all rows


@dataclasses.dataclass(frozen=True)
class Data:
    """Vectors x (rows, width), their class and split (rows,), and the shape of each."""

    x: np.ndarray
    label: np.ndarray
    split: np.ndarray
    shape: DataShape


def read_data(name: str, data: Path, folder: Path) -> Data:
    """A data set of images or of numbers, encoded and split as the flow does it."""
    source = SOURCES[name]
    path = data / source.file if source.file else folder / "digits.parquet"
    if source.file is None:
        write_digits(path)
    table = pq.read_table(path)
    keys = row_keys(map(str, table["id"].to_pylist()))
    is_named = source.file is not None and source.split
    split = named_splits(table["split"].to_numpy(), keys, True) if is_named else hashed_splits(keys)
    columns = {column: _values(table, column) for column in table.column_names if column not in OWN}
    encoding = _encoding(columns, split == "train")
    shape = DataShape(encoding.width, encoding.is_image, encoding.image_shape)
    return Data(encoding.encode(columns), table["label"].to_numpy().astype(str), split.astype(str), shape)


def follow_student(data: Data, seed: int, folder: Path) -> Checks:
    """What each check of the student found."""
    clusters = len(np.unique(data.label))
    model = build_model(ManifoldGanSettings(), data.shape, clusters, seed)
    assert isinstance(model, ManifoldGan)
    x, x_validation = (data.x[data.split == split] for split in ("train", "validation"))
    checks: Checks = []
    for phase in ManifoldGanSettings.phases[: ManifoldGanSettings.phases.index("student") + 1]:
        plan = model.plan(phase, x)
        if isinstance(plan, Computation):
            computed = plan.run()
            model.arrays |= computed.arrays | computed.state
            continue
        told = TrainingSettings()
        if phase == "student":
            told = TrainingSettings(check_every=EVERY, patience=plan.steps)
            plan = dataclasses.replace(plan, check=_watch(model, data, plan.check, plan.criterion, checks))
        checkpoints = StoredCheckpoints(Store(str(folder)), phase, folder)
        train_phase(plan, model.strategy, x_validation, told, seed, checkpoints, lambda *_: None)
    return checks


def line(name: str, seed: int, checks: Checks) -> str:
    """A row of the table."""
    step, criterion, acc = (np.array(values) for values in zip(*checks, strict=True))
    after = step > WARM_STEPS
    rho = float(spearmanr(-criterion[after], acc[after]).statistic)
    chosen = acc[criterion.argmin()]
    return f"| {name}, {seed} | {len(step)} | {rho:.2f} | {chosen:.4f} | {acc.max():.4f} | {acc[-1]:.4f} |"


def _watch(model: ManifoldGan, data: Data, check, criterion: str, checks: Checks):  # type: ignore[no-untyped-def]
    def watched(x: np.ndarray) -> dict[str, float]:
        found = check(x)
        cluster = model.predict_proba(model.encode(data.x)).argmax(axis=1)
        acc = matched_accuracy(contingency(data.label, cluster))
        checks.append((EVERY * (len(checks) + 1), found[criterion], acc))
        return dict(found)

    return watched


def _values(table: pa.Table, column: str) -> np.ndarray:
    if pa.types.is_fixed_size_list(table.schema.field(column).type):
        return matrix(table, column)
    return table[column].to_numpy()


def _encoding(columns: dict[str, np.ndarray], is_train: np.ndarray) -> Encoding:
    described = [
        Column(name, Kind.IMAGE, "uint8", values.shape[1], 0, 255, image_shape(values.shape[1]))
        if values.ndim == 2
        else Column(name, Kind.NUMBER, "int64", 1, float(values.min()), float(values.max()))
        for name, values in columns.items()
    ]
    return fit_encoding(described, {name: values[is_train] for name, values in columns.items()}, EncodingSettings())


def main() -> None:
    """Print the table line by line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="*", default=["pendigits", "digits"], help="images or numbers, of SOURCES")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--data-folder", type=Path, default=DATA)
    told = parser.parse_args()
    print("| data, seed | checks | rho | chosen | best | last |\n|---|---|---|---|---|---|", flush=True)
    for name in told.data:
        for seed in told.seeds:
            with tempfile.TemporaryDirectory(prefix="genclust-criterion-") as folder:
                data = read_data(name, told.data_folder, Path(folder))
                print(line(name, seed, follow_student(data, seed, Path(folder))), flush=True)


if __name__ == "__main__":
    main()
