"""The flagship: clusters of a manifold's embedding, learnt by a student, and a generator conditional on them."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from scipy.special import softmax

from models.computation import Computation, Computed
from models.conditional import ConditionalGan
from models.data_shape import DataShape, seen_by
from models.draws import sample_components
from models.model_settings import ManifoldGanSettings, StudentInput
from models.neighbors import nearest_rows
from models.networks import choose_units
from models.student import Student, likeliest, write_lesson
from models.teacher import Teacher
from models.training import Phase

STUDENT_NEIGHBORS = 10  # of a validation row, that should be in its cluster


class ManifoldGan:
    """A teacher finds clusters, a student learns the rule from rows, a generator makes samples.

    The student is that of IMSAT (Hu et al. 2017), with a teacher; the conditional GAN gives each cluster a
    distribution.
    """

    phases: tuple[str, ...] = ManifoldGanSettings.phases

    def __init__(
        self,
        settings: ManifoldGanSettings,
        data: DataShape,
        clusters: int | None,
        seed: int,
        strategy: tf.distribute.Strategy | None = None,
        make_optimizer: Callable[[float], keras.optimizers.Optimizer] | None = None,
    ) -> None:
        self.settings, self.seed, seen = settings, seed, seen_by(settings.networks, data)
        self.n_components = clusters
        self.strategy = strategy or tf.distribute.get_strategy()
        self.arrays = {"shares": np.full(clusters, 1 / clusters)} if clusters else {}
        self.networks: dict[str, keras.Model] = {}
        make = make_optimizer or keras.optimizers.Adam
        self.teacher = Teacher(settings, data, clusters, seed, self.strategy, make)
        self.networks |= self.teacher.networks
        if clusters:
            units = settings.units or choose_units(data.n_columns)
            gradients = self.teacher.gradients if settings.student_input == StudentInput.auto else None
            self.student = Student(
                seen_by(settings.networks, gradients.data) if gradients else seen,
                clusters, units, seed * 8 + 2, self.strategy, lambda: make(settings.student_rate), gradients,
            )  # fmt: skip
            make_adversarial = make_optimizer or (lambda rate: keras.optimizers.Adam(rate, beta_1=0.0, beta_2=0.99))
            self.gan = ConditionalGan(
                seen, clusters, settings.latent_dim, units, seed * 8 + 3, self.strategy,
                lambda: make_adversarial(settings.learning_rate),
            )  # fmt: skip
            self.networks |= {"student": self.student.network} | self.gan.networks

    def phase_networks(self, phase: str) -> tuple[str, ...]:
        """Names of the networks that the phase trains."""
        match phase:
            case "student":
                return ("student",)
            case "adversarial":
                return tuple(self.gan.networks)
        return self.teacher.phase_networks(phase)

    def plan(self, phase: str, x_train: np.ndarray) -> Phase | Computation:
        """What the training loop needs to know of the phase, or what is to be computed."""
        told = self.settings
        match phase:
            case "student":
                return self.plan_student(x_train)
            case "assignment":
                return Computation(lambda: self.assign(x_train))
            case "adversarial":
                return self.gan.plan(x_train, self.arrays["labels"], self.student, told.steps, told.batch_size)
        return self.teacher.plan(phase, x_train, self.arrays)

    def plan_student(self, x_train: np.ndarray) -> Phase:
        """The phase in which the student learns the clusters of the graph's rows."""
        told, arrays = self.settings, self.arrays
        x = x_train[arrays["graph_rows"]]
        seen = self.student.see(x)
        lesson = write_lesson(seen, arrays["graph"], arrays["responsibilities"], told.prior)

        def place(rows: np.ndarray) -> np.ndarray:
            return self.teacher.place(self.teacher.encode(rows), arrays)

        places = seen if self.student.gradients else place(x)
        return self.student.plan(
            lesson,
            lambda rows: nearest_rows(place(rows), places, STUDENT_NEIGHBORS),
            told.student_steps,
            told.student_batch_size,
        )

    def assign(self, x_train: np.ndarray) -> Computed:
        """Clusters of all train rows by the student, and their shares."""
        labels = self.student.predict_logits(x_train).argmax(axis=1).astype(np.int32)
        shares = np.bincount(labels, minlength=self.student.n_components) / len(labels)
        return Computed({"labels": labels}, {"shares": shares})

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Log responsibilities up to a constant of each row: (rows, clusters)."""
        return self.student.predict_logits(x)

    def embed(self, codes: np.ndarray) -> np.ndarray:
        """The log responsibilities, centred: (rows, clusters)."""
        return codes - codes.mean(axis=1, keepdims=True)

    def predict_proba(self, codes: np.ndarray) -> np.ndarray:
        """Responsibility of each cluster for each row: (rows, clusters)."""
        return softmax(codes, axis=1)

    def score(self, x: np.ndarray, codes: np.ndarray) -> dict[str, np.ndarray]:
        """Critic's logit in the row's cluster, and minus |x - G(E(x))|^2 (Schlegl et al. 2019): (rows,) each."""
        cluster = likeliest(codes)
        residual = ((x - self.gan.reconstruct(x, cluster)) ** 2).sum(axis=1)
        return {"logit": self.gan.logit(x, cluster), "typicality": -residual}

    def sample(self, n: int, component: int | None, seed: int, start: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Rows (n, columns) of one cluster, or of all as often as among the train rows, and their clusters (n,)."""
        components = sample_components(seed, start, n, self.arrays["shares"])
        components = components if component is None else np.full(n, component)
        return self.gan.sample(components, seed, start), components
