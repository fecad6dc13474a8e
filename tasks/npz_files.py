"""NPZ files as parts: one array a column, read from its start to its end."""

import zipfile
from collections.abc import Iterator
from typing import IO

import numpy as np
import pyarrow as pa

from tasks.columns import fixed_lists
from tasks.errors import BadInput
from tasks.parts import Part, part_rows
from tasks.plain_types import plain


def npz_parts(path: str) -> Iterator[Part]:
    """Parts of an NPZ file."""
    with zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if name.endswith(".npy")]
        arrays = {name.removesuffix(".npy"): _Array(archive.open(name)) for name in members}
        _check_lengths({name: array.shape for name, array in arrays.items()})
        length = next(iter(arrays.values())).shape[0]
        rows = part_rows(pa.schema([(name, array.type) for name, array in arrays.items()]))
        for start in range(0, max(length, 1), rows):
            count = min(rows, length - start)
            fields, columns = zip(*(array.read(name, count) for name, array in arrays.items()), strict=True)
            yield Part(plain(pa.table(list(columns), pa.schema(fields))), np.arange(start, start + count))


def _check_lengths(shapes: dict[str, tuple[int, ...]]) -> None:
    if not shapes or any(not shape for shape in shapes.values()) or len({shape[0] for shape in shapes.values()}) > 1:
        found = ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "no array"
        remedy = "Save one row for each entry of the first dimension, in every array."
        raise BadInput("source", "arrays with equal first dimension", found, remedy)


class _Array:
    """An array in an NPZ file, read from its start to its end."""

    def __init__(self, stream: IO[bytes]) -> None:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        self.shape, fortran, self.dtype = read(stream)
        if self.dtype.hasobject:
            raise ValueError("arrays of Python objects are never loaded")
        self.stream = stream
        self.width = int(np.prod(self.shape[1:]))
        # such an array has its first rows all over the file
        self.whole = self._take(self.shape[0]).reshape(self.shape[::-1]).T if fortran and self.width > 1 else None
        self.done = 0

    @property
    def type(self) -> pa.DataType:
        """The type of its column, near enough to tell its size."""
        value = pa.from_numpy_dtype(self.dtype) if self.dtype.kind in "biuf" else pa.string()
        return pa.list_(value, self.width) if len(self.shape) > 1 else value

    def read(self, name: str, rows: int) -> tuple[pa.Field, pa.Array]:
        """The next rows as a column; an image's shape goes into the field's metadata."""
        values = self._take(rows) if self.whole is None else self.whole[self.done : self.done + rows]
        self.done += rows
        column = pa.array(values) if len(self.shape) == 1 else fixed_lists(values.reshape(rows, self.width))
        shape = {"shape": "x".join(map(str, self.shape[1:]))} if len(self.shape) > 2 else None
        return pa.field(name, column.type, metadata=shape), column

    def _take(self, rows: int) -> np.ndarray:
        size = rows * self.width * self.dtype.itemsize
        content = self.stream.read(size)
        if len(content) < size:
            raise EOFError("an array ends before its time")
        return np.frombuffer(content, self.dtype).astype(self.dtype.newbyteorder("="))
