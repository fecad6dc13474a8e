"""`genclust runs` and `genclust show RUN`: what happened."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, FlowRunFilterName, FlowRunFilterTags
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort

from flows.service_client import answers, api_url, connected
from flows.service_status import STARTED, TAG
from tasks.errors import BadInput
from tasks.store import Store

PARAMETERS = ("source", "name", "store", "clusters", "model", "seed")  # that are worth a line


def recent_runs(client: SyncPrefectClient, limit: int) -> list[tuple[FlowRun, str]]:
    """The latest runs of genclust that have begun or should have, each with its flow and deployment."""
    started = [each for each in StateType if each != StateType.SCHEDULED]
    chosen = FlowRunFilter.model_validate(
        {"tags": FlowRunFilterTags(all_=[TAG]), "state": {"type": {"any_": started}}}
    )  # fmt: skip
    runs = client.read_flow_runs(flow_run_filter=chosen, sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=limit)
    flows = {flow.id: flow.name for flow in client.read_flows()}
    deployments = {each.id: each.name for each in client.read_deployments()}
    of = {run.id: deployments.get(run.deployment_id) if run.deployment_id else None for run in runs}
    return [(run, "/".join(filter(None, [flows[run.flow_id], of[run.id]]))) for run in runs]


def run_lines(runs: list[tuple[FlowRun, str]]) -> Iterator[str]:
    """A line for each run."""
    yield f"{'run':<28} {'deployment':<26} {'state':<14} {'began (UTC)':<19} {'took':>9}  id"
    for run, deployment in runs:
        began = run.start_time or run.expected_start_time
        when = f"{began:%Y-%m-%d %H:%M:%S}" if began else ""
        took = str(timedelta(seconds=round(run.total_run_time.total_seconds())))
        yield f"{run.name:<28} {deployment:<26} {run.state_name or '':<14} {when:<19} {took:>9}  {run.id}"


def show_lines(run: str, api: str, store: str) -> Iterator[str]:
    """What the server, if it answers, and the store know of a run.

    Raises:
        BadInput: neither knows it.
    """
    found: list[str] = []
    id = run
    if answers(api):
        with connected(api) as client:
            if known := _find(client, run):
                id = str(known.id)
                found += _server_lines(client, known)
    record = _record(Store(store), id)
    if not found and record is None:
        remedy = "genclust runs lists them; name the --store that the run used."
        raise BadInput("show", f"a run named {run} on {api} or in {store}", "none", remedy)
    yield from found
    if record is None:
        yield f"\nrecord       none in {store}: it has not registered"
    else:
        yield from _record_lines(record)


def refuse_while_running() -> None:
    """Refuse to remove what a run of the service may be reading.

    Raises:
        BadInput: naming the runs.
    """
    if not answers(api_url()):
        return
    chosen = FlowRunFilter.model_validate({"tags": {"all_": [TAG]}, "state": {"type": {"any_": list(STARTED)}}})
    with connected(api_url()) as client:
        running = [run.name for run in client.read_flow_runs(flow_run_filter=chosen)]
    if running:
        remedy = "Wait until they have ended, or cancel them; nothing was removed."
        raise BadInput("clean", "no run that may read what is removed", f"running: {', '.join(running)}", remedy)


def _find(client: SyncPrefectClient, run: str) -> FlowRun | None:
    chosen = FlowRunFilter(name=FlowRunFilterName(any_=[run]))
    with suppress(ValueError):
        chosen = FlowRunFilter(id=FlowRunFilterId(any_=[UUID(run)]))
    found = client.read_flow_runs(flow_run_filter=chosen, sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=1)
    return found[0] if found else None


def _server_lines(client: SyncPrefectClient, run: FlowRun) -> Iterator[str]:
    state = run.state
    message = f": {state.message.splitlines()[0]}" if state and state.message else ""
    yield f"run          {run.name}, {run.id}"
    yield f"state        {run.state_name}{message}"
    yield f"attempts     {run.run_count}"
    for name in PARAMETERS:
        if name in run.parameters:
            yield f"{name:<12} {run.parameters[name]}"
    chosen = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
    tasks = client.read_task_runs(flow_run_filter=chosen)
    for task in sorted(tasks, key=lambda task: str(task.start_time or task.expected_start_time)):
        took = task.total_run_time.total_seconds()
        yield f"stage        {task.name.rsplit('-', 1)[0]:<10} {task.state_name or '':<12} {took:>8.1f} s"
    for artifact in client.read_artifacts(flow_run_filter=chosen):
        yield f"artifact     {artifact.key} ({artifact.type})"


def _record(store: Store, id: str) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads(store.read(f"runs/{id}.json"))
    except FileNotFoundError:
        return None
    return record


def _record_lines(record: dict[str, Any]) -> Iterator[str]:
    for name in ("name", "version", "registered_at", "report"):
        if name in record:
            yield f"{name.replace('_', ' '):<13} {record[name]}"
    for kind, artifact in sorted(record.get("artifacts", {}).items()):
        yield f"made         {kind:<14} {artifact['rows']:>12,} rows  {artifact['uri']}"
