"""A source: its files, each known by the digest of its content.

A source is `digits`, a file, a folder of files (searched to the bottom) or a pattern with * ? [ ], local or at
any URI that fsspec opens. Files and folders whose name starts with "." or "_" take no part.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from models.settings import SourceSettings
from tasks.digits import write_digits
from tasks.errors import BadInput, Interrupted
from tasks.failures import explained
from tasks.listing import listed, only_format
from tasks.origins import Origin, Version, changed
from tasks.storage import Storage

DIGITS = "digits"


@dataclass(frozen=True)
class SourceFile:
    """One file of a source; `name` is relative to the source, or to the folder before a pattern.

    `path` is local: that of a remote file is where `fetched` copies it to.
    """

    name: str
    path: str
    format: str
    sha256: str
    origin: Origin | None = None
    version: Version | None = None

    def fetched(self) -> str:
        """The local path; a remote file is copied the first time.

        Raises:
            Interrupted: the file is not any more what its digest says, or the network failed.
        """
        if self.origin is not None and not os.path.exists(self.path):
            _fetch(self, self.origin)
        return self.path

    def check_unchanged(self) -> None:
        """Refuse what was read from a file that was written meanwhile.

        Raises:
            Interrupted: naming the file.
        """
        if self.origin is None:
            return
        with _reachable(self.name):
            if self.origin.fresh().version() != self.version:
                raise changed(self.name, "another version of it")


def known_roles(source: str, settings: SourceSettings) -> SourceSettings:
    """The settings, with the id and the label of the embedded digits where they name none."""
    if source != DIGITS:
        return settings
    roles = {"id_column": settings.id_column or "id", "label_column": settings.label_column or "label"}
    return settings.model_copy(update=roles)


@contextmanager
def source_files(source: str, memory: Storage | None = None) -> Iterator[tuple[SourceFile, ...]]:
    """The files of a source in the order of their names.

    A remote file is copied when it is first needed, for as long as the context lasts; its digest needs no copy
    where `memory` has that of the same version.

    Raises:
        BadInput: the source is missing, empty or closed to us, or its files are of no known format or of
            several.
        Interrupted: the network failed, or a file changed before an error arose from it.
    """
    with TemporaryDirectory(prefix="genclust-source-") as folder:
        if source == DIGITS:
            yield (_digits(Path(folder) / "digits.parquet"),)
            return
        files = tuple(_files(source, folder, memory))
        try:
            yield files
        except Exception:
            check_unchanged(files)  # half-written files look damaged
            raise


def check_unchanged(files: Iterable[SourceFile]) -> None:
    """Refuse what was read from files of which one was written meanwhile.

    Raises:
        Interrupted: naming the file.
    """
    for file in files:
        file.check_unchanged()


def remember(files: Iterable[SourceFile], memory: Storage) -> None:
    """Keep the digests of remote files, so that the same version needs no copy again."""
    for file in files:
        place = file.origin and file.version and file.origin.memory(file.version)
        if place and _remembered(memory, place) != file.sha256:
            file.check_unchanged()
            memory.write(place, json.dumps({"sha256": file.sha256}).encode())


def _files(source: str, folder: str, memory: Storage | None) -> list[SourceFile]:
    with _reachable(source):
        origins = listed(source)
    format = only_format(source, [origin.name for origin in origins])
    with _reachable(source):
        return [_file(origin, format, f"{folder}/{number}", memory) for number, origin in enumerate(origins)]


def _file(origin: Origin, format: str, copy: str, memory: Storage | None) -> SourceFile:
    version = origin.version()
    if origin.is_local:
        return SourceFile(origin.name, origin.path, format, origin.digest(), origin, version)
    place = origin.memory(version)
    known = _remembered(memory, place) if memory is not None and place else None
    return SourceFile(origin.name, copy, format, known or origin.digest(copy), origin, version)


def _remembered(memory: Storage, place: str) -> str | None:
    try:
        return str(json.loads(memory.read(place))["sha256"])
    except (FileNotFoundError, ValueError, KeyError):  # none yet, or one whose writer was killed
        return None


def _fetch(file: SourceFile, origin: Origin) -> None:
    with _reachable(file.name):
        found = origin.digest(f"{file.path}.part")
    if found != file.sha256:
        raise changed(file.name, "another content")
    os.replace(f"{file.path}.part", file.path)


@contextmanager
def _reachable(source: str) -> Iterator[None]:
    """Tell a source that can't be read from a network that failed."""
    expected = f"a source that can be read at {source}"
    try:
        with explained("source", expected):
            yield
    except (FileNotFoundError, PermissionError, NotADirectoryError, ValueError) as error:
        raise BadInput("source", expected, repr(error), "Check the address and your access to it.") from error
    except OSError as error:
        raise Interrupted("source", expected, repr(error), "Run it again when storage and network work.") from error


def _digits(path: Path) -> SourceFile:
    write_digits(path)
    return SourceFile(DIGITS, str(path), "parquet", hashlib.sha256(path.read_bytes()).hexdigest())
