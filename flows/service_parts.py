"""What a server must know before it can run genclust, and who makes it where it is missing."""

import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, WorkPoolCreate
from prefect.client.schemas.objects import Worker, WorkerStatus
from prefect.events.actions import CallWebhook
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker

from tasks.code import ROOT
from tasks.errors import StageError
from tasks.slot import SLOT

POOL = "genclust"
WORKER = f"genclust on {platform.node()}"
AUTOMATIONS = Path(__file__).with_name("automations.yaml")
NOTIFY = "genclust-notify"
TOLD = (  # in the form that Slack, Mattermost and others take; the server fills it in
    '{"text": {{ (flow_run.name ~ " of " ~ flow.name ~ " is " ~ flow_run.state.name ~ ": "'
    " ~ flow_run.state.message) | tojson }}}"
)


def make_pool(client: SyncPrefectClient) -> bool:
    """The pool of processes on this machine; whether it was missing."""
    try:
        client.read_work_pool(POOL)
    except ObjectNotFound:
        template = ProcessWorker.get_default_base_job_template()
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process", base_job_template=template))
        return True
    return False


def make_slot(client: SyncPrefectClient) -> bool:
    """The limit that trainings share; whether it was missing. Its size is the operator's to change."""
    try:
        client.read_global_concurrency_limit_by_name(SLOT)
    except ObjectNotFound:
        client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=SLOT, limit=1))
        return True
    return False


def make_automations(client: SyncPrefectClient, notify: str | None) -> list[str]:
    """The names of the automations that were missing; those that somebody changed stay as they are."""
    wanted = [AutomationCore.model_validate(each) for each in yaml.safe_load(AUTOMATIONS.read_text())["automations"]]
    if notify:
        wanted.append(_notification(notify))
    missing = [each for each in wanted if not client.read_automations_by_name(each.name)]
    for automation in missing:
        client.create_automation(automation)
    return [automation.name for automation in missing]


def deploy(environment: dict[str, str]) -> None:
    """Send the deployments of prefect.yaml, whose runs work in the project's folder wherever this is called.

    Raises:
        StageError: with what Prefect said.
    """
    words = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    here = environment | {"PWD": str(ROOT)}
    found = subprocess.run(words, cwd=ROOT, env=here, capture_output=True, text=True)
    if found.returncode:
        said = (found.stdout + found.stderr).strip()
        raise StageError("service", "deployments that the server takes", said, "Correct prefect.yaml.")


def online_workers(client: SyncPrefectClient) -> list[Worker]:
    """The workers of the pool that were heard lately."""
    return [each for each in client.read_workers_for_work_pool(POOL) if each.status == WorkerStatus.ONLINE]


def _notification(url: str) -> AutomationCore:
    """A POST to an address when a run has failed for good, or crashed."""
    block: Any = Webhook(url=url, headers={"Content-Type": "application/json"}).save(NOTIFY, overwrite=True)
    trigger = {
        "type": "event",
        "match": {"prefect.resource.id": "prefect.flow-run.*"},
        "match_related": {"prefect.resource.role": "tag", "prefect.resource.id": "prefect.tag.genclust"},
        "for_each": ["prefect.resource.id", "prefect.run-count"],
        "expect": ["prefect.flow-run.Failed", "prefect.flow-run.Crashed"],
        "threshold": 1,
        "within": 300,
    }
    action = CallWebhook(block_document_id=block, payload=TOLD)
    return AutomationCore(name="genclust notification", trigger=trigger, actions=[action])
