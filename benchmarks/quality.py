"""How good samples and probabilities are: both models, on test rows, through the stages of the flow.

    python -m benchmarks.quality                          # digits, pendigits and fashion-mnist, where they are
    python -m benchmarks.quality pendigits gan --seeds 3

No label is read. Each column's `real` is what train rows reach in place of samples, the most that can be hoped for.
`ece` counts against `perfect`, which is measured of exact probabilities on as many rows; the goal is .03,
which on few rows even exact ones miss. False alarms should lie in their interval, `copied` below its bound.
"""

import argparse
import logging
import tempfile
from pathlib import Path

from prefect import flow
from prefect.testing.utilities import prefect_test_harness

from models.model_settings import ClusterGanSettings, GanSettings, ModelName
from models.settings import (
    EncodingSettings,
    EvaluationSettings,
    SampleSettings,
    ScoreSettings,
    SourceSettings,
    TrainingSettings,
)
from tasks.assess import assess
from tasks.code import ROOT
from tasks.fit import fit
from tasks.generate import generate
from tasks.ingest import ingest
from tasks.process import ModelProcess
from tasks.score import score
from tasks.store import Store

DATA = ROOT.parent / "shared" / "data"
COLUMNS = SourceSettings(id_column="id", label_column="label")
SOURCES = {
    "digits": ("digits", SourceSettings()),
    "pendigits": (str(DATA / "pendigits.parquet"), COLUMNS),
    "fashion-mnist": (str(DATA / "fashion-mnist.parquet"), COLUMNS),
}
CLUSTERS = 10
TITLES = (
    "prec", "real", "recall", "real", "dens", "real", "cover", "real", "c2st", "copied", "bound", "auroc", "ece",
    "perfect", "alarms", "low", "high",
)  # fmt: skip
NAMES = (
    "precision", "precision_real", "recall", "recall_real", "density", "density_real", "coverage", "coverage_real",
    "c2st_accuracy", "copied_share", "copied_share_bound", "copying_auroc", "p_real_ece", "p_real_ece_perfect",
    "false_alarms", "false_alarms_low", "false_alarms_high",
)  # fmt: skip


@flow(name="quality")
def measure(data: str, model: ModelName, seed: int, folder: str) -> dict[str, float]:
    """Metrics by name."""
    source, columns = SOURCES[data]
    settings = GanSettings() if model is ModelName.gan else ClusterGanSettings()
    scoring, evaluation = ScoreSettings(), EvaluationSettings()
    with ModelProcess() as process:
        made = ingest.submit(source, columns, EncodingSettings(), CLUSTERS, folder).result()
        vectors, encoding = made["vectors"], made["encoding"]
        fitted = fit.submit(
            vectors, encoding, model, settings, TrainingSettings(), CLUSTERS, seed, folder, process
        ).result()["model"]
        samples = generate.submit(fitted, encoding, SampleSettings(), seed, folder, process).result()["samples"]
        scored = score.submit(fitted, vectors, samples, scoring, seed, folder, process).result()
        assessed = assess.submit(
            fitted, vectors, made["rows"], samples, scored["scores"], scored["calibration"], encoding, scoring,
            evaluation, seed, folder, process,
        ).result()  # fmt: skip
    table = Store(folder).table(assessed["sample_metrics"]).to_pydict()
    return dict(zip(table["name"], table["value"], strict=True))


def main() -> None:
    """Print a line for each data set, model and seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", choices=SOURCES, help="all that are there, if left out")
    parser.add_argument("model", nargs="?", choices=["gan", "clustergan"], help="both, if left out")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--store", help="a folder to keep; a temporary one, if left out")
    told = parser.parse_args()
    logging.disable(logging.INFO)
    there = [name for name, (source, _) in SOURCES.items() if source == name or Path(source).exists()]
    print(f"{'data':<14}{'model':<11}{'seed':>4}" + "".join(f"{title:>8}" for title in TITLES), flush=True)
    with tempfile.TemporaryDirectory() as folder, prefect_test_harness():
        for data in [told.data] if told.data else there:
            for model in [told.model] if told.model else ["gan", "clustergan"]:
                for seed in range(told.seeds):
                    found = measure(data, ModelName(model), seed, told.store or folder)
                    values = "".join(f"{found[name]:>8.3f}" for name in NAMES)
                    print(f"{data:<14}{model:<11}{seed:>4}{values}", flush=True)


if __name__ == "__main__":
    main()
