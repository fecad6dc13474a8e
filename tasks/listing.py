"""The files of a source: what an address or a pattern stands for, and of which format they are."""

import os
from typing import Any

from fsspec.core import url_to_fs

from tasks.addresses import file_name, refuse_password
from tasks.errors import BadInput
from tasks.origins import Origin

FORMATS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".npz": "npz",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
MAGIC = "*?["


def listed(source: str) -> list[Origin]:
    """The files of a source, sorted by name.

    Raises:
        BadInput: the address holds a password.
    """
    refuse_password(source, "source")
    fs, root = url_to_fs(source)
    fs.invalidate_cache()
    if fs.isfile(root):
        return [Origin(fs, root, file_name(root))]
    is_pattern = any(sign in root for sign in MAGIC) and not fs.exists(root)
    base = _before_pattern(root) if is_pattern else root
    paths = _matches(fs, root) if is_pattern else fs.find(root)
    names = {path.removeprefix(base).lstrip("/"): path for path in sorted(paths)}
    return [Origin(fs, path, name) for name, path in names.items() if not _is_hidden(name)]


def _before_pattern(root: str) -> str:
    first = min(root.index(sign) for sign in MAGIC if sign in root)
    return root[:first].rpartition("/")[0]


def _matches(fs: Any, pattern: str) -> set[str]:
    """Files that match a pattern, and all files in the folders that do."""
    found = fs.glob(pattern, detail=True)
    folders = [path for path, entry in found.items() if entry["type"] == "directory"]
    return {path for path in found if path not in folders}.union(*(fs.find(folder) for folder in folders))


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "_")) for part in name.split("/"))


def only_format(source: str, names: list[str]) -> str:
    """The format of all files.

    Raises:
        BadInput: there are none, or one is of no known format or of another one than the first.
    """
    if not names:
        raise BadInput("source", f"files at {source}", "none", "Check the path, or name another source.")
    formats = {name: FORMATS.get(os.path.splitext(name)[1].lower()) for name in names}
    known = ", ".join(FORMATS)
    for name, format in formats.items():
        if format is None:
            remedy = "Convert the file, or let its name start with an underscore to leave it out."
            raise BadInput("source", f"files that end in {known}", name, remedy)
    first = formats[names[0]] or ""
    for name, format in formats.items():
        if format != first:
            found = f"{names[0]} and {name}"
            raise BadInput("source", "files of one format in a folder", found, "Convert them, or fit each by itself.")
    return first
