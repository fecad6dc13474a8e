"""One server and worker for all lines, a small source, and the table that is printed at the end."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from moto.server import ThreadedMotoServer
from sklearn.datasets import load_digits

from tasks.store import Store
from tests.flows.running import wait_for
from tests.recovery.broken_service import BrokenService, assignments
from tests.recovery.flaky_proxy import FlakyProxy

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
LINES: list[tuple[str, str]] = []


@pytest.fixture(scope="session")
def proxy() -> Iterator[FlakyProxy]:
    """The way to an object store."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    proxy = FlakyProxy(*server.get_host_and_port())
    yield proxy
    proxy.close()
    server.stop()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, proxy: FlakyProxy) -> Iterator[BrokenService]:
    """All parts, by the commands of docs/service.md."""
    home = tmp_path_factory.mktemp("recovery")
    rows = pd.DataFrame(load_digits().data[:600], columns=[f"p{i}" for i in range(64)])
    rows.insert(0, "id", range(600))
    rows.to_parquet(home / "digits.parquet")
    environment = CREDENTIALS | {"AWS_ENDPOINT_URL": proxy.url}
    os.environ.update(environment)
    service = BrokenService(home, home / "digits.parquet", **environment)
    try:
        service.start_server()
        service.prefect("work-pool", "create", "genclust", "--type", "process")
        service.prefect("gcl", "create", "genclust-gpu", "--limit", "1")
        service.prefect("automation", "create", "--from-file", "flows/automations.yaml")
        service.prefect("deploy", "--all")
        service.pause("assign-clusters/assign-hourly")
        service.start_worker()
        yield service
    finally:
        service.stop()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(str(tmp_path / "store"))


@pytest.fixture(scope="session")
def unbroken(service: BrokenService, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of the assignments of a run that nothing happens to."""
    store = Store(str(tmp_path_factory.mktemp("unbroken") / "store"))
    run = service.run(store.root)
    service.wait_for_state(run, "Completed")
    wait_for(lambda: service.slots() == 0)
    return assignments(store, run)


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Note what was seen, for the table."""
    return lambda seen: LINES.append((request.node.name.removeprefix("test_").replace("_", " "), seen))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The lines of docs/recovery.md."""
    for name, seen in LINES:
        terminalreporter.write_line(f"| {name} | {seen} |")
