"""A service as a person runs it: a server with a database of its own, its pool, deployments and worker."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from tasks.code import ROOT

GENCLUST, PREFECT = (str(Path(sys.executable).with_name(name)) for name in ("genclust", "prefect"))
PATIENCE = 900  # seconds: a bound against hanging, no promise, as machines are shared and slow at times
STAGES = [
    "ingest", "fit", "generate", "score", "cluster", "probe", "assess", "evaluate", "explain", "report", "register",
]  # fmt: skip


class Service:
    """What is started and asked; every part has its home in a folder."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home, self.store = home, home / "store"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.ui = f"http://127.0.0.1:{self.port}"
        self.api = f"{self.ui}/api"
        self.env = os.environ | {
            "PREFECT_HOME": str(home / "prefect"),
            "PREFECT_API_URL": self.api,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "DO_NOT_TRACK": "1",
            **environment,
        }

    def prefect(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command of Prefect's, in the project's folder."""
        return self._command(PREFECT, "--no-prompt", *words, check=check)

    def genclust(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command of ours."""
        return self._command(GENCLUST, *words, check=check)

    def _command(self, *words: str, check: bool) -> subprocess.CompletedProcess[str]:
        found = subprocess.run(words, cwd=ROOT, env=self.env, capture_output=True, text=True)
        assert not check or found.returncode == 0, found.stdout + found.stderr
        return found

    def start(self, *words: str, folder: Path = ROOT) -> subprocess.Popen[bytes]:
        """A process in a session of its own, whose output goes to a file in the home; as from a shell in a folder."""
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's background jobs inherit that it's ignored
        with (self.home / f"{words[-1]}.log").open("ab") as log:
            env = self.env | {"PWD": str(folder)}
            return subprocess.Popen(words, cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True)

    @contextmanager
    def served(self) -> Iterator[psutil.Process]:
        """`genclust serve` from another folder, until the block ends; nothing that it started is left then."""
        process = self.start(GENCLUST, "serve", folder=self.home)
        try:
            wait_for(lambda: b"The UI is at" in (self.home / "serve.log").read_bytes(), process)
            self.pause("assign-clusters/assign-hourly")
            yield psutil.Process(process.pid)
        finally:
            started = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)
            _, left = psutil.wait_procs(started, timeout=PATIENCE)
            assert left == []

    def ask(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """The server's answer."""
        data = None if method == "GET" else json.dumps({} if body is None else body).encode()
        request = urllib.request.Request(f"{self.api}{path}", data, {"content-type": "application/json"}, method=method)
        text = wait_for(lambda: _answered(request))
        return json.loads(text) if text != b"\n" else None

    def is_healthy(self) -> bool:
        """Whether the server answers."""
        return bool(urllib.request.urlopen(f"{self.api}/health", timeout=10).status == 200)

    def flow_runs(self, deployment: str, state: str | None = None) -> list[dict[str, Any]]:
        """Runs of a deployment (in a state), the earliest first."""
        runs = self.ask("/flow_runs/filter", {"deployments": {"name": {"any_": [deployment]}}})
        chosen = [run for run in runs if state in (None, run["state"]["type"])]
        return sorted(chosen, key=lambda run: run["expected_start_time"])

    def flow_run(self, id: str) -> dict[str, Any]:
        """A run."""
        found: dict[str, Any] = self.ask(f"/flow_runs/{id}", method="GET")
        return found

    def set_state(self, run: str, type: str, name: str) -> None:
        """As the worker or an automation does."""
        found = self.ask(f"/flow_runs/{run}/set_state", {"state": {"type": type, "name": name}})
        assert found["status"] == "ACCEPT", found["details"]

    def trigger(self, deployment: str, **parameters: Any) -> str:
        """Start a run of a deployment now, as the UI's button does; its id."""
        flow, name = deployment.split("/")
        found = self.ask(f"/deployments/name/{flow}/{name}", method="GET")
        run = self.ask(f"/deployments/{found['id']}/create_flow_run", {"parameters": parameters})
        return str(run["id"])

    def pause(self, deployment: str) -> None:
        """Keep the schedules of a deployment from starting runs among those that a test counts."""
        flow, name = deployment.split("/")
        found = self.ask(f"/deployments/name/{flow}/{name}", method="GET")
        self.ask(f"/deployments/{found['id']}/pause_deployment")

    def emit(self, event: str, resource: str, **payload: Any) -> None:
        """An event, now."""
        happened = {"id": str(uuid.uuid4()), "occurred": datetime.now(UTC).isoformat(), "event": event}
        self.ask("/events", [happened | {"resource": {"prefect.resource.id": resource}, "payload": payload}])

    def task_states(self, run: str, expected: int) -> dict[str, str]:
        """Names of the final states of a run's tasks; the server may learn of them after the run has ended."""

        def final() -> dict[str, str] | None:
            tasks = self.ask("/task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})
            states = {task["name"].rsplit("-", 1)[0]: task["state"] for task in tasks}
            ended = [state for state in states.values() if state and state["type"] in ("COMPLETED", "FAILED")]
            return {name: state["name"] for name, state in states.items()} if len(ended) >= expected else None

        found: dict[str, str] = wait_for(final)
        return found


def _answered(request: urllib.request.Request) -> bytes:
    """The answer and a new line; OSError where the server says that it is too busy (a locked database)."""
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return bytes(answer.read()) + b"\n"
    except urllib.error.HTTPError as error:
        if error.code != 503:
            raise AssertionError(f"{request.full_url}: {error.code} {error.read()!r}") from error
        raise


def wait_for(what: Callable[[], Any], process: subprocess.Popen[bytes] | None = None) -> Any:
    """The first true value that `what` gives; an end of the process is the end of hope."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            found = what()
        except OSError:
            found = None
        if found:
            return found
        assert process is None or process.poll() is None, f"{process.args} has ended"
        time.sleep(0.5)
    raise TimeoutError(f"nothing within {PATIENCE} s")
