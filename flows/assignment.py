"""What the command line prints of new rows."""

from collections.abc import Iterator

from tasks.assigned import Assignment
from tasks.label_file import Tally
from tasks.record import assigned_lines
from tasks.store import Store


def assignment_lines(found: Assignment, store: str) -> Iterator[str]:
    """Sizes, clusters, and where the rows lie."""
    kept = Store(store)
    yield f"\n{found.name}: {found.rows:,} rows assigned by version {found.version[:12]}, {found.rejected:,} rejected\n"
    for line in assigned_lines(Tally(**kept.json(found.artifacts["tally"])), found.version)[2:]:
        yield f"{line['what']:<40} {line['count']:>12} {line['share']:>8}"
    yield f"\nassigned  {kept.uri(found.artifacts['assigned'].uri)}"
    yield f"write     genclust assigned {found.name} {found.name}.parquet --run {found.run_id} --store {store}"
