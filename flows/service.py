"""`genclust serve`: what is missing of server, pool, slot, automations, deployments and worker, in one command."""

import signal
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_HOME, PREFECT_SERVER_API_AUTH_STRING

from flows.service_client import answers, api_url, connected, ui_url
from flows.service_parts import POOL, WORKER, deploy, make_automations, make_pool, make_slot, online_workers
from flows.service_processes import Processes
from tasks.errors import BadInput, StageError
from tasks.slot import SLOT

LOCAL = ("127.0.0.1", "localhost", "::1")
START_SECONDS = 600  # a slow and busy machine takes minutes
SERVER = {  # of a server that is started here
    # leases survive the server: in its memory a slot would leak when it restarts
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}


def serve(environment: Mapping[str, str], notify: str | None) -> None:
    """Start what is missing, tell where the UI is, and stay until a signal; then end what was started, and only that.

    Args:
        environment: what servers, workers and runs see.
        notify: an address that is told of failed runs.
    """
    api = api_url()
    own = dict(environment) | {"PREFECT_API_URL": api}
    if PREFECT_SERVER_API_AUTH_STRING.value() and not PREFECT_API_AUTH_STRING.value():
        raise BadInput(
            "service", "credentials for the worker too", "PREFECT_SERVER_API_AUTH_STRING alone",
            "Set PREFECT_API_AUTH_STRING to the same value.",
        )  # fmt: skip
    processes = Processes(PREFECT_HOME.value() / "genclust", own)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where it was ignored, as after nohup
    try:
        _start(api, processes, notify)
        while processes:
            time.sleep(1)
            for line in processes.restart_ended():
                print(line, flush=True)
    except KeyboardInterrupt:
        print("stopping", flush=True)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        processes.stop()


def _start(api: str, processes: Processes, notify: str | None) -> None:
    _tell("server", ui_url(api), _start_server(api, processes))
    with connected(api) as client:
        _tell("pool", POOL, make_pool(client))
        _tell("gpu slot", SLOT, make_slot(client))
        made = make_automations(client, notify)
        _tell("automations", ", ".join(made) or "of flows/automations.yaml", bool(made))
        deploy(processes.environment)
        _tell("deployments", "of prefect.yaml", True)
        online = online_workers(client)
        if not online:
            processes.start("worker", "worker", "start", "--pool", POOL, "--name", WORKER)
        _tell("worker", online[0].name if online else WORKER, not online)
    print(f"\nThe UI is at {ui_url(api)}" + (". Ctrl-C ends what was started." if processes else ""), flush=True)


def _tell(part: str, what: str, is_new: bool) -> None:
    print(f"{part:<12} {what}{'' if is_new else ' (was there)'}", flush=True)


def _start_server(api: str, processes: Processes) -> bool:
    """Whether there was none that answered."""
    if answers(api):
        return False
    address = urlsplit(api)
    if address.hostname not in LOCAL:
        remedy = "Start it there, or unset PREFECT_API_URL."
        raise BadInput("service", f"the server at {api} to answer", "nobody, and it isn't this machine", remedy)
    processes.environment |= SERVER | {"PREFECT_UI_API_URL": api}
    processes.start("server", "server", "start", "--host", address.hostname, "--port", str(address.port or 4200))
    deadline = time.monotonic() + START_SECONDS
    while not answers(api):
        if processes.has_ended("server") or time.monotonic() > deadline:
            last = processes.log("server").read_text()[-2000:].strip()
            raise StageError("service", f"a server at {api} within {START_SECONDS} s", last, "See its log.")
        time.sleep(0.5)
    return True
