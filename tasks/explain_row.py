"""Why a row is in its cluster: what the model says of the row, of rows like it, and of the row with other values."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.bundle import Bundle, read_bundle
from tasks.columns import source_name
from tasks.curation import read_curation
from tasks.errors import BadInput
from tasks.evidence import Means, Strangeness, Weighing, strange_columns, weigh
from tasks.loading import matrix, take, take_rows
from tasks.lookup import find_row
from tasks.nearest import TypicalRow, typical_rows
from tasks.pixels import pixels_of
from tasks.process import ModelProcess
from tasks.registry import Registration, newest_registration
from tasks.store import Store

ASSIGNED = ["cluster", "cluster_probability", "second_cluster", "margin"]
SCORED = ["p_real", "p_value", "is_outlier"]


@dataclass(frozen=True)
class RowExplanation:
    """One row of a registration; the columns of assignments and scores are the row's there.

    Attributes:
        own: values of the columns that take part and are numbers, by their names in the source.
        nearest: the row's cluster; of a row that fits none, the cluster with the nearest mean vector.
        rival: the runner-up, or without one the other cluster with the nearest mean vector; None if there is none.
        said: what people said of these two, for those of whom they said anything.
        distances: from the mean vectors of these two.
        typical: rows that are typical of these two, the nearest to the row first.
        weighing: what speaks for the cluster and what for its rival; of no use where the row fits none.
        strange: of a row that fits none, the columns by how far they are from the nearest cluster.
        pictures: of the row and of the means of the two clusters, (height, width) in [0, 1], if vectors are images.
    """

    name: str
    version: str
    row_id: str
    split: str
    own: dict[str, Any]
    cluster: int | None
    cluster_probability: float | None
    second_cluster: int | None
    margin: float | None
    p_real: float
    p_value: float
    is_outlier: bool
    nearest: int
    rival: int | None
    said: dict[int, str]
    distances: dict[int, float]
    typical: list[TypicalRow]
    weighing: Weighing
    strange: tuple[Strangeness, ...]
    pictures: dict[str, np.ndarray]


def explain_row(name: str, row_id: str, store: str) -> RowExplanation:
    """Explain a row of the newest registration of a name; one part of the tables is in memory at a time.

    Raises:
        BadInput: an unknown name or row, or a registration of before there were profiles of clusters.
    """
    place = Store(store)
    registration = newest_registration(place, name, "explain")
    if "profiles" not in registration.artifacts:
        expected, found = f"profiles of the clusters of {name}", "a registration that is older than them"
        raise BadInput("explain", expected, found, "Fit it again: genclust fit.")
    with ModelProcess(trains=False) as process:
        return explain_position(place, registration, read_bundle(place, name, process, registration.version), row_id)


def explain_position(store: Store, registration: Registration, bundle: Bundle, row_id: str) -> RowExplanation:
    """The same, with the bundle of the registration."""
    made, encoding = registration.artifacts, bundle.encoding
    position = find_row(store, made, bundle.settings["columns"]["id_column"], row_id)
    here = np.array([position])
    assigned = take(store, made["assignments"], here, ASSIGNED).to_pylist()[0]
    profiles = store.table(made["profiles"])
    if not len(profiles):
        expected, found = f"clusters in {registration.name}", "none: no row fits any"
        raise BadInput("explain", expected, found, "Fit it again with another partition.method.")
    means, deviations = _by_cluster(profiles, "mean"), _by_cluster(profiles, "deviation")
    x = take_rows(store, made["vectors"], here)[0].astype(np.float64)  # (width,)
    nearest, rival = _pair(x, means, assigned["cluster"], assigned["second_cluster"])
    curation = read_curation(store, registration.name)
    pair = {cluster: means[cluster] for cluster in (nearest, rival) if cluster is not None}
    names = [column.name for column in encoding.numbers]
    own = take(store, made["rows"], here, ["split", *(column.name for column in encoding.columns)])
    values = own.to_pylist()[0]
    fits = assigned["cluster"] is not None
    return RowExplanation(
        name=registration.name,
        version=registration.version,
        row_id=row_id,
        split=values["split"],
        own={source_name(own.schema.field(name)): values[name] for name in names},
        **assigned,
        **take(store, made["scores"], here, SCORED).to_pylist()[0],
        nearest=nearest,
        rival=rival,
        said={cluster: words for cluster in pair if (words := curation.said_of(cluster))},
        distances={cluster: float(np.linalg.norm(x - mean)) for cluster, mean in pair.items()},
        typical=typical_rows(store, made, names, x, position, pair),
        weighing=weigh(bundle, x, own, means, nearest, rival) if fits and rival is not None else Weighing(),
        strange=() if fits else strange_columns(encoding, x, own, means[nearest], deviations[nearest]),
        pictures=_pictures(bundle, x, pair),
    )


def _by_cluster(profiles: Any, name: str) -> Means:
    return dict(zip(profiles["cluster"].to_pylist(), matrix(profiles, name).astype(np.float64), strict=True))


def _pair(x: np.ndarray, means: Means, cluster: int | None, second: int | None) -> tuple[int, int | None]:
    """The row's cluster and its rival; where there is none, the nearest by mean vector."""
    by_distance = sorted(means, key=lambda each: float(np.linalg.norm(x - means[each])))
    nearest = by_distance[0] if cluster is None else cluster
    if second in means and second != nearest:
        return nearest, second
    return nearest, next((each for each in by_distance if each != nearest), None)


def _pictures(bundle: Bundle, x: np.ndarray, pair: Means) -> dict[str, np.ndarray]:
    image = pixels_of(bundle.encoding)
    if image is None or not bundle.encoding.is_image:
        return {}
    shown = {"this row": x} | {f"mean of {cluster}": mean for cluster, mean in pair.items()}
    drawn = image.grey(bundle.encoding.decode(np.stack(list(shown.values()))))
    return dict(zip(shown, drawn, strict=True))
