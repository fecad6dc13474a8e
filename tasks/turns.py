"""How many trainings the machine takes at once."""

from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound

from tasks.slot import SLOT


def slots() -> int:
    """The server's limit of trainings; where it knows none, one: on a processor they'd only wait for each other."""
    with get_client(sync_client=True) as client:
        try:
            limit = client.read_global_concurrency_limit_by_name(SLOT)
        except ObjectNotFound:
            return 1
    return max(1, limit.limit) if limit.active else 1
