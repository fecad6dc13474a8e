"""The flows on a real server with a real worker: deployed, triggered and scheduled as a person would."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tasks.code import ROOT

PREFECT = str(Path(sys.executable).with_name("prefect"))
STAGES = [
    "ingest", "fit", "generate", "score", "cluster", "probe", "assess", "evaluate", "explain", "report", "register",
]  # fmt: skip
SMALL = {"manifoldgan": {"student_steps": 300, "steps": 200, "units": 32}, "samples": {"count": 50}}


class Service:
    """A server with a database of its own, the pool and its worker."""

    def __init__(self, home: Path) -> None:
        self.home, self.store = home, home / "store"
        self.given = {"store": str(self.store), "name": "tried", **SMALL}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.api = f"http://127.0.0.1:{self.port}/api"
        self.env = os.environ | {
            "PREFECT_HOME": str(home / "prefect"),
            "PREFECT_API_URL": self.api,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "DO_NOT_TRACK": "1",
        }

    def prefect(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command of Prefect's, in the project's folder."""
        return subprocess.run(
            [PREFECT, "--no-prompt", *words],
            cwd=ROOT,
            env=self.env,
            check=check,
            capture_output=True,
            text=True,
        )

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """The server's answer to a POST."""
        request = urllib.request.Request(
            f"{self.api}{path}", json.dumps(body or {}).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def flow_runs(self, deployment: str, state: str | None = None) -> list[dict[str, Any]]:
        """Runs of a deployment (in a state), the earliest first."""
        runs = self.ask("/flow_runs/filter", {"deployments": {"name": {"any_": [deployment]}}})
        chosen = [run for run in runs if state in (None, run["state"]["type"])]
        return sorted(chosen, key=lambda run: run["expected_start_time"])

    def task_states(self, run: str) -> dict[str, str]:
        """State names of a run's tasks."""
        tasks = self.ask("/task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})
        return {task["name"].rsplit("-", 1)[0]: task["state"]["name"] for task in tasks}

    @contextmanager
    def running(self, *words: str) -> Iterator[None]:
        """A server or a worker, ended with the block."""
        with (self.home / f"{words[0]}.log").open("w") as log:
            process = subprocess.Popen([PREFECT, *words], cwd=ROOT, env=self.env, stdout=log, stderr=log)
            try:
                yield
            finally:
                process.terminate()
                process.wait(30)


def wait_for(what: Any, seconds: float) -> Any:
    """The first true value that `what` gives."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            found = what()
        except OSError:
            found = None
        if found:
            return found
        time.sleep(0.5)
    raise TimeoutError(f"nothing within {seconds} s")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Everything that the README tells a person to start."""
    service = Service(tmp_path_factory.mktemp("service"))
    with service.running("server", "start", "--port", str(service.port)):
        wait_for(lambda: urllib.request.urlopen(f"{service.api}/health").status == 200, 90)
        service.prefect("work-pool", "create", "genclust", "--type", "process")
        service.prefect("deploy", "--all")
        with service.running("worker", "start", "--pool", "genclust"):
            yield service


def test_a_triggered_run_completes_and_shows_its_artifacts(service: Service) -> None:
    """`prefect deployment run --watch`: every stage completed, the summary, the metrics and the files are there."""
    words = [word for name, value in service.given.items() for word in ("--param", f"{name}={json.dumps(value)}")]
    service.prefect("deployment", "run", "fit-clusters/on-demand", "--watch", *words)
    run = service.flow_runs("on-demand")[0]
    assert run["state"]["type"] == "COMPLETED"
    assert service.task_states(run["id"]) == dict.fromkeys(STAGES, "Completed")
    keys = {artifact["key"] for artifact in service.ask("/artifacts/filter")}
    assert {"tried-summary", "tried-metrics", "training"} <= keys
    assert (service.store / "models" / "tried" / "report.html").stat().st_size > 50_000
    record = json.loads((service.store / "runs" / f"{run['id']}.json").read_text())
    assert record["settings"]["samples"]["count"] == 50
    assert record["summary"]["rows"] == 1797


def test_a_scheduled_run_starts_by_itself_and_does_no_stage_again(service: Service) -> None:
    """A schedule a few seconds away with the settings of the run before: every artifact is in the store."""
    deployment = service.ask("/deployments/filter", {"deployments": {"name": {"any_": ["nightly"]}}})[0]
    soon = datetime.now(UTC) + timedelta(seconds=15)
    schedule = {"interval": 3600, "anchor_date": soon.isoformat(), "timezone": "UTC"}
    service.ask(
        f"/deployments/{deployment['id']}/schedules",
        [{"schedule": schedule, "active": True, "parameters": service.given}],
    )
    (run,) = wait_for(lambda: service.flow_runs("nightly", "COMPLETED"), 120)
    assert run["auto_scheduled"]
    assert service.task_states(run["id"]) == dict.fromkeys(STAGES, "Cached") | {"register": "Completed"}


def test_a_cron_schedule_has_runs_waiting(service: Service) -> None:
    """The server's scheduler works with the versions that are installed."""
    waiting = wait_for(lambda: service.flow_runs("nightly", "SCHEDULED"), 60)
    assert any("T03:00:00" in run["expected_start_time"] for run in waiting)


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        ("clusters=1", "1 is less than the minimum of 2"),
        ('model="spectral"', "'spectral' is not one of"),
        ('samples={"count": 0}', "0 is less than the minimum of 1"),
        ('samples={"nonsense": 1}', "nonsense"),
    ],
)
def test_a_bad_value_is_refused_before_a_run_exists(service: Service, parameter: str, words: str) -> None:
    """The API checks what the form and the command line send."""
    before = len(service.flow_runs("on-demand"))
    found = service.prefect("deployment", "run", "fit-clusters/on-demand", "--param", parameter, check=False)
    assert found.returncode == 1
    assert words in " ".join((found.stdout + found.stderr).split())
    assert len(service.flow_runs("on-demand")) == before


def test_bad_input_fails_the_run_at_once_and_is_not_retried(service: Service, tmp_path: Path) -> None:
    """The message in the UI names stage, expectation, finding and remedy; nothing is trained."""
    given = {"source": str(tmp_path / "nothing.parquet"), "store": str(tmp_path / "store")}
    words = [word for name, value in given.items() for word in ("--param", f"{name}={json.dumps(value)}")]
    found = service.prefect("deployment", "run", "fit-clusters/on-demand", "--watch", *words, check=False)
    assert found.returncode == 1
    run = service.flow_runs("on-demand")[-1]
    tasks = service.ask("/task_runs/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}})
    assert [(task["name"].rsplit("-", 1)[0], task["run_count"]) for task in tasks] == [("ingest", 1)]
    assert "ingest: expected" in run["state"]["message"]
