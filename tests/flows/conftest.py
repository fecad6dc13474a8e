"""One service for all tests that need a server with a worker."""

from collections.abc import Iterator

import pytest

from tests.flows.running import Service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`genclust serve`, as the README tells a person to start it."""
    service = Service(tmp_path_factory.mktemp("service"))
    with service.served():
        yield service
