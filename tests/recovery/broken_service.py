"""A service whose parts can be killed, stopped and cut off one by one; all are plain Prefect commands."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from tasks.clean import attempts
from tasks.slot import SLOT
from tasks.storage import Storage
from tasks.store import Store
from tests.flows.running import PATIENCE, PREFECT, Service, wait_for

DEPLOYMENT = "fit-clusters/on-demand"
SERVER = {"PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem"}


class BrokenService(Service):
    """Server and worker, started and ended by themselves."""

    def __init__(self, home: Path, source: Path, **environment: str) -> None:
        (home / "tmp").mkdir()
        super().__init__(home, TMPDIR=str(home / "tmp"), **SERVER, **environment)
        self.source = source
        self.server: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None

    def start_server(self) -> None:
        """And wait until it answers."""
        self.server = self.start(PREFECT, "server", "start", "--port", str(self.port))
        wait_for(self.is_healthy, self.server)

    def stop_server(self) -> None:
        """As an operator does."""
        assert self.server is not None
        self.server.terminate()
        self.server.wait(PATIENCE)

    def start_worker(self) -> None:
        """And wait until the server knows it."""
        self.worker = self.start(PREFECT, "worker", "start", "--pool", "genclust")
        path = "/work_pools/genclust/workers/filter"
        wait_for(lambda: any(each["status"] == "ONLINE" for each in self.ask(path)), self.worker)

    def kill_worker(self) -> None:
        """At once."""
        assert self.worker is not None
        self.worker.kill()
        self.worker.wait(PATIENCE)

    def stop(self) -> None:
        """End all that is left, the worker first; one that doesn't end by itself is killed, and told."""
        stubborn = []
        for process in (self.worker, self.server):
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    process.kill()
                    stubborn.append(process.args)
        assert stubborn == []

    def run(self, store: str, **changes: Any) -> str:
        """A run that trains for a while; its id. The same settings give the same assignments in every store."""
        given = {
            "source": str(self.source), "name": "digits", "clusters": 10, "model": "gan", "store": store,
            "columns": {"id_column": "id"}, "gan": {"units": 32, "steps": 10_000, "encoder_steps": 200},
            "training": {"check_every": 500, "checkpoint_every": 500, "patience": 1000},
            "samples": {"count": 50},
        }  # fmt: skip
        return self.trigger(DEPLOYMENT, **given | changes)

    def schedule_soon(self, deployment: str, parameters: dict[str, Any]) -> Callable[[], str]:
        """Give a deployment a run by schedule in a few seconds; what is returned waits for it and gives its id."""
        found = self.ask(f"/deployments/name/fit-clusters/{deployment}", method="GET")
        soon = datetime.now(UTC) + timedelta(seconds=6)
        schedule = {"interval": 86400, "anchor_date": soon.isoformat(), "timezone": "UTC"}
        self.ask(
            f"/deployments/{found['id']}/schedules",
            [{"schedule": schedule, "active": True, "parameters": parameters}],
        )

        def of_schedule() -> list[str]:
            return [run["id"] for run in self.flow_runs(deployment) if run["parameters"] == parameters][:1]

        return lambda: str(wait_for(of_schedule)[0])

    def wait_until_training(self, store: Store) -> None:
        """Until a whole checkpoint is there; a run that failed writes none."""

        def reached() -> bool:
            failed = [run for run in self.flow_runs("on-demand", "FAILED") if run["parameters"]["store"] == store.root]
            assert failed == [], failed[0]["state"]["message"]
            return any(path.endswith("manifest.json") for path in checkpoints(store))

        wait_for(reached)

    def wait_for_state(self, run: str, *names: str) -> dict[str, Any]:
        """The run, once its state has one of the names."""

        def reached() -> dict[str, Any] | None:
            found = self.flow_run(run)
            assert found["state"]["name"] in names or found["state"]["type"] != "FAILED", found["state"]["message"]
            return found if found["state"]["name"] in names else None

        found: dict[str, Any] = wait_for(reached)
        return found

    def states(self, run: str) -> list[tuple[str, str]]:
        """Name and message of each state that a run has had."""
        found = self.ask(f"/flow_run_states/?flow_run_id={run}", method="GET")
        found = sorted(found, key=lambda state: state["timestamp"])
        return [(state["name"], state["message"] or "") for state in found]

    def child(self) -> psutil.Process:
        """The process that holds TensorFlow."""
        (found,) = wait_for(lambda: self.processes("tasks.worker"))
        return found

    def flow_process(self) -> psutil.Process:
        """The process of the flow: the child's parent."""
        parent = self.child().parent()
        assert parent is not None
        return parent

    def processes(self, word: str = "") -> list[psutil.Process]:
        """Processes of runs, those of server and worker aside, whose command line has a word."""
        found = []
        for process in psutil.process_iter():
            try:
                is_ours = process.environ().get("PREFECT_HOME") == self.env["PREFECT_HOME"]
                line = " ".join(process.cmdline())
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            is_run = "tasks.worker" in line or "prefect.engine" in line or "flow-run execute" in line
            if is_ours and is_run and word in line:
                found.append(process)
        return found

    def slots(self) -> int:
        """How many slots for training are taken."""
        taken: int = self.ask(f"/v2/concurrency_limits/{SLOT}", method="GET")["active_slots"]
        return taken

    def check_nothing_is_left(self, store: Store) -> None:
        """No slot, process, temporary file, checkpoint or unfinished attempt."""
        wait_for(lambda: self.slots() == 0)
        wait_for(lambda: self.processes() == [])
        wait_for(lambda: not any(path.name.startswith("genclust-") for path in (self.home / "tmp").iterdir()))
        assert checkpoints(store) == []
        assert [each.folder for each in attempts(store.listing()) if not each.is_whole] == []


def checkpoints(store: Storage) -> list[str]:
    """Files of checkpoints."""
    return [path for path in store.listing() if path.startswith("checkpoints/")]


def assignments(store: Store, run: str) -> str:
    """The digest of the assignments that a run has registered."""
    record = json.loads(store.read(f"runs/{run}.json"))
    digest: str = record["artifacts"]["assignments"]["sha256"]
    return digest


def kill(process: psutil.Process) -> None:
    """SIGKILL, as the system does when memory runs out."""
    os.kill(process.pid, signal.SIGKILL)


@contextmanager
def tmpfs(folder: Path, size: str) -> Iterator[Path]:
    """A small disk."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Clock:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self.start = time.monotonic()

    def __str__(self) -> str:
        return f"{time.monotonic() - self.start:.0f} s"
