"""Networks of strided convolutions for vectors that are one image; perceptrons where its shape isn't known."""

import keras

from models.data_shape import DataShape
from models.networks import build_mlp

FILTERS = (16, 32)  # of the strided layers, each of which halves height and width
KERNEL = 4
STRIDE = 2


def build_encoder(
    name: str, data: DataShape, n_outputs: int, units: int | tuple[int, ...], seed: int, n_codes: int = 0
) -> keras.Model:
    """Rows of the data, with codes beside them, to outputs: (batch, columns + n_codes) -> (batch, n_outputs)."""
    if data.image_shape is None:
        return build_mlp(name, data.n_columns + n_codes, n_outputs, units, seed)
    inputs = keras.Input((data.n_columns + n_codes,))
    x = convolve(inputs[:, : data.n_columns], data.image_shape, seed)
    if n_codes:
        x = keras.layers.Concatenate()([x, inputs[:, data.n_columns :]])
    x = dense(x, _width(units), seed * 16 + len(FILTERS))
    last = keras.initializers.GlorotUniform(seed * 16 + len(FILTERS) + 1)
    return keras.Model(inputs, keras.layers.Dense(n_outputs, kernel_initializer=last)(x), name=name)


def build_decoder(name: str, n_inputs: int, data: DataShape, units: int | tuple[int, ...], seed: int) -> keras.Model:
    """Codes to rows of the data: (batch, n_inputs) -> (batch, columns)."""
    if data.image_shape is None:
        return build_mlp(name, n_inputs, data.n_columns, units, seed, data.activation)
    height, width, channels = _with_channels(data.image_shape)
    low, narrow = (-(-side // STRIDE ** len(FILTERS)) for side in (height, width))
    inputs = keras.Input((n_inputs,))
    x = dense(inputs, _width(units), seed * 16)
    x = dense(x, low * narrow * FILTERS[-1], seed * 16 + 1)
    x = keras.layers.Reshape((low, narrow, FILTERS[-1]))(x)
    for layer, filters in enumerate(reversed(FILTERS[:-1])):
        start = keras.initializers.HeNormal(seed * 16 + 2 + layer)
        x = keras.layers.Conv2DTranspose(filters, KERNEL, STRIDE, padding="same", kernel_initializer=start)(x)
        x = keras.layers.LeakyReLU(0.2)(x)
    start = keras.initializers.GlorotUniform(seed * 16 + 2 + len(FILTERS))
    x = keras.layers.Conv2DTranspose(
        channels, KERNEL, STRIDE, padding="same", kernel_initializer=start, activation=data.activation
    )(x)
    x = keras.layers.Flatten()(x[:, :height, :width])  # sides that don't halve evenly are too long by now
    return keras.Model(inputs, x, name=name)


def convolve(x: keras.KerasTensor, shape: tuple[int, ...], seed: int, normalise: bool = False) -> keras.KerasTensor:
    """Features of images of a shape: (batch, pixels) -> (batch, features).

    With leaky ReLU, or with batch normalisation and ReLU.
    """
    x = keras.layers.Reshape(_with_channels(shape))(x)
    for layer, filters in enumerate(FILTERS):
        start = keras.initializers.HeNormal(seed * 16 + layer)
        x = keras.layers.Conv2D(filters, KERNEL, STRIDE, padding="same", kernel_initializer=start)(x)
        x = activate(x, normalise)
    return keras.layers.Flatten()(x)


def dense(x: keras.KerasTensor, units: int, seed: int, normalise: bool = False) -> keras.KerasTensor:
    """A hidden layer: (batch, features) -> (batch, units)."""
    return activate(keras.layers.Dense(units, kernel_initializer=keras.initializers.HeNormal(seed))(x), normalise)


def activate(x: keras.KerasTensor, normalise: bool) -> keras.KerasTensor:
    """Leaky ReLU, or batch normalisation and ReLU."""
    if not normalise:
        return keras.layers.LeakyReLU(0.2)(x)
    x = keras.layers.BatchNormalization(momentum=0.9, synchronized=True)(x)
    return keras.layers.ReLU()(x)


def _width(units: int | tuple[int, ...]) -> int:
    """Of the one dense layer beside the convolutions."""
    return units if isinstance(units, int) else min(units)


def _with_channels(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape if len(shape) == 3 else (*shape, 1)
