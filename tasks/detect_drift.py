"""Stage detect_drift: are the rows of a run like those that its version was judged on?"""

import json
from typing import Any

import pyarrow as pa
from prefect import get_run_logger
from prefect.artifacts import create_table_artifact
from prefect.events import emit_event

from models.drift import Batch, Sample, Verdict, find_drift, joined, largest
from models.encoding import Encoding
from models.settings import DriftSettings
from tasks import kinds
from tasks.artifact_key import artifact_key
from tasks.assigned import Assignment, assignments
from tasks.code import code_digest, library_versions
from tasks.drift_reference import reference_of
from tasks.label_file import Tally, merged_tallies
from tasks.registry import Registration, find_registration
from tasks.stage import Artifacts, cached, stage
from tasks.store import Store, StoredFile

FOUND = "genclust.drift.found"
MAX_LINES = 200  # of tests in the UI, and MAX_NAMED in an event
MAX_NAMED = 50


@stage(name="detect_drift")
def detect_drift(run: Assignment, settings: DriftSettings, store: str) -> Artifacts:
    """Write the table `drift` and tell the server of what drifted; the same test of the same files isn't told again.

    Of a source that grew, the files that the last run of the same source and version hadn't are tested, or all of them
    together if there is none.
    """
    place = Store(store)
    registration = find_registration(place, run.name, run.version)
    tallies, samples = new_files(place, run)
    inputs = [[file.path, file.sha256] for file in (*tallies, *samples)]
    by = {"code": code_digest("tasks.detect_drift"), "libraries": library_versions(), "settings": settings}
    key = place.key("detect_drift", name=run.name, version=run.version, inputs=inputs, **by)
    if found := place.find("detect_drift", key):
        _publish(run, place.table(found["drift"]))
        return cached(found)
    verdicts = judge(place, registration, tallies, samples, settings) if registration else [UNKNOWN]
    table = drift_table(verdicts)
    with place.attempt("detect_drift", key) as attempt:
        attempt.write_table("drift", table)
        _publish(run, table)
        _tell(run, verdicts, store)  # before the commit: rather twice than never
        return attempt.commit()


UNKNOWN = Verdict("registration", 0.0, 0.0, 1.0, False, "not tested: the version's registration is not in the store")


def new_files(store: Store, run: Assignment) -> tuple[list[StoredFile], list[StoredFile]]:
    """The tallies and samples of a run's files that the run before it hadn't; of all files if it had them all."""
    earlier = [
        each
        for each in assignments(store, run.name)
        if (each.source, each.version) == (run.source, run.version) and each.run_id != run.run_id
    ]
    known = {file.path for each in earlier[-1:] for file in store.files(each.artifacts["tallies"])}
    pairs = list(zip(*(store.files(run.artifacts[kind]) for kind in ("tallies", "samples")), strict=True))
    new = [pair for pair in pairs if pair[0].path not in known] or pairs
    return [tally for tally, _ in new], [sample for _, sample in new]


def judge(
    store: Store,
    registration: Registration,
    tallies: list[StoredFile],
    samples: list[StoredFile],
    settings: DriftSettings,
) -> list[Verdict]:
    """The tests of files against the rows that their version was judged on."""
    encoding = Encoding.from_json(store.json(registration.artifacts["encoding"]))
    tally = merged_tallies(Tally(**json.loads(store.read_file(file))) for file in tallies)
    sample = joined(Sample(**store.arrays_of(file)) for file in samples)
    batch = Batch(tally.rows, tally.clusters, tally.outliers, sample)
    return find_drift(encoding, reference_of(store, registration), batch, settings)


def drift_table(verdicts: list[Verdict]) -> pa.Table:
    """A line for each test."""
    lines = [
        {
            "what": verdict.what,
            "statistic": verdict.statistic,
            "threshold": verdict.threshold,
            "p_value": verdict.p_value,
            "drifted": verdict.drifted,
            "note": verdict.note,
        }
        for verdict in verdicts
    ]
    return pa.Table.from_pylist(lines, schema=kinds.DRIFT)


def event_payload(run: Assignment, verdicts: list[Verdict], store: str) -> dict[str, Any]:
    """What the event says: the largest differences first."""
    drifted = largest(verdicts)
    return {
        "name": run.name,
        "version": run.version,
        "run_id": run.run_id,
        "source": run.source,
        "store": store,
        "rows": run.rows,
        "tests": len(verdicts),
        "n_drifted": len(drifted),
        "drifted": [
            {"what": each.what, "statistic": round(each.statistic, 4), "threshold": each.threshold, "note": each.note}
            for each in drifted[:MAX_NAMED]
        ],
    }


def _tell(run: Assignment, verdicts: list[Verdict], store: str) -> None:
    payload = event_payload(run, verdicts, store)
    if not payload["n_drifted"]:
        return
    resource = {"prefect.resource.id": f"genclust.model.{run.name}", "prefect.resource.name": run.name}
    emit_event(event=FOUND, resource=resource, payload=payload)


def _publish(run: Assignment, table: pa.Table) -> None:
    """The table in the UI, what drifted first, and lines in the log."""
    lines = sorted(table.to_pylist(), key=lambda line: (not line["drifted"], -line["statistic"]))
    drifted = [line for line in lines if line["drifted"]]
    words = f"{len(drifted)} of {len(lines)} tests drifted" if drifted else "No drift found"
    create_table_artifact(
        [_shown(line) for line in lines[:MAX_LINES]],
        key=artifact_key(run.name, "drift"),
        description=f"**{words}** in the new rows of {run.name}",
    )
    for line in drifted[:MAX_NAMED]:
        get_run_logger().warning("drift of %(what)s: %(statistic).3f, threshold %(threshold).3g; %(note)s", line)
    if not drifted:
        get_run_logger().info("%s%s", words, f": {lines[0]['note']}" if len(lines) == 1 else "")


def _shown(line: dict[str, Any]) -> dict[str, Any]:
    return line | {"statistic": round(line["statistic"], 4), "drifted": "yes" if line["drifted"] else "no"}
