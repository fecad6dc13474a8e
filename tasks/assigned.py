"""What was assigned under a name: a record for each run, and the rows of all runs together.

A row that several runs assigned counts once, as the latest of them saw it; the earlier rows stay readable by their run.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from tasks.errors import BadInput
from tasks.identity import row_keys
from tasks.ledger import append_once, records
from tasks.store import Artifact, Store
from tasks.table_file import check_out, save_table


class Assignment(BaseModel):
    """One run: which source it put into the clusters of which version, and what came of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    run_id: str
    version: str
    source: str
    assigned_at: str
    artifacts: dict[str, Artifact]
    rows: int
    rejected: int


def add_assignment(store: Store, made: Assignment) -> None:
    """Make it the newest; the same run is recorded once."""
    append_once(store, _folder(made.name), made.run_id, made.model_dump_json(indent=1).encode())


def assignments(store: Store, name: str) -> list[Assignment]:
    """All runs of a name, the oldest first."""
    return [Assignment.model_validate_json(record) for record in records(store, _folder(name))]


def current_parts(store: Store, name: str) -> Iterator[pa.Table]:
    """The rows of all runs, each row_id once, those of the latest run first; 8 bytes a row in memory."""
    seen, done = np.zeros(0, np.uint64), set()
    for run in reversed(assignments(store, name)):
        new = []
        for file in store.files(run.artifacts["assigned"]):
            if file.path in done:  # a later run had the same rows of the same file
                continue
            done.add(file.path)
            (table,) = store.tables_of([file])
            keys = row_keys(table["row_id"].to_pylist())
            is_new = ~_contains(seen, keys)
            new.append(keys[is_new])
            yield table.filter(pa.array(is_new))
        seen = np.sort(np.concatenate([seen, *new]))


def save_assigned(name: str, out: str, store: str, run_id: str | None = None) -> int:
    """Write the rows of all runs, or those of one, to a Parquet or CSV file; gives their number.

    Raises:
        BadInput: an unknown name or run, or another kind of file.
    """
    check_out(out, "assigned")
    place = Store(store)
    known = assignments(place, name)
    if not known:
        others = ", ".join(place.names("models")) or "none"
        remedy = "Assign rows first: genclust assign SOURCE NAME."
        raise BadInput("assigned", f"rows assigned by {name} in {store}", f"none; models: {others}", remedy)
    if run_id is None:
        return save_table(out, current_parts(place, name))
    runs = [run for run in known if run.run_id == run_id]
    if not runs:
        ids = ", ".join(run.run_id for run in known[-20:])
        raise BadInput("assigned", f"a run of {name} with the id {run_id}", f"the newest: {ids}", "Name one of these.")
    return save_table(out, place.tables(runs[-1].artifacts["assigned"]))


def _contains(ascending: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Whether each value (values,) is among the ascending ones."""
    if not len(ascending):
        return np.zeros(len(values), bool)
    place = np.searchsorted(ascending, values)
    return ascending[np.minimum(place, len(ascending) - 1)] == values


def _folder(name: str) -> str:
    return f"models/{name}/assigned"
