"""The Prefect server that commands talk to."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL, temporary_settings

from tasks.errors import BadInput

DEFAULT_API = "http://127.0.0.1:4200/api"


def api_url() -> str:
    """The address of the server that the environment or the profile names, or that of a local one."""
    return (PREFECT_API_URL.value() or DEFAULT_API).rstrip("/")


def ui_url(api: str) -> str:
    """The address for a browser."""
    return api.removesuffix("/api")


def answers(api: str) -> bool:
    """Whether a server is there; it needs no credentials."""
    try:
        with urllib.request.urlopen(f"{api}/health", timeout=10) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def connected(api: str) -> Iterator[SyncPrefectClient]:
    """A client of the server at an address.

    Raises:
        BadInput: nobody answers there, or it refuses the credentials.
    """
    if not answers(api):
        remedy = "Start it (genclust serve), or set PREFECT_API_URL."
        raise BadInput("service", f"a Prefect server at {api}", "none that answers", remedy)
    with temporary_settings({PREFECT_API_URL: api}), get_client(sync_client=True) as client:
        try:
            yield client
        except PrefectHTTPStatusError as error:
            if error.response.status_code not in (401, 403):
                raise
            remedy = "Set PREFECT_API_AUTH_STRING to user:password."
            raise BadInput("service", f"credentials that {api} accepts", "none, or wrong ones", remedy) from error


def check_server() -> None:
    """Refuse a server that is named but isn't there, or refuses us, before any work; where none is named, do nothing.

    Raises:
        BadInput: with the server's address.
    """
    if PREFECT_API_URL.value():
        with connected(api_url()) as client:
            client.read_work_pools(limit=1)
