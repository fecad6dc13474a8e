"""The flows on a real server with a real worker: deployed, triggered and scheduled as a person would."""

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.flows.hook import Hook
from tests.flows.running import PATIENCE, STAGES, Service, wait_for

SMALL = {"manifoldgan": {"restarts": 20, "student_steps": 300, "steps": 200, "units": 32}, "samples": {"count": 50}}


def given(service: Service) -> dict[str, Any]:
    """Parameters of a short run."""
    return {"store": str(service.store), "name": "tried", **SMALL}


def test_a_triggered_run_completes_and_shows_its_artifacts(service: Service) -> None:
    """`prefect deployment run --watch`: every stage completed, the summary, the metrics and the files are there."""
    words = [word for name, value in given(service).items() for word in ("--param", f"{name}={json.dumps(value)}")]
    service.prefect("deployment", "run", "fit-clusters/on-demand", "--watch", *words)
    run = service.flow_runs("on-demand")[0]
    assert run["state"]["type"] == "COMPLETED"
    assert service.task_states(run["id"], len(STAGES)) == dict.fromkeys(STAGES, "Completed")
    keys = {artifact["key"] for artifact in service.ask("/artifacts/filter")}
    assert {"tried-summary", "tried-metrics", "training"} <= keys
    assert (service.store / "models" / "tried" / "report.html").stat().st_size > 50_000
    record = json.loads((service.store / "runs" / f"{run['id']}.json").read_text())
    assert record["settings"]["samples"]["count"] == 50
    assert record["summary"]["rows"] == 1797


def test_a_scheduled_run_starts_by_itself_and_does_no_stage_again(service: Service) -> None:
    """A schedule a few seconds away with the settings of the run before: every artifact is in the store."""
    deployment = service.ask("/deployments/filter", {"deployments": {"name": {"any_": ["weekly"]}}})[0]
    soon = datetime.now(UTC) + timedelta(seconds=15)
    schedule = {"interval": 3600, "anchor_date": soon.isoformat(), "timezone": "UTC"}
    service.ask(
        f"/deployments/{deployment['id']}/schedules",
        [{"schedule": schedule, "active": True, "parameters": given(service)}],
    )
    (run,) = wait_for(lambda: service.flow_runs("weekly", "COMPLETED"))
    assert run["auto_scheduled"]
    assert service.task_states(run["id"], len(STAGES)) == dict.fromkeys(STAGES, "Cached") | {"register": "Completed"}


def test_new_rows_are_assigned_by_the_promoted_version(service: Service) -> None:
    """The deployment that runs every hour, started by hand: each row has a cluster, and nothing drifted."""
    told = {"source": "digits", "name": "tried", "store": str(service.store)}
    words = [word for name, value in told.items() for word in ("--param", f"{name}={json.dumps(value)}")]
    service.prefect("deployment", "run", "assign-clusters/assign-hourly", "--watch", *words)
    (run,) = service.flow_runs("assign-hourly", "COMPLETED")
    assert service.task_states(run["id"], 3) == dict.fromkeys(["assign", "record", "detect_drift"], "Completed")
    (record,) = (service.store / "models" / "tried" / "assigned").glob("*.json")
    assert json.loads(record.read_text())["rows"] == 1797
    assert "tried-drift" in {artifact["key"] for artifact in service.ask("/artifacts/filter")}


def test_promoting_the_champion_again_changes_nothing(service: Service) -> None:
    """The deployment compares the newest fit with the promoted version, which it is."""
    words = [word for name, value in given(service).items() for word in ("--param", f"{name}={json.dumps(value)}")][:4]
    service.prefect("deployment", "run", "promote/promote", "--watch", *words)
    assert len(service.flow_runs("promote", "COMPLETED")) == 1
    assert len(list((service.store / "models" / "tried" / "promotions").glob("*.json"))) == 1


def test_a_cron_schedule_has_runs_waiting(service: Service) -> None:
    """The server's scheduler works with the versions that are installed."""
    waiting = wait_for(lambda: service.flow_runs("weekly", "SCHEDULED"))
    assert any("T03:00:00" in run["expected_start_time"] for run in waiting)


@pytest.mark.parametrize(
    ("parameter", "value", "words"),
    [
        ("clusters", 1, "1 is less than the minimum of 2"),
        ("model", "spectral", "is not one of"),
        ("samples", {"count": 0}, "0 is less than the minimum of 1"),
        ("samples", {"nonsense": 1}, "nonsense"),
    ],
)
def test_a_bad_value_is_refused_before_a_run_exists(
    service: Service, parameter: str, value: object, words: str
) -> None:
    """The API checks what the form and the command line send."""
    before = len(service.flow_runs("on-demand"))
    with pytest.raises(AssertionError, match=words):
        service.trigger("fit-clusters/on-demand", **{parameter: value})
    assert len(service.flow_runs("on-demand")) == before


def test_the_command_line_tells_why_a_value_is_refused(service: Service) -> None:
    """And ends with a status."""
    found = service.prefect("deployment", "run", "fit-clusters/on-demand", "--param", "clusters=1", check=False)
    assert found.returncode == 1
    assert "1 is less than the minimum of 2" in " ".join((found.stdout + found.stderr).split())


def test_bad_input_fails_the_run_at_once_and_is_not_retried(service: Service, tmp_path: Path) -> None:
    """The message in the UI names source, expectation, finding and remedy; nothing is trained."""
    given = {"source": str(tmp_path / "nothing.parquet"), "store": str(tmp_path / "store")}
    words = [word for name, value in given.items() for word in ("--param", f"{name}={json.dumps(value)}")]
    found = service.prefect("deployment", "run", "fit-clusters/on-demand", "--watch", *words, check=False)
    assert found.returncode == 1
    run = service.flow_runs("on-demand")[-1]
    assert service.task_states(run["id"], 1) == {"ingest": "Failed"}
    tasks = service.ask("/task_runs/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}})
    assert [(task["name"].rsplit("-", 1)[0], task["run_count"]) for task in tasks] == [("ingest", 1)]
    assert "source: expected" in run["state"]["message"]


def test_a_failed_run_is_told_to_the_address_of_notify(service: Service, hook: Hook) -> None:
    """In the form that chats take: which run of which flow failed, and why."""
    (run,) = service.flow_runs("on-demand", "FAILED")
    start = f"{run['name']} of fit-clusters is Failed: "
    (text,) = wait_for(lambda: [each["text"] for each in hook.taken if each["text"].startswith(start)])
    assert "nothing.parquet" in text


def test_a_run_that_is_heard_after_it_crashed_is_running_and_is_not_started_again(
    service: Service, tmp_path: Path
) -> None:
    """As after an outage of the server; a run that is silent is to start again."""
    until = tmp_path / "until"
    beating = ["env", "PREFECT_FLOWS_HEARTBEAT_FREQUENCY=30"]  # as in prefect.yaml
    process = service.start(*beating, sys.executable, "-m", "tests.flows.lingering", str(until))
    chosen = {"flows": {"name": {"any_": ["linger"]}}, "flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}}
    try:
        (heard,) = (run["id"] for run in wait_for(lambda: service.ask("/flow_runs/filter", chosen), process))
        silent = service.ask("/flow_runs/", {"flow_id": service.flow_run(heard)["flow_id"], "tags": ["genclust"]})["id"]
        service.set_state(silent, "RUNNING", "Running")
        for run in (heard, silent):
            service.set_state(run, "CRASHED", "Crashed")
            time.sleep(5)  # a busy SQLite loses an event of a burst now and then
        wait_for(lambda: service.flow_run(heard)["state"]["name"] == "Running", process)
        wait_for(lambda: started_again(service, silent))
        assert not started_again(service, heard)
    finally:
        until.touch()
    assert process.wait(PATIENCE) == 0
    assert service.flow_run(heard)["state"]["name"] == "Completed"
    assert service.flow_run(silent)["state"]["name"] == "Crashed"  # a run without a deployment can't start


def started_again(service: Service, run: str) -> bool:
    """Whether the automation for it acted on a run."""
    found = service.ask("/events/filter", {"filter": {"event": {"name": ["prefect.automation.triggered"]}}})["events"]
    return any(
        each["resource"]["prefect.resource.name"] == "genclust resubmission"
        and each["payload"]["triggering_labels"]["prefect.resource.id"] == f"prefect.flow-run.{run}"
        for each in found
    )


def parts(service: Service) -> dict[str, list[str]]:
    """Ids of what a server keeps for genclust; those of triggers are new with each deployment."""
    automations = [each for each in service.ask("/automations/filter") if each["name"] != "genclust drift"]
    found = {
        "automations": automations,
        "deployments": service.ask("/deployments/filter"),
        "pools": service.ask("/work_pools/filter"),
        "limits": service.ask("/v2/concurrency_limits/filter"),
    }
    return {kind: sorted(each["id"] for each in each_kind) for kind, each_kind in found.items()}


def test_a_second_serve_starts_nothing_and_doubles_nothing(service: Service) -> None:
    """It says what was there and ends; the parts are the same."""
    before = parts(service)
    found = service.genclust("serve").stdout
    assert found.count("(was there)") == 5
    assert parts(service) == before
    names = [each["name"] for each in service.ask("/automations/filter")]
    assert sorted(names) == [
        "genclust drift", "genclust heard again", "genclust notification", "genclust resubmission",
        "genclust zombie runs",
    ]  # fmt: skip


def test_status_tells_what_is_there(service: Service) -> None:
    """Server, pool, worker, slot, automations and deployments."""
    lines = service.genclust("status").stdout.splitlines()
    assert lines[0] == f"server       {service.ui}, version 3.8.8"
    assert "pool         genclust: ready" in lines
    assert "gpu slot     0 of 1 taken" in lines
    assert "automation   genclust zombie runs: on" in lines
    assert "deployment   fit-clusters/weekly: 0 3 * * 0" in "\n".join(lines)


def test_runs_and_show_tell_what_happened(service: Service) -> None:
    """The triggered run of above: a line in the list; its stages, artifacts and record."""
    run = service.flow_runs("on-demand", "COMPLETED")[0]
    (line,) = [line for line in service.genclust("runs").stdout.splitlines() if line.endswith(run["id"])]
    assert line.split()[:3] == [run["name"], "fit-clusters/on-demand", "Completed"]
    shown = service.genclust("show", run["name"], "--store", str(service.store)).stdout
    assert f"run          {run['name']}, {run['id']}" in shown
    assert [word for word in STAGES if f"stage        {word}" not in shown] == []
    assert "artifact     tried-summary (markdown)" in shown
    assert "made         assignments           1,797 rows" in shown


def test_an_unknown_run_is_told_in_one_line(service: Service) -> None:
    """With what to do."""
    found = service.genclust("show", "no-such-run", "--store", str(service.store), check=False)
    assert found.returncode == 1
    assert found.stderr.startswith("genclust: show: expected a run named no-such-run")


def test_a_drift_starts_one_refit_of_its_model(service: Service) -> None:
    """With the settings of the promoted version, so that all is in the store; a second drift starts none."""
    for _ in range(2):
        service.emit("genclust.drift.found", "genclust.model.tried", store=str(service.store))
    (run,) = wait_for(lambda: service.flow_runs("on-drift", "COMPLETED"))
    assert run["parameters"] == {"name": "tried", "store": str(service.store)}
    assert len(service.flow_runs("on-drift")) == 1


def test_a_service_that_is_not_there_is_told_in_one_line(service: Service, tmp_path: Path) -> None:
    """Nobody listens at the address."""
    nowhere = Service(tmp_path)
    for words in (["status"], ["fit", "digits", "--clusters", "10"]):
        found = nowhere.genclust(*words, check=False)
        assert found.returncode == 1
        assert found.stderr.strip() == (
            f"genclust: service: expected a Prefect server at {nowhere.api}; found none that answers. "
            "Start it (genclust serve), or set PREFECT_API_URL."
        )
