"""Claims about the flow that labels new rows, on a real server."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from prefect.client.orchestration import get_client

from flows.assign_clusters import assign_clusters
from tasks.assigned import Assignment, assignments
from tasks.errors import BadInput
from tasks.process import ModelProcess
from tasks.store import Store
from tests.flows.running import wait_for
from tests.flows.stage_states import stage_states
from tests.tasks.fitted_blobs import NAME, blob_rows, register_blobs, write_rows

pytestmark = pytest.mark.usefixtures("prefect_server")
STAGES = ("assign", "record", "detect_drift")


class Service(NamedTuple):
    """A store with a promoted model, and a folder for new rows."""

    store: Store
    folder: Path
    version: str

    def assign(self, source: object, **more: Any) -> Assignment:
        """A run of the flow."""
        return assign_clusters(source=str(source), name=NAME, store=self.store.root, **more)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, process: ModelProcess) -> Service:
    """A k-means of 4,000 rows."""
    folder = tmp_path_factory.mktemp("flow")
    store = Store(str(folder / "store"))
    source = write_rows(folder / "fit.parquet", blob_rows(4000, seed=0))
    return Service(store, folder, register_blobs(store, source, process))


def events(run: Assignment) -> list[dict[str, Any]]:
    """The events that a run emitted about drift."""
    asked = {"filter": {"event": {"name": ["genclust.drift.found"]}}, "limit": 50}
    with get_client(sync_client=True) as client:
        found = client._client.post("/events/filter", json=asked).json()["events"]
    return [event for event in found if event["payload"]["run_id"] == run.run_id]


def test_a_run_is_recorded_and_the_same_file_again_is_done_already(service: Service) -> None:
    """The promoted version labels; each run has its record, and its sizes are in the UI."""
    rows = blob_rows(502, seed=1, start=10_000)
    rows.loc[:1, "x"] = np.nan
    source = write_rows(service.folder / "new" / "plain.parquet", rows)
    first, second = service.assign(source), service.assign(source)
    assert stage_states(first.run_id, STAGES) == dict.fromkeys(STAGES, "Completed")
    assert stage_states(second.run_id, STAGES) == {"assign": "Cached", "record": "Completed", "detect_drift": "Cached"}
    assert (first.version, first.rows, first.rejected) == (service.version, 500, 2)
    assert [run.run_id for run in assignments(service.store, NAME)][-2:] == [first.run_id, second.run_id]
    assert first.artifacts == second.artifacts
    assert events(first) == events(second) == []
    with get_client(sync_client=True) as client:
        asked = {"artifacts": {"key": {"any_": ["blobs-assigned"]}}, "sort": "CREATED_DESC", "limit": 1}
        (found,) = client._client.post("/artifacts/filter", json=asked).json()
    for words in (service.version[:12], '"500"', "rejected: missing cell: x", "outliers", "cluster 3"):
        assert words in found["data"]


def test_a_shifted_column_is_told_to_the_server(service: Service) -> None:
    """The event names the model as its resource, and what drifted with statistic and threshold."""
    rows = blob_rows(1000, seed=3, start=30_000)
    rows["x"] += 4
    run = service.assign(write_rows(service.folder / "new" / "shifted.parquet", rows))
    (event,) = wait_for(lambda: events(run))
    assert event["resource"]["prefect.resource.id"] == "genclust.model.blobs"
    told = {each["what"]: each for each in event["payload"]["drifted"]}
    assert told["column x"]["statistic"] >= told["column x"]["threshold"] == 0.1
    assert (event["payload"]["name"], event["payload"]["version"]) == ("blobs", service.version)
    assert event["payload"]["store"] == service.store.root


def test_of_a_source_that_grew_the_new_files_are_tested(service: Service) -> None:
    """A hundred drifted rows aren't lost among thousands that were tested before."""
    folder = service.folder / "growing"
    write_rows(folder / "1.parquet", blob_rows(5000, seed=7, start=70_000))
    first = service.assign(folder)
    drifted = blob_rows(150, seed=8, start=80_000)
    drifted["x"] += 4
    write_rows(folder / "2.parquet", drifted)
    second = service.assign(folder)
    assert (first.rows, second.rows) == (5000, 5150)
    assert events(first) == []
    assert len(wait_for(lambda: events(second))) == 1


def test_a_name_that_was_never_promoted_is_refused(service: Service) -> None:
    """Before the source is looked at."""
    with pytest.raises(BadInput, match=r"assign: expected a promoted model named other .*; found these: blobs\."):
        assign_clusters(source="nothing.csv", name="other", store=service.store.root)
