"""A file where it lies, on this machine or elsewhere, and what tells its versions apart."""

import hashlib
import os
from dataclasses import dataclass
from typing import Any

from fsspec.implementations.local import LocalFileSystem

from tasks.errors import Interrupted
from tasks.storage import BUCKETS, protocols

CHUNK = 1 << 22
TAGS = ("ETag", "etag")
TIMES = ("LastModified", "Last-Modified", "last_modified", "updated", "mtime", "created")


@dataclass(frozen=True)
class Version:
    """Marks that change when the file does; `is_certain` where equal marks mean equal content."""

    marks: tuple[str, ...]
    is_certain: bool


@dataclass(frozen=True)
class Origin:
    """An address; `name` is what messages call the file."""

    fs: Any
    path: str
    name: str

    def fresh(self) -> "Origin":
        """The same without a listing of before that `version` could answer from."""
        self.fs.invalidate_cache()
        return self

    @property
    def is_local(self) -> bool:
        """Whether it can be read where it lies."""
        return isinstance(self.fs, LocalFileSystem)

    def version(self) -> Version:
        """What the file is now.

        Raises:
            Interrupted: it is gone.
        """
        try:
            return _stat(self.path) if self.is_local else _marks(self.fs, self.path)
        except FileNotFoundError as error:
            raise changed(self.name, "no such file any more") from error

    def digest(self, copy: str | None = None) -> str:
        """SHA-256 of the content, which is written to `copy` on the way.

        Raises:
            Interrupted: the file is gone.
        """
        digest = hashlib.sha256()
        try:
            with self.fs.open(self.path, "rb") as file, open(copy or os.devnull, "wb") as target:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
                    target.write(chunk)
        except FileNotFoundError as error:
            raise changed(self.name, "no such file any more") from error
        return digest.hexdigest()

    def memory(self, version: Version) -> str | None:
        """Where a store keeps the digest of this version, or None for a file whose marks prove nothing."""
        if self.is_local or not version.is_certain:
            return None
        text = "\n".join([self.fs.unstrip_protocol(self.path), *version.marks])
        return f"sources/{hashlib.sha256(text.encode()).hexdigest()[:24]}.json"


def changed(name: str, found: str) -> Interrupted:
    """The error of a file that is being written while it is read."""
    remedy = "Wait until it is written, and run again."
    return Interrupted("source", f"{name} to stay the same while it is read", found, remedy)


def _stat(path: str) -> Version:
    stat = os.stat(path)
    return Version((str(stat.st_size), str(stat.st_mtime_ns), str(stat.st_ino)), is_certain=False)


def _marks(fs: Any, path: str) -> Version:
    info = fs.info(path)
    tags = [str(info[tag]) for tag in TAGS if info.get(tag)]
    if tags and protocols(fs) & BUCKETS:
        return Version((str(info["size"]), *tags), is_certain=True)
    # web servers make tags from times in seconds: they show a change, but prove none
    return Version((str(info.get("size")), *tags, *(str(info[time]) for time in TIMES if info.get(time))), False)
