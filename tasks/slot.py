"""The machine's slot for training: one run at a time holds the GPU (or all cores), whatever deployment it is of."""

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.client.orchestration import get_client
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectNotFound

SLOT = "genclust-gpu"
LEASE = 60  # seconds after which the slot of a killed run is free


@contextmanager
def gpu_slot() -> Iterator[None]:
    """Hold a slot inside a flow, waiting for one if need be; a server that knows no such limit lets everybody in.

    A run whose lease can't be renewed, because the server is away for long, goes on: a training is worth more.
    """
    if not _is_limited():
        yield
        return
    with concurrency(SLOT, lease_duration=LEASE, strict=False, raise_on_lease_renewal_failure=False):
        yield


def _is_limited() -> bool:
    with get_client(sync_client=True) as client:
        try:
            client.read_global_concurrency_limit_by_name(SLOT)
        except ObjectNotFound:
            return False
    return True
