"""Stable ids: the clusters of a new model matched to those of the promoted one, on rows that both label."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.lineage import changes, count_pairs, stable_ids
from models.numbering import likeliest
from models.partitions import Partition
from tasks.bundle import Bundle, cluster_ids_of, read_bundle
from tasks.labelling import memberships
from tasks.loading import at_places, choose, matrix
from tasks.model import FittedModel
from tasks.process import ModelProcess
from tasks.promotions import promotions
from tasks.readable import differences, encode_readable
from tasks.registry import find_registration
from tasks.store import Artifact, Store

SHARED_ROWS = 20_000  # that both models label: a cluster of 1 % has 200 of them
SEED = 0  # of the choice of these rows
UNREADABLE = -2  # of a row that the promoted model can't read

Lineage = dict[str, Any]


@dataclass(frozen=True)
class Predecessor:
    """What ids go on from: the promoted version, if there is one, and the first id that no promoted version used."""

    version: str | None
    next_id: int


def find_predecessor(store: Store, name: str, made_of: str) -> Predecessor:
    """The version whose ids the model made of `made_of` takes over: the promoted one.

    A model that is the promoted one itself, fitted again, keeps the predecessor that it had: the same run gives the
    same artifacts, before and after its promotion.
    """
    line = promotions(store, name)
    if not line:
        return Predecessor(None, 0)
    registered = find_registration(store, name, line[-1].version)
    known = registered.summary.get("lineage") if registered else None  # older summaries have none
    if known and known["made_of"] == made_of:
        return Predecessor(known["predecessor"], known["next_id"])
    return Predecessor(line[-1].version, first_unused_id(store, name))


def first_unused_id(store: Store, name: str) -> int:
    """The first id above those of every version that was ever promoted."""
    versions = {each.version for each in promotions(store, name)}
    return 1 + max((int(cluster_ids_of(store, name, each).max(initial=-1)) for each in versions), default=-1)


def trace(
    store: Store,
    name: str,
    predecessor: Predecessor,
    made_of: str,
    fitted: FittedModel,
    partition: Partition | None,
    rows: Artifact,
    vectors: Artifact,
    process: ModelProcess,
    log: logging.Logger | logging.LoggerAdapter[Any],
) -> tuple[np.ndarray, Lineage]:
    """The id of each component (components,), and what became of the promoted clusters, as JSON.

    Without a promoted version ids count from 0. Where the rows don't fit its columns all ids are new. One part of
    the tables is in memory at a time.
    """
    n_components = partition.n_clusters if partition else fitted.spec.clusters or 0
    told: Lineage = {
        "predecessor": predecessor.version, "next_id": predecessor.next_id, "made_of": made_of, "rows": 0,
        "changes": [], "unfit": [],
    }  # fmt: skip
    fresh = predecessor.next_id + np.arange(n_components)
    if predecessor.version is None:
        return fresh, told
    champion = read_bundle(store, name, process, predecessor.version)
    if _is_same(champion, fitted, partition):
        return champion.cluster_ids, told | {"changes": _all_kept(champion.cluster_ids)}
    places = choose(np.arange(rows.rows), SHARED_ROWS, SEED)
    before, unfit = label_by_bundle(store, champion, rows, places)
    if unfit:
        words = "No cluster keeps its id: the rows don't fit the promoted version %s: %s"
        log.warning(words, predecessor.version, "; ".join(unfit))
        return fresh, told | {"unfit": unfit}
    after = np.concatenate([likeliest(memberships(fitted, partition, x)) for x in _vectors(store, vectors, places)])
    readable = before != UNREADABLE
    counts = count_pairs(before[readable], after[readable], len(champion.cluster_ids), n_components)
    ids = stable_ids(counts, champion.cluster_ids, predecessor.next_id)
    found = [change.to_json() for change in changes(counts, champion.cluster_ids, ids)]
    return ids, told | {"rows": int(readable.sum()), "changes": found}


def label_by_bundle(store: Store, bundle: Bundle, rows: Artifact, places: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """The component of each row at ascending places (rows,), NO_CLUSTER or UNREADABLE; or why columns don't fit."""
    labels = []
    for table in at_places(store, rows, places):
        if unfit := differences(bundle.encoding, table):
            return np.full(len(places), UNREADABLE), unfit
        x, readable = encode_readable(bundle.encoding, table)
        found = np.full(len(table), UNREADABLE)
        found[readable] = likeliest(bundle.probabilities(x)) if len(x) else 0
        labels.append(found)
    return np.concatenate(labels), []


def _vectors(store: Store, vectors: Artifact, places: np.ndarray) -> Iterator[np.ndarray]:
    return (matrix(table) for table in at_places(store, vectors, places, ["vector"]))


def _is_same(champion: Bundle, fitted: FittedModel, partition: Partition | None) -> bool:
    """Whether both label every row alike."""
    mine, theirs = ((each.to_arrays() if each else {}) for each in (partition, champion.partition))
    equal = mine.keys() == theirs.keys() and all(np.array_equal(mine[name], theirs[name]) for name in mine)
    return champion.model.sha256 == fitted.sha256 and equal


def _all_kept(ids: np.ndarray) -> list[dict[str, Any]]:
    return [{"kind": "kept", "before": [each], "after": [each], "shares": [1.0]} for each in ids.tolist()]
