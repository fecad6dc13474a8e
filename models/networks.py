"""The multilayer perceptrons that every model is built from, and their prediction in fixed blocks."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import keras
import numpy as np
import tensorflow as tf

from models.model_settings import Networks

PREDICTION_ROWS = 256
GROUP = 64  # blocks in one call of a graph: for a small network the call itself costs as much as the work


@dataclass(frozen=True)
class DataShape:
    """What the data's vectors look like: image vectors are pixels in [0, 1], others are standardised.

    `image_shape` is (height, width) or (height, width, channels), None where it plays no part.
    """

    n_columns: int
    image: bool
    image_shape: tuple[int, ...] | None = None

    @property
    def activation(self) -> str:
        """Output activation of whatever makes such vectors."""
        return "sigmoid" if self.image else "linear"


def seen_by(networks: Networks, data: DataShape) -> DataShape:
    """The data as these networks see it: without a shape by dense ones.

    Raises:
        ValueError: convolutional ones for vectors that aren't one image of a known shape.
    """
    if networks == Networks.dense:
        return replace(data, image_shape=None)
    return replace(data, image_shape=known_shape(data))


def known_shape(data: DataShape) -> tuple[int, ...]:
    """The shape of the image that a vector is.

    Raises:
        ValueError: vectors that aren't one image of a known shape.
    """
    if data.image_shape is None:
        raise ValueError(f"Expected vectors that are one image of a known shape. Received: {data}")
    return data.image_shape


def choose_units(n_columns: int) -> int:
    """Width of hidden layers for data of this width: 128 to 512, a power of two."""
    return min(512, max(128, 2 ** int(np.ceil(np.log2(4 * n_columns)))))


def build_mlp(
    name: str,
    n_inputs: int,
    n_outputs: int,
    units: int | tuple[int, ...],
    seed: int,
    activation: str = "linear",
    layers: int = 2,
) -> keras.Model:
    """Dense layers with leaky ReLU; weights are a function of the seed. (batch, n_inputs) -> (batch, n_outputs).

    `units` is the width of each of the `layers` hidden layers, or all their widths.
    """
    widths = (units,) * layers if isinstance(units, int) else units
    x = inputs = keras.Input((n_inputs,))
    for layer, width in enumerate(widths):
        x = keras.layers.Dense(width, kernel_initializer=keras.initializers.HeNormal(seed * 16 + layer))(x)
        x = keras.layers.LeakyReLU(0.2)(x)
    last = keras.initializers.GlorotUniform(seed * 16 + len(widths))
    x = keras.layers.Dense(n_outputs, kernel_initializer=last, activation=activation)(x)
    return keras.Model(inputs, x, name=name)


def hidden_features(network: keras.Model) -> keras.Model:
    """The network up to its last hidden layer, sharing its weights."""
    return keras.Model(network.input, network.layers[-2].output)


def descend(
    network: keras.Model, optimizer: keras.optimizers.Optimizer, tape: tf.GradientTape, loss: tf.Tensor
) -> None:
    """One step of the optimizer on the network's weights."""
    variables = network.trainable_variables
    optimizer.apply(tape.gradient(loss, variables), variables)


class Compiled:
    """A network as a graph that takes one block, or GROUP of them one after another in one call, for the same bits."""

    def __init__(self, network: Callable[[tf.Tensor], tf.Tensor]) -> None:
        self.one = tf.function(network)
        self.many = tf.function(lambda blocks: tf.map_fn(network, blocks, parallel_iterations=1))

    def __call__(self, block: np.ndarray) -> tf.Tensor:
        """The answers for one block."""
        return self.one(block)


def answer_side_by_side() -> None:
    """From now on a group of blocks is a thread's, instead of each operation being shared by all threads.

    For small networks sharing costs more than the work. It must be said before TensorFlow's first operation.
    """
    tf.config.threading.set_intra_op_parallelism_threads(1)


def predict_in_blocks(function: Callable[[np.ndarray], tf.Tensor | np.ndarray], x: np.ndarray) -> np.ndarray:
    """Apply a function to zero-padded blocks of one shape: a row's answer never depends on its batch."""
    answers: list[np.ndarray] = []
    done, step = 0, GROUP * PREDICTION_ROWS
    if isinstance(function, Compiled):
        done = len(x) // step * step
        groups = [x[start : start + step] for start in range(0, done, step)]
        with ThreadPoolExecutor(_side_by_side()) as pool:
            answers += pool.map(lambda rows: _predict_group(function, rows), groups)
    rest = range(done, max(len(x), 1), PREDICTION_ROWS)
    return np.concatenate([*answers, *(_predict_block(function, x[i : i + PREDICTION_ROWS]) for i in rest)])


def _side_by_side() -> int:
    """Groups at a time."""
    is_told = tf.config.threading.get_intra_op_parallelism_threads() == 1
    return (os.cpu_count() or 1) if is_told else 1


def _predict_group(function: Compiled, rows: np.ndarray) -> np.ndarray:
    blocks = rows.reshape(GROUP, PREDICTION_ROWS, -1).astype(np.float32, copy=False)
    found = np.asarray(function.many(blocks))  # (GROUP, PREDICTION_ROWS, ...)
    return found.reshape(len(rows), *found.shape[2:])


def _predict_block(function: Callable[[np.ndarray], tf.Tensor | np.ndarray], rows: np.ndarray) -> np.ndarray:
    block = np.zeros((PREDICTION_ROWS, rows.shape[1]), np.float32)
    block[: len(rows)] = rows
    return np.asarray(function(block))[: len(rows)]
