"""Files under one root, a local folder or any URI that fsspec opens; whole files are written and read.

Nothing is remembered between two calls: what others wrote or removed meanwhile is seen.
"""

import errno
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

import fsspec
from fsspec.core import url_to_fs

from tasks.addresses import refuse_password
from tasks.errors import BadInput
from tasks.failures import explained

UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR)
BUCKETS = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl"}  # no folders; making one would make its bucket
MODIFIED = ("mtime", "LastModified", "last_modified", "updated", "created")  # as file systems call it
TAKEN = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")  # answers to a write of a new object


class Listed(NamedTuple):
    """A file's size in bytes, and when it was written; now where the file system doesn't say."""

    size: int
    modified: datetime


class Storage:
    """Paths are relative to the root."""

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")
        refuse_password(self.root, "store")
        with self._reached():
            try:
                self.fs, self.base = url_to_fs(self.root)
            except ValueError as error:
                remedy = "Name a folder, or an address such as s3://bucket/folder."
                raise BadInput("store", "an address that can be opened", f"{root}: {error}", remedy) from error

    def read(self, path: str) -> bytes:
        """Content of a file."""
        with self._reached():
            content: bytes = self.fs.cat_file(f"{self.base}/{path}")
            return content

    def write(self, path: str, content: bytes) -> None:
        """Write a file over what may be there; who reads finds the old one or the new one, whole.

        Raises:
            BadInput: nobody may write there, or there is no such bucket.
        """
        with self._writable():
            if self.is_local:
                self._put_whole(path, content, os.replace)
            else:
                self._put(path, content, "overwrite")

    def create(self, path: str, content: bytes) -> None:
        """Write a file that must not exist yet.

        Of several at once one succeeds: on a disk, and on object stores that know conditional writes (as S3 does).

        Raises:
            FileExistsError: somebody else created it first.
            BadInput: nobody may write there, or there is no such bucket.
        """
        with self._writable():
            try:
                if self.is_local:
                    self._put_whole(path, content, os.link)
                else:
                    self._put(path, content, "create")
            except OSError as error:
                if _code(error) in TAKEN:
                    raise FileExistsError(path) from error
                raise

    def names(self, path: str) -> list[str]:
        """Sorted names in a folder; none where there is no such folder."""
        folder = f"{self.base}/{path}"
        with self._reached():
            try:
                paths = self._fresh().ls(folder, detail=False)
            except (FileNotFoundError, NotADirectoryError):
                return []
        others = {found.rstrip("/") for found in paths} - {folder}  # some stores list the folder itself
        return sorted(found.rsplit("/", 1)[1] for found in others)

    def sizes(self, folders: Iterable[str]) -> dict[str, int]:
        """Sizes of all files in some folders, by path."""
        with self._reached():
            fs = self._fresh()
            found = {path: entry["size"] for name in folders for path, entry in _entries(fs, f"{self.base}/{name}")}
        return {path.removeprefix(f"{self.base}/"): size for path, size in found.items()}

    def listing(self) -> dict[str, Listed]:
        """All files below the root, by path."""
        with self._reached():
            found = _entries(self._fresh(), self.base)
        return {path.removeprefix(f"{self.base}/"): Listed(entry["size"], _modified(entry)) for path, entry in found}

    def remove(self, path: str) -> None:
        """Remove a file, or a folder and what is in it, if it is there."""
        with self._reached():
            fs = self._fresh()
            try:
                fs.rm(f"{self.base}/{path}", recursive=True)
            except (FileNotFoundError, NotADirectoryError):
                return

    def remove_empty(self, path: str) -> bool:
        """Remove a folder of this machine that nothing is in; whether it was."""
        if not self.is_local:
            return False
        try:
            os.rmdir(f"{self.base}/{path}")
        except OSError:
            return False
        return True

    @property
    def is_local(self) -> bool:
        """Whether the root is a folder of this machine."""
        return isinstance(self.fs, fsspec.get_filesystem_class("file"))

    def uri(self, path: str) -> str:
        """The address of a path."""
        return f"{self.root}/{path}"

    def _put(self, path: str, content: bytes, mode: str) -> None:
        full = f"{self.base}/{path}"
        with self._reached():
            if not BUCKETS & protocols(self.fs):
                self._make_folder(full.rsplit("/", 1)[0])
            self.fs.pipe_file(full, content, mode=mode)

    def _make_folder(self, folder: str) -> None:
        try:
            self.fs.makedirs(folder, exist_ok=True)
        except FileExistsError as error:  # what is there is a file
            raise NotADirectoryError(errno.ENOTDIR, "a file where a folder should be", folder) from error

    def _put_whole(self, path: str, content: bytes, place: Callable[[str, str], None]) -> None:
        """Write a local file beside its place, and `place` it there when it is whole."""
        partial = f"{path}.{uuid.uuid4().hex[:12]}.part"
        try:
            self._put(partial, content, "overwrite")
            place(f"{self.base}/{partial}", f"{self.base}/{path}")
        finally:
            with suppress(OSError):  # it is placed, or was never begun
                os.unlink(f"{self.base}/{partial}")

    def _fresh(self) -> Any:
        """The file system without the listings that it holds in memory, which leave out what others did."""
        self.fs.invalidate_cache()
        return self.fs

    @contextmanager
    def _reached(self) -> Iterator[None]:
        with explained("store", f"a store that can be reached at {self.root}"):
            yield

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if isinstance(error, FileNotFoundError | PermissionError) or error.errno in UNWRITABLE:
                expected = f"a folder that can be written at {self.root}"
                raise BadInput("store", expected, repr(error), "Name another --store, or grant access.") from error
            raise


def _entries(fs: Any, folder: str) -> Iterable[tuple[str, Any]]:
    found: dict[str, Any] = fs.find(folder, detail=True)
    return found.items()


def _modified(entry: dict[str, Any]) -> datetime:
    found = next((entry[name] for name in MODIFIED if entry.get(name)), None)
    match found:
        case datetime():
            return found.astimezone(UTC)
        case str():
            return datetime.fromisoformat(found).astimezone(UTC)
        case int() | float():
            return datetime.fromtimestamp(found, UTC)
    return datetime.now(UTC)


def protocols(fs: Any) -> set[str]:
    """The protocols that a file system answers to."""
    return {fs.protocol} if isinstance(fs.protocol, str) else set(fs.protocol)


def _code(error: OSError) -> str:
    """The code that an object store answered, or ""."""
    response = getattr(error.__cause__, "response", None)
    return str(response["Error"]["Code"]) if response else ""
