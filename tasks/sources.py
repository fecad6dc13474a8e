"""A source: its files on this machine, each known by the digest of its content.

A source is `digits`, a file or a folder of files (searched to the bottom), local or at any URI that fsspec
opens. Files and folders whose name starts with "." or "_" take no part.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from pydantic import BaseModel, ConfigDict

from models.settings import SourceSettings
from tasks.errors import BadInput, Interrupted

DIGITS = "digits"
FORMATS = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv", ".npz": "npz"}
CHUNK = 1 << 22


class SourceFile(BaseModel):
    """One file of a source; `name` is relative to the source, `path` is local."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    path: str
    format: str
    sha256: str


def known_roles(source: str, settings: SourceSettings) -> SourceSettings:
    """The settings, with the id and the label of the embedded digits where they name none."""
    if source != DIGITS:
        return settings
    roles = {"id_column": settings.id_column or "id", "label_column": settings.label_column or "label"}
    return settings.model_copy(update=roles)


@contextmanager
def source_files(source: str) -> Iterator[tuple[SourceFile, ...]]:
    """The files of a source in the order of their names; remote ones are copied while the context lasts.

    Raises:
        BadInput: the source is missing, empty or closed to us, or its files are of no known format or of
            several.
        Interrupted: the network failed.
    """
    with TemporaryDirectory(prefix="genclust-source-") as folder:
        if source == DIGITS:
            yield (_digits(Path(folder) / "digits.parquet"),)
        else:
            yield tuple(_files(source, folder))


def _files(source: str, folder: str) -> list[SourceFile]:
    with _reachable(source):
        fs, root = url_to_fs(source)
        paths = {os.path.basename(root): root} if fs.isfile(root) else _folder(fs, root)
    format = _only_format(source, list(paths))
    return [_file(fs, path, name, format, source, folder) for name, path in paths.items()]


def _folder(fs: Any, root: str) -> dict[str, str]:
    """Paths of the files in a folder by their names, sorted."""
    names = {path.removeprefix(root).lstrip("/"): path for path in sorted(fs.find(root))}
    return {name: path for name, path in names.items() if not _is_hidden(name)}


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "_")) for part in name.split("/"))


def _only_format(source: str, names: list[str]) -> str:
    if not names:
        raise BadInput("ingest", f"files at {source}", "none", "Check the path, or name another source.")
    formats = {name: FORMATS.get(os.path.splitext(name)[1].lower()) for name in names}
    known = ", ".join(FORMATS)
    for name, format in formats.items():
        if format is None:
            remedy = "Convert the file, or let its name start with an underscore to leave it out."
            raise BadInput("ingest", f"files that end in {known}", name, remedy)
    first = formats[names[0]] or ""
    for name, format in formats.items():
        if format != first:
            found = f"{names[0]} and {name}"
            raise BadInput("ingest", "files of one format in a folder", found, "Convert them, or fit each by itself.")
    return first


def _file(fs: Any, path: str, name: str, format: str, source: str, folder: str) -> SourceFile:
    if isinstance(fs, LocalFileSystem):
        with _reachable(source), open(path, "rb") as file:
            return SourceFile(
                name=name, path=path, format=format, sha256=hashlib.file_digest(file, "sha256").hexdigest()
            )
    copy = Path(folder) / name
    copy.parent.mkdir(parents=True, exist_ok=True)
    return SourceFile(name=name, path=str(copy), format=format, sha256=_copy(fs, path, copy, source))


def _copy(fs: Any, path: str, copy: Path, source: str) -> str:
    digest = hashlib.sha256()
    with _reachable(source), fs.open(path, "rb") as remote, open(copy, "wb") as local:
        while chunk := remote.read(CHUNK):
            digest.update(chunk)
            local.write(chunk)
    return digest.hexdigest()


@contextmanager
def _reachable(source: str) -> Iterator[None]:
    """Tell a source that can't be read from a network that failed."""
    expected = f"a source that can be read at {source}"
    try:
        yield
    except (FileNotFoundError, PermissionError, NotADirectoryError, ValueError) as error:
        raise BadInput("ingest", expected, repr(error), "Check the address and your access to it.") from error
    except ImportError as error:
        raise BadInput("ingest", expected, str(error), "Install the package that opens such addresses.") from error
    except OSError as error:
        raise Interrupted("ingest", expected, repr(error), "Run it again when storage and network work.") from error


def _digits(path: Path) -> SourceFile:
    """Real handwritten digits that ship with scikit-learn: 1,797 images of 8 x 8 pixels."""
    from sklearn.datasets import load_digits  # its import takes a second

    images, labels = load_digits(return_X_y=True)  # (1797, 64) of 0 to 16, (1797,)
    pixels = np.rint(images * 255 / 16).astype(np.uint8)
    columns = {
        "id": pa.array(np.arange(len(pixels))),
        "image": pa.FixedSizeListArray.from_arrays(pixels.ravel(), pixels.shape[1]),
        "label": pa.array(labels),
    }
    pq.write_table(pa.table(columns), path)
    return SourceFile(
        name=DIGITS, path=str(path), format="parquet", sha256=hashlib.sha256(path.read_bytes()).hexdigest()
    )
