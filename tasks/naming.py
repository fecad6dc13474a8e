"""What the components of a bundle are called: the one place that knows how a component becomes a row's cluster."""

import hashlib
import json
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from tasks.bundle import Bundle
from tasks.curation import Curation, read_curation
from tasks.labelling import assignment_table
from tasks.store import Store


@dataclass(frozen=True)
class Naming:
    """The stable ids of components (components,), and what people made of these clusters."""

    ids: np.ndarray
    curation: Curation = field(default_factory=Curation)

    @property
    def digest(self) -> str:
        """Changes when a row's cluster or name may."""
        said = self.curation
        edits = [sorted(said.names.items()), sorted(said.merged.items()), sorted(said.dismissed)]
        text = json.dumps([self.ids.tolist(), *edits])
        return hashlib.sha256(text.encode()).hexdigest()

    def table(self, rows: pa.Table, probabilities: np.ndarray) -> pa.Table:
        """Assignments beside row_id and split of the same rows, from probabilities (rows, components)."""
        return assignment_table(rows, *self.curation.apply(probabilities, self.ids))


def naming_of(store: Store, bundle: Bundle) -> Naming:
    """The names that count now."""
    return Naming(bundle.cluster_ids, read_curation(store, bundle.name))
