"""An autoencoder, in whose narrow and wide layers wide vectors have their neighbours."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from models import losses
from models.blocks import predict_in_blocks
from models.convolutional import build_decoder, build_encoder
from models.data_shape import DataShape
from models.duration import Duration
from models.latents import replica_share
from models.networks import Compiled, descend, hidden_features
from models.training import Phase

UNITS = (500, 500, 1000)  # of the encoder; the decoder has them in reverse
CHECK_ROWS = 1000
DURATION = Duration(passes=100, least=1_000, most=8_000)  # neighbours among codes of few rows get worse beyond


class Autoencoder:
    """Encoder and decoder that reconstruct rows through a narrow code (Hinton and Salakhutdinov 2006)."""

    def __init__(
        self,
        code_dim: int,
        data: DataShape,
        seed: int,
        strategy: tf.distribute.Strategy,
        make_optimizer: Callable[[], keras.optimizers.Optimizer],
    ) -> None:
        self.strategy = strategy
        with strategy.scope():
            self.encoder = build_encoder("encoder", data, code_dim, UNITS, seed)
            self.decoder = build_decoder("decoder", code_dim, data, UNITS[::-1], seed + 1)
            self.networks = {"encoder": self.encoder, "decoder": self.decoder}
            self.optimizers = {name: make_optimizer() for name in self.networks}
            for name, network in self.networks.items():
                self.optimizers[name].build(network.trainable_variables)
        self.compiled = {name: Compiled(network) for name, network in self.networks.items()}
        self.compiled["hidden"] = Compiled(hidden_features(self.encoder))

    def plan(self, x: np.ndarray, steps: int | None, batch_size: int) -> Phase:
        """The phase that trains both on rows x (rows, columns), in so many steps; None: by the rows."""
        count_steps = DURATION.counter(steps, batch_size)
        return Phase(
            steps=count_steps(len(x)),
            batch_size=batch_size,
            batches=1,
            networks=self.networks,
            optimizers=self.optimizers,
            tables=(x,),
            train_step=self.train,
            losses=("reconstruction_loss",),
            check=self.check,
            criterion="validation_reconstruction",
            work=count_steps,
            keeps_best=True,
        )

    def train(
        self, tables: tuple[tf.Tensor, ...], rows: tf.Tensor, seed: tf.Tensor, step: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """One step of both networks on the squared error."""
        x = tf.gather(tables[0], replica_share(rows[0]))  # (batch, columns)
        with tf.GradientTape(persistent=True) as tape:
            x_hat = self.decoder(self.encoder(x))
            loss = losses.squared_error(x, x_hat) / self.strategy.num_replicas_in_sync
        for name, network in self.networks.items():
            descend(network, self.optimizers[name], tape, loss)
        return {"reconstruction_loss": loss}

    def check(self, x: np.ndarray) -> dict[str, float]:
        """Squared error per element of validation rows."""
        x = x[:CHECK_ROWS]
        return {"validation_reconstruction": float(((x - self.decode(self.encode(x))) ** 2).mean())}

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Codes of rows: (rows, code_dim)."""
        return predict_in_blocks(self.compiled["encoder"], x)

    def hidden(self, x: np.ndarray) -> np.ndarray:
        """Activations of the last hidden layer of the encoder, which the codes are linear in: (rows, units)."""
        return predict_in_blocks(self.compiled["hidden"], x)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Rows of codes: (rows, columns)."""
        return predict_in_blocks(self.compiled["decoder"], codes)
