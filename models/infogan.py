"""InfoGAN (Chen et al. 2016): a GAN that learns clusters only by a code that can be read from its samples."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from scipy.special import softmax

from models import losses, quality
from models.blocks import predict_in_blocks
from models.critic import train_critic
from models.data_shape import DataShape
from models.draws import sample_noise
from models.guards import guard_components, guard_critic
from models.latents import draw_codes, draw_normal, noise_key, replica_share
from models.model_settings import InfoGanSettings
from models.networks import Compiled, build_mlp, choose_units, descend
from models.training import Phase

NOISE_SCALE = 0.5  # by 0.1 the generator ignores the noise, and at 1 the code names parts of it instead of clusters
CODE_WEIGHT = 1.0  # lambda
CHECK_ROWS = 1000


class InfoGan:
    """Latent z = (noise, one-hot code); the encoder is Q(c|x), which never sees a real row in training.

    What ClusterGAN is without the recovery of noise, and without all that this project adds to it for real rows.
    """

    phases: tuple[str, ...] = ("adversarial",)

    def __init__(
        self,
        settings: InfoGanSettings,
        data: DataShape,
        clusters: int,
        seed: int,
        strategy: tf.distribute.Strategy | None = None,
        make_optimizer: Callable[[float], keras.optimizers.Optimizer] | None = None,
    ) -> None:
        self.settings, self.data = settings, data
        self.n_components: int = clusters
        self.arrays: dict[str, np.ndarray] = {}
        self.strategy = strategy or tf.distribute.get_strategy()
        units, columns = settings.units or choose_units(data.n_columns), data.n_columns
        make = make_optimizer or (lambda rate: keras.optimizers.Adam(rate, beta_1=0.5, beta_2=0.99))
        with self.strategy.scope():
            latent = settings.latent_dim + clusters
            self.generator = build_mlp("generator", latent, columns, units, seed * 4, data.activation)
            self.critic = build_mlp("critic", columns, 1, units, seed * 4 + 1)
            self.encoder = build_mlp("encoder", columns, clusters, units, seed * 4 + 2)
            self.networks = {"generator": self.generator, "critic": self.critic, "encoder": self.encoder}
            self.optimizers = {name: make(settings.learning_rate) for name in self.networks}
            for name, network in self.networks.items():
                self.optimizers[name].build(network.trainable_variables)
        self.compiled = {name: Compiled(network) for name, network in self.networks.items()}

    def phase_networks(self, phase: str) -> tuple[str, ...]:
        """Names of the networks that the phase trains."""
        return tuple(self.networks)

    def plan(self, phase: str, x_train: np.ndarray) -> Phase:
        """What the training loop needs to know of the phase."""
        return Phase(
            steps=self.settings.steps,
            batch_size=self.settings.batch_size,
            batches=1,
            networks=self.networks,
            optimizers=self.optimizers,
            tables=(x_train,),
            train_step=self.train_adversarial,
            losses=("d_loss", "g_loss", "code_loss"),
            check=self.check_samples,
            criterion="energy_coefficient",
            guards=(guard_critic(), guard_components(self.n_components)),
        )

    def train_adversarial(
        self, tables: tuple[tf.Tensor, ...], rows: tf.Tensor, seed: tf.Tensor, step: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """One step of the critic, then one of generator and encoder (Chen et al. 2016, equation 6)."""
        scale, batch = 1.0 / self.strategy.num_replicas_in_sync, self.settings.batch_size
        noise = draw_normal((2, batch, self.settings.latent_dim), noise_key(seed, step, 0))
        codes = draw_codes((2, batch), self.n_components, noise_key(seed, step, 1))
        noise, codes, rows = (replica_share(t, axis=1) for t in (noise, codes, rows))
        z = tf.concat([NOISE_SCALE * noise, codes], axis=-1)  # (2, batch, latent)
        x = tf.gather(tables[0], rows[0])  # (batch, columns)

        fake = self.generator(z[0])
        d_loss = train_critic(self.critic, self.optimizers["critic"], self.critic, x, fake, step, scale)

        with tf.GradientTape(persistent=True) as tape:
            fake = self.generator(z[1])
            g_loss = scale * losses.non_saturating_g_loss(self.critic(fake))
            code_loss = scale * losses.cross_entropy(codes[1], self.encoder(fake))
            g_total = g_loss + CODE_WEIGHT * code_loss
        descend(self.generator, self.optimizers["generator"], tape, g_total)
        descend(self.encoder, self.optimizers["encoder"], tape, code_loss)
        return {"d_loss": d_loss, "g_loss": g_loss, "code_loss": code_loss}

    def check_samples(self, x: np.ndarray) -> dict[str, float]:
        """How far samples are from validation rows, which training lowers, and the guards' numbers."""
        x = x[:CHECK_ROWS]
        fake, _ = self.sample(len(x), None, seed=0)
        return {
            "energy_coefficient": quality.energy_coefficient(x, fake),
            "coverage": quality.coverage(x, fake),
            "critic_auroc": quality.auroc(self.apply("critic", x)[:, 0], self.apply("critic", fake)[:, 0]),
            "components_used": quality.components_used(self.predict_proba(self.encode(x))),
        }

    def apply(self, name: str, x: np.ndarray) -> np.ndarray:
        """A network's answer, in blocks of one shape."""
        return predict_in_blocks(self.compiled[name], x)

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Logits of Q(c|x): (rows, K)."""
        return self.apply("encoder", x)

    def embed(self, codes: np.ndarray) -> np.ndarray:
        """The logits, centred, since only their differences mean something: (rows, K)."""
        return codes - codes.mean(axis=1, keepdims=True)

    def predict_proba(self, codes: np.ndarray) -> np.ndarray:
        """Q(c|x), the responsibility of each code for each row: (rows, K)."""
        return softmax(codes, axis=1)

    def score(self, x: np.ndarray, codes: np.ndarray) -> dict[str, np.ndarray]:
        """Critic's logit, which is also the typicality: nothing here reconstructs a row. (rows,) each."""
        logit = self.apply("critic", x)[:, 0]
        return {"logit": logit, "typicality": logit}

    def sample(self, n: int, component: int | None, seed: int, start: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Rows (n, columns) of one component, or of all of them drawn uniformly, and their components (n,)."""
        noise, components = sample_noise(seed, start, n, self.settings.latent_dim, self.n_components)
        components = components if component is None else np.full(n, component)
        codes = np.eye(self.n_components, dtype=np.float32)[components]
        return self.apply("generator", np.concatenate([NOISE_SCALE * noise, codes], axis=1)), components
