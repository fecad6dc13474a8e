"""A generator of rows of each cluster, its critic, and the way back from a row to its noise."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from models import losses, quality
from models.blocks import predict_in_blocks
from models.convolutional import build_decoder, build_encoder, convolve, dense
from models.critic import train_critic
from models.data_shape import DataShape
from models.draws import sample_noise
from models.duration import Duration
from models.guards import guard_coverage, guard_critic
from models.latents import draw_normal, noise_key, replica_share
from models.neighbors import spread_evenly
from models.networks import Compiled, descend
from models.student import Student
from models.training import Phase

CODE_WEIGHT = 0.1
NOISE_WEIGHT = 1.0
MATCHING_WEIGHT = 1.0
AVERAGING = 0.9995  # of the generator's weights over steps (Karras et al. 2018)
DURATION = Duration(passes=250, least=500, most=12_000)  # beyond these samples of few rows get nearer to them
CHECK_ROWS = 1000
LOSSES = ("d_loss", "g_loss", "code_loss", "noise_loss", "reconstruction_loss", "matching_loss")


class ConditionalGan:
    """Generator conditional on noise and cluster against a projection critic (Miyato and Koyama 2018).

    A frozen student must recover the cluster of a sample, an inverter its noise (as in Mukherjee et al. 2019); the
    inverter also finds the noise from which real rows come back. Samples are made by the sampler, the generator
    with its weights averaged over steps.
    """

    def __init__(
        self,
        data: DataShape,
        clusters: int,
        latent_dim: int,
        units: int,
        seed: int,
        strategy: tf.distribute.Strategy,
        make_optimizer: Callable[[], keras.optimizers.Optimizer],
    ) -> None:
        self.strategy, self.n_components, self.latent_dim = strategy, clusters, latent_dim
        latent = latent_dim + clusters
        with strategy.scope():
            self.generator = build_decoder("generator", latent, data, units, seed * 4)
            self.sampler = build_decoder("sampler", latent, data, units, seed * 4)
            self.critic = build_projection_critic(data, clusters, units, seed * 4 + 1)
            self.inverter = build_encoder("inverter", data, latent_dim, units, seed * 4 + 2, n_codes=clusters)
            self.networks = {
                "generator": self.generator,
                "sampler": self.sampler,
                "critic": self.critic,
                "inverter": self.inverter,
            }
            self.optimizers = {name: make_optimizer() for name in ("generator", "critic", "inverter")}
            for name, optimizer in self.optimizers.items():
                optimizer.build(self.networks[name].trainable_variables)
        self.compiled = {name: Compiled(network) for name, network in self.networks.items()}

    def plan(self, x: np.ndarray, labels: np.ndarray, student: Student, steps: int | None, batch_size: int) -> Phase:
        """The phase on rows x (rows, columns) with their clusters (rows,), which the student must find in samples.

        It has so many steps; None: by the rows.
        """
        count_steps = DURATION.counter(steps, batch_size)
        codes = np.eye(self.n_components, dtype=np.float32)[labels]
        components = labels[spread_evenly(len(labels), CHECK_ROWS)]  # of a sorted table the first are all alike
        return Phase(
            steps=count_steps(len(x)),
            batch_size=batch_size,
            batches=2,
            networks=self.networks,
            optimizers=self.optimizers,
            tables=(x, codes),
            train_step=lambda *of_step: self.train(student, *of_step),
            losses=LOSSES,
            check=lambda rows: self.check(student, rows[:CHECK_ROWS], components),
            criterion="energy_coefficient",
            guards=(guard_critic(), guard_coverage()),
            work=count_steps,
        )

    def train(
        self,
        student: Student,
        tables: tuple[tf.Tensor, ...],
        rows: tf.Tensor,
        seed: tf.Tensor,
        step: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """One step of the critic, one of generator and inverter; clusters come as often as among real rows."""
        scale = 1.0 / self.strategy.num_replicas_in_sync
        z = draw_normal((2, rows.shape[1], self.latent_dim), noise_key(seed, step, 0))
        z, rows = replica_share(z, axis=1), replica_share(rows, axis=1)
        x, codes = (tf.gather(table, rows) for table in tables)  # (2, batch, columns), (2, batch, clusters)

        fake = self.generator(beside(z[0], codes[0]))
        d_loss = train_critic(
            self.critic, self.optimizers["critic"], lambda each: self.critic(beside(each, codes[0])), x[0], fake, step,
            scale,
        )  # fmt: skip

        with tf.GradientTape(persistent=True) as tape:
            fake = self.generator(beside(z[1], codes[1]))
            z_real = self.inverter(beside(x[1], codes[1]))
            g_loss = scale * losses.non_saturating_g_loss(self.critic(beside(fake, codes[1])))
            code_loss = scale * losses.cross_entropy(codes[1], student(fake))
            noise_loss = scale * losses.squared_error(z[1], self.inverter(beside(fake, codes[1])))
            reconstruction_loss = scale * losses.reconstruction_error(x[1], self.generator(beside(z_real, codes[1])))
            matching_loss = scale * losses.prior_matching_loss(z_real, 1.0)
            g_total = g_loss + CODE_WEIGHT * code_loss + NOISE_WEIGHT * noise_loss
            i_total = NOISE_WEIGHT * noise_loss + reconstruction_loss + MATCHING_WEIGHT * matching_loss
        descend(self.generator, self.optimizers["generator"], tape, g_total)
        descend(self.inverter, self.optimizers["inverter"], tape, i_total)
        self.average(step)
        return dict(
            zip(LOSSES, (d_loss, g_loss, code_loss, noise_loss, reconstruction_loss, matching_loss), strict=True)
        )

    def average(self, step: tf.Tensor) -> None:
        """Move the sampler towards the generator; at first it follows closely."""
        share = tf.minimum(AVERAGING, tf.cast(step + 1, tf.float32) / tf.cast(step + 10, tf.float32))
        for mean, weight in zip(self.sampler.weights, self.generator.weights, strict=True):
            mean.assign(share * mean + (1 - share) * weight)

    def check(self, student: Student, x: np.ndarray, components: np.ndarray) -> dict[str, float]:
        """How far samples of the components are from validation rows x, which this phase lowers; guards' numbers."""
        fake = self.sample(components, seed=0)
        real, generated = (self.logit(rows, student.predict_codes(rows)) for rows in (x, fake))
        return {
            "energy_coefficient": quality.energy_coefficient(x, fake),
            "coverage": quality.coverage(x, fake),
            "critic_auroc": quality.auroc(real, generated),
        }

    def sample(self, components: np.ndarray, seed: int, start: int = 0) -> np.ndarray:
        """A row of each component (n,): (n, columns)."""
        noise, _ = sample_noise(seed, start, len(components), self.latent_dim, 1)
        codes = np.eye(self.n_components, dtype=np.float32)[components]
        return predict_in_blocks(self.compiled["sampler"], np.concatenate([noise, codes], axis=1))

    def reconstruct(self, x: np.ndarray, p: np.ndarray) -> np.ndarray:
        """What the sampler makes of the noise of rows x (rows, columns) in clusters p (rows, clusters)."""
        z = predict_in_blocks(self.compiled["inverter"], np.concatenate([x, p], axis=1))
        return predict_in_blocks(self.compiled["sampler"], np.concatenate([z, p], axis=1))

    def logit(self, x: np.ndarray, p: np.ndarray) -> np.ndarray:
        """The critic's logit of rows x (rows, columns) in clusters p (rows, clusters): (rows,)."""
        return predict_in_blocks(self.compiled["critic"], np.concatenate([x, p], axis=1))[:, 0]


def beside(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Columns of two batches side by side."""
    return tf.concat([a, b], axis=1)


def build_projection_critic(data: DataShape, clusters: int, units: int, seed: int) -> keras.Model:
    """f(x, c) = w . phi(x) + (V c) . phi(x) (Miyato and Koyama 2018, eq. 3); takes x and one-hot c side by side."""
    inputs = keras.Input((data.n_columns + clusters,))
    x, codes = inputs[:, : data.n_columns], inputs[:, data.n_columns :]
    x = convolve(x, data.image_shape, seed + 1) if data.image_shape else dense(x, units, seed * 16)
    x = dense(x, units, seed * 16 + 1)
    glorot = keras.initializers.GlorotUniform
    plain = keras.layers.Dense(1, kernel_initializer=glorot(seed * 16 + 2))(x)
    directions = keras.layers.Dense(units, use_bias=False, kernel_initializer=glorot(seed * 16 + 3))(codes)
    projected = keras.layers.Dot(axes=1)([directions, x])
    return keras.Model(inputs, keras.layers.Add()([plain, projected]), name="critic")
