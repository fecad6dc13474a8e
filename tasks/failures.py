"""What a failure of storage means: a mistake that the user can mend, or one that may pass."""

from collections.abc import Iterator
from contextlib import contextmanager

from tasks.errors import BadInput, Interrupted

CLIENTS = ("botocore", "aiobotocore", "aiohttp")  # fsspec lets the errors of these through as they are
PASSING = ("ConnectionError", "HTTPClientError", "ClientError", "ResponseParserError", "TimeoutError")


@contextmanager
def explained(stage: str, expected: str) -> Iterator[None]:
    """Raise what the clients of object stores raise as errors of ours; other errors go through.

    Raises:
        BadInput: credentials are missing, an address is wrong, or the client itself is not installed.
        Interrupted: the connection was refused, broke, or took too long.
    """
    try:
        yield
    except ImportError as error:
        raise BadInput(stage, expected, str(error), "Install the package that opens such addresses.") from error
    except Exception as error:
        if _may_pass(error):
            remedy = "Run it again when storage and network work."
            raise Interrupted(stage, expected, repr(error), remedy) from error
        if _is_from_client(error):
            remedy = "Check the address, the endpoint and the credentials in the environment."
            raise BadInput(stage, expected, repr(error), remedy) from error
        raise


def _may_pass(error: Exception) -> bool:
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    return _is_from_client(error) and any(kind.__name__ in PASSING for kind in type(error).__mro__)


def _is_from_client(error: Exception) -> bool:
    return type(error).__module__.split(".")[0] in CLIENTS and not isinstance(error, OSError)
