"""Addresses of files, which Prefect, reports and records keep as they were told: no secret may be in them."""

import os
from urllib.parse import urlsplit

from tasks.errors import BadInput


def refuse_password(address: str, stage: str) -> None:
    """Refuse an address that holds a password.

    Raises:
        BadInput: it does; the error doesn't tell it.
    """
    if "://" in address and "@" in (place := urlsplit(address).netloc) and ":" in place.rsplit("@", 1)[0]:
        host = place.rsplit("@", 1)[1]
        remedy = (
            "Leave it out, and give it in the environment (FSSPEC_FTP_PASSWORD for ftp://, say) or in a Prefect block."
        )
        raise BadInput(stage, "an address without a password", f"one of {host} with a password", remedy)


def file_name(path: str) -> str:
    """The last part of a path, or of a web address without its query."""
    return os.path.basename(urlsplit(path).path if "://" in path else path)
