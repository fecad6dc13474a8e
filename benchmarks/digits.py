"""`gan` and `clustergan` on scikit-learn's digits, five seeds each, through the stages of the flow, with defaults.

    python -m benchmarks.digits

Labels are read here alone, after training. `gan` is partitioned by k-means on its embedding, `clustergan` by its own
responsibilities. `test ACC` is over rows that no stage has seen, the rest over all rows. Goals, as means of five seeds:
ACC .80 for gan and .83 for clustergan. About 10 minutes on 2 cores.
"""

import sys
import tempfile
import time

import numpy as np

from models.metrics import external_metrics
from models.model_settings import ClusterGanSettings, GanSettings, ModelName
from models.partitions import fit_partition
from models.settings import EncodingSettings, PartitionMethod, PartitionSettings, SourceSettings, TrainingSettings
from tasks.cluster import fit_points
from tasks.fit import fit_phases, model_spec
from tasks.ingest import ingest_source
from tasks.labelling import memberships
from tasks.loading import parts
from tasks.model import FittedModel
from tasks.process import ModelProcess
from tasks.stage import Artifacts
from tasks.store import Store

SEEDS = range(5)
CLUSTERS = 10


def fit_digits(store: Store, made: Artifacts, name: ModelName, seed: int, process: ModelProcess) -> np.ndarray:
    """Cluster of each row, (rows,)."""
    settings = GanSettings() if name == ModelName.gan else ClusterGanSettings()
    training, vectors = TrainingSettings(), made["vectors"]
    spec = model_spec(store, made["encoding"], name, settings, CLUSTERS, seed)
    fitted = fit_phases(store, vectors, spec, settings, training, process, lambda *_: None)
    model, partition = FittedModel(store, fitted["model"], process), None
    if not settings.has_components:
        told = PartitionSettings()
        points = fit_points(store, model, vectors, vectors, told, training.max_rows, seed)
        partition = fit_partition(points, told, PartitionMethod.kmeans, CLUSTERS, seed)
    found = [memberships(model, partition, x).argmax(axis=1) for _, x in parts(store, vectors)]
    return np.concatenate(found)


def main(names: list[str]) -> None:
    """Print a line for each seed, and mean and standard deviation of each model."""
    print(f"{'model':<12}{'seed':>5}{'ACC':>8}{'NMI':>8}{'ARI':>8}{'test ACC':>10}{'seconds':>9}")
    with tempfile.TemporaryDirectory() as folder, ModelProcess() as process:
        store = Store(folder)
        made, _, _ = ingest_source("digits", SourceSettings(), EncodingSettings(), CLUSTERS, store)
        label = store.table(made["labels"])["label"].to_numpy()
        test = store.table(made["vectors"], columns=["split"])["split"].to_numpy() == "test"
        for name in names:
            figures = []
            for seed in SEEDS:
                started = time.perf_counter()
                cluster = fit_digits(store, made, ModelName(name), seed, process)
                seconds = time.perf_counter() - started
                measured, unseen = (external_metrics(label[rows], cluster[rows]) for rows in (slice(None), test))
                figures.append([measured["acc"], measured["nmi"], measured["ari"], unseen["acc"], seconds])
                print_line(name, str(seed), figures[-1])
            print_line(name, "mean", np.mean(figures, axis=0))
            print_line(name, "std", np.std(figures, axis=0))


def print_line(name: str, seed: str, figures: np.ndarray | list[float]) -> None:
    """One line of the table."""
    acc, nmi, ari, test_acc, seconds = figures
    print(f"{name:<12}{seed:>5}{acc:>8.3f}{nmi:>8.3f}{ari:>8.3f}{test_acc:>10.3f}{seconds:>9.1f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or [ModelName.gan, ModelName.clustergan])
