"""Stage record, never skipped: what a run assigned, for later runs and for who looks at the UI."""

from datetime import UTC, datetime

from prefect import get_run_logger
from prefect.artifacts import create_table_artifact

from models.numbering import NO_CLUSTER
from tasks.artifact_key import artifact_key
from tasks.assigned import Assignment, add_assignment
from tasks.label_file import Tally
from tasks.numbers import percent
from tasks.stage import stage
from tasks.store import Artifact, Store

MAX_CLUSTERS = 50  # artifacts go whole into Prefect's database


@stage(name="record")
def record(name: str, version: str, source: str, run_id: str, artifacts: dict[str, Artifact], store: str) -> Assignment:
    """Add the run to those of its name, and publish its sizes."""
    place = Store(store)
    tally = Tally(**place.json(artifacts["tally"]))
    made = Assignment(
        name=name,
        run_id=run_id,
        version=version,
        source=source,
        assigned_at=datetime.now(UTC).isoformat(timespec="seconds"),
        artifacts=artifacts,
        rows=tally.rows,
        rejected=tally.n_rejected,
    )
    add_assignment(place, made)
    about = f"New rows in the clusters of **{name}**"
    create_table_artifact(assigned_lines(tally, version), key=artifact_key(name, "assigned"), description=about)
    get_run_logger().info("%d rows of %s assigned, %d rejected", made.rows, source, made.rejected)
    return made


def assigned_lines(tally: Tally, version: str) -> list[dict[str, str]]:
    """A line for each size: rows, rejected rows by reason, outliers, and the clusters, the largest first."""
    rows = max(tally.rows, 1)
    lines = [_line("version", version[:12], ""), _line("rows", f"{tally.rows:,}", "")]
    lines += [_line(f"rejected: {reason}", f"{found.count:,}", "") for reason, found in tally.rejected.items()]
    lines.append(_line("outliers", f"{tally.outliers:,}", percent(tally.outliers / rows)))
    clusters = sorted(tally.named.items(), key=lambda pair: -pair[1])
    for cluster, count in clusters[:MAX_CLUSTERS]:
        what = "fits no cluster" if cluster == NO_CLUSTER else f"cluster {cluster}"
        lines.append(_line(what, f"{count:,}", percent(count / rows)))
    if len(clusters) > MAX_CLUSTERS:
        lines.append(_line("further clusters", f"{len(clusters) - MAX_CLUSTERS:,}", ""))
    return lines


def _line(what: str, count: str, share: str) -> dict[str, str]:
    return {"what": what, "count": count, "share": share}
