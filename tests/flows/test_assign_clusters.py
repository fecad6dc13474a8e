"""Claims about the flow that labels new rows, on a real server."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

from flows.assign_clusters import assign_clusters
from tasks.assigned import Assignment, assignments
from tasks.errors import BadInput
from tasks.process import ModelProcess
from tasks.store import Store
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


def wait_for(what: Callable[[], Any]) -> Any:
    """What it gives once it is something: the server hears of things later."""
    end = time.monotonic() + 60
    while not (found := what()) and time.monotonic() < end:
        time.sleep(0.5)
    return found


def events(run: Assignment) -> list[dict[str, Any]]:
    """The events that a run emitted about drift."""
    asked = {"filter": {"event": {"name": ["genclust.drift.found"]}}, "limit": 50}
    with get_client(sync_client=True) as client:
        found = client._client.post("/events/filter", json=asked).json()["events"]
    return [event for event in found if event["payload"]["run_id"] == run.run_id]


def states(run: Assignment) -> dict[str, str]:
    """The name of the state of each stage of a run, once all have one that is final."""
    chosen = FlowRunFilter(id=FlowRunFilterId(any_=[run.run_id]))
    with get_client(sync_client=True) as client:

        def settled() -> dict[str, str]:
            tasks = client.read_task_runs(flow_run_filter=chosen)
            is_settled = len(tasks) == len(STAGES) and all(task.state.is_final() for task in tasks)
            return {task.name.rsplit("-", 1)[0]: task.state.name for task in tasks} if is_settled else {}

        return wait_for(settled)


def drift_of(service: Service, rows: pd.DataFrame, name: str) -> tuple[Assignment, pd.DataFrame]:
    """A run on rows, and what its tests said: the newest table of the stage."""
    run = service.assign(write_rows(service.folder / "new" / f"{name}.parquet", rows))
    store = Path(service.store.root)
    newest = max(store.glob("detect_drift/*/*/drift/*.parquet"), key=lambda path: path.stat().st_mtime_ns)
    return run, pd.read_parquet(newest).set_index("what")


def test_a_run_is_recorded_and_the_same_file_again_is_done_already(service: Service) -> None:
    """The promoted version labels; each run has its record, but a stage that has its artifact does nothing."""
    source = write_rows(service.folder / "new" / "plain.parquet", blob_rows(500, seed=1, start=10_000))
    first, second = service.assign(source), service.assign(source)
    assert states(first) == dict.fromkeys(STAGES, "Completed")
    assert states(second) == {"assign": "Cached", "record": "Completed", "detect_drift": "Cached"}
    assert (first.version, first.rows, first.rejected) == (service.version, 500, 0)
    assert [run.run_id for run in assignments(service.store, NAME)][-2:] == [first.run_id, second.run_id]
    assert first.artifacts == second.artifacts
    assert events(first) == events(second) == []


def test_the_sizes_are_in_the_ui(service: Service) -> None:
    """As a table: version, rows, rejected, outliers and clusters."""
    rows = blob_rows(300, seed=2, start=20_000)
    rows.loc[:1, "x"] = np.nan
    service.assign(write_rows(service.folder / "new" / "sizes.parquet", rows))
    with get_client(sync_client=True) as client:
        asked = {"artifacts": {"key": {"any_": ["blobs-assigned"]}}, "sort": "CREATED_DESC", "limit": 1}
        (found,) = client._client.post("/artifacts/filter", json=asked).json()
    for words in (service.version[:12], '"298"', "rejected: missing cell: x", "outliers", "cluster 3"):
        assert words in found["data"]


def test_a_shifted_column_is_told_to_the_server(service: Service) -> None:
    """The event names the model as its resource, and what drifted with statistic and threshold."""
    rows = blob_rows(1000, seed=3, start=30_000)
    rows["x"] += 4
    run, table = drift_of(service, rows, "shifted")
    assert table.loc["column x", "drifted"]
    assert not table.loc["column vector", "drifted"]
    (event,) = wait_for(lambda: events(run))
    assert event["resource"]["prefect.resource.id"] == "genclust.model.blobs"
    told = {each["what"]: each for each in event["payload"]["drifted"]}
    assert told["column x"]["statistic"] >= told["column x"]["threshold"] == 0.1
    assert (event["payload"]["name"], event["payload"]["version"]) == ("blobs", service.version)
    assert event["payload"]["store"] == service.store.root


def test_a_missing_cluster_and_a_new_one_are_found(service: Service) -> None:
    """A cluster without rows; and rows where nobody was, which are outliers."""
    known = blob_rows(1200, seed=4, start=40_000)
    _, table = drift_of(service, known[known["blob"] != 2], "missing")
    assert table["drifted"].filter(like="cluster").any()
    _, table = drift_of(service, blob_rows(1000, seed=5, start=50_000, blobs=5), "another")
    assert table.loc["outliers", "drifted"]
    assert table.loc["p_value of the rows", "drifted"]


def test_few_rows_say_so_and_never_alarm(service: Service) -> None:
    """However far they are."""
    rows = blob_rows(50, seed=6, start=60_000)
    rows["x"] += 1000
    run, table = drift_of(service, rows, "few")
    assert table["note"].tolist() == ["not tested: too few rows (50 new, 1,197 to compare with)"]
    assert not table["drifted"].any()
    assert events(run) == []


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
