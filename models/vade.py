"""VaDE, an autoencoder whose codes are a mixture of Gaussians, one for each cluster (Jiang et al. 2017)."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from scipy.special import softmax

from models import gaussians, quality
from models.blocks import predict_in_blocks
from models.data_shape import DataShape
from models.draws import sample_components, sample_noise
from models.duration import Duration
from models.guards import guard_components
from models.latents import draw_normal, noise_key, replica_share
from models.model_settings import VadeSettings, VadeStart
from models.networks import Compiled, build_mlp, choose_units, descend
from models.teacher import teach
from models.training import Phase

ANNEALED_SHARE = 0.2  # of the steps, in which the weight of the KL divergence grows to 1
FIRST_VARIANCE = 0.1  # of a row's code, in units of the variance within clusters
LEAST_VARIANCE = 1e-3  # that a column starts with
PRETRAINING = Duration(passes=40, least=2_000, most=8_000)  # clusters of images' codes are better after more
RESTARTS = 5  # of each kind of start of the mixture
INTEGRATION_POINTS = 32  # of the code, for a row's log density
CHECK_ROWS = 1000


class Vade:
    """q(z|x) = N(mean, variance) by the encoder, p(x|z) by the decoder, p(z, c) by the mixture.

    Pretraining is that of a plain autoencoder; the mixture starts at clusters of its codes, found there or on their
    manifold. Then all three learn
    together from the evidence lower bound (ELBO). Pixels are Bernoulli, other columns normal with a variance each.
    """

    phases: tuple[str, ...] = ("pretraining", "elbo")

    def __init__(
        self,
        settings: VadeSettings,
        data: DataShape,
        clusters: int,
        seed: int,
        strategy: tf.distribute.Strategy | None = None,
        make_optimizer: Callable[[float], keras.optimizers.Optimizer] | None = None,
    ) -> None:
        self.settings, self.data, self.seed = settings, data, seed
        self.n_components: int = clusters
        self.arrays: dict[str, np.ndarray] = {}
        self.dims = settings.latent_dim or choose_latent_dim(data.n_columns)
        self.strategy = strategy or tf.distribute.get_strategy()
        units, columns = settings.units or choose_units(data.n_columns), data.n_columns
        make = make_optimizer or (lambda rate: keras.optimizers.Adam(rate, epsilon=1e-4))
        with self.strategy.scope():
            self.encoder = build_mlp("encoder", columns, 2 * self.dims, units, seed * 4)
            self.decoder = build_mlp("decoder", self.dims, columns, units, seed * 4 + 1)
            self.variance = gaussians.ColumnVariance(columns)
            self.prior = gaussians.DiagonalMixture(clusters, self.dims)
            if not data.image:
                self.decoder = keras.Model(self.decoder.input, self.variance(self.decoder.output), name="decoder")
            z = keras.Input((self.dims,))
            mixture = keras.Model(z, self.prior(z), name="mixture")
            self.networks = {"encoder": self.encoder, "decoder": self.decoder, "mixture": mixture}
            rates = {"pretraining": settings.pretraining_rate, "elbo": settings.learning_rate}
            trained = {"pretraining": ("encoder", "decoder"), "elbo": tuple(self.networks)}
            self.optimizers = {phase: {name: make(rates[phase]) for name in trained[phase]} for phase in self.phases}
            for optimizers in self.optimizers.values():
                for name, optimizer in optimizers.items():
                    optimizer.build(self.networks[name].trainable_variables)
        self.points = tf.constant(gaussians.standard_points(INTEGRATION_POINTS, self.dims))
        answers = {
            "mean": lambda x: self.posterior(x)[0],
            "decoder": self.decode,
            "mixture": mixture,
            "evidence": self.evidence,
        }
        self.compiled = {name: Compiled(answer) for name, answer in answers.items()}

    def phase_networks(self, phase: str) -> tuple[str, ...]:
        """Names of the networks that the phase trains or, as pretraining does the mixture, starts."""
        return tuple(self.networks)

    def plan(self, phase: str, x_train: np.ndarray) -> Phase:
        """What the training loop needs to know of the phase."""
        if phase == "pretraining":
            count_steps = PRETRAINING.counter(self.settings.pretraining_steps, self.settings.batch_size)
            return Phase(
                steps=count_steps(len(x_train)),
                batch_size=self.settings.batch_size,
                batches=1,
                networks=self.networks,
                optimizers=self.optimizers[phase],
                tables=(x_train,),
                train_step=self.train_autoencoder,
                losses=("reconstruction_loss",),
                check=self.check_reconstruction,
                criterion="validation_reconstruction",
                finish=lambda: self.start_clusters(x_train),
                work=count_steps,
            )
        return Phase(
            steps=self.settings.steps,
            batch_size=self.settings.batch_size,
            batches=1,
            networks=self.networks,
            optimizers=self.optimizers[phase],
            tables=(x_train,),
            train_step=self.train_elbo,
            losses=("reconstruction_loss", "kl_loss"),
            check=self.check_elbo,
            criterion="validation_perplexity",
            guards=(guard_components(self.n_components),),
        )

    def train_autoencoder(
        self, tables: tuple[tf.Tensor, ...], rows: tf.Tensor, seed: tf.Tensor, step: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """One step of encoder and decoder on minus the log-likelihood at the mean code."""
        x = tf.gather(tables[0], replica_share(rows[0]))  # (batch, columns)
        with tf.GradientTape(persistent=True) as tape:
            nll = -self.log_likelihood(x, self.posterior(x)[0])
            loss = tf.reduce_mean(nll) / self.strategy.num_replicas_in_sync
        for name, optimizer in self.optimizers["pretraining"].items():
            descend(self.networks[name], optimizer, tape, loss)
        return {"reconstruction_loss": loss}

    def train_elbo(
        self, tables: tuple[tf.Tensor, ...], rows: tf.Tensor, seed: tf.Tensor, step: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """One step of all networks on minus the ELBO (Jiang et al. 2017, equation 9)."""
        scale = 1.0 / self.strategy.num_replicas_in_sync
        noise = replica_share(draw_normal((self.settings.batch_size, self.dims), noise_key(seed, step, 0)))
        x = tf.gather(tables[0], replica_share(rows[0]))  # (batch, columns)
        annealing = tf.minimum(1.0, tf.cast(step + 1, tf.float32) / (ANNEALED_SHARE * self.settings.steps))
        with tf.GradientTape(persistent=True) as tape:
            mean, log_variance = self.posterior(x)  # (batch, dims) each
            z = mean + tf.exp(0.5 * log_variance) * noise
            reconstruction_loss = -scale * tf.reduce_mean(self.log_likelihood(x, z))
            kl_loss = scale * tf.reduce_mean(gaussians.kl_to_mixture(mean, log_variance, self.prior))
            total = reconstruction_loss + annealing * kl_loss
        for name, optimizer in self.optimizers["elbo"].items():
            descend(self.networks[name], optimizer, tape, total)
        return {"reconstruction_loss": reconstruction_loss, "kl_loss": kl_loss}

    def start_clusters(self, x_train: np.ndarray) -> None:
        """Start the mixture at the likeliest of several for the codes of train rows, and columns at their residuals."""
        codes = self.encode(x_train)
        self.start_mixture(*self.find_clusters(codes))
        residual = x_train - self.apply("decoder", codes)
        self.variance.set_weights([np.log(np.maximum((residual**2).mean(axis=0), LEAST_VARIANCE))])

    def find_clusters(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Codes (n, dims), all or those that the teacher's graph takes, and their clusters (n, K)."""
        match self.settings.start:
            case VadeStart.autoencoder:
                return codes, gaussians.fit_responsibilities(codes, self.n_components, RESTARTS, self.seed)
            case VadeStart.teacher:
                found = teach(codes, self.n_components, self.seed)
                return codes[found["graph_rows"]], found["responsibilities"]

    def start_mixture(self, codes: np.ndarray, responsibilities: np.ndarray) -> None:
        """Start the mixture at given clusters (rows, K) of codes (rows, dims), and all rows at one narrow variance."""
        self.prior.start(codes, responsibilities)
        within = responsibilities.mean(0) @ np.exp(self.prior.log_variances.numpy())  # (dims,)
        kernel, bias = self.encoder.layers[-1].get_weights()
        kernel[:, self.dims :], bias[self.dims :] = 0, np.log(FIRST_VARIANCE * within)
        self.encoder.layers[-1].set_weights([kernel, bias])

    def posterior(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Mean and log-variance of q(z|x): (batch, dims) each."""
        mean, log_variance = tf.split(self.encoder(x), 2, axis=1)
        return mean, gaussians.clip_log_variance(log_variance)

    def decode(self, z: tf.Tensor) -> tf.Tensor:
        """Mean of p(x|z): (batch, columns)."""
        return tf.sigmoid(self.decoder(z)) if self.data.image else self.decoder(z)[:, 0]

    def log_likelihood(self, x: tf.Tensor, z: tf.Tensor) -> tf.Tensor:
        """log p(x|z) of each row: (batch,). A grey pixel x counts as x times white and 1 - x times black."""
        if self.data.image:
            return -tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(x, self.decoder(z)), axis=1)
        mean, log_variance = tf.unstack(self.decoder(z), axis=1)
        return gaussians.log_normal(x, mean, log_variance)

    def evidence(self, x: tf.Tensor) -> tf.Tensor:
        """Minus the ELBO, and log p(x) by importance sampling from q (Burda et al. 2016, equation 8): (batch, 2).

        Codes of all rows are at the same points, in units of q: the answer is a function of the row.
        """
        mean, log_variance = self.posterior(x)
        z = mean + tf.exp(0.5 * log_variance) * self.points[:, None]  # (points, batch, dims)
        log_q = gaussians.log_normal(z, mean, log_variance)  # (points, batch)
        z, x_again = tf.reshape(z, (-1, self.dims)), tf.tile(x, (len(self.points), 1))
        log_prior, log_likelihood = (
            tf.reshape(value, tf.shape(log_q)) for value in (self.prior.log_density(z), self.log_likelihood(x_again, z))
        )
        loss = gaussians.kl_to_mixture(mean, log_variance, self.prior) - tf.reduce_mean(log_likelihood, axis=0)
        log_ratio = log_likelihood + log_prior - log_q
        return tf.stack([loss, tf.reduce_logsumexp(log_ratio, axis=0) - np.log(len(self.points))], axis=1)

    def check_reconstruction(self, x: np.ndarray) -> dict[str, float]:
        """Squared error per element of validation rows."""
        x = x[:CHECK_ROWS]
        return {"validation_reconstruction": float(((x - self.apply("decoder", self.encode(x))) ** 2).mean())}

    def check_elbo(self, x: np.ndarray) -> dict[str, float]:
        """Minus the ELBO of validation rows, of any sign, and its exponential per dimension of the code, above zero."""
        x = x[:CHECK_ROWS]
        loss = float(self.apply("evidence", x)[:, 0].mean())
        return {
            "validation_loss": loss,
            "validation_perplexity": float(np.exp(min(loss / self.dims, 700))),
            "components_used": quality.components_used(self.predict_proba(self.encode(x))),
        }

    def apply(self, name: str, x: np.ndarray) -> np.ndarray:
        """A function's answer, in blocks of one shape."""
        return predict_in_blocks(self.compiled[name], x)

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Mean code of each row: (rows, dims)."""
        return self.apply("mean", x)

    def embed(self, codes: np.ndarray) -> np.ndarray:
        """The codes: (rows, dims)."""
        return codes

    def predict_proba(self, codes: np.ndarray) -> np.ndarray:
        """p(c|z) of each component at the mean code of each row: (rows, K)."""
        return softmax(self.apply("mixture", codes), axis=1)

    def score(self, x: np.ndarray, codes: np.ndarray) -> dict[str, np.ndarray]:
        """log p(x), which is also what tells rows from samples and strange rows from ordinary ones: (rows,) each."""
        log_density = self.apply("evidence", x)[:, 1]
        return {"logit": log_density, "typicality": log_density, "log_density": log_density}

    def sample(self, n: int, component: int | None, seed: int, start: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Rows (n, columns) of one component, or of all by their weights, and their components (n,)."""
        if component is None:
            shares = np.exp(self.prior.log_weights.numpy().astype(float))
            components = sample_components(seed, start, n, shares / shares.sum())
        else:
            components = np.full(n, component)
        noise, _ = sample_noise(seed, start, n, self.dims + self.data.n_columns, 1)
        of_code, of_row = np.split(noise, [self.dims], axis=1)
        deviations = np.exp(0.5 * self.prior.log_variances.numpy())
        x = self.apply("decoder", self.prior.means.numpy()[components] + deviations[components] * of_code)
        if self.data.image:  # the mean: nobody wants to see pixels that are black or white by chance
            return x, components
        return x + np.exp(0.5 * self.variance.log_variance.numpy()) * of_row, components


def choose_latent_dim(n_columns: int) -> int:
    """Size of the code for data of this width: a third of the columns, 2 to 10."""
    return min(10, max(2, n_columns // 3))
