"""A GAN step of the real loop against the article's way of looping and Keras `fit` one step at a time.

    python -m benchmarks.training_speed

The three take turns in one run; the figures are medians of the turns. Goals at 2 columns, 128 units: over 250 x the
article's way, over 3 x `fit`; at 784 columns, 512 units: .7 of the machine's float32 GEMM peak, measured in the run.
32 is Keras's own batch size; what a call costs by itself counts less in larger ones. About 5 minutes on 2 cores.
"""

import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from models.data_shape import DataShape
from models.gan import R1_EVERY, R1_WEIGHT, Gan
from models.latents import draw_normal, noise_key
from models.losses import non_saturating_d_loss, non_saturating_g_loss, r1_penalty
from models.model_settings import GanSettings
from models.networks import build_mlp, descend
from models.training import chunk_rows, compile_steps

SIZES = ((2, 128), (64, 256), (784, 512))  # columns, units
BATCHES = (32, 128, 512)
LATENT, ROWS, TURNS = 16, 4096, 7
STEPS = {"loop": 200, "fit": 50, "article": 4}


def loop_of(settings: GanSettings, x: np.ndarray) -> Callable[[int], None]:
    """The project's compiled loop on the adversarial phase."""
    model = Gan(settings, DataShape(x.shape[1], image=False), seed=0)
    plan = model.plan("adversarial", x)
    run_steps, tables = compile_steps(plan, model.strategy), tuple(map(tf.constant, plan.tables))

    def run(steps: int) -> None:
        rows = chunk_rows(plan, 0, 0, steps, STEPS["loop"], len(x))
        float(run_steps(tables, rows, 0, 0, steps)["g_loss"])

    return run


class FitGan(keras.Model):
    """The same step as a Keras model."""

    def __init__(self, model: Gan) -> None:
        super().__init__()
        self.gan = model
        self.step = tf.Variable(0, trainable=False)

    def train_step(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        gan = self.gan
        z = draw_normal((2, gan.settings.batch_size, LATENT), noise_key(tf.constant(0), self.step, 0))
        fake = gan.generator(z[0])
        with tf.GradientTape() as tape:
            d_loss = non_saturating_d_loss(gan.critic(x), gan.critic(fake))
            penalty = tf.cond(
                self.step % R1_EVERY == 0,
                lambda: R1_WEIGHT * R1_EVERY * r1_penalty(gan.critic, x),
                lambda: tf.zeros(()),
            )
            total = d_loss + penalty
        descend(gan.critic, gan.optimizers["critic"], tape, total)
        with tf.GradientTape() as tape:
            g_loss = non_saturating_g_loss(gan.critic(gan.generator(z[1])))
        descend(gan.generator, gan.optimizers["generator"], tape, g_loss)
        self.step.assign_add(1)
        return {"d_loss": d_loss, "g_loss": g_loss}


def fit_of(settings: GanSettings, x: np.ndarray) -> Callable[[int], None]:
    """Keras `fit`, one step at a time."""
    model = FitGan(Gan(settings, DataShape(x.shape[1], image=False), seed=0))
    model.compile(steps_per_execution=1, jit_compile=False)
    data = (
        tf.data.Dataset.from_tensor_slices(x)
        .shuffle(len(x), 0)
        .repeat()
        .batch(settings.batch_size, drop_remainder=True)
    )
    return lambda steps: model.fit(data, epochs=1, steps_per_epoch=steps, verbose=0)


def article_of(settings: GanSettings, x: np.ndarray) -> Callable[[int], None]:
    """A `predict` call in each step, then train_on_batch of the critic and of both networks stacked, eagerly."""
    columns, units, batch = x.shape[1], settings.units, settings.batch_size
    generator = build_mlp("generator", LATENT, columns, units, 0)
    critic = build_mlp("critic", columns, 1, units, 1, "sigmoid")
    stacked = keras.Sequential([generator, critic])
    critic.compile("adam", "binary_crossentropy", run_eagerly=True)
    stacked.compile("adam", "binary_crossentropy", run_eagerly=True)
    random = np.random.default_rng(0)

    def run(steps: int) -> None:
        for _ in range(steps):
            z = random.standard_normal((batch, LATENT), np.float32)
            rows = np.concatenate([x[random.integers(len(x), size=batch)], generator.predict(z, verbose=0)])
            critic.trainable = True
            critic.train_on_batch(rows, np.repeat([1.0, 0.0], batch)[:, None])
            critic.trainable = False
            stacked.train_on_batch(z, np.ones((batch, 1)))

    return run


def step_flops(columns: int, units: int, batch: int) -> float:
    """FLOPs of the step's matrix products; two for each multiply-add, R1 left out (one step in sixteen).

    A product costs one pass forward, one for its weights' gradient, one for its input's gradient; the
    last is not
    needed in a first layer whose input has no gradient.
    """
    g = [LATENT * units, units * units, units * columns]
    d = [columns * units, units * units, units]
    critic_step = sum(g) + 2 * (3 * sum(d) - d[0])  # one batch of samples made; real and generated rows
    generator_step = 3 * sum(g) - g[0] + 2 * sum(d)  # through the critic without its weights' gradient
    return 2.0 * batch * (critic_step + generator_step)


def seconds_of(run: Callable[[int], None], steps: int) -> float:
    """Seconds a step."""
    started = time.perf_counter()
    run(steps)
    return (time.perf_counter() - started) / steps


def gemm_of(n: int = 2048) -> Callable[[int], None]:
    """A large matrix product, the machine's peak."""
    a = tf.random.stateless_normal((n, n), (0, 0))
    return lambda steps: [tf.matmul(a, a).numpy()[0, 0] for _ in range(steps)]


def measure(columns: int, units: int, batch: int) -> str:
    """A line of the table; the three and the matrix product take turns."""
    x = np.random.default_rng(0).standard_normal((ROWS, columns), np.float32)
    settings = GanSettings(units=units, batch_size=batch, latent_dim=LATENT)
    runs = {"loop": loop_of(settings, x), "fit": fit_of(settings, x), "article": article_of(settings, x)}
    gemm = gemm_of()
    for name, run in runs.items():
        run(STEPS[name])
    gemm(1)
    turns = [[*(seconds_of(run, STEPS[name]) for name, run in runs.items()), seconds_of(gemm, 3)] for _ in range(TURNS)]
    times = np.array(turns)  # (turns, 4)
    loop, fit, article, _ = 1000 * np.median(times, axis=0)
    fit_ratio, article_ratio = np.median(times[:, 1:3] / times[:, :1], axis=0)
    share = np.median(step_flops(columns, units, batch) / times[:, 0] / (2 * 2048**3 / times[:, 3]))
    return (
        f"{columns}-{units:<8}{batch:>6}{loop:>9.3f}{fit:>9.3f}{article:>12.1f}"
        f"{fit_ratio:>10.1f}{article_ratio:>14.0f}{share:>9.2f}"
    )


def main() -> None:
    """Print the table, a line as soon as it is measured."""
    print(f"{'size':<10}{'batch':>8}{'loop ms':>9}{'fit ms':>9}{'article ms':>12}{'fit/loop':>10}", end="")
    print(f"{'article/loop':>14}{'of peak':>9}")
    for columns, units in SIZES:
        for batch in BATCHES:
            print(measure(columns, units, batch), flush=True)


if __name__ == "__main__":
    main()
