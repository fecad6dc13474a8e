"""Whether the student's criterion, which no label enters, goes with ACC: both at each check of its training.

    python -m benchmarks.criterion                      # pendigits and digits, a line for each seed
    python -m benchmarks.criterion mnist --seeds 0

The phases up to the student are those of manifoldgan with its defaults, but for a check every EVERY steps and none that
stops early. `rho` is Spearman's correlation of minus the criterion with ACC on all rows over the checks after the warm
start; `chosen` is ACC at the check whose weights the phase keeps, beside the best and the last check.
"""

import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from benchmarks.seed_lines import print_lines
from benchmarks.vectors import Data, read_data
from models.computation import Computation
from models.generative import build_model
from models.manifoldgan import ManifoldGan
from models.matching import contingency, matched_accuracy
from models.model_settings import ManifoldGanSettings
from models.settings import TrainingSettings
from models.student import WARM_STEPS
from models.training import train_phase
from tasks.checkpoints import StoredCheckpoints
from tasks.store import Store

EVERY = 50  # steps between two checks
Checks = list[tuple[int, float, float]]  # step, criterion, ACC of all rows


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


def lines(name: str, data_folder: Path, seeds: list[int]) -> Iterator[str]:
    """A row of the table for each seed."""
    for seed in seeds:
        with tempfile.TemporaryDirectory(prefix="genclust-criterion-") as folder:
            checks = follow_student(read_data(name, data_folder, Path(folder)), seed, Path(folder))
        step, criterion, acc = (np.array(values) for values in zip(*checks, strict=True))
        after = step > WARM_STEPS
        rho = float(spearmanr(-criterion[after], acc[after]).statistic)
        chosen = acc[criterion.argmin()]
        yield f"| {name}, {seed} | {len(step)} | {rho:.2f} | {chosen:.4f} | {acc.max():.4f} | {acc[-1]:.4f} |"


def _watch(model: ManifoldGan, data: Data, check, criterion: str, checks: Checks):  # type: ignore[no-untyped-def]
    def watched(x: np.ndarray) -> dict[str, float]:
        found = check(x)
        cluster = model.predict_proba(model.encode(data.x)).argmax(axis=1)
        acc = matched_accuracy(contingency(data.label, cluster))
        checks.append((EVERY * (len(checks) + 1), found[criterion], acc))
        return dict(found)

    return watched


if __name__ == "__main__":
    header = "| data, seed | checks | rho | chosen | best | last |"
    print_lines(__doc__, "images or numbers, of SOURCES", header, lines)
