"""The article's GAN of multilayer perceptrons, made right, and an encoder that inverts the generator."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from models import losses, quality
from models.blocks import predict_in_blocks
from models.critic import train_critic
from models.data_shape import DataShape
from models.draws import sample_noise
from models.guards import guard_coverage, guard_critic
from models.latents import draw_neighbors, draw_normal, noise_key, replica_share
from models.model_settings import GanSettings
from models.neighbors import nearest_rows, neighbor_graph
from models.networks import Compiled, build_mlp, choose_units, descend
from models.training import Phase

CHECK_ROWS = 1000


class Gan:
    """Generator and critic learn first; then an encoder, from samples and from real rows.

    The encoder gives a row its latent, z = E(x) with G(E(x)) = x, and an embedding on the unit sphere in which
    neighbouring rows are close. Latents are normal, without gaps between clusters: partitions work on
    the embedding.
    """

    phases: tuple[str, ...] = ("adversarial", "encoder")
    n_components: int | None = None

    def __init__(
        self,
        settings: GanSettings,
        data: DataShape,
        seed: int,
        strategy: tf.distribute.Strategy | None = None,
        make_optimizer: Callable[[float], keras.optimizers.Optimizer] | None = None,
    ) -> None:
        self.settings, self.data = settings, data
        self.arrays: dict[str, np.ndarray] = {}
        self.strategy = strategy or tf.distribute.get_strategy()
        units, latent, columns = (
            settings.units or choose_units(data.n_columns),
            settings.latent_dim,
            data.n_columns,
        )
        make = make_optimizer or (lambda rate: keras.optimizers.Adam(rate, beta_1=0.5, beta_2=0.99))
        with self.strategy.scope():
            self.generator = build_mlp("generator", latent, columns, units, seed * 4, data.activation)
            self.critic = build_mlp("critic", columns, 1, units, seed * 4 + 1)
            self.encoder = build_mlp("encoder", columns, latent + settings.embedding_dim, units, seed * 4 + 2)
            self.networks = {"generator": self.generator, "critic": self.critic, "encoder": self.encoder}
            rates = (settings.learning_rate, settings.learning_rate, settings.encoder_rate)
            self.optimizers = {name: make(rate) for name, rate in zip(self.networks, rates, strict=True)}
            for name, network in self.networks.items():
                self.optimizers[name].build(network.trainable_variables)
        self.compiled = {name: Compiled(network) for name, network in self.networks.items()}

    def phase_networks(self, phase: str) -> tuple[str, ...]:
        """Names of the networks that the phase trains."""
        return {"adversarial": ("generator", "critic"), "encoder": ("encoder",)}[phase]

    def plan(self, phase: str, x_train: np.ndarray) -> Phase:
        """What the training loop needs to know of the phase."""
        names = self.phase_networks(phase)
        networks = {name: self.networks[name] for name in names}
        optimizers = {name: self.optimizers[name] for name in names}
        if phase == "adversarial":
            return Phase(
                steps=self.settings.steps,
                batch_size=self.settings.batch_size,
                batches=1,
                networks=networks,
                optimizers=optimizers,
                tables=(x_train,),
                train_step=self.train_adversarial,
                losses=("d_loss", "g_loss"),
                check=self.check_samples,
                criterion="energy_coefficient",
                guards=(guard_critic(), guard_coverage()),
            )
        return Phase(
            steps=self.settings.encoder_steps,
            batch_size=self.settings.encoder_batch_size,
            batches=1,
            networks=networks,
            optimizers=optimizers,
            tables=(x_train, neighbor_graph(x_train, self.settings.neighbors)),
            train_step=self.train_encoder,
            losses=("noise_loss", "reconstruction_loss", "contrast_loss"),
            check=lambda x: self.check_embedding(x, x_train),
            criterion="validation_loss",
        )

    def train_adversarial(
        self, tables: tuple[tf.Tensor, ...], rows: tf.Tensor, seed: tf.Tensor, step: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """One step of the critic, one of the generator (Goodfellow et al. 2014, algorithm 1)."""
        scale = 1.0 / self.strategy.num_replicas_in_sync
        z = draw_normal((2, self.settings.batch_size, self.settings.latent_dim), noise_key(seed, step, 0))
        z, rows = replica_share(z, axis=1), replica_share(rows, axis=1)
        x = tf.gather(tables[0], rows[0])  # (batch, columns)

        fake = self.generator(z[0])  # (batch, columns)
        d_loss = train_critic(self.critic, self.optimizers["critic"], self.critic, x, fake, step, scale)

        with tf.GradientTape() as tape:
            g_loss = scale * losses.non_saturating_g_loss(self.critic(self.generator(z[1])))
        descend(self.generator, self.optimizers["generator"], tape, g_loss)
        return {"d_loss": d_loss, "g_loss": g_loss}

    def train_encoder(
        self, tables: tuple[tf.Tensor, ...], rows: tf.Tensor, seed: tf.Tensor, step: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """One step of the encoder: recover noise, reconstruct rows, tell each row's neighbour from other rows."""
        scale = 1.0 / self.strategy.num_replicas_in_sync
        z = draw_normal((self.settings.encoder_batch_size, self.settings.latent_dim), noise_key(seed, step, 0))
        near = draw_neighbors(tables[1], rows[0], noise_key(seed, step, 1))
        z, rows, near = (replica_share(t) for t in (z, rows[0], near))
        x, x_near = tf.gather(tables[0], rows), tf.gather(tables[0], near)  # (batch, columns)

        with tf.GradientTape() as tape:
            z_fake, _ = self.split(self.encoder(self.generator(z)))
            z_hat, v = self.split(self.encoder(x))
            _, v_near = self.split(self.encoder(x_near))
            noise_loss = scale * losses.squared_error(z, z_fake)
            reconstruction_loss = scale * losses.reconstruction_error(x, self.generator(z_hat))
            contrast_loss = scale * losses.neighbor_contrast_loss(v, v_near, self.settings.temperature)
            total = noise_loss + reconstruction_loss + contrast_loss
        descend(self.encoder, self.optimizers["encoder"], tape, total)
        return {
            "noise_loss": noise_loss,
            "reconstruction_loss": reconstruction_loss,
            "contrast_loss": contrast_loss,
        }

    def split(self, encoding: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Latent (batch, latent_dim) and embedding (batch, embedding_dim) of an encoding."""
        z, v = tf.split(encoding, [self.settings.latent_dim, self.settings.embedding_dim], axis=1)
        return z, tf.math.l2_normalize(v, axis=1)

    def check_samples(self, x: np.ndarray) -> dict[str, float]:
        """How far samples are from validation rows, which the adversarial phase lowers, and the guards' numbers."""
        x = x[:CHECK_ROWS]
        fake, _ = self.sample(len(x), None, seed=0)
        return {
            "energy_coefficient": quality.energy_coefficient(x, fake),
            "coverage": quality.coverage(x, fake),
            "critic_auroc": quality.auroc(self.apply("critic", x)[:, 0], self.apply("critic", fake)[:, 0]),
        }

    def check_embedding(self, x: np.ndarray, x_train: np.ndarray) -> dict[str, float]:
        """Reconstruction error and contrast of validation rows with their nearest train row."""
        x = x[:CHECK_ROWS]
        codes, near = self.encode(x), x_train[nearest_rows(x, x_train, 1)[:, 0]]
        contrast = losses.neighbor_contrast_loss(
            tf.constant(self.embed(codes)), tf.constant(self.embed(self.encode(near))), self.settings.temperature
        )
        reconstruction = float(-self.score(x, codes)["typicality"].mean())
        return {
            "validation_reconstruction": reconstruction,
            "validation_loss": reconstruction + float(contrast),
        }

    def apply(self, name: str, x: np.ndarray) -> np.ndarray:
        """A network's answer, in blocks of one shape."""
        return predict_in_blocks(self.compiled[name], x)

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Recovered noise and direction of each row: (rows, latent_dim + embedding_dim)."""
        return self.apply("encoder", x)

    def embed(self, codes: np.ndarray) -> np.ndarray:
        """Position of each row on the unit sphere: (rows, embedding_dim)."""
        v = codes[:, self.settings.latent_dim :]
        return v / np.linalg.norm(v, axis=1, keepdims=True)

    def predict_proba(self, codes: np.ndarray) -> None:
        """None: this model has no components."""

    def score(self, x: np.ndarray, codes: np.ndarray) -> dict[str, np.ndarray]:
        """Critic's logit and minus |x - G(E(x))|^2, the residual of f-AnoGAN (Schlegl et al. 2019): (rows,) each."""
        x_hat = self.apply("generator", codes[:, : self.settings.latent_dim])
        return {"logit": self.apply("critic", x)[:, 0], "typicality": -((x - x_hat) ** 2).sum(1)}

    def sample(self, n: int, component: int | None, seed: int, start: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Rows (n, columns) from noise; the component is -1 throughout."""
        z, _ = sample_noise(seed, start, n, self.settings.latent_dim, 1)
        return self.apply("generator", z), np.full(n, -1)
