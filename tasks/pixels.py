"""The images in a table or in vectors, as bytes to draw."""

from dataclasses import dataclass

import numpy as np

from models.encoding import Columns, Encoding, Kind


@dataclass(frozen=True)
class Pixels:
    """The columns of an image: one with a list, or one for each pixel; and the range of its numbers."""

    columns: tuple[str, ...]
    shape: tuple[int, ...]
    low: float
    high: float

    def draw(self, columns: Columns) -> np.ndarray:
        """Images (rows, *shape) as bytes, stretched to the range, so that 4-bit ones aren't all dark."""
        values = np.column_stack([columns[name] for name in self.columns])  # (rows, pixels)
        scaled = (values.astype(np.float64) - self.low) / max(self.high - self.low, 1e-9)
        return np.round(255 * scaled.clip(0, 1)).astype(np.uint8).reshape(len(values), *self.shape)

    def grey(self, columns: Columns) -> np.ndarray:
        """Images (rows, height, width) without their colours, from 0 to 1."""
        drawn = self.draw(columns) / 255
        return drawn if drawn.ndim == 3 else drawn.mean(axis=3)


def pixels_of(encoding: Encoding) -> Pixels | None:
    """The image to draw: the whole vector, or the first column of images, if the shape is known."""
    images = [column for column in encoding.columns if column.kind is Kind.IMAGE and column.image_shape]
    columns = encoding.columns if encoding.is_image else images[:1]
    if not columns or columns[0].image_shape is None:
        return None
    low, high = min(column.low for column in columns), max(column.high for column in columns)
    return Pixels(tuple(column.name for column in columns), columns[0].image_shape, float(low), float(high))
