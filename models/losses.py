"""Loss terms, each a mean over this replica's rows; logits are (batch, 1)."""

from collections.abc import Callable

import tensorflow as tf

Critic = Callable[[tf.Tensor], tf.Tensor]


def non_saturating_d_loss(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """Discriminator's cross entropy: -log D(x) - log(1 - D(G(z))) (Goodfellow et al. 2014, eq. 1)."""
    return tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(tf.nn.softplus(fake_logits))


def non_saturating_g_loss(fake_logits: tf.Tensor) -> tf.Tensor:
    """Generator's -log D(G(z)) (Goodfellow et al. 2014, section 3)."""
    return tf.reduce_mean(tf.nn.softplus(-fake_logits))


def r1_penalty(critic: Critic, x: tf.Tensor) -> tf.Tensor:
    """Half the squared gradient on real rows, E |grad D(x)|^2 / 2 (Mescheder et al. 2018, eq. 9)."""
    gradient = input_gradient(critic, x)
    return 0.5 * tf.reduce_mean(tf.reduce_sum(gradient**2, axis=1))


def wasserstein_d_loss(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """Critic's E f(G(z)) - E f(x), minus the Wasserstein estimate (Gulrajani et al. 2017, eq. 3)."""
    return tf.reduce_mean(fake_logits) - tf.reduce_mean(real_logits)


def gradient_penalty(critic: Critic, x: tf.Tensor, fake: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """E (|grad f(x_hat)| - 1)^2 between real and generated rows (Gulrajani et al. 2017, eq. 3); share is (batch, 1)."""
    gradient = input_gradient(critic, share * x + (1 - share) * fake)
    norm = tf.sqrt(tf.reduce_sum(gradient**2, axis=1) + 1e-12)
    return tf.reduce_mean((norm - 1) ** 2)


def input_gradient(critic: Critic, x: tf.Tensor) -> tf.Tensor:
    """Gradient of the critic's logit at each row: (batch, columns)."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = critic(x)
    return tape.gradient(logits, x)


def squared_error(target: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    """Mean squared error per element."""
    return tf.reduce_mean((target - value) ** 2)


def reconstruction_error(x: tf.Tensor, x_hat: tf.Tensor) -> tf.Tensor:
    """Mean over rows of |x - G(E(x))|^2, as DLS-Clustering asks of real rows (Ding et al. 2020)."""
    return tf.reduce_mean(tf.reduce_sum((x - x_hat) ** 2, axis=1))


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Mean cross entropy of distributions (batch, K), such as the one-hot codes of ClusterGAN (eq. 3, third term)."""
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels, logits))


def entropy(p: tf.Tensor) -> tf.Tensor:
    """Entropy of each distribution, in nats: (..., K) -> (...)."""
    return -tf.reduce_sum(p * tf.math.log(p + 1e-8), axis=-1)


def neighbor_agreement_loss(p: tf.Tensor, p_neighbor: tf.Tensor) -> tf.Tensor:
    """Cross entropy of a row and its neighbour being in one cluster: -log <p, p'> (Van Gansbeke et al.
    2020, eq. 2).

    p is (batch, ..., K); one value for each of the middle axes, such as heads.
    """
    return -tf.reduce_mean(tf.math.log(tf.reduce_sum(p * p_neighbor, axis=-1) + 1e-8), axis=0)


def balance_loss(p: tf.Tensor) -> tf.Tensor:
    """KL divergence of the batch's cluster sizes from equal ones, over all replicas (Van Gansbeke et al.
    2020, eq. 2).

    p is (batch, ..., K); the constant log K keeps it at zero or above.
    """
    sizes = mean_over_replicas(tf.reduce_mean(p, axis=0))
    return tf.math.log(float(p.shape[-1])) - entropy(sizes)


def divergence(p: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """KL divergence of softmax(logits) from p: (batch, K) each."""
    return tf.reduce_mean(tf.reduce_sum(p * (tf.math.log(p + 1e-8) - tf.nn.log_softmax(logits)), axis=1))


def prior_loss(p: tf.Tensor, prior: tf.Tensor) -> tf.Tensor:
    """KL divergence of the batch's cluster sizes from a prior (K,), over all replicas; p is (batch, K)."""
    sizes = mean_over_replicas(tf.reduce_mean(p, axis=0))
    return tf.reduce_sum(sizes * (tf.math.log(sizes + 1e-8) - tf.math.log(prior + 1e-8)))


def prior_matching_loss(noise: tf.Tensor, scale: float) -> tf.Tensor:
    """KL divergence of normals with the batch's moments from N(0, scale^2), mean over dims; noise is (batch, dims).

    As in an adversarial autoencoder, what the generator is given must look like what real rows are encoded to
    (Makhzani et al. 2016, section 2); here by moments, over all replicas, instead of by another critic.
    """
    mean = mean_over_replicas(tf.reduce_mean(noise, axis=0)) / scale
    square = mean_over_replicas(tf.reduce_mean(noise**2, axis=0)) / scale**2
    variance = tf.maximum(square - mean**2, 1e-6)
    return tf.reduce_mean(0.5 * (square - 1 - tf.math.log(variance)))


def neighbor_contrast_loss(v: tf.Tensor, v_neighbor: tf.Tensor, temperature: float) -> tf.Tensor:
    """InfoNCE on unit vectors: a row knows its neighbour in the batch (Oord et al. 2018, eq. 4; Chen et al.
    2020, eq. 1).
    """
    context = tf.distribute.get_replica_context()
    first = context.replica_id_in_sync_group * v.shape[0]
    others = v_neighbor if context.num_replicas_in_sync == 1 else context.all_gather(v_neighbor, axis=0)
    logits = tf.matmul(v, others, transpose_b=True) / temperature  # (batch, global batch)
    targets = first + tf.range(v.shape[0])
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits))


def mean_over_replicas(value: tf.Tensor) -> tf.Tensor:
    """The mean of a per-replica value over all replicas, differentiably."""
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return value
    return context.all_reduce(tf.distribute.ReduceOp.SUM, value / context.num_replicas_in_sync)
