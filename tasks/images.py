"""Which lists of numbers are images: those in which pixels side by side are alike, and pixels far apart less so."""

import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass

import numpy as np
import pyarrow as pa

from models.encoding import image_shape
from tasks.errors import BadInput

FEWEST_PIXELS = 64  # of an image whose pixels are columns: fewer may be alike by chance
ALIKE = 0.25  # correlation; of pixels side by side it is .4 to .97, of shuffled ones below .1


@dataclass(frozen=True)
class Likeness:
    """Mean products of two pixels of a row, the mean of its pixels taken off; sums over rows.

    Attributes:
        itself: a pixel and itself.
        beside: a pixel and the next one in its line.
        below: a pixel and the one below it.
        across: a pixel and the one half a line away in its line.
    """

    itself: float = 0
    beside: float = 0
    below: float = 0
    across: float = 0

    @property
    def is_image(self) -> bool:
        """Whether both neighbours of a pixel are like it.

        In a smooth series, cut into lines, numbers half a line apart are more alike than those a line apart.
        """
        return min(self.beside, self.below) > ALIKE * self.itself and self.below > self.across


def likeness(pixels: np.ndarray, shape: tuple[int, ...]) -> Likeness:
    """How far pixels are alike that lie near each other.

    Args:
        pixels: (rows, pixels) float64, finite.
        shape: of an image: (height, width) or (height, width, channels).
    """
    x = (pixels - pixels.mean(axis=1, keepdims=True)).reshape(len(pixels), *shape)
    half = max(shape[1] // 2, 1)
    pairs = [(x, x), (x[:, :, 1:], x[:, :, :-1]), (x[:, 1:], x[:, :-1]), (x[:, :, half:], x[:, :, :-half])]
    return Likeness(*(float((a * b).sum()) / max(math.prod(a.shape[1:]), 1) for a, b in pairs))


def merged_likeness(parts: Iterable[Likeness]) -> Likeness:
    """That of all rows together."""
    return Likeness(*map(sum, zip(*map(astuple, parts), strict=True)))


def told_shape(field: pa.Field) -> str:
    """The shape that a column's metadata tell, such as "28x28"; "" if they tell none."""
    return (field.metadata or {}).get(b"shape", b"").decode(errors="replace")


def shape_of(field: pa.Field, width: int) -> tuple[int, ...] | None:
    """The shape that is told of images of so many pixels, or else a square's; None where they can't be drawn.

    One channel is grey, wherever it stands. Other channels than three at the end aren't colours that we know.
    """
    told = _sides(told_shape(field))
    if told is None:
        return image_shape(width)
    match told if math.prod(told) == width else ():
        case (_, _) | (_, _, 3) as shape:
            return shape
        case (1, height, breadth) | (height, breadth, 1):
            return height, breadth
    return None


def grey_shape(columns: int) -> tuple[int, ...] | None:
    """The shape of a grey image that has a column for each pixel; None where it is no square.

    Colours aren't looked for: whether they come first or last is no column's to tell.
    """
    side = math.isqrt(columns)
    return (side, side) if side**2 == columns else None


def check_shape(field: pa.Field, width: int) -> None:
    """Refuse a told shape of another number of pixels.

    Raises:
        BadInput: with both.
    """
    told = _sides(told_shape(field))
    if told is not None and math.prod(told) != width:
        remedy = "Correct the shape in the file's metadata, or leave it out."
        raise BadInput("ingest", f"a shape of {width} pixels for the lists {field.name!r}", told_shape(field), remedy)


def _sides(told: str) -> tuple[int, ...] | None:
    return tuple(int(side) if side.isdecimal() else 0 for side in told.split("x")) if told else None
