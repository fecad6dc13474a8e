"""ClusterGAN (Mukherjee et al. 2019) whose encoder sees real rows too (as in DLS-Clustering, Ding et al. 2020)."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from scipy.special import softmax

from models import losses, quality
from models.blocks import predict_in_blocks
from models.data_shape import DataShape
from models.draws import sample_noise
from models.guards import guard_components, guard_critic
from models.latents import draw_codes, draw_neighbors, draw_normal, draw_uniform, noise_key, replica_share
from models.model_settings import ClusterGanSettings
from models.neighbors import nearest_rows, neighbor_graph
from models.networks import Compiled, build_mlp, choose_units, descend, hidden_features
from models.training import Phase

NOISE_SCALE = 0.1
NOISE_WEIGHT = 10.0  # beta_n
CODE_WEIGHT = 10.0  # beta_c
PENALTY_WEIGHT = 10.0  # lambda of WGAN-GP
AGREEMENT_WEIGHT = 10.0  # as strong as the recovery of codes, so that real rows keep their clusters
MATCHING_WEIGHT = 1.0
N_HEADS = 10  # of which pretraining keeps the best
CHECK_ROWS = 1000
ADVERSARIAL_LOSSES = (
    "d_loss",
    "gradient_penalty",
    "g_loss",
    "noise_loss",
    "code_loss",
    "reconstruction_loss",
    "agreement_loss",
    "matching_loss",
)


class ClusterGan:
    """Latent z = (noise, one-hot code), which the encoder recovers from samples and gives to real rows.

    In pretraining several heads on one encoder look for clusters that nearest neighbours share and that
    are of equal
    size (Van Gansbeke et al. 2020); the head with the lowest loss becomes the encoder's code. The
    adversarial phase
    then teaches the generator what each code looks like.
    """

    phases: tuple[str, ...] = ("pretraining", "adversarial")

    def __init__(
        self,
        settings: ClusterGanSettings,
        data: DataShape,
        clusters: int,
        seed: int,
        strategy: tf.distribute.Strategy | None = None,
        make_optimizer: Callable[[float], keras.optimizers.Optimizer] | None = None,
    ) -> None:
        self.settings, self.data = settings, data
        self.arrays: dict[str, np.ndarray] = {}
        self.n_components: int = clusters
        self.strategy = strategy or tf.distribute.get_strategy()
        units, columns = settings.units or choose_units(data.n_columns), data.n_columns
        latent = settings.latent_dim + clusters
        make = make_optimizer or (lambda rate: keras.optimizers.Adam(rate, beta_1=0.5, beta_2=0.9))
        with self.strategy.scope():
            self.generator = build_mlp("generator", latent, columns, units, seed * 4, data.activation)
            self.critic = build_mlp("critic", columns, 1, units, seed * 4 + 1)
            self.encoder = build_mlp("encoder", columns, latent, units, seed * 4 + 2)
            self.features = hidden_features(self.encoder)
            self.heads = build_mlp("heads", units, N_HEADS * clusters, units, seed * 4 + 3, layers=0)
            self.networks = {
                "generator": self.generator,
                "critic": self.critic,
                "encoder": self.encoder,
                "heads": self.heads,
            }
            rates = {"pretraining": settings.pretraining_rate, "adversarial": settings.learning_rate}
            self.optimizers = {
                phase: {name: make(rates[phase]) for name in self.phase_networks(phase)} for phase in self.phases
            }
            for optimizers in self.optimizers.values():
                for name, optimizer in optimizers.items():
                    optimizer.build(self.networks[name].trainable_variables)
        self.compiled = {name: Compiled(network) for name, network in self.networks.items()}
        self.compiled["features"] = Compiled(self.features)

    def phase_networks(self, phase: str) -> tuple[str, ...]:
        """Names of the networks that the phase trains."""
        return {"pretraining": ("encoder", "heads"), "adversarial": ("generator", "critic", "encoder")}[phase]

    def plan(self, phase: str, x_train: np.ndarray) -> Phase:
        """What the training loop needs to know of the phase."""
        networks = {name: self.networks[name] for name in self.phase_networks(phase)}
        tables = (x_train, neighbor_graph(x_train, self.settings.neighbors))
        if phase == "pretraining":
            return Phase(
                steps=self.settings.pretraining_steps,
                batch_size=self.settings.pretraining_batch_size,
                batches=1,
                networks=networks,
                optimizers=self.optimizers[phase],
                tables=tables,
                train_step=self.train_heads,
                losses=("agreement_loss", "balance_loss"),
                check=lambda x: self.check_heads(x, x_train),
                criterion="validation_loss",
                guards=(guard_components(self.n_components),),
                finish=lambda: self.keep_best_head(*tables),
            )
        return Phase(
            steps=self.settings.steps,
            batch_size=self.settings.batch_size,
            batches=self.settings.critic_steps + 1,
            networks=networks,
            optimizers=self.optimizers[phase],
            tables=tables,
            train_step=self.train_adversarial,
            losses=ADVERSARIAL_LOSSES,
            check=self.check_samples,
            criterion="energy_coefficient",
            guards=(guard_critic(), guard_components(self.n_components)),
        )

    def train_heads(
        self, tables: tuple[tf.Tensor, ...], rows: tf.Tensor, seed: tf.Tensor, step: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """One step of encoder and heads: neighbours agree, clusters have equal sizes (Van Gansbeke et al.
        2020, eq. 2).
        """
        optimizers, scale = self.optimizers["pretraining"], 1.0 / self.strategy.num_replicas_in_sync
        near = draw_neighbors(tables[1], rows[0], noise_key(seed, step, 0))
        pairs = replica_share(tf.stack([rows[0], near]), axis=1)
        x = tf.gather(tables[0], pairs)  # (2, batch, columns)
        with tf.GradientTape(persistent=True) as tape:
            p, p_near = (self.split_heads(self.heads(self.features(part))) for part in (x[0], x[1]))
            agreement = scale * losses.neighbor_agreement_loss(p, p_near)  # (heads,)
            balance = scale * losses.balance_loss(p)  # (heads,)
            total = tf.reduce_sum(agreement + self.settings.balance * balance)
        descend(self.features, optimizers["encoder"], tape, total)
        descend(self.heads, optimizers["heads"], tape, total)
        return {"agreement_loss": tf.reduce_mean(agreement), "balance_loss": tf.reduce_mean(balance)}

    def train_adversarial(
        self, tables: tuple[tf.Tensor, ...], rows: tf.Tensor, seed: tf.Tensor, step: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Some critic steps, then one of generator and encoder (Mukherjee et al. 2019, algorithm 1)."""
        n, batch, optimizers = (
            self.settings.critic_steps,
            self.settings.batch_size,
            self.optimizers["adversarial"],
        )
        scale = 1.0 / self.strategy.num_replicas_in_sync
        noise = NOISE_SCALE * draw_normal((n + 1, batch, self.settings.latent_dim), noise_key(seed, step, 0))
        codes = draw_codes((n + 1, batch), self.n_components, noise_key(seed, step, 1))
        mix = draw_uniform((n, batch, 1), noise_key(seed, step, 2))
        near = draw_neighbors(tables[1], rows[-1:], noise_key(seed, step, 3))
        noise, codes, mix, rows, near = (replica_share(t, axis=1) for t in (noise, codes, mix, rows, near))
        z = tf.concat([noise, codes], axis=-1)  # (n + 1, batch, latent)
        x, x_near = (
            tf.gather(tables[0], rows),
            tf.gather(tables[0], near[0]),
        )  # (n + 1, batch, columns), (batch, columns)

        for i in range(n):
            fake = self.generator(z[i])
            with tf.GradientTape() as tape:
                d_loss = scale * losses.wasserstein_d_loss(self.critic(x[i]), self.critic(fake))
                penalty = scale * losses.gradient_penalty(self.critic, x[i], fake, mix[i])
                d_total = d_loss + PENALTY_WEIGHT * penalty
            descend(self.critic, optimizers["critic"], tape, d_total)

        with tf.GradientTape(persistent=True) as tape:
            fake = self.generator(z[n])
            fake_noise, fake_logits = self.split(self.encoder(fake))
            real_noise, real_logits = self.split(self.encoder(x[n]))
            p, p_near = tf.nn.softmax(real_logits), tf.nn.softmax(self.split(self.encoder(x_near))[1])
            x_hat = self.generator(tf.concat([real_noise, p], axis=1))
            g_loss = -scale * tf.reduce_mean(self.critic(fake))
            noise_loss = scale * losses.squared_error(noise[n], fake_noise)
            code_loss = scale * losses.cross_entropy(codes[n], fake_logits)
            reconstruction_loss = scale * losses.reconstruction_error(x[n], x_hat)
            agreement_loss = scale * (
                losses.neighbor_agreement_loss(p, p_near) + self.settings.balance * losses.balance_loss(p)
            )
            recovery = NOISE_WEIGHT * noise_loss + CODE_WEIGHT * code_loss + reconstruction_loss
            matching_loss = scale * losses.prior_matching_loss(real_noise, NOISE_SCALE)
            g_total = g_loss + recovery
            e_total = recovery + AGREEMENT_WEIGHT * agreement_loss + MATCHING_WEIGHT * matching_loss
        descend(self.generator, optimizers["generator"], tape, g_total)
        descend(self.encoder, optimizers["encoder"], tape, e_total)
        values = (d_loss, penalty, g_loss, noise_loss, code_loss, reconstruction_loss, agreement_loss, matching_loss)
        return dict(zip(ADVERSARIAL_LOSSES, values, strict=True))

    def split(self, encoding: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Noise (batch, latent_dim) and code logits (batch, K) of an encoding."""
        noise, logits = tf.split(encoding, [self.settings.latent_dim, self.n_components], axis=1)
        return noise, logits

    def split_heads(self, logits: tf.Tensor) -> tf.Tensor:
        """Responsibilities of each head: (batch, heads, K)."""
        return tf.nn.softmax(tf.reshape(logits, (-1, N_HEADS, self.n_components)))

    def head_losses(self, x: np.ndarray, x_near: np.ndarray) -> np.ndarray:
        """Pretraining loss of each head on rows and a neighbour of each: (heads,)."""
        p, p_near = (self.split_heads(self.apply("heads", self.apply("features", part))) for part in (x, x_near))
        return (losses.neighbor_agreement_loss(p, p_near) + self.settings.balance * losses.balance_loss(p)).numpy()

    def keep_best_head(self, x: np.ndarray, graph: np.ndarray) -> None:
        """Copy the head with the lowest loss over the train rows into the encoder's code."""
        columns = [self.head_losses(x, x[graph[:, i]]) for i in range(graph.shape[1])]
        best = int(np.mean(columns, axis=0).argmin())
        part = slice(best * self.n_components, (best + 1) * self.n_components)
        merged = []
        for old, head in zip(self.encoder.layers[-1].get_weights(), self.heads.layers[-1].get_weights(), strict=True):
            merged.append(np.concatenate([old[..., : self.settings.latent_dim], head[..., part]], axis=-1))
        self.encoder.layers[-1].set_weights(merged)

    def check_heads(self, x: np.ndarray, x_train: np.ndarray) -> dict[str, float]:
        """Loss of the best head on validation rows and their nearest train row, and its clusters in use."""
        x = x[:CHECK_ROWS]
        by_head = self.head_losses(x, x_train[nearest_rows(x, x_train, 1)[:, 0]])
        p = self.split_heads(self.apply("heads", self.apply("features", x))).numpy()[:, by_head.argmin()]
        return {"validation_loss": float(by_head.min()), "components_used": quality.components_used(p)}

    def check_samples(self, x: np.ndarray) -> dict[str, float]:
        """How far samples are from validation rows, which the adversarial phase lowers, and the guards' numbers."""
        x = x[:CHECK_ROWS]
        codes = self.encode(x)
        fake, _ = self.sample(len(x), None, seed=0)
        return {
            "energy_coefficient": quality.energy_coefficient(x, fake),
            "coverage": quality.coverage(x, fake),
            "critic_auroc": quality.auroc(self.apply("critic", x)[:, 0], self.apply("critic", fake)[:, 0]),
            "components_used": quality.components_used(self.predict_proba(codes)),
            "validation_reconstruction": float(-self.score(x, codes)["typicality"].mean()),
        }

    def apply(self, name: str, x: np.ndarray) -> np.ndarray:
        """A network's answer, in blocks of one shape."""
        return predict_in_blocks(self.compiled[name], x)

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Recovered noise and responsibilities of each row: (rows, latent_dim + K)."""
        encoding = self.apply("encoder", x)
        logits = encoding[:, self.settings.latent_dim :]
        return np.concatenate([encoding[:, : self.settings.latent_dim], softmax(logits, axis=1)], axis=1)

    def embed(self, codes: np.ndarray) -> np.ndarray:
        """The codes: (rows, latent_dim + K)."""
        return codes

    def predict_proba(self, codes: np.ndarray) -> np.ndarray:
        """Responsibility of each code for each row: (rows, K)."""
        return codes[:, self.settings.latent_dim :]

    def score(self, x: np.ndarray, codes: np.ndarray) -> dict[str, np.ndarray]:
        """Critic's logit and minus |x - G(E(x))|^2, the residual of f-AnoGAN (Schlegl et al. 2019): (rows,) each."""
        x_hat = self.apply("generator", codes)
        return {"logit": self.apply("critic", x)[:, 0], "typicality": -((x - x_hat) ** 2).sum(1)}

    def sample(self, n: int, component: int | None, seed: int, start: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Rows (n, columns) of one component, or of all of them drawn uniformly, and their components (n,)."""
        noise, components = sample_noise(seed, start, n, self.settings.latent_dim, self.n_components)
        components = components if component is None else np.full(n, component)
        codes = np.eye(self.n_components, dtype=np.float32)[components]
        return self.apply("generator", np.concatenate([NOISE_SCALE * noise, codes], axis=1)), components
