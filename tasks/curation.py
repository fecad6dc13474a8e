"""What people said of clusters: names, mergers and dismissals, by stable ids, kept as a ledger that outlives refits."""

from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.bundle import cluster_ids_of
from tasks.edits import Edit, EditKind
from tasks.errors import BadInput
from tasks.labelling import assignment_table, listed_probabilities
from tasks.ledger import append, records
from tasks.promotions import champion
from tasks.store import Store


@dataclass(frozen=True)
class Curation:
    """What all edits of a name come to.

    Attributes:
        names: of clusters, by id.
        merged: the cluster that the rows of another count as.
        dismissed: clusters whose rows fit none.
    """

    names: dict[int, str] = field(default_factory=dict)
    merged: dict[int, int] = field(default_factory=dict)
    dismissed: frozenset[int] = frozenset()

    def target(self, cluster: int) -> int:
        """The cluster that the rows of one count as, itself if it was not merged."""
        while cluster in self.merged:
            cluster = self.merged[cluster]
        return cluster

    @property
    def changes_assignments(self) -> bool:
        """Whether it does more than give names."""
        return bool(self.merged or self.dismissed)

    def said_of(self, cluster: int) -> str:
        """The name of a cluster, and what its rows count as in words; "" where nobody said anything."""
        target = self.target(cluster)
        fate = "(dismissed)" if target in self.dismissed else f"(counts as {target})" if target != cluster else ""
        return " ".join(filter(None, [self.names.get(cluster), fate]))

    def apply(self, probabilities: np.ndarray, cluster_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities (rows, clusters) and ids (clusters,) of the curated clusters.

        The columns of merged clusters are added up. A row whose likeliest cluster is dismissed gets zeros; what
        other rows had of dismissed clusters is lacking to 1. Where all are dismissed, all columns stay, as zeros.
        """
        if not self.changes_assignments:
            return probabilities, cluster_ids
        ids, place = np.unique([self.target(each) for each in cluster_ids.tolist()], return_inverse=True)
        added = probabilities @ np.eye(len(ids))[place]  # (rows, ids)
        gone = np.isin(ids, list(self.dismissed))
        added[gone[added.argmax(axis=1)]] = 0
        return (added[:, ~gone], ids[~gone]) if not gone.all() else (added, ids)

    def apply_to_table(self, assignments: pa.Table) -> pa.Table:
        """Assignments as the curation has them, from each row's listed `probabilities`."""
        if not self.changes_assignments:
            return assignments
        probabilities, ids = listed_probabilities(assignments)
        if not len(ids):  # every row fits none
            return assignments
        named = [name for name in ("row_id", "sample_id", "split") if name in assignments.column_names]
        return assignment_table(assignments.select(named), *self.apply(probabilities, ids))

    def name_column(self, clusters: pa.ChunkedArray) -> pa.Array:
        """The name of each row's cluster, null without one."""
        ids = pa.array(list(self.names), clusters.type)
        return pc.take(pa.array(list(self.names.values()), pa.string()), pc.index_in(clusters, value_set=ids))

    def after(self, edit: Edit) -> "Curation":
        """With one more edit."""
        cluster, others = edit.cluster, {each: into for each, into in self.merged.items() if each != edit.cluster}
        match edit.kind:
            case EditKind.rename:
                return replace(self, names=self.names | {cluster: edit.title or ""})
            case EditKind.merge:
                assert edit.into is not None
                return replace(self, merged=others | {cluster: edit.into})
            case EditKind.dismiss:
                return replace(self, dismissed=self.dismissed | {cluster})
            case EditKind.restore:
                return replace(self, merged=others, dismissed=self.dismissed - {cluster})

    def conflict(self, edit: Edit) -> BadInput | None:
        """Why an edit makes no sense after those before it, if it doesn't."""
        cluster, into = edit.cluster, edit.into
        if edit.kind == EditKind.restore:
            if cluster in self.merged or cluster in self.dismissed:
                return None
            return _refusal("a cluster that was merged or dismissed", f"{cluster}, as it was found", "Leave it so.")
        if cluster in self.merged:
            found = f"{cluster}, whose rows count as {self.target(cluster)}"
            return _refusal("a cluster of its own", found, f"Name {self.target(cluster)}, or restore {cluster} first.")
        if cluster in self.dismissed and edit.kind != EditKind.rename:
            return _refusal("a cluster that was not dismissed", f"{cluster}", f"Restore {cluster} first.")
        if into is not None and self.target(into) == cluster:
            words = "itself" if into == cluster else f"{into}, whose rows count as {cluster}"
            return _refusal(f"another cluster to merge {cluster} into", words, "Name another one.")
        if into is not None and self.target(into) in self.dismissed:
            found = f"{self.target(into)}, which was dismissed"
            return _refusal("a cluster to merge into", found, f"Restore it, or dismiss {cluster} too.")
        return None


def read_curation(store: Store, name: str) -> Curation:
    """What people said of the clusters of a name, in the order in which they said it.

    Of two edits at once that contradict each other the later one counts for nothing.
    """
    curation = Curation()
    for record in records(store, _folder(name)):
        edit = Edit.model_validate_json(record)
        curation = curation if curation.conflict(edit) else curation.after(edit)
    return curation


def add_edit(store: Store, name: str, edit: Edit) -> Curation:
    """Keep an edit of the promoted version's clusters.

    Raises:
        BadInput: an unknown name or id, or an edit that contradicts the earlier ones.
    """
    curation = read_curation(store, name)
    ids = cluster_ids_of(store, name, champion(store, name, "clusters").version).tolist()
    known = {*ids, *map(curation.target, ids)}
    for cluster in (edit.cluster, edit.into):
        if cluster is not None and cluster not in known:
            listed = ", ".join(map(str, sorted(known)))
            raise _refusal(f"a cluster of {name}", f"{cluster}", f"It has these: {listed}.")
    refusal = curation.conflict(edit)
    if refusal:
        raise refusal
    append(store, _folder(name), edit.model_dump_json(indent=1, exclude_none=True).encode())
    return curation.after(edit)


def _refusal(expected: str, found: str, remedy: str) -> BadInput:
    return BadInput("clusters", expected, found, remedy)


def _folder(name: str) -> str:
    return f"models/{name}/edits"
