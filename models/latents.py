"""Noise of training without state: a function of (seed, step)."""

import numpy as np
import tensorflow as tf


def noise_key(seed: tf.Tensor, step: tf.Tensor, stream: int) -> tf.Tensor:
    """Key of one stream of noise in one step, for tf.random.stateless_*."""
    return tf.stack([tf.cast(seed, tf.int64) + (stream << 32), tf.cast(step, tf.int64)])


def draw_uniform(shape: tuple[int, ...], key: tf.Tensor) -> tf.Tensor:
    """Noise uniform in [0, 1) for the global batch.

    Made from integer bits, on which XLA and TensorFlow agree; of their own floats they don't.
    """
    bits = tf.random.stateless_uniform(shape, key, None, None, tf.uint32, alg="philox")
    return tf.cast(tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32)), tf.float32) * 2.0**-24


def draw_normal(shape: tuple[int, ...], key: tf.Tensor) -> tf.Tensor:
    """Standard normal noise for the global batch (Box and Muller 1958)."""
    u = draw_uniform((2, *shape), key)
    return tf.sqrt(-2 * tf.math.log(1 - u[0])) * tf.cos(2 * np.pi * u[1])


def draw_codes(shape: tuple[int, ...], n_components: int, key: tf.Tensor) -> tf.Tensor:
    """Uniform one-hot codes for the global batch: shape + (n_components,)."""
    codes = tf.random.stateless_uniform(shape, key, 0, n_components, tf.int32, alg="philox")
    return tf.one_hot(codes, n_components)


def draw_neighbors(graph: tf.Tensor, rows: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    """One of each row's neighbours in the graph (n_rows, k), for the global batch."""
    choice = tf.random.stateless_uniform(rows.shape, key, 0, graph.shape[1], tf.int32, alg="philox")
    return tf.gather_nd(graph, tf.stack([rows, choice], axis=-1))


def replica_share(batch: tf.Tensor, axis: int = 0) -> tf.Tensor:
    """This replica's equal part of a global batch, along the given axis."""
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return batch
    shares = tf.stack(tf.split(batch, context.num_replicas_in_sync, axis))
    return shares[context.replica_id_in_sync_group]
