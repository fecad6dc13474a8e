"""Claims about histograms of gradients."""

import numpy as np
import pytest
import tensorflow as tf

from models.gradients import CELLS, ORIENTATIONS, SCALE, EdgeHistograms


def bars(angle: float, at: float = 13.5, contrast: float = 1.0) -> np.ndarray:
    """An image of one bar through a place on the diagonal: (1, 28 * 28)."""
    down, along = np.mgrid[:28, :28] - at
    away = down * np.cos(angle) - along * np.sin(angle)
    return (contrast * np.exp(-((away / 2) ** 2))).reshape(1, -1).astype(np.float32)


def describe(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Roots of shares, whose squares sum to one: (rows, cells * ORIENTATIONS)."""
    return EdgeHistograms(shape).describe(x) / SCALE


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Of two images' histograms."""
    return float(np.linalg.norm(describe(a, (28, 28)) - describe(b, (28, 28))))


def test_a_rotated_bar_has_other_directions() -> None:
    """Most of a horizontal bar's gradients run up and down, of a vertical one's along."""
    for angle, expected in ((0.0, {2, 6}), (np.pi / 2, {0, 4})):
        histograms = describe(bars(angle), (28, 28)).reshape(CELLS, CELLS, ORIENTATIONS)
        assert set(np.argsort((histograms**2).sum(axis=(0, 1)))[-2:]) == expected


def test_contrast_changes_nothing() -> None:
    """A bar of a tenth of the brightness has the same histograms, as far as float32 goes."""
    assert distance(bars(0.5), bars(0.5, contrast=0.1)) < 1e-3


def test_a_small_move_changes_less_than_another_direction() -> None:
    """By far, and less than among pixels, where a moved bar has half the distance of a leaning one."""
    bar, moved, leaning = bars(0.3), bars(0.3, at=15.5), bars(0.8)
    by_gradients = distance(bar, moved) / distance(bar, leaning)
    by_pixels = np.linalg.norm(bar - moved) / np.linalg.norm(bar - leaning)
    assert by_gradients < 0.35
    assert by_gradients < 0.7 * by_pixels


@pytest.mark.parametrize(
    ("shape", "cells"),
    [((28, 28), 81), ((112, 112), 81), ((8, 8), 64), ((28, 56), 6 * 13), ((9, 1000), 95), ((784, 1), 252), ((1, 5), 5)],
)
def test_images_of_any_size_and_proportions_have_about_as_many_cells(shape: tuple[int, int], cells: int) -> None:
    """But for those of fewer pixels, or thinner than a cell."""
    x = np.random.default_rng(0).random((2, shape[0] * shape[1]), np.float32)
    found = describe(x, shape)
    assert found.shape == (2, cells * ORIENTATIONS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)


def test_an_edge_is_in_the_cells_where_it_runs() -> None:
    """Of an image that is wider than high and bright in its right quarter, in each line of cells."""
    image = np.zeros((28, 56), np.float32)
    image[:, 42:] = 1
    strength = (describe(image.reshape(1, -1), image.shape).reshape(6, 13, ORIENTATIONS) ** 2).sum(axis=-1)
    assert np.array_equal(strength.argmax(axis=1), np.full(6, 9))


def test_an_enlarged_image_is_described_alike() -> None:
    """Four times the pixels along each side: nearer to itself than to another direction by far."""
    small = bars(0.3)
    large = np.repeat(np.repeat(small.reshape(28, 28), 4, axis=0), 4, axis=1).reshape(1, -1)
    a, b = (describe(x, shape) for x, shape in ((small, (28, 28)), (large, (112, 112))))
    assert np.linalg.norm(a - b) < 0.3 * distance(small, bars(0.8))


def test_blank_images_are_zero_and_alike() -> None:
    """Nearly: black and grey ones, without a division by nothing."""
    x = np.stack([np.zeros(64), np.full(64, 0.5)]).astype(np.float32)
    assert np.abs(describe(x, (8, 8))).max() < 1e-3


@pytest.mark.parametrize("image", [np.zeros(64), np.full(64, 0.5), np.eye(8).ravel(), np.arange(64) / 64])
def test_descriptions_have_finite_slopes(image: np.ndarray) -> None:
    """Where roots and directions have none, a generator that is taught by them would be lost."""
    x, gradients = tf.constant(image.reshape(1, -1), tf.float32), EdgeHistograms((8, 8))
    with tf.GradientTape() as tape:
        tape.watch(x)
        described = gradients(x)
    assert np.isfinite(tape.gradient(described, x)).all()


def test_large_images_are_described_one_after_another() -> None:
    """As each would be alone, in a compiled training step too, and with the slopes of each."""
    gradients = EdgeHistograms((72, 72))
    x = tf.constant(np.random.default_rng(0).random((3, 72 * 72)), tf.float32)

    @tf.function(jit_compile=True)
    def slopes(rows: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(rows)
            described = gradients(rows)
        return tape.gradient(described, rows)

    np.testing.assert_allclose(gradients(x)[1:2], gradients(x[1:2]), atol=1e-5)
    np.testing.assert_allclose(slopes(x)[1:2], slopes(x[1:2]), atol=1e-3)


def test_colours_are_averaged() -> None:
    """An image whose channels are equal is the grey one."""
    grey = bars(0.5)
    np.testing.assert_allclose(describe(np.repeat(grey, 3, axis=1), (28, 28, 3)), describe(grey, (28, 28)), atol=1e-6)


def test_a_row_has_the_same_histograms_in_any_block() -> None:
    """Alone and among many."""
    x = np.random.default_rng(1).random((1500, 64), np.float32)
    everything = describe(x, (8, 8))
    np.testing.assert_array_equal(everything[1200:1201], describe(x[1200:1201], (8, 8)))
