"""Where the edges of images are and how they run: vectors in which images of one kind are near each other."""

import numpy as np
from scipy.ndimage import gaussian_filter

ORIENTATIONS = 8  # of an edge's gradient, all around (Lowe 2004)
CELLS = 9  # along each side of a square, and about as many in all whatever the proportions
SMOOTHING, WINDOW = 0.25, 0.5  # of the pixels, and of a histogram: deviations of Gaussians, in cells
BLOCK_PIXELS = 1_000_000  # of images that are described at once, which takes some 30 bytes for each


def edge_histograms(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Roots of the shares that each cell and direction have of an image's gradients: (rows, cells * ORIENTATIONS).

    `x` (rows, pixels) are images of a shape (height, width), or (height, width, channels), whose channels are averaged.
    A cell's histogram tells how strong the gradients around its middle are in each direction (Dalal and Triggs 2005):
    a stroke that lies or leans a little otherwise changes it a little, where pixels change altogether. The distance of
    the roots of shares is Hellinger's (Arandjelović and Zisserman 2012): contrast doesn't count, and strong edges
    don't hide weak ones. Images without edges are 0. A cell is a pixel at least; the cost grows with the pixels.
    """
    block_rows = max(1, BLOCK_PIXELS // x.shape[1])
    blocks = (x[at : at + block_rows].reshape(-1, *shape) for at in range(0, len(x), block_rows))
    return np.concatenate([_describe(block if len(shape) == 2 else block.mean(axis=-1)) for block in blocks])


def _describe(images: np.ndarray) -> np.ndarray:
    """Histograms of grey images (rows, height, width)."""
    height, width = images.shape[1:]
    cell = max(1.0, np.sqrt(height * width) / CELLS)  # pixels along each side
    down, along = (
        gaussian_filter(images, SMOOTHING * cell, order=order, axes=(1, 2), output=np.float32)
        for order in ((1, 0), (0, 1))
    )
    strength, direction = np.hypot(down, along), np.arctan2(down, along) * (ORIENTATIONS / (2 * np.pi))
    rows, columns = _windows(height, cell), _windows(width, cell)
    histograms = np.stack(
        [rows @ (strength * _nearness(direction, at)) @ columns.T for at in range(ORIENTATIONS)], axis=-1
    ).reshape(len(images), -1)
    total = histograms.sum(axis=1, keepdims=True)
    found: np.ndarray = np.sqrt(histograms / np.where(total > 0, total, 1))
    return found


def _nearness(direction: np.ndarray, at: int) -> np.ndarray:
    """1 at a direction, falling to 0 at the next ones, in units from one to the next."""
    away = (direction - at + ORIENTATIONS / 2) % ORIENTATIONS - ORIENTATIONS / 2
    nearness: np.ndarray = np.maximum(0, 1 - np.abs(away))
    return nearness


def _windows(pixels: int, cell: float) -> np.ndarray:
    """Weight of each pixel along a side in the histogram of each cell: (cells, pixels) float32."""
    cells = max(1, round(pixels / cell))
    middles = (np.arange(cells) + 0.5) * (pixels / cells) - 0.5
    away = (np.arange(pixels) - middles[:, None]) / (WINDOW * cell)
    return np.exp(-0.5 * away**2).astype(np.float32)
