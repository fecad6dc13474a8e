"""The user's columns as the vectors that models see, and back.

Numbers are scaled to order one, pixels to [0, 1]; an embedding is centred in each coordinate and divided by
one scale, so that its geometry stays. What is fitted is a frozen description that survives JSON unchanged.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np

from models.scaling import Parameters, choose_scaling, fit_scaling, scale, unscale
from models.settings import EncodingSettings, Scaling

Columns = dict[str, np.ndarray]  # by name; (rows,) numbers or (rows, width) lists
EXACT = 2**53  # integers up to here are exact in float64
NUMPY_TYPES = {"float": "float32", "double": "float64"}  # where Arrow's name of a type isn't NumPy's


class Kind(StrEnum):
    """What a column is to the encoding."""

    NUMBER = "number"
    IMAGE = "image"
    EMBEDDING = "embedding"


@dataclass(frozen=True)
class Column:
    """A column and how it is encoded.

    Attributes:
        name: as in the artifact `rows`.
        dtype: Arrow's name for the type of its numbers.
        width: numbers in a cell.
        low: the smallest number in the accepted rows.
        high: the largest one.
        image_shape: (height, width) or (height, width, 3) of an image, None where it isn't known.
        scaling: one of the settings' scalings for numbers, "pixels" for images, "common" for embeddings.
        origin: what is taken off numbers before they become floats, so that large integers stay exact.
    """

    name: str
    kind: Kind
    dtype: str
    width: int
    low: float
    high: float
    image_shape: tuple[int, ...] | None = None
    scaling: str = ""
    origin: float = 0
    parameters: Parameters = field(default_factory=dict)


@dataclass(frozen=True)
class Encoding:
    """The columns in the order of their coordinates in a vector."""

    columns: tuple[Column, ...]

    @property
    def width(self) -> int:
        """Coordinates of a vector."""
        return sum(column.width for column in self.columns)

    @property
    def is_image(self) -> bool:
        """Whether the whole vector is the pixels of one image."""
        return [column.kind for column in self.columns] == [Kind.IMAGE]

    @property
    def image_shape(self) -> tuple[int, ...] | None:
        """Shape of the image that a vector is, if it is one and its shape is known."""
        return self.columns[0].image_shape if self.is_image else None

    def encode(self, table: Columns) -> np.ndarray:
        """Columns -> vectors, (rows, width) float32. Further columns in the table take no part."""
        blocks = [_encode(table[column.name], column) for column in self.columns]
        return np.concatenate(blocks, axis=1)

    def decode(self, vectors: np.ndarray) -> Columns:
        """Vectors -> columns in their own types, within the range of the accepted rows."""
        ends = np.cumsum([column.width for column in self.columns])[:-1]
        blocks = np.split(np.asarray(vectors), ends, axis=1)
        return {column.name: _decode(block, column) for block, column in zip(blocks, self.columns, strict=True)}

    def to_json(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Encoding":
        """The encoding that `to_json` described."""
        return cls(tuple(_column(**column) for column in value["columns"]))


def fit_encoding(columns: Sequence[Column], sample: Columns, settings: EncodingSettings) -> Encoding:
    """Choose and fit the scaling of each column.

    Args:
        columns: name, kind, type, width, range and shape; their scaling is not known yet.
        sample: train rows of the columns that aren't images.
    """
    return Encoding(tuple(_fit(column, sample, settings) for column in columns))


def image_shape(width: int) -> tuple[int, ...] | None:
    """(side, side) or (side, side, 3), if as many pixels can be a square image in grey or in colour."""
    if math.isqrt(width) ** 2 == width:
        return (math.isqrt(width), math.isqrt(width))
    side = math.isqrt(width // 3)
    return (side, side, 3) if 3 * side**2 == width else None


def _column(image_shape: Sequence[int] | None, kind: str, **values: Any) -> Column:
    return Column(kind=Kind(kind), image_shape=None if image_shape is None else tuple(image_shape), **values)


def _fit(column: Column, sample: Columns, settings: EncodingSettings) -> Column:
    match column.kind:
        case Kind.IMAGE:
            return replace(column, scaling="pixels")
        case Kind.EMBEDDING:
            return _fit_embedding(column, sample[column.name])
        case Kind.NUMBER:
            wanted = settings.columns.get(column.name, settings.scaling)
            return _fit_number(column, sample[column.name], wanted)


def _fit_embedding(column: Column, sample: np.ndarray) -> Column:
    values = sample.astype(np.float64)  # (rows, width)
    unit = math.sqrt(values.var(axis=0).mean()) or column.high - column.low
    return replace(column, scaling="common", parameters={"centre": values.mean(axis=0).tolist(), "unit": [unit]})


def _fit_number(column: Column, sample: np.ndarray, wanted: Scaling) -> Column:
    column = replace(column, origin=_origin(column, sample))
    values = _floats(sample, column)
    scaling = choose_scaling(values) if wanted is Scaling.auto else wanted
    low, high = float(column.low - column.origin), float(column.high - column.origin)
    return replace(column, scaling=scaling.value, parameters=fit_scaling(values, scaling, low, high))


def _origin(column: Column, sample: np.ndarray) -> float:
    """A value in the middle of an integer column; 0 where floats are exact enough or differences overflow."""
    if not _is_integer(column) or column.dtype == "bool" or column.high - column.low >= EXACT:
        return 0
    return int(np.partition(sample, len(sample) // 2)[len(sample) // 2])


def _encode(values: np.ndarray, column: Column) -> np.ndarray:
    match column.kind:
        case Kind.IMAGE:
            return values.astype(np.float32) / np.float32(255)
        case Kind.EMBEDDING:
            centre, unit = np.array(column.parameters["centre"]), column.parameters["unit"][0]
            return ((values - centre) / unit).astype(np.float32)
        case Kind.NUMBER:
            scaled = scale(_floats(values, column), Scaling(column.scaling), column.parameters)
            return scaled.astype(np.float32)[:, None]  # (rows, 1)


def _decode(block: np.ndarray, column: Column) -> np.ndarray:
    block = block.astype(np.float64)  # (rows, width)
    match column.kind:
        case Kind.IMAGE:
            return _typed(block * 255, column)
        case Kind.EMBEDDING:
            centre, unit = np.array(column.parameters["centre"]), column.parameters["unit"][0]
            return _typed(block * unit + centre, column)
        case Kind.NUMBER:
            return _typed(unscale(block[:, 0], Scaling(column.scaling), column.parameters), column)


def _floats(values: np.ndarray, column: Column) -> np.ndarray:
    """Distances from the column's origin as float64; of integers exactly, however large they are."""
    if column.origin:
        origin = np.array(column.origin, dtype=values.dtype).astype(np.int64)
        return (values.astype(np.int64) - origin).astype(np.float64)
    return values.astype(np.float64)


def _typed(values: np.ndarray, column: Column) -> np.ndarray:
    """Distances from the origin -> values within the column's range, in its type."""
    dtype = np.dtype(NUMPY_TYPES.get(column.dtype, column.dtype))
    values = np.clip(values, float(column.low - column.origin), float(column.high - column.origin))
    if not _is_integer(column):
        return values.astype(dtype)
    if not column.origin:
        return np.rint(values).clip(*_float_limits(dtype)).astype(dtype)
    origin = np.array(column.origin, dtype=dtype).astype(np.int64)
    return (np.rint(values).astype(np.int64) + origin).astype(dtype)


def _float_limits(dtype: np.dtype) -> tuple[float, float]:
    """The smallest and largest float64 that the integer type holds."""
    if dtype == np.bool_:
        return 0.0, 1.0
    limits = np.iinfo(dtype)
    return float(limits.min), float(limits.max) if limits.max < EXACT else np.nextafter(float(limits.max), 0)


def _is_integer(column: Column) -> bool:
    return NUMPY_TYPES.get(column.dtype, column.dtype)[:5] != "float"
