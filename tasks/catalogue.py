"""The clusters of a name as people see them: ids, names and sizes."""

from collections import Counter
from dataclasses import dataclass

from tasks.bundle import cluster_ids_of
from tasks.curation import Curation, read_curation
from tasks.errors import BadInput
from tasks.promotions import champion
from tasks.registry import find_registration
from tasks.store import Artifact, Store


@dataclass(frozen=True)
class Cluster:
    """A cluster of the promoted version; `id` is None for the rows that fit none.

    `counts_as` is what it was merged into; a merged or dismissed one has no rows of its own.
    """

    id: int | None
    name: str
    rows: int
    share: float
    counts_as: int | None
    dismissed: bool


def list_clusters(store: Store, name: str) -> list[Cluster]:
    """The promoted version's clusters after curation, the largest first, rows that fit none last.

    One part of the assignments is in memory at a time.

    Raises:
        BadInput: nothing was promoted under the name, or its registration is gone.
    """
    version, curation = champion(store, name, "clusters").version, read_curation(store, name)
    registration = find_registration(store, name, version)
    if registration is None:
        raise BadInput("clusters", f"a registration of version {version}", "none", "Fit it again: genclust fit.")
    rows = count_rows(store, registration.artifacts["assignments"], curation)
    found = cluster_ids_of(store, name, version).tolist()
    ids = {*found, *map(curation.target, found)}
    listed = sorted(ids, key=lambda each: (-rows[each], each))
    return [_cluster(each, rows, curation) for each in [*listed, *([None] if rows[None] else [])]]


def count_rows(store: Store, assignments: Artifact, curation: Curation) -> Counter[int | None]:
    """Rows of each cluster after curation; None: fits none."""
    counts: Counter[int | None] = Counter()
    for table in store.tables(assignments):
        counts.update(curation.apply_to_table(table)["cluster"].to_pylist())
    return counts


def _cluster(each: int | None, rows: Counter[int | None], curation: Curation) -> Cluster:
    if each is None:
        return Cluster(None, "", rows[None], rows[None] / rows.total(), None, False)
    counts_as = curation.target(each) if each in curation.merged else None
    share = rows[each] / max(rows.total(), 1)
    return Cluster(each, curation.names.get(each, ""), rows[each], share, counts_as, each in curation.dismissed)
