"""A service for each file of tests that needs a server with a worker, and the address that it notifies."""

from collections.abc import Iterator

import pytest

from tests.flows.hook import Hook
from tests.flows.running import Service


@pytest.fixture(scope="session")
def hook() -> Iterator[Hook]:
    """Where the service tells of failed runs."""
    with Hook().listening() as hook:
        yield hook


@pytest.fixture(scope="module")
def service(hook: Hook, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`genclust serve` with a notification, as the README tells a person to start it."""
    service = Service(tmp_path_factory.mktemp("service"), GENCLUST_NOTIFY=hook.url)
    with service.served():
        yield service
