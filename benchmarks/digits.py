"""Both models on scikit-learn's digits, five seeds each: ACC, NMI and ARI over all rows, and seconds of
training.

    python -m benchmarks.digits

Labels are read here alone, after training. `gan` is partitioned by k-means on its embedding,
`clustergan` by its own
responsibilities. Goals, as means of five seeds: ACC .80 and .83.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.metrics import adjusted_rand_score, confusion_matrix, normalized_mutual_info_score

from models.generative import DataShape, build_model
from models.settings import ClusterGanSettings, GanSettings, ModelName, TrainingSettings
from models.training import train_phase

SEEDS = range(5)
CLUSTERS = 10


class FolderCheckpoints:
    """Checkpoints in a local folder."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def latest(self) -> str | None:
        return max(map(str, self.folder.iterdir()), default=None)

    def save(self, step: int, folder: str) -> None:
        shutil.copytree(folder, self.folder / f"{step:08d}", dirs_exist_ok=True)


def fit_clusters(name: ModelName, x: np.ndarray, seed: int) -> tuple[np.ndarray, float, str]:
    """Cluster of each row, seconds of training and how the phases ended."""
    started, endings = time.perf_counter(), []
    settings = GanSettings() if name == ModelName.GAN else ClusterGanSettings()
    model = build_model(name, settings, DataShape(x.shape[1], image=True), CLUSTERS, seed)
    x_validation = x[np.random.default_rng(seed).permutation(len(x))[: len(x) // 10]]
    for phase in model.phases:
        with tempfile.TemporaryDirectory() as folder:
            result = train_phase(
                model,
                phase,
                x,
                x_validation,
                TrainingSettings(),
                seed,
                FolderCheckpoints(folder),
                lambda *_: None,
            )
        endings.append(f"{result.stop_reason} at {result.steps}")
    seconds, p = time.perf_counter() - started, model.predict_proba(x)
    if p is not None:
        return p.argmax(1), seconds, ", ".join(endings)
    kmeans = KMeans(CLUSTERS, n_init=20, random_state=seed)
    return kmeans.fit_predict(model.embed(x)), seconds, ", ".join(endings)


def measure(labels: np.ndarray, clusters: np.ndarray) -> tuple[float, float, float]:
    """Hungarian-matched accuracy, NMI and ARI."""
    table = confusion_matrix(labels, clusters)
    accuracy = table[linear_sum_assignment(-table)].sum() / len(labels)
    return accuracy, normalized_mutual_info_score(labels, clusters), adjusted_rand_score(labels, clusters)


def main(names: list[str]) -> None:
    x, labels = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    print(f"{'model':<12}{'seed':>5}{'ACC':>8}{'NMI':>8}{'ARI':>8}{'seconds':>9}  phases")
    for name in map(ModelName, names or list(ModelName)):
        figures = []
        for seed in SEEDS:
            clusters, seconds, endings = fit_clusters(name, x, seed)
            figures.append((*measure(labels, clusters), seconds))
            print(
                f"{name:<12}{seed:>5}{'{:8.3f}{:8.3f}{:8.3f}{:9.1f}'.format(*figures[-1])}  {endings}",
                flush=True,
            )
        for title, values in (("mean", np.mean(figures, axis=0)), ("std", np.std(figures, axis=0))):
            print(f"{name:<12}{title:>5}{'{:8.3f}{:8.3f}{:8.3f}{:9.1f}'.format(*values)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
