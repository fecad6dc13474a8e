"""`genclust status`: what of the service is there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags, FlowRunFilter, FlowRunFilterTags
from prefect.client.schemas.objects import FlowRun, StateType, Worker
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound

from flows.service_parts import POOL, online_workers
from tasks.slot import SLOT

TAG = "genclust"
STARTED = (StateType.RUNNING, StateType.PENDING, StateType.CANCELLING)


@dataclass(frozen=True)
class ServiceStatus:
    """What the server knows about genclust's parts."""

    version: str
    pool: str | None  # None: missing; else its status
    workers: list[Worker]
    slots: tuple[int, int] | None  # taken, of
    automations: dict[str, bool]  # name: whether it is on
    deployments: list[tuple[str, DeploymentResponse]]  # with the flow's name
    running: list[FlowRun]
    waiting: list[FlowRun]  # should have started, by now


def read_status(client: SyncPrefectClient) -> ServiceStatus:
    """Ask the server."""
    tagged = FlowRunFilter(tags=FlowRunFilterTags(all_=[TAG]))
    runs = [run for run in client.read_flow_runs(flow_run_filter=tagged, limit=200) if run.state]
    known = client.read_deployments(deployment_filter=DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG])))
    flows = {flow.id: flow.name for flow in client.read_flows()}
    now = datetime.now(UTC)
    return ServiceStatus(
        version=client.api_version(),
        pool=_pool(client),
        workers=online_workers(client) if _pool(client) else [],
        slots=_slots(client),
        automations={each.name: each.enabled for each in client.read_automations() if each.name.startswith(TAG)},
        deployments=sorted(((flows[each.flow_id], each) for each in known), key=lambda pair: (pair[0], pair[1].name)),
        running=[run for run in runs if run.state and run.state.type in STARTED],
        waiting=[run for run in runs if run.state and run.state.is_scheduled() and _due(run, now)],
    )


def status_lines(ui: str, found: ServiceStatus) -> Iterator[str]:
    """A line for each part."""
    yield f"server       {ui}, version {found.version}"
    yield f"pool         {POOL}: {found.pool or 'missing'}"
    now = datetime.now(UTC)
    for worker in found.workers:
        heard = f", heard {(now - worker.last_heartbeat_time).seconds} s ago" if worker.last_heartbeat_time else ""
        yield f"worker       {worker.name}{heard}"
    if not found.workers:
        yield "worker       none is online: runs can't start (genclust serve)"
    yield f"gpu slot     {f'{found.slots[0]} of {found.slots[1]} taken' if found.slots else 'missing'}"
    for name, is_on in sorted(found.automations.items()):
        yield f"automation   {name}: {'on' if is_on else 'off'}"
    for flow, deployment in found.deployments:
        schedules = ["paused" if deployment.paused else str(_when(each.schedule)) for each in deployment.schedules]
        yield f"deployment   {flow}/{deployment.name}: {', '.join(schedules) or 'on demand'}"
    for run in found.running:
        yield f"running      {run.name}: {run.state_name}"
    for run in found.waiting:
        yield f"waiting      {run.name}: {run.state_name}"


def _when(schedule: object) -> object:
    return getattr(schedule, "cron", None) or getattr(schedule, "interval", None) or schedule


def _due(run: FlowRun, now: datetime) -> bool:
    return run.expected_start_time is not None and run.expected_start_time <= now


def _pool(client: SyncPrefectClient) -> str | None:
    try:
        pool = client.read_work_pool(POOL)
    except ObjectNotFound:
        return None
    return pool.status.value.lower().replace("_", " ") if pool.status else "there"


def _slots(client: SyncPrefectClient) -> tuple[int, int] | None:
    try:
        limit = client.read_global_concurrency_limit_by_name(SLOT)
    except ObjectNotFound:
        return None
    return limit.active_slots, limit.limit
