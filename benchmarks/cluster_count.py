"""How many clusters are chosen where the number is known, and whether it is said to stand out.

    python -m benchmarks.cluster_count                    # every table, one seed
    python -m benchmarks.cluster_count digits wine --seeds 3

Rows are embedded by UMAP (20 neighbours, min_dist 0, 10 dimensions) where near rows vary alike, images by their
gradients, 10,000 of them.
`stable` is the prediction strength of the chosen number and of the true one. Blobs are unit Gaussians in 8 dimensions
whose nearest means are so many standard deviations apart; the tables of one class have no groups. Labels are only
counted.
"""

import argparse
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow.parquet as pq
import sklearn.datasets
from scipy.spatial.distance import pdist
from threadpoolctl import threadpool_limits

from benchmarks.sources import DATA, REUTERS, write_texts
from models.cluster_count import ClusterCount, count_clusters
from models.gradients import EdgeHistograms
from models.manifold import exact_graph, umap_embedding
from models.variation import local_variation

ROWS, COLUMNS = 3_000, 8  # of the drawn tables
IMAGES = 10_000
NEIGHBORS, DIMS = 20, 10
SMALL = {"iris": "load_iris", "wine": "load_wine", "breast-cancer": "load_breast_cancer", "digits": "load_digits"}
FILES = {"pendigits": "pendigits.parquet", "mnist": "mnist.parquet", "fashion-mnist": "fashion-mnist.parquet"}
BLOBS = {f"blobs-{k}-{apart}sd": (k, apart) for k in (3, 5, 8, 12) for apart in (4, 6)}
PICTURES = ("digits", "mnist", "fashion-mnist")  # whose rows are descriptions of images
NAMES = (*SMALL, *FILES, "reuters", *BLOBS, "gaussian", "long-gaussian", "cube")

Table = tuple[np.ndarray, int]  # rows (rows, columns), and how many classes they have


def load(name: str, seed: int) -> Table:
    """The table of that name; the drawn ones and the choice of images depend on the seed."""
    random = np.random.default_rng(seed)
    match name:
        case "gaussian" | "long-gaussian":
            scales = np.linspace(1, 5, COLUMNS) if name == "long-gaussian" else 1
            return random.standard_normal((ROWS, COLUMNS)) * scales, 1
        case "cube":
            return random.random((ROWS, COLUMNS)), 1
        case "reuters":
            return load_texts()
        case _ if name in BLOBS:
            return draw_blobs(*BLOBS[name], random)
        case _ if name in SMALL:
            data = getattr(sklearn.datasets, SMALL[name])()
            x = EdgeHistograms((8, 8)).describe(data.data) if name == "digits" else standardised(data.data)
            return x, len(data.target_names)
    return load_file(name, random)


def load_file(name: str, random: np.random.Generator) -> Table:
    """Images by their gradients, or the columns of pen trajectories; the train split of these."""
    table = pq.read_table(DATA / FILES[name])
    classes = len(table["label"].unique())
    if "image" not in table.column_names:
        train = table.filter(table["split"].to_numpy() == "train")
        return standardised(np.column_stack([train[c] for c in train.column_names if c.startswith("x")])), classes
    rows = table["image"].take(random.choice(len(table), IMAGES, replace=False))
    x = np.stack(rows.to_numpy()).astype(np.float32) / 255
    return EdgeHistograms((28, 28)).describe(x), classes


def load_texts() -> Table:
    """News stories as `benchmarks.sources` writes them."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "texts.parquet"
        write_texts(DATA / REUTERS, out, as_lists=True)
        table = pq.read_table(out)
    return np.stack(table["vector"].to_numpy()), len(table["topic"].unique())


def draw_blobs(clusters: int, apart: float, random: np.random.Generator) -> Table:
    """Unit Gaussians, about as many rows of each."""
    means = random.standard_normal((clusters, COLUMNS))
    means *= apart / pdist(means).min()
    return means[random.integers(clusters, size=ROWS)] + random.standard_normal((ROWS, COLUMNS)), clusters


def standardised(x: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and variance 1."""
    return (x - x.mean(axis=0)) / x.std(axis=0)


def varying_alike(x: np.ndarray) -> np.ndarray:
    """Rows in coordinates in which near ones vary alike."""
    return x @ local_variation(x, exact_graph(x, NEIGHBORS).neighbors).whiten


def count(x: np.ndarray, seed: int) -> ClusterCount:
    """The number of clusters of rows' embedding."""
    graph = exact_graph(x, NEIGHBORS)
    return count_clusters(umap_embedding(x, [graph], DIMS, seed), graph.neighbors, seed)


def print_line(name: str, seed: int) -> None:
    """One line of the table; the time is with the embedding."""
    x, classes = load(name, seed)
    start = time.perf_counter()
    x = x.astype(np.float32)
    found = count(x if name in PICTURES else varying_alike(x), seed)
    of_true = next((f"{c.stability:.2f}" for c in found.candidates if c.clusters == classes), "-")
    print(
        f"{name:<16}{seed:>5}{len(x):>7}{classes:>6}{found.chosen:>8}{'yes' if found.stands_out else 'no':>12}"
        f"{found.best.stability:>8.2f}{of_true:>9}{time.perf_counter() - start:>6.0f}",
        flush=True,
    )


def main() -> None:
    """Print a line for each table and seed; tables whose file isn't there are left out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", help=f"of {', '.join(NAMES)}; all, if left out")
    parser.add_argument("--seeds", type=int, default=1)
    told = parser.parse_args()
    files = FILES | {"reuters": REUTERS}
    there = [name for name in NAMES if name not in files or (DATA / files[name]).exists()]
    print(
        f"{'data':<16}{'seed':>5}{'rows':>7}{'true':>6}{'chosen':>8}{'stands out':>12}{'stable':>8}"
        + f"{'of true':>9}{'s':>6}"
    )
    for name in told.tables or there:
        for seed in range(told.seeds):
            print_line(name, seed)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # UMAP's of disconnected graphs
    with threadpool_limits(1):
        main()
