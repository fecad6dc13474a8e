"""What the components of a bundle are called: the one place that knows how a component becomes a cluster."""

import hashlib
import json
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from tasks.bundle import Bundle
from tasks.labelling import assignment_table
from tasks.store import Store


@dataclass(frozen=True)
class Naming:
    """Ids and names of clusters; `ids` is (components,)."""

    ids: np.ndarray
    names: dict[int, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Changes when a row's cluster or name may."""
        text = json.dumps([self.ids.tolist(), sorted(self.names.items())])
        return hashlib.sha256(text.encode()).hexdigest()

    def table(self, rows: pa.Table, probabilities: np.ndarray) -> pa.Table:
        """Assignments beside row_id and split of the same rows, from probabilities of components."""
        probabilities, _ = self.apply(probabilities)
        return assignment_table(rows, probabilities)

    def apply(self, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities of components (rows, components) -> of clusters (rows, clusters), and the clusters' ids."""
        return probabilities, self.ids


def naming_of(store: Store, bundle: Bundle) -> Naming:
    """The names that count now."""
    return Naming(np.arange(n_components(bundle)))


def n_components(bundle: Bundle) -> int:
    """How many components the bundle tells apart."""
    return bundle.partition.n_clusters if bundle.partition else bundle.model.spec.clusters or 0
