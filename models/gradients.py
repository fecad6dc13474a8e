"""Where the edges of images are and how they run: vectors in which images of one kind are near each other."""

import math

import numpy as np
import tensorflow as tf
from scipy.ndimage import gaussian_filter1d

from models.blocks import predict_in_blocks
from models.data_shape import DataShape
from models.networks import Compiled

ORIENTATIONS = 8  # of an edge's gradient, all around (Lowe 2004)
CELLS = 9  # along each side of a square, and about as many in all whatever the proportions
SMOOTHING, WINDOW = 0.25, 0.5  # of the pixels, and of a histogram: deviations of Gaussians, in cells
LEAST_STRENGTH, LEAST_TOTAL, LEAST_SHARE = 1e-12, 1e-3, 1e-8  # below which nothing has a gradient of its own
BATCHED_PIXELS = 64 * 64  # up to which images of a batch are described at once, which takes 30 bytes for each pixel
SCALE = 10.0  # length of a description, about that of a standardised vector


class EdgeHistograms:
    """Roots of the shares that each cell and direction have of an image's gradients.

    A cell's histogram tells how strong the gradients around its middle are in each direction (Dalal and Triggs 2005):
    a stroke that lies or leans a little otherwise changes it a little, where pixels change altogether. The distance of
    the roots of shares is Hellinger's (Arandjelović and Zisserman 2012): contrast doesn't count, and strong edges
    don't hide weak ones. Images without edges are nearly 0. A cell is a pixel at least; the cost grows with the pixels
    and the longer side.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        """For images of a shape (height, width), or (height, width, channels), whose channels are averaged."""
        self.shape, (height, width) = shape, shape[:2]
        cell = max(1.0, math.sqrt(height * width) / CELLS)  # pixels along each side
        (self.smooth_down, self.slope_down), (self.smooth_along, self.slope_along) = (
            [_filter(pixels, SMOOTHING * cell, order) for order in (0, 1)] for pixels in (height, width)
        )
        self.windows_down, self.windows_along = _windows(height, cell), _windows(width, cell)
        self.cells = (len(self.windows_down), len(self.windows_along), ORIENTATIONS)
        self.compiled = Compiled(self)

    @property
    def data(self) -> DataShape:
        """What descriptions look like: a line of cells after the other, the directions of each together."""
        return DataShape(math.prod(self.cells), image=False, image_shape=self.cells)

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """Descriptions of images (batch, pixels): (batch, cells * ORIENTATIONS), differentiable everywhere."""
        if x.shape[1] <= BATCHED_PIXELS:
            return self._describe(x)
        return tf.map_fn(lambda image: self._describe(image[tf.newaxis])[0], x)

    def describe(self, x: np.ndarray) -> np.ndarray:
        """Descriptions of images (rows, pixels): (rows, cells * ORIENTATIONS) float32."""
        return predict_in_blocks(self.compiled, x)

    def _describe(self, x: tf.Tensor) -> tf.Tensor:
        images = tf.reshape(x, (-1, *self.shape))
        images = images if len(self.shape) == 2 else tf.reduce_mean(images, axis=-1)
        down = self.slope_down @ images @ self.smooth_along.T
        along = self.smooth_down @ images @ self.slope_along.T
        strength = tf.sqrt(tf.maximum(down**2 + along**2, LEAST_STRENGTH**2))
        direction = tf.atan2(down, tf.where(strength > LEAST_STRENGTH, along, 1.0)) * (ORIENTATIONS / (2 * np.pi))
        of_direction = (strength * _nearness(direction, at) for at in range(ORIENTATIONS))
        histograms = tf.stack([self.windows_down @ each @ self.windows_along.T for each in of_direction], axis=-1)
        histograms = tf.reshape(histograms, (-1, math.prod(self.cells)))
        total = tf.reduce_sum(histograms, axis=1, keepdims=True)
        return SCALE * tf.sqrt(tf.maximum(histograms / tf.maximum(total, LEAST_TOTAL), LEAST_SHARE))


def _nearness(direction: tf.Tensor, at: int) -> tf.Tensor:
    """1 at a direction, falling to 0 at the next ones, in units from one to the next."""
    away = tf.math.floormod(direction - at + ORIENTATIONS / 2, ORIENTATIONS) - ORIENTATIONS / 2
    return tf.nn.relu(1 - tf.abs(away))


def _filter(pixels: int, deviation: float, order: int) -> np.ndarray:
    """What smooths a line of pixels by a Gaussian or, of order 1, gives its slope: (pixels, pixels) float32."""
    found: np.ndarray = gaussian_filter1d(np.eye(pixels), deviation, axis=0, order=order)
    return found.astype(np.float32)


def _windows(pixels: int, cell: float) -> np.ndarray:
    """Weight of each pixel along a side in the histogram of each cell: (cells, pixels) float32."""
    cells = max(1, round(pixels / cell))
    middles = (np.arange(cells) + 0.5) * (pixels / cells) - 0.5
    away = (np.arange(pixels) - middles[:, None]) / (WINDOW * cell)
    return np.exp(-0.5 * away**2).astype(np.float32)
