"""What a server knows of the stages of a run that a test made by calling the flow."""

from collections.abc import Collection

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

from tests.flows.running import wait_for


def stage_states(run_id: str, stages: Collection[str]) -> dict[str, str]:
    """The name of the final state of each stage, sorted names if its tasks ended in several ones.

    The server hears of tasks late, and of a task before its state: waits until it has a final state of all.
    """
    chosen = FlowRunFilter(id=FlowRunFilterId(any_=[run_id]))
    with get_client(sync_client=True) as client:

        def settled() -> dict[str, str] | None:
            found: dict[str, set[str]] = {stage: set() for stage in stages}
            for task in client.read_task_runs(flow_run_filter=chosen):
                if task.state is None or not task.state.is_final():
                    return None
                found.setdefault(task.name.rsplit("-", 1)[0], set()).add(str(task.state.name))
            return {stage: ", ".join(sorted(names)) for stage, names in found.items()} if all(found.values()) else None

        states: dict[str, str] = wait_for(settled)
        return states
