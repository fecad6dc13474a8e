"""Addresses of files, which Prefect, reports and records keep as they were told: no secret may be in them."""

import os
import re
from urllib.parse import urlsplit

from tasks.errors import BadInput

PASSWORD = re.compile(r"://[^/?#]*:[^/?#]*@([^/?#@]*)")  # of user:password@host, wherever addresses are chained (a::b)


def refuse_password(address: str, stage: str) -> None:
    """Refuse an address that holds a password.

    Raises:
        BadInput: it does; the error doesn't tell it.
    """
    if found := PASSWORD.search(address):
        remedy = "Leave it out, and put it in the environment (for ftp:// as FSSPEC_FTP_PASSWORD)."
        raise BadInput(stage, "an address without a password", f"one of {found[1]} with a password", remedy)


def file_name(path: str) -> str:
    """The last part of a path, or of a web address without its query."""
    return os.path.basename(urlsplit(path).path if "://" in path else path)
