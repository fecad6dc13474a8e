"""Is there anything to find: how often the test is wrong about rows without clusters, and how often it sees two blobs.

    python -m benchmarks.structure [TABLES] [RUNS]

TABLES (100) of each kind without clusters are split 80/20, partitioned by k-means of 2 to 10 clusters on the larger
part and tested on the other; then half as many of each pair of blobs. RUNS (10) Gaussian tables and as many cubes are
clustered by a ClusterGAN of few steps, through the stages of the flow. `found` is the share called structure.
The last two kinds, an askew box and a bent Gaussian, have no clusters, but a shape that the surrogates don't keep:
they show what the test takes for structure without clusters.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from models.model_settings import ClusterGanSettings, ModelName
from models.settings import EncodingSettings, SourceSettings, TrainingSettings
from models.structure import probe_structure
from models.surrogates import fit_surrogates
from tasks.fit import fit_phases, model_spec
from tasks.ingest import ingest_source
from tasks.model import FittedModel
from tasks.probe import structure
from tasks.process import ModelProcess
from tasks.store import Store

KINDS = ("gaussian", "cube", "skewed", "heavy_tailed", "askew_box", "bent")
DISTANCES = (2, 2.5, 3, 3.5, 4)
Random = np.random.Generator


def draw(kind: str, n: int, d: int, random: Random) -> np.ndarray:
    """Rows (n, d) without clusters."""
    normal, mixing = random.standard_normal((n, d)), random.standard_normal((d, d))
    match kind:
        case "gaussian":
            return normal @ mixing
        case "cube":
            return random.random((n, d))
        case "skewed":
            return random.lognormal(size=(n, d))
        case "heavy_tailed":
            return random.standard_t(3, size=(n, d))
        case "askew_box":
            return (random.random((n, d)) * np.linspace(1, 3, d)) @ np.linalg.qr(mixing)[0]
        case _:
            return normal + 0.5 * np.eye(d)[0] * normal[:, 1:2] ** 2


def blobs(n: int, d: int, distance: float, random: Random) -> np.ndarray:
    """Two unit Gaussians of equal size, (n, d), apart in a random direction."""
    towards = random.standard_normal(d)
    place = random.choice([-0.5, 0.5], (n, 1)) * distance
    return random.standard_normal((n, d)) + place * towards / np.linalg.norm(towards)


def by_kmeans(x: np.ndarray, clusters: int, seed: int) -> float:
    """The p-value of a partition of four fifths of the rows, tested on the others."""
    train, unseen = np.split(x.astype(np.float32), [len(x) * 4 // 5])
    found = KMeans(clusters, n_init=3, random_state=seed).fit(train)
    return probe_structure(unseen, found.predict, fit_surrogates(train), seed).p_value


def of_kind(kind: str, seed: int) -> float:
    """The p-value of a table whose shape and number of clusters are drawn."""
    random = np.random.default_rng([seed, KINDS.index(kind)])
    n, d = int(random.choice([500, 1000, 2000])), int(random.choice([2, 5, 10, 20]))
    return by_kmeans(draw(kind, n, d, random), int(random.integers(2, 11)), seed)


def by_network(kind: str, seed: int, process: ModelProcess) -> float:
    """The p-value of ClusterGAN's five clusters of 2,000 rows in 8 columns."""
    x = draw(kind, 2000, 8, np.random.default_rng([seed, 99]))
    settings, training = ClusterGanSettings(units=64, pretraining_steps=500, steps=100), TrainingSettings()
    with tempfile.TemporaryDirectory() as folder:
        source, store = Path(folder) / "rows.parquet", Store(f"{folder}/store")
        pd.DataFrame(x, columns=[f"x{i}" for i in range(x.shape[1])]).to_parquet(source)
        made, _, _ = ingest_source(str(source), SourceSettings(), EncodingSettings(), 5, store)
        spec = model_spec(store, made["encoding"], ModelName.clustergan, settings, 5, seed)
        made |= fit_phases(store, made["vectors"], spec, settings, training, process, lambda *_: None)
        with store.attempt("cluster", "responsibilities") as attempt:
            attempt.write_arrays("partition", {})
            made |= attempt.commit()
        fitted = FittedModel(store, made["model"], process)
        return structure(store, fitted, made["vectors"], made["partition"], seed).get("p_value", 1.0)


def print_line(name: str, p_values: list[float]) -> None:
    """One line of the table."""
    p = np.array(p_values)
    print(f"{name:<44}{len(p):>7}{(p <= 0.01).mean():>8.2f}{(p <= 0.05).mean():>10.2f}", flush=True)


def main(tables: int, runs: int) -> None:
    """Print a line for each kind of rows."""
    print(f"{'rows':<44}{'tables':>7}{'found':>8}{'p <= .05':>10}")
    for kind in KINDS:
        print_line(f"{kind}, k-means", [of_kind(kind, seed) for seed in range(tables)])
    for n, d, distance in ((n, d, distance) for n in (500, 2000) for d in (2, 10) for distance in DISTANCES):
        drawn = (blobs(n, d, distance, np.random.default_rng(seed)) for seed in range(tables // 2))
        found = [by_kmeans(x, 2, seed) for seed, x in enumerate(drawn)]
        print_line(f"two blobs, {n} rows, {d} columns, {distance} sd", found)
    with ModelProcess() as process:
        for kind in KINDS[:2]:
            print_line(f"{kind}, clustergan", [by_network(kind, seed, process) for seed in range(runs)])


if __name__ == "__main__":
    with threadpool_limits(1):  # small tables: threads would only wait for each other
        main(*(map(int, sys.argv[1:3]) if len(sys.argv) > 2 else (100, 10)))
