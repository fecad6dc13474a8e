"""The multilayer perceptrons that models are built from, and their graphs."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import tensorflow as tf

from models.blocks import GROUP, PREDICTION_ROWS


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
        self.one = tf.function(network, autograph=False)
        self.many = tf.function(lambda blocks: tf.map_fn(network, blocks, parallel_iterations=1), autograph=False)

    def __call__(self, block: np.ndarray) -> tf.Tensor:
        """The answers for one block."""
        return self.one(block)

    def answer_groups(self, groups: list[np.ndarray]) -> list[np.ndarray]:
        """The answers for groups of rows (GROUP * PREDICTION_ROWS, columns), some of them side by side."""
        with ThreadPoolExecutor(_side_by_side()) as pool:
            return list(pool.map(self._answer_group, groups))

    def _answer_group(self, rows: np.ndarray) -> np.ndarray:
        blocks = rows.reshape(GROUP, PREDICTION_ROWS, -1).astype(np.float32, copy=False)
        found = np.asarray(self.many(blocks))  # (GROUP, PREDICTION_ROWS, ...)
        return found.reshape(len(rows), *found.shape[2:])


def number_layers_anew() -> None:
    """So that the same weights give the same files."""
    keras.utils.clear_session()


def answer_side_by_side() -> None:
    """From now on a group of blocks is a thread's, instead of each operation being shared by all threads.

    For small networks sharing costs more than the work. It must be said before TensorFlow's first operation.
    """
    tf.config.threading.set_intra_op_parallelism_threads(1)


def _side_by_side() -> int:
    """Groups at a time."""
    is_told = tf.config.threading.get_intra_op_parallelism_threads() == 1
    return (os.cpu_count() or 1) if is_told else 1
