"""What the service does when its parts are killed, stopped or cut off in the middle of a training.

Each line ends with the assignments of a run that nothing happened to, and leaves nothing behind.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from s3fs import S3FileSystem

from tasks.promotions import promotions
from tasks.store import Store
from tests.flows.running import PATIENCE, STAGES, wait_for
from tests.recovery.broken_service import BrokenService, Clock, assignments, kill, tmpfs
from tests.recovery.flaky_proxy import FlakyProxy

Tell = Callable[[str], None]
RESUBMISSION = 90  # seconds that the automation waits after a crash


def names(service: BrokenService, run: str) -> list[str]:
    """Names of the states of a run, one after the other."""
    return [name for name, _ in service.states(run)]


def test_the_training_process_is_killed(service: BrokenService, store: Store, unbroken: str, tell: Tell) -> None:
    """The task is retried in the same run, from the last checkpoint."""
    run = service.run(store.root)
    service.wait_until_training(store)
    clock = Clock()
    kill(service.child())
    found = service.wait_for_state(run, "Completed")
    tell(f"stays Running, the task fit is retried; Completed {clock} later")
    assert found["run_count"] == 1
    logs = service.ask("/logs/filter", {"logs": {"flow_run_id": {"any_": [run]}}, "limit": 200})
    assert any("ended by SIGKILL, likely out of memory" in log["message"] for log in logs)
    assert assignments(store, run) == unbroken
    service.check_nothing_is_left(store)


def test_the_flow_process_is_killed(service: BrokenService, store: Store, unbroken: str, tell: Tell) -> None:
    """The worker reports the crash, and the automation starts the run again."""
    run = service.run(store.root)
    service.wait_until_training(store)
    clock = Clock()
    kill(service.flow_process())
    service.wait_for_state(run, "AwaitingRetry", "Running", "Pending")
    wait_for(lambda: "Crashed" in names(service, run))
    crashed = str(clock)
    wait_for(lambda: service.flow_run(run)["run_count"] == 2)
    again = str(clock)
    service.wait_for_state(run, "Completed")
    tell(f"Crashed after {crashed}, AwaitingRetry, Running after {again}, Completed after {clock}")
    assert assignments(store, run) == unbroken
    service.check_nothing_is_left(store)


def test_the_worker_is_killed(service: BrokenService, store: Store, unbroken: str, tell: Tell) -> None:
    """The run goes on without it; another worker takes the runs that come."""
    run = service.run(store.root)
    service.wait_until_training(store)
    clock = Clock()
    service.kill_worker()
    found = service.wait_for_state(run, "Completed")
    service.start_worker()
    tell(f"stays Running, Completed after {clock}")
    assert found["run_count"] == 1
    assert assignments(store, run) == unbroken
    service.check_nothing_is_left(store)


def test_worker_and_flow_are_killed(service: BrokenService, store: Store, unbroken: str, tell: Tell) -> None:
    """Nobody is left to report it: the missing heartbeat tells, and another worker takes the run."""
    run = service.run(store.root)
    service.wait_until_training(store)
    clock = Clock()
    flow = service.flow_process()
    service.kill_worker()
    kill(flow)
    service.start_worker()
    wait_for(lambda: "Crashed" in names(service, run))
    crashed = str(clock)
    assert any("No heartbeat for 90 s" in message for _, message in service.states(run))
    service.wait_for_state(run, "Completed")
    tell(f"stays Running, Crashed after {crashed}, AwaitingRetry, Completed after {clock}")
    assert service.flow_run(run)["run_count"] == 2
    assert assignments(store, run) == unbroken
    service.check_nothing_is_left(store)


def test_a_run_that_crashes_each_time_is_given_up(
    service: BrokenService, store: Store, unbroken: str, tell: Tell
) -> None:
    """After its fourth start it stays Crashed; a person who starts it again loses nothing."""
    run, clock = service.run(store.root), Clock()
    for start in range(1, 5):
        wait_for(lambda start=start: service.flow_run(run)["run_count"] == start)
        kill(service.flow_process())
        wait_for(lambda start=start: names(service, run).count("Crashed") >= start)
    crashed = str(clock)
    time.sleep(RESUBMISSION + 30)
    assert service.flow_run(run)["state"]["name"] == "Crashed"
    assert service.flow_run(run)["run_count"] == 4
    service.prefect("flow-run", "retry", run)
    service.wait_for_state(run, "Completed")
    tell(f"started four times, Crashed for good after {crashed}; `prefect flow-run retry`: Completed after {clock}")
    assert assignments(store, run) == unbroken
    service.check_nothing_is_left(store)


@pytest.mark.parametrize("outage", [30, 150])
def test_the_server_is_stopped_for_some_seconds(
    outage: int, service: BrokenService, store: Store, unbroken: str, tell: Tell
) -> None:
    """The training goes on meanwhile. After the longer one the run may be called crashed, but isn't started again."""
    run = service.run(store.root)
    service.wait_until_training(store)
    clock = Clock()
    service.stop_server()
    time.sleep(outage)
    service.start_server()
    back = str(clock)
    found = service.wait_for_state(run, "Completed")
    tell(f"{', '.join(names(service, run))}; the server is back after {back}, Completed after {clock}")
    assert "AwaitingRetry" not in names(service, run)
    assert found["run_count"] <= 1 + names(service, run).count("Crashed")  # one that was called crashed is heard again
    assert assignments(store, run) == unbroken
    service.check_nothing_is_left(store)


def test_the_disk_is_full(service: BrokenService, tmp_path: Path, unbroken: str, tell: Tell) -> None:
    """The run fails after its retries and names the cause; with space again, a retry completes."""
    with tmpfs(tmp_path / "disk", "16M") as disk:
        store = Store(str(disk / "store"))
        run = service.run(store.root)
        service.wait_until_training(store)
        clock = Clock()
        fill(disk / "filler")
        failed = service.wait_for_state(run, "Failed")
        assert "No space left on device" in failed["state"]["message"]
        after = str(clock)
        (disk / "filler").unlink()
        service.prefect("flow-run", "retry", run)
        service.wait_for_state(run, "Completed", "AwaitingRetry", "Pending", "Running")
        service.wait_for_state(run, "Completed")
        tell(f"Failed after {after}: No space left on device; `prefect flow-run retry`: Completed after {clock}")
        assert assignments(store, run) == unbroken
        service.check_nothing_is_left(store)


def fill(path: Path) -> None:
    """Write until nothing fits."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"0" * 4096)
        except OSError:
            return


def test_the_object_store_fails_for_20_s(service: BrokenService, proxy: FlakyProxy, unbroken: str, tell: Tell) -> None:
    """It answers 503 or drops the connection: clients and tasks try again."""
    S3FileSystem(skip_instance_cache=True).mkdir("bucket")
    store = Store("s3://bucket/store")
    run = service.run(store.root)
    service.wait_until_training(store)
    clock = Clock()
    proxy.mode = "refuse"
    time.sleep(20)
    proxy.mode = "forward"
    found = service.wait_for_state(run, "Completed")
    tell(f"stays Running, {proxy.refused} requests refused; Completed after {clock}")
    assert proxy.refused > 0
    assert found["run_count"] == 1
    assert assignments(store, run) == unbroken
    service.check_nothing_is_left(store)


def test_a_run_is_cancelled_in_training(service: BrokenService, store: Store, unbroken: str, tell: Tell) -> None:
    """The child dies and the slot is free; the checkpoint serves the next run."""
    run = service.run(store.root)
    service.wait_until_training(store)
    child, clock = service.child(), Clock()
    service.ask(f"/flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})
    wait_for(lambda: not child.is_running())
    dead = str(clock)
    wait_for(lambda: service.slots() == 0)
    free = str(clock)
    service.wait_for_state(run, "Cancelled")
    tell(f"Cancelling; the child is dead after {dead}, the slot is free after {free}, Cancelled after {clock}")
    again = service.run(store.root)
    service.wait_for_state(again, "Completed")
    assert assignments(store, again) == unbroken
    service.check_nothing_is_left(store)


def test_two_runs_of_a_deployment_and_a_scheduled_one(
    service: BrokenService, store: Store, unbroken: str, tell: Tell
) -> None:
    """One trains, whichever the worker took first; the other waits, and so does the scheduled one elsewhere."""
    first, second = service.run(store.root), service.run(store.root)
    service.wait_until_training(store)
    scheduled = service.schedule_soon("weekly", service.flow_run(first)["parameters"])
    wait_for(lambda: any("AwaitingConcurrencySlot" in names(service, run) for run in (first, second)))
    clock = Clock()
    for run in (first, second, scheduled()):
        service.wait_for_state(run, "Completed")
        assert assignments(store, run) == unbroken
    tell(f"the other waits as AwaitingConcurrencySlot, the scheduled one Running; all Completed after {clock}")
    fits = [service.task_states(run, len(STAGES))["fit"] for run in (first, second, scheduled())]
    assert fits.count("Completed") == 1
    service.check_nothing_is_left(store)


PROMOTE = """
import sys
from tasks.promotions import Promoter, promote_version
from tasks.store import Store
for number in range(20):
    promote_version(Store(sys.argv[1]), "digits", f"{sys.argv[2]}-{number}", "run", Promoter.person, "")
"""


def test_two_promotions_at_once(store: Store, tell: Tell) -> None:
    """Each of both processes' promotions is in the history, in the order in which that process made them."""
    words = [sys.executable, "-c", PROMOTE, store.root]
    processes = [subprocess.Popen([*words, who]) for who in ("one", "two")]
    assert [process.wait(PATIENCE) for process in processes] == [0, 0]
    found = [promotion.version for promotion in promotions(store, "digits")]
    for who in ("one", "two"):
        own = [version for version in found if version.startswith(who)]
        assert own == [f"{who}-{number}" for number in range(20)]
    tell(f"{len(found)} promotions by two processes: all are in the history, the last one counts")
    assert len(store.names("models/digits/promotions")) == 40
