"""A critic's step against a generator, as three of the models take it."""

from collections.abc import Callable

import keras
import tensorflow as tf

from models import losses
from models.networks import descend

R1_EVERY = 16  # steps, as a penalty of so many times the weight does the same (Karras et al. 2020, appendix B)
R1_WEIGHT = 0.1


def train_critic(
    network: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    logits: Callable[[tf.Tensor], tf.Tensor],
    x: tf.Tensor,
    fake: tf.Tensor,
    step: tf.Tensor,
    scale: float,
) -> tf.Tensor:
    """Teach the network to tell rows from samples, (batch, columns) each, in a step of a gradient that is held down.

    Args:
        network: the critic, whose weights learn.
        optimizer: the critic's.
        logits: the critic's answer to rows, (batch, 1), which may hang on more than the row.
        x: rows.
        fake: samples.
        step: from 0 on.
        scale: of the loss, one over the number of replicas.

    Returns:
        The cross entropy, without the penalty.
    """
    with tf.GradientTape() as tape:
        d_loss = scale * losses.non_saturating_d_loss(logits(x), logits(fake))
        penalty = tf.cond(
            step % R1_EVERY == 0,
            lambda: scale * R1_WEIGHT * R1_EVERY * losses.r1_penalty(logits, x),
            lambda: tf.zeros(()),
        )
        total = d_loss + penalty
    descend(network, optimizer, tape, total)
    return d_loss
