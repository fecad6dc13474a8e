"""Does the ranking without labels agree with the known classes? Spearman's rho of score and ACC over contestants.

    python -m benchmarks.ranking [SEEDS]                  # digits, 4,000 pendigits and blobs that overlap; 3 seeds

Contestants are well-known partitions from good to useless, each from some seeds; the train rows are four fifths of all
rows, the judged rows the others; ACC is of all rows. `rho` is over all contestants, `sensible` without those that were
put in to be bad (too few clusters, random labels). `x stability` is the rho that the score times the stability would
have: why stability isn't part of the rule. NEIGHBORS and the rule were chosen with digits in view, not the others.
"""

import sys
from collections.abc import Iterator

import numpy as np
import pyarrow.parquet as pq
import umap
from scipy.stats import spearmanr
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.datasets import load_digits, make_blobs
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from benchmarks.sources import DATA
from models.cohesion import judge_labels, nearest_train_rows
from models.matching import contingency, matched_accuracy

CLUSTERS = 10
PENDIGITS = 4000
BAD = ("six clusters", "random")


def data(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Vectors (rows, columns) of one range, and classes (rows,)."""
    if name == "digits":
        x, y = load_digits(return_X_y=True)
        return x / 16, y
    if name == "pendigits":
        table = pq.read_table(DATA / "pendigits.parquet").to_pandas().sample(PENDIGITS, random_state=0)
        return table.drop(columns=["id", "split", "label"]).to_numpy() / 100, table["label"].to_numpy()
    return make_blobs(2000, 8, centers=CLUSTERS, cluster_std=2.2, random_state=1)


def contestants(x: np.ndarray, seeds: int) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Names, and labels (rows,) from each seed."""
    flat = PCA(2).fit_transform(x)
    yield "k-means", [KMeans(CLUSTERS, n_init=3, random_state=s).fit_predict(x) for s in range(seeds)]
    one = {"n_init": 1, "init": "random", "max_iter": 3}
    yield "k-means, cut short", [KMeans(CLUSTERS, **one, random_state=s).fit_predict(x) for s in range(seeds)]
    yield "k-means of 2 PCs", [KMeans(CLUSTERS, n_init=3, random_state=s).fit_predict(flat) for s in range(seeds)]
    for kind in ("full", "diag", "spherical"):
        mixtures = [
            GaussianMixture(CLUSTERS, covariance_type=kind, reg_covar=1e-3, random_state=s) for s in range(seeds)
        ]
        yield f"mixture, {kind}", [mixture.fit_predict(x) for mixture in mixtures]
    for linkage in ("ward", "average"):
        yield linkage, [AgglomerativeClustering(CLUSTERS, linkage=linkage).fit_predict(x)] * seeds
    for neighbors in (5, 20, 60):
        yield f"umap {neighbors}, mixture", [by_umap(x, neighbors, seed) for seed in range(seeds)]
    yield BAD[0], [KMeans(6, n_init=3, random_state=s).fit_predict(x) for s in range(seeds)]
    yield BAD[1], [np.random.default_rng(s).integers(CLUSTERS, size=len(x)) for s in range(seeds)]


def by_umap(x: np.ndarray, neighbors: int, seed: int) -> np.ndarray:
    """Labels of the likeliest of six mixtures of an embedding."""
    points = umap.UMAP(n_neighbors=neighbors, n_components=5, min_dist=0, random_state=seed).fit_transform(x)
    tried = [GaussianMixture(CLUSTERS, random_state=100 * seed + i).fit(points) for i in range(6)]
    return max(tried, key=lambda mixture: mixture.lower_bound_).predict(points)


def measure(name: str, seeds: int) -> None:
    """Print a line for each contestant, and rho."""
    x, y = data(name)
    held = np.random.default_rng(0).random(len(x)) < 0.2
    near = nearest_train_rows(x[~held], x[held])
    names, rows = [], []
    for contestant, found in contestants(x, seeds):
        labels = np.stack(found)
        evidence = judge_labels(labels[:, held], labels[:, ~held], near)
        acc = float(np.mean([matched_accuracy(contingency(y, each)) for each in labels]))
        names.append(contestant)
        rows.append((acc, evidence.score, evidence.stability))
        print(f"{name:<11}{contestant:<22}" + "".join(f"{value:>11.3f}" for value in rows[-1]), flush=True)
    acc, score, stability = np.array(rows).T
    sensible = np.array([each not in BAD for each in names])
    for title, chosen in (("all", sensible | True), ("sensible", sensible)):
        plain, times = (spearmanr(acc[chosen], each[chosen])[0] for each in (score, score * stability))
        print(f"{name:<11}rho, {title:<17}{plain:>11.2f}   x stability {times:.2f}", flush=True)


if __name__ == "__main__":
    print(f"{'data':<11}{'contestant':<22}{'acc':>11}{'score':>11}{'stability':>11}")
    with threadpool_limits(1):
        for data_set in ("digits", "pendigits", "blobs"):
            measure(data_set, int(sys.argv[1]) if len(sys.argv) > 1 else 3)
