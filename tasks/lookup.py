"""A row by its id."""

import difflib
import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.cells import id_texts
from tasks.errors import BadInput
from tasks.stage import Artifacts
from tasks.store import Store

NEAR_ROWS = 20_000  # the ids that are looked through for a similar one


def find_row(store: Store, made: Artifacts, id_column: str | None, row_id: str) -> int:
    """The position of a row in the artifact `rows`; one part is in memory at a time.

    Raises:
        BadInput: no such row; with the reason if it was rejected, or else with ids that look alike.
    """
    start, ids = 0, pa.chunked_array([], pa.string())
    for table in store.tables(made["rows"], ["row_id"]):
        place = pc.index(table["row_id"], row_id).as_py()
        if place >= 0:
            return start + place
        start += len(table)
        ids = pa.chunked_array([*ids.chunks, *table["row_id"].chunks]).slice(0, NEAR_ROWS)
    expected = f"the id of one of {start:,} accepted rows"
    if id_column:
        reason = _rejected(store, made, id_column, row_id)
        if reason:
            raise BadInput("explain", expected, f"{row_id}, which was rejected: {reason}", "Correct the row, and fit.")
    near = difflib.get_close_matches(row_id, ids.to_pylist(), n=3)
    first = ", ".join(ids[:3].to_pylist())
    remedy = f"Did you mean {' or '.join(near)}?" if near else f"The first ids are {first}; the export lists all."
    raise BadInput("explain", expected, row_id, remedy)


def _rejected(store: Store, made: Artifacts, id_column: str, row_id: str) -> str | None:
    """Why the row was rejected, and where it lies in the source, if it was."""
    written = json.dumps(row_id, ensure_ascii=False)[1:-1]
    for table in store.tables(made["rejected"]):
        possible = table.filter(pc.match_substring(table["content"], written)).to_pylist()
        for record in possible:
            content: dict[str, Any] = json.loads(record["content"]) if record["reason"] != "ragged line" else {}
            if id_texts(pa.table({id_column: [content.get(id_column)]}), id_column).to_pylist() == [row_id]:
                return f"{record['reason']} ({record['file']}, position {record['position']})"
    return None
