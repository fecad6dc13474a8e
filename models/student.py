"""A network that learns clusters from the rows themselves, so that new rows need no embedding."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from scipy.special import softmax

from models import losses, quality
from models.blocks import predict_in_blocks
from models.convolutional import convolve, dense
from models.data_shape import DataShape
from models.duration import Duration
from models.gradients import EdgeHistograms
from models.guards import guard_components
from models.latents import draw_neighbors, draw_normal, draw_uniform, noise_key, replica_share
from models.model_settings import VECTORS_COLUMNS, Prior
from models.networks import Compiled, descend
from models.training import Phase
from models.variation import Variation, local_variation

PROBE = 10.0  # length of the step along which the worst direction is looked for (Hu et al. 2017)
RADIUS = 0.5  # of the perturbation, in distances to the RADIUS_NEIGHBOR-th neighbour
WIDE_RADIUS = 0.25  # of wide vectors, where neighbours are hardly nearer than strangers (as in Hu et al. 2017)
RADIUS_NEIGHBOR = 10
WARM_STEPS = 300  # of teaching alone
DURATION = Duration(passes=20, least=2_000)  # small tables are learnt by these, what large ones gain goes on longer
WEIGHTS = {"teacher_loss": 1.0, "perturbation_loss": 1.0, "agreement_loss": 0.3, "entropy_loss": 0.1, "prior_loss": 0.4}
CHECK_ROWS = 2000

Seen = tuple[np.ndarray, np.ndarray]  # rows as they are seen, and their neighbours


@dataclass(frozen=True)
class Lesson:
    """What a student is taught with, a line for each row.

    Attributes:
        x: (rows, columns), what it sees of them.
        graph: (rows, k) nearest other rows, nearest first.
        labels: (rows, clusters), the teacher's probabilities.
        prior: (clusters,) share of each cluster.
        variation: how they vary among their neighbours; None of wide rows, which vary alike in all directions.
    """

    x: np.ndarray
    graph: np.ndarray
    labels: np.ndarray
    prior: np.ndarray
    variation: Variation | None

    @property
    def radius(self) -> np.ndarray:
        """How far each row may be moved without leaving its cluster: (rows, 1); by its variation if that is known."""
        far = self.graph[:, min(RADIUS_NEIGHBOR, self.graph.shape[1]) - 1]
        step = self.x - self.x[far]
        if self.variation is None:
            return (WIDE_RADIUS * np.linalg.norm(step, axis=1, keepdims=True)).astype(np.float32)
        return (RADIUS * np.linalg.norm(step @ self.variation.whiten, axis=1, keepdims=True)).astype(np.float32)


def write_lesson(x: np.ndarray, graph: np.ndarray, responsibilities: np.ndarray, prior: Prior) -> Lesson:
    """Labels from a teacher's responsibilities (rows, clusters), averaged over each row and its neighbours.

    A row that its neighbours see in another cluster, or that lies between two, is taught so.
    """
    labels = (responsibilities + responsibilities[graph].sum(axis=1)) / (1 + graph.shape[1])
    clusters = labels.shape[1]
    shares = labels.mean(axis=0) if prior == Prior.estimated else np.full(clusters, 1 / clusters)
    is_wide = x.shape[1] > VECTORS_COLUMNS
    variation = None if is_wide else local_variation(x, graph)
    return Lesson(x, graph, labels.astype(np.float32), shares.astype(np.float32), variation)


class Student:
    """q(cluster | x): taught by neighbourhoods, smoothed by virtual adversarial training (Miyato et al. 2019).

    All rows shape the boundaries between clusters: a small step in the worst direction must not change a row's
    cluster, neighbours should agree, and clusters keep the shares of a prior (Hu et al. 2017, whose prior is uniform).
    The teacher's labels stay in the loss, or these terms would wear them down. They are taught at points
    between a row and a neighbour (mixup, Zhang et al. 2018), for a small table has few rows to learn a boundary from.
    It may see descriptions of images in place of their pixels: all this happens among them then.
    """

    def __init__(
        self,
        data: DataShape,
        clusters: int,
        units: int,
        seed: int,
        strategy: tf.distribute.Strategy,
        make_optimizer: Callable[[], keras.optimizers.Optimizer],
        gradients: EdgeHistograms | None = None,
    ) -> None:
        """`data` is what it sees: of the rows themselves, or their descriptions if `gradients` make such."""
        self.strategy, self.n_components, self.gradients = strategy, clusters, gradients
        with strategy.scope():
            self.network = build_student(data, clusters, units, seed)
            self.optimizer = make_optimizer()
            self.optimizer.build(self.network.trainable_variables)
        self.compiled = Compiled(self)
        self.compiled_network = Compiled(lambda seen: self.network(seen, training=False))

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """Log responsibilities up to a constant of rows x (batch, columns): (batch, clusters)."""
        return self.network(self.gradients(x) if self.gradients else x, training=False)

    def see(self, x: np.ndarray) -> np.ndarray:
        """What it sees of rows x (rows, columns)."""
        return self.gradients.describe(x) if self.gradients else x

    def plan(
        self,
        lesson: Lesson,
        neighbors: Callable[[np.ndarray], np.ndarray],
        steps: int | None,
        batch_size: int,
    ) -> Phase:
        """The phase; `neighbors` gives the nearest rows of the lesson of any rows: (rows, k).

        It has so many steps; None: by the rows.
        """
        count_steps = DURATION.counter(steps, batch_size)

        @keep_last
        def look_at(x: np.ndarray) -> Seen:
            x = x[:CHECK_ROWS]
            return self.see(x), lesson.x[neighbors(x)]

        shares = np.tile(lesson.prior, (len(lesson.x), 1))
        directions = None if lesson.variation is None else tf.constant(lesson.variation.unwhiten)
        return Phase(
            steps=count_steps(len(lesson.x)),
            batch_size=batch_size,
            batches=1,
            networks={"student": self.network},
            optimizers={"student": self.optimizer},
            tables=(lesson.x, lesson.graph, lesson.labels, lesson.radius, shares),
            train_step=lambda *of_step: self.train(directions, *of_step),
            losses=tuple(WEIGHTS),
            check=lambda x: self.check(*look_at(x)),
            criterion="validation_loss",
            guards=(guard_components(self.n_components),),
            work=count_steps,
            keeps_best=True,
        )

    def train(
        self,
        directions: tf.Tensor | None,
        tables: tuple[tf.Tensor, ...],
        rows: tf.Tensor,
        seed: tf.Tensor,
        step: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """One step on labels, worst perturbations, neighbours and the prior.

        `directions` (columns, columns) are those in which rows vary, and how much; None where all are alike.
        """
        scale = 1.0 / self.strategy.num_replicas_in_sync
        near = draw_neighbors(tables[1], rows[0], noise_key(seed, step, 0))
        noise = draw_normal((rows.shape[1], tables[0].shape[1]), noise_key(seed, step, 1))
        share = draw_uniform((rows.shape[1], 1), noise_key(seed, step, 2))
        rows, near, noise, share = (replica_share(t) for t in (rows[0], near, noise, share))
        x, labels = (between(tables[i], rows, near, share) for i in (0, 2))
        radius, prior = (tf.gather(tables[i], rows) for i in (3, 4))
        x_near = tf.gather(tables[0], near)
        with tf.GradientTape() as tape:
            logits = self.network(x, training=True)  # (batch, clusters)
            p = tf.nn.softmax(logits)
            with frozen_statistics(self.network):
                x_worst = x + along(directions, radius * self.worst_step(x, tf.stop_gradient(p), noise, directions))
                worst_logits = self.network(x_worst, training=True)
                p_near = tf.nn.softmax(self.network(x_near, training=True))
            values = {
                "teacher_loss": losses.cross_entropy(labels, logits),
                "perturbation_loss": losses.divergence(tf.stop_gradient(p), worst_logits),
                "agreement_loss": losses.neighbor_agreement_loss(p, p_near),
                "entropy_loss": tf.reduce_mean(losses.entropy(p)),
                "prior_loss": losses.prior_loss(p, prior[0]),
            }
            warm = tf.cast(step < WARM_STEPS, tf.float32)
            others = sum(WEIGHTS[name] * value for name, value in values.items() if name != "teacher_loss")
            total = scale * (WEIGHTS["teacher_loss"] * values["teacher_loss"] + (1 - warm) * others)
        descend(self.network, self.optimizer, tape, total)
        return {name: scale * value for name, value in values.items()}

    def worst_step(self, x: tf.Tensor, p: tf.Tensor, noise: tf.Tensor, directions: tf.Tensor | None) -> tf.Tensor:
        """Steps of length 1 that change the responsibilities p most, by one power iteration: (batch, columns)."""
        probe = tf.math.l2_normalize(noise, axis=1)
        with tf.GradientTape() as tape:
            tape.watch(probe)
            change = losses.divergence(p, self.network(x + along(directions, PROBE * probe), training=True))
        return tf.stop_gradient(tf.math.l2_normalize(tape.gradient(change, probe), axis=1))

    def check(self, seen: np.ndarray, seen_near: np.ndarray) -> dict[str, float]:
        """How far validation rows (rows, columns) and their neighbours (rows, k, columns), as seen, are of one mind."""
        p = softmax(predict_in_blocks(self.compiled_network, seen), axis=1)
        near = predict_in_blocks(self.compiled_network, seen_near.reshape(-1, seen.shape[1]))
        p_near = softmax(near, axis=1).reshape(*seen_near.shape[:2], -1)
        agreement = -np.log(np.einsum("rc,rkc->rk", p, p_near) + 1e-8).mean()
        return {
            "validation_loss": float(agreement),
            "validation_confidence": float(p.max(axis=1).mean()),
            "components_used": quality.components_used(p),
        }

    def predict_codes(self, x: np.ndarray) -> np.ndarray:
        """One-hot likeliest cluster of each row: (rows, clusters)."""
        return likeliest(self.predict_logits(x))

    def predict_logits(self, x: np.ndarray) -> np.ndarray:
        """Log responsibilities up to a constant of each row: (rows, clusters)."""
        return predict_in_blocks(self.compiled, x)


def keep_last(function: Callable[[np.ndarray], Seen]) -> Callable[[np.ndarray], Seen]:
    """The function, which answers at once when it is given the very array that it was given last."""
    last: list[tuple[np.ndarray, Seen]] = []

    def answer(x: np.ndarray) -> Seen:
        if not last or last[0][0] is not x:
            last[:] = [(x, function(x))]
        return last[0][1]

    return answer


def along(directions: tf.Tensor | None, steps: tf.Tensor) -> tf.Tensor:
    """Steps (batch, columns) in directions (columns, columns) as steps in the columns."""
    return steps if directions is None else steps @ directions


def between(table: tf.Tensor, rows: tf.Tensor, near: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Lines of a table (n, width) a share (batch, 1) of the way from those of rows (batch,) to those of neighbours."""
    here = tf.gather(table, rows)
    return here + share * (tf.gather(table, near) - here)


def likeliest(logits: np.ndarray) -> np.ndarray:
    """One-hot likeliest cluster of each row: (rows, clusters)."""
    return np.eye(logits.shape[1], dtype=np.float32)[logits.argmax(axis=1)]


def build_student(data: DataShape, clusters: int, units: int, seed: int) -> keras.Model:
    """Two hidden layers with batch normalisation; its first answers are nearly uniform (as in Hu et al. 2017).

    The first of them is convolutions where the data has a shape.
    """
    inputs = keras.Input((data.n_columns,))
    if data.image_shape:
        x = convolve(inputs, data.image_shape, seed + 1, normalise=True)
    else:
        x = dense(inputs, units, seed * 16, normalise=True)
    x = dense(x, units, seed * 16 + 1, normalise=True)
    last = keras.initializers.RandomNormal(stddev=0.01, seed=seed * 16 + 2)
    return keras.Model(inputs, keras.layers.Dense(clusters, kernel_initializer=last)(x), name="student")


@contextmanager
def frozen_statistics(network: keras.Model) -> Iterator[None]:
    """While this is traced, batch normalisation keeps no statistics: those of perturbed rows must not leak into it."""
    layers = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    kept = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 1.0
    try:
        yield
    finally:
        for layer, momentum in zip(layers, kept, strict=True):
            layer.momentum = momentum
