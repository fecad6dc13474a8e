"""What speaks for a row's cluster and what for its rival, by asking the model about the row with other values."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from models.encoding import Encoding
from models.occlusion import log_odds, occlude, parts_of, share_of_half
from tasks.bundle import Bundle
from tasks.columns import source_name

SMALLEST = 0.01  # change of log-odds that is worth a line
LARGEST = 100.0  # deviations, of a column that never varies in the cluster
Means = dict[int, np.ndarray]  # by cluster, (width,) each


@dataclass(frozen=True)
class Evidence:
    """What a column's value does to the choice between a cluster and its rival.

    Attributes:
        value: of the row; None of what isn't a number, or is missing.
        typical: of the cluster; its mean vector, decoded.
        rival: the same of the rival.
        change: of the log-odds of the cluster against the rival, when the value is replaced.
        probability: of the cluster, after that.
    """

    column: str
    value: Any
    typical: Any
    rival: Any
    change: float
    probability: float


@dataclass(frozen=True)
class Weighing:
    """Both sides of a choice, the strongest first.

    Attributes:
        deciding: columns that speak for the cluster: its log-odds fall when they get the rival's typical value.
        doubtful: columns that speak for the rival: the log-odds rise when they get the cluster's typical value.
        telling_pixels: of an image, the smallest share of pixels that holds half of what speaks for the cluster.
    """

    deciding: tuple[Evidence, ...] = ()
    doubtful: tuple[Evidence, ...] = ()
    telling_pixels: float | None = None


@dataclass(frozen=True)
class Strangeness:
    """How far a value is from a cluster's mean, in the cluster's standard deviations, both as encoded."""

    column: str
    value: Any
    typical: Any
    deviations: float


def weigh(bundle: Bundle, x: np.ndarray, own: pa.Table, means: Means, cluster: int, rival: int) -> Weighing:
    """Weigh the parts of a row x (width,), in its own columns `own`, that is in `cluster`; one batch for the model."""
    parts = parts_of(bundle.encoding)
    asked = [x[None], occlude(x, means[rival], parts), occlude(x, means[cluster], parts)]
    probabilities = bundle.probabilities(np.concatenate(asked).astype(np.float32))
    odds = log_odds(probabilities, bundle.component(cluster), bundle.component(rival))
    as_rival, as_typical = np.split(odds[1:] - odds[0], 2)  # (parts,) each
    if bundle.encoding.image_shape:
        sizes = np.array([len(part) for part in parts])
        return Weighing(telling_pixels=share_of_half(-as_rival, sizes) if (as_rival < 0).any() else None)
    typical, other = (typical_values(bundle.encoding, means[each]) for each in (cluster, rival))
    after = np.split(probabilities[1:, bundle.component(cluster)], 2)
    cells = own.to_pylist()[0]
    columns = [
        (
            source_name(own.schema.field(name)),
            cells[name] if name in typical else None,
            typical.get(name),
            other.get(name),
        )
        for name in (column.name for column in bundle.encoding.columns)
    ]
    sides = [
        [
            Evidence(*column, float(change), float(probability))
            for column, change, probability in zip(columns, changes, chances, strict=True)
        ]
        for changes, chances in zip((as_rival, as_typical), after, strict=True)
    ]
    deciding = sorted((line for line in sides[0] if line.change < -SMALLEST), key=lambda line: line.change)
    doubtful = sorted((line for line in sides[1] if line.change > SMALLEST), key=lambda line: -line.change)
    return Weighing(tuple(deciding), tuple(doubtful))


def strange_columns(
    encoding: Encoding, x: np.ndarray, own: pa.Table, mean: np.ndarray, deviation: np.ndarray
) -> tuple[Strangeness, ...]:
    """The number columns of a row x (width,), the farthest from a cluster's mean first."""
    typical = typical_values(encoding, mean)
    cells, found = own.to_pylist()[0], []
    for name in typical:
        title, place = source_name(own.schema.field(name)), encoding.places[name].start
        far = (x[place] - mean[place]) / max(deviation[place], np.finfo(float).tiny)
        found.append(Strangeness(title, cells[name], typical[name], float(np.clip(far, -LARGEST, LARGEST))))
    return tuple(sorted(found, key=lambda line: -abs(line.deviations)))


def typical_values(encoding: Encoding, mean: np.ndarray) -> dict[str, Any]:
    """A mean vector (width,) as values of the number columns."""
    decoded = encoding.decode(mean[None])
    return {column.name: decoded[column.name].tolist()[0] for column in encoding.numbers}
