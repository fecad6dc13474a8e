"""The user's columns as the vectors that models see, and back.

Numbers are scaled to order one, each column by itself or like columns by one unit; pixels to [0, 1] by the range of
them all; an embedding is centred in each coordinate and divided by one scale, so that its geometry stays. Missing
numbers are imputed where the settings say so. What is fitted is a frozen description that survives JSON unchanged.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np

from models.imputation import indicated, indicator, missing_cells
from models.scaling import Parameters, scale, unscale
from models.settings import Imputation, Scaling

Columns = dict[str, np.ndarray]  # by name; (rows,) numbers, masked where cells are missing, or (rows, width) lists
EXACT = 2**53  # integers up to here are exact in float64
BYTES = {"centre": [0.0], "unit": [255.0]}  # the parameters of pixels in bundles that don't tell them
CONSTANT = "constant"  # the scaling of a number that says nothing but whether it is missing
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
        image_shape: (height, width) or (height, width, 3) of an image, None where it isn't known; of a number that is a
            pixel, the shape of the image that all columns are together.
        scaling: one of the settings' scalings for numbers or CONSTANT, "pixels" for images, "common" for embeddings.
        origin: what is taken off numbers before they become floats, so that large integers stay exact.
        parameters: of the scaling; `fill`, a distance from the origin, stands for a missing number.
        imputation: what becomes of a missing number.
        has_indicator: whether a last coordinate says that the number was missing.
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
    imputation: Imputation = Imputation.reject
    has_indicator: bool = False

    @property
    def coordinates(self) -> int:
        """Coordinates of a vector that the column takes, once its scaling is known."""
        return self.width * (self.scaling != CONSTANT) + self.has_indicator

    @property
    def is_integer(self) -> bool:
        """Whether its numbers are whole ones, or truth values."""
        return NUMPY_TYPES.get(self.dtype, self.dtype)[:5] != "float"

    @property
    def is_pixel(self) -> bool:
        """Whether it is a number that is a pixel of the image that all columns are together."""
        return self.kind is Kind.NUMBER and self.image_shape is not None


@dataclass(frozen=True)
class Encoding:
    """The columns in the order of their coordinates in a vector."""

    columns: tuple[Column, ...]

    @property
    def width(self) -> int:
        """Coordinates of a vector."""
        return sum(column.coordinates for column in self.columns)

    @property
    def places(self) -> dict[str, slice]:
        """Where each column's coordinates stand in a vector; the indicator is the last of them."""
        ends = np.cumsum([column.coordinates for column in self.columns]).tolist()
        return {c.name: slice(end - c.coordinates, end) for c, end in zip(self.columns, ends, strict=True)}

    @property
    def is_image(self) -> bool:
        """Whether the whole vector is the pixels of one image."""
        return is_one_image([(column.kind, column.image_shape) for column in self.columns])

    @property
    def image_shape(self) -> tuple[int, ...] | None:
        """Shape of the image that a vector is, if it is one and its shape is known."""
        return self.columns[0].image_shape if self.is_image else None

    @property
    def numbers(self) -> tuple[Column, ...]:
        """The columns of numbers that say something by themselves, as pixels don't."""
        return tuple(column for column in self.columns if column.kind is Kind.NUMBER and not column.is_pixel)

    def encode(self, table: Columns) -> np.ndarray:
        """Columns -> vectors, (rows, width) float32. Further columns in the table take no part.

        Raises:
            ValueError: a missing number in a column that isn't imputed.
        """
        blocks = [_encode(table[column.name], column) for column in self.columns]
        return np.concatenate(blocks, axis=1)

    def decode(self, vectors: np.ndarray) -> Columns:
        """Vectors -> columns in their own types, within the range of the accepted rows; masked where missing."""
        vectors, places = np.asarray(vectors), self.places
        return {column.name: _decode(vectors[:, places[column.name]], column) for column in self.columns}

    def to_json(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Encoding":
        """The encoding that `to_json` described."""
        return cls(tuple(_column(**column) for column in value["columns"]))


def image_shape(width: int) -> tuple[int, ...] | None:
    """(side, side) or (side, side, 3), if as many pixels can be a square image in grey or in colour."""
    if math.isqrt(width) ** 2 == width:
        return (math.isqrt(width), math.isqrt(width))
    side = math.isqrt(width // 3)
    return (side, side, 3) if 3 * side**2 == width else None


def is_one_image(columns: Sequence[tuple[str, tuple[int, ...] | None]]) -> bool:
    """Whether columns, of which kind and image shape are known, are one image: a list, or a number for each pixel."""
    if [kind for kind, _ in columns] == [Kind.IMAGE]:
        return True
    return bool(columns) and all(kind == Kind.NUMBER and shape is not None for kind, shape in columns)


def _column(image_shape: Sequence[int] | None, kind: str, imputation: str = Imputation.reject, **values: Any) -> Column:
    shape = None if image_shape is None else tuple(image_shape)
    column = Column(kind=Kind(kind), image_shape=shape, imputation=Imputation(imputation), **values)
    return replace(column, parameters=column.parameters or BYTES) if column.kind is Kind.IMAGE else column


def _encode(values: np.ndarray, column: Column) -> np.ndarray:
    match column.kind:
        case Kind.IMAGE | Kind.EMBEDDING:
            centre, unit = np.array(column.parameters["centre"]), column.parameters["unit"][0]
            return ((values - centre) / unit).astype(np.float32)
        case Kind.NUMBER:
            return _encode_number(values, column)


def _encode_number(values: np.ndarray, column: Column) -> np.ndarray:
    missing = missing_cells(values)
    numbers = floats(np.ma.getdata(values), column)
    if missing.any():
        if column.imputation is Imputation.reject:
            raise ValueError(f"Expected a number in each row of column {column.name}. Received: missing cells")
        numbers = np.where(missing, column.parameters["fill"][0], numbers)
    block = [indicator(missing)] if column.has_indicator else []
    if column.scaling != CONSTANT:
        block.insert(0, scale(numbers, Scaling(column.scaling), column.parameters).astype(np.float32))
    return np.stack(block, axis=1)  # (rows, coordinates)


def _decode(block: np.ndarray, column: Column) -> np.ndarray:
    block = block.astype(np.float64)  # (rows, width)
    match column.kind:
        case Kind.IMAGE | Kind.EMBEDDING:
            centre, unit = np.array(column.parameters["centre"]), column.parameters["unit"][0]
            return _typed(block * unit + centre, column)
        case Kind.NUMBER:
            return _decode_number(block, column)


def _decode_number(block: np.ndarray, column: Column) -> np.ndarray:
    if column.scaling == CONSTANT:
        values = np.full(len(block), column.parameters["fill"][0])
    else:
        values = unscale(block[:, 0], Scaling(column.scaling), column.parameters)
    typed = _typed(values, column)
    return np.ma.MaskedArray(typed, indicated(block[:, -1])) if column.has_indicator else typed


def floats(values: np.ndarray, column: Column) -> np.ndarray:
    """Distances from the column's origin as float64; of integers exactly, however large they are."""
    if column.origin and values.dtype.kind in "iu":
        origin = np.array(column.origin).astype(np.int64)
        return (values.astype(np.int64) - origin).astype(np.float64)
    return values.astype(np.float64) - float(column.origin)


def _typed(values: np.ndarray, column: Column) -> np.ndarray:
    """Distances from the origin -> values within the column's range, in its type."""
    dtype = np.dtype(NUMPY_TYPES.get(column.dtype, column.dtype))
    values = np.clip(values, float(column.low - column.origin), float(column.high - column.origin))
    if not column.is_integer:
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
