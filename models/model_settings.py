"""The models by name, and what each of them can be told. Pydantic only, like `models.settings`."""

from enum import StrEnum
from typing import Any, ClassVar, Literal

from pydantic import Field
from pydantic.fields import FieldInfo

from models.settings import Settings


class ModelName(StrEnum):
    """The generative models that can be fitted. Members are named as they are spelled: the command line shows names."""

    gan = "gan"
    clustergan = "clustergan"
    manifoldgan = "manifoldgan"
    infogan = "infogan"
    vade = "vade"
    n2d = "n2d"
    kmeans = "kmeans"
    gaussian_mixture = "gaussian_mixture"


class ModelSettings(Settings):
    """What a model can be told. A field with a `phase` matters from that phase on; the others from the first."""

    phases: ClassVar[tuple[str, ...]]
    clusters_phase: ClassVar[str | None]  # from which on the number of clusters matters; None: the model has none
    counts_clusters: ClassVar[bool] = False  # whether that phase finds the number where none is given
    has_networks: ClassVar[bool] = True  # without any it needs no TensorFlow

    @property
    def has_components(self) -> bool:
        """Whether the model itself knows clusters."""
        return self.clusters_phase is not None

    def needs_clusters(self, phase: str) -> bool:
        """Whether the number of clusters decides the result of a phase."""
        first = self.clusters_phase
        return first is not None and self.phases.index(phase) >= self.phases.index(first)

    def up_to(self, phase: str) -> dict[str, Any]:
        """The values that decide the result of a phase."""
        reached = self.phases[: self.phases.index(phase) + 1]
        return {
            name: value
            for name, value in self.model_dump(mode="json").items()
            if _phase_of(type(self).model_fields[name]) in (None, *reached)
        }


def _phase_of(field: FieldInfo) -> Any:
    return field.json_schema_extra.get("phase") if isinstance(field.json_schema_extra, dict) else None


VECTORS_COLUMNS = 128  # up to which vectors serve as they are
GRADIENTS_SIDE = 8  # pixels from which on grey images have edges to speak of
ENCODER: dict[str, Any] = {"phase": "encoder"}
ADVERSARIAL: dict[str, Any] = {"phase": "adversarial"}


class GanSettings(ModelSettings):
    """The article's GAN of multilayer perceptrons, with an encoder that inverts the generator."""

    phases: ClassVar = ("adversarial", "encoder")
    clusters_phase: ClassVar = None

    latent_dim: int = Field(16, ge=1, le=1024, description="Size of the generator's noise.")
    embedding_dim: int = Field(
        16,
        ge=2,
        le=1024,
        description="Size of the embedding in which rows are partitioned.",
        json_schema_extra=ENCODER,
    )
    neighbors: int = Field(
        10,
        ge=1,
        le=100,
        description="Nearest rows of a row that its embedding is drawn to.",
        json_schema_extra=ENCODER,
    )
    temperature: float = Field(
        0.5,
        gt=0,
        le=10,
        description="Softness with which the embedding separates other rows.",
        json_schema_extra=ENCODER,
    )
    units: int | None = Field(
        None, ge=2, le=4096, description="Width of the hidden layers; chosen by the data if empty."
    )
    batch_size: int = Field(128, ge=8, le=8192, description="Rows in an adversarial training step.")
    steps: int = Field(5000, ge=1, description="Adversarial training steps.")
    learning_rate: float = Field(2e-4, gt=0, le=1, description="Adam's step size in the adversarial phase.")
    encoder_batch_size: int = Field(
        256, ge=8, le=8192, description="Rows in a training step of the encoder.", json_schema_extra=ENCODER
    )
    encoder_steps: int = Field(
        3000,
        ge=1,
        description="Training steps of the encoder, after the adversarial phase.",
        json_schema_extra=ENCODER,
    )
    encoder_rate: float = Field(
        1e-3, gt=0, le=1, description="Adam's step size for the encoder.", json_schema_extra=ENCODER
    )


class ClusterGanSettings(ModelSettings):
    """ClusterGAN (Mukherjee et al. 2019): noise and one-hot code, both recovered by an encoder that sees real rows."""

    phases: ClassVar = ("pretraining", "adversarial")
    clusters_phase: ClassVar = "pretraining"

    latent_dim: int = Field(10, ge=1, le=1024, description="Size of the continuous part of the latent.")
    neighbors: int = Field(10, ge=1, le=100, description="Nearest rows of a row that should share its cluster.")
    balance: float = Field(2.0, ge=0, le=100, description="Weight of equal cluster sizes against agreeing neighbours.")
    units: int | None = Field(
        None, ge=2, le=4096, description="Width of the hidden layers; chosen by the data if empty."
    )
    pretraining_batch_size: int = Field(256, ge=8, le=8192, description="Rows in a pretraining step.")
    pretraining_steps: int = Field(2000, ge=1, description="Steps in which the encoder learns clusters of neighbours.")
    pretraining_rate: float = Field(1e-3, gt=0, le=1, description="Adam's step size in pretraining.")
    batch_size: int = Field(64, ge=8, le=8192, description="Rows in a training step.", json_schema_extra=ADVERSARIAL)
    steps: int = Field(4000, ge=1, description="Generator steps.", json_schema_extra=ADVERSARIAL)
    critic_steps: int = Field(
        5, ge=1, le=20, description="Critic steps for each generator step.", json_schema_extra=ADVERSARIAL
    )
    learning_rate: float = Field(
        1e-4,
        gt=0,
        le=1,
        description="Adam's step size in the adversarial phase.",
        json_schema_extra=ADVERSARIAL,
    )


class Representation(StrEnum):
    """Where rows have their neighbours."""

    auto = "auto"
    vectors = "vectors"
    autoencoder = "autoencoder"
    layers = "layers"
    gradients = "gradients"


class Networks(StrEnum):
    """What networks are made of: multilayer perceptrons, or strided convolutions for vectors that are one image."""

    dense = "dense"
    convolutional = "convolutional"


class StudentInput(StrEnum):
    """What a student sees of a row: the gradients by which its teacher has neighbours, if so; or the vector."""

    auto = "auto"
    vectors = "vectors"


class Prior(StrEnum):
    """Shares that clusters should keep while the student learns."""

    estimated = "estimated"
    uniform = "uniform"


def _from(phase: str) -> dict[str, Any]:
    return {"phase": phase}


class TeacherSettings(ModelSettings):
    """Clusters of a UMAP embedding."""

    phases: ClassVar[tuple[str, ...]] = ("pretraining", "graph", "embedding", "mixture")
    clusters_phase: ClassVar = "mixture"
    counts_clusters: ClassVar = True

    representation: Representation = Field(
        Representation.auto,
        description="Where neighbours are looked for: among the vectors, among the codes of an autoencoder, among both "
        "and in its last hidden layer (layers), or by the gradients of images; auto takes gradients for a source whose "
        "one column is a grey image of a known shape of at least 8 x 8 pixels, else layers beyond 128 columns and the "
        "vectors up to there.",
    )
    networks: Networks = Field(
        Networks.dense,
        description="Multilayer perceptrons for every kind of data, or strided convolutions for a source whose one "
        "column is an image of a known shape.",
    )
    pretraining_steps: int | None = Field(
        None, ge=1, description="Training steps of the autoencoder; chosen by the rows if empty."
    )
    pretraining_batch_size: int = Field(256, ge=8, le=8192, description="Rows in a step of the autoencoder.")
    pretraining_rate: float = Field(1e-3, gt=0, le=1, description="Adam's step size for the autoencoder.")
    neighbors: int = Field(
        20, ge=2, le=200, description="Nearest rows of a row in the graph.", json_schema_extra=_from("graph")
    )
    graph_rows: int = Field(
        60_000,
        ge=100,
        description="Train rows beyond which the graph is made of a sample; its cost grows with their square.",
        json_schema_extra=_from("graph"),
    )
    embedding_dim: int = Field(
        10, ge=2, le=100, description="Dimensions of the embedding.", json_schema_extra=_from("embedding")
    )
    restarts: int = Field(
        200,
        ge=1,
        le=1000,
        description="Starts of the mixture, half in each kind of embedding where there are two; of those that divide "
        "the graph best, the likeliest counts.",
        json_schema_extra=_from("mixture"),
    )

    def representation_of(self, n_columns: int, image_shape: tuple[int, ...] | None) -> Representation:
        """What is meant for vectors of this width, which are an image of this shape if it is known."""
        if self.representation != Representation.auto:
            return self.representation
        if image_shape is not None and len(image_shape) == 2 and min(image_shape) >= GRADIENTS_SIDE:
            return Representation.gradients
        return Representation.layers if n_columns > VECTORS_COLUMNS else Representation.vectors


class ManifoldGanSettings(TeacherSettings):
    """Clusters of a UMAP embedding, a student that learns them, and a conditional GAN."""

    phases: ClassVar[tuple[str, ...]] = (*TeacherSettings.phases, "student", "assignment", "adversarial")

    prior: Prior = Field(
        Prior.estimated,
        description="Shares that clusters should keep while the student learns: those of the mixture, or equal ones.",
        json_schema_extra=_from("student"),
    )
    student_input: StudentInput = Field(
        StudentInput.auto,
        description="What the student sees of a row: the gradients of an image whose neighbours are by them, else the "
        "vector; or always the vector.",
        json_schema_extra=_from("student"),
    )
    units: int | None = Field(
        None,
        ge=2,
        le=4096,
        description="Width of the hidden layers of student, generator and critic; chosen by the data if empty.",
        json_schema_extra=_from("student"),
    )
    student_steps: int | None = Field(
        None, ge=1, description="Steps of the student; chosen by the rows if empty.", json_schema_extra=_from("student")
    )
    student_batch_size: int = Field(
        256, ge=8, le=8192, description="Rows in a step of the student.", json_schema_extra=_from("student")
    )
    student_rate: float = Field(
        1e-3, gt=0, le=1, description="Adam's step size for the student.", json_schema_extra=_from("student")
    )
    latent_dim: int = Field(
        32, ge=1, le=1024, description="Size of the generator's noise.", json_schema_extra=ADVERSARIAL
    )
    batch_size: int = Field(
        128, ge=8, le=8192, description="Rows in an adversarial training step.", json_schema_extra=ADVERSARIAL
    )
    steps: int | None = Field(
        None,
        ge=1,
        description="Adversarial training steps; chosen by the rows if empty.",
        json_schema_extra=ADVERSARIAL,
    )
    learning_rate: float = Field(
        1e-3, gt=0, le=1, description="Adam's step size in the adversarial phase.", json_schema_extra=ADVERSARIAL
    )


class N2dSettings(TeacherSettings):
    """N2D (McConville et al. 2021): an autoencoder, UMAP and one Gaussian mixture."""

    phases: ClassVar[tuple[str, ...]] = (*TeacherSettings.phases, "memory")

    representation: Literal[Representation.autoencoder] = Field(
        Representation.autoencoder, description="Where neighbours are looked for: always the codes of an autoencoder."
    )
    restarts: int = Field(
        1,
        ge=1,
        le=1000,
        description="Starts of the mixture; of those that divide the graph best, the likeliest counts.",
        json_schema_extra=_from("mixture"),
    )


class VectorMixtureSettings(ModelSettings):
    """A mixture of the vectors themselves."""

    phases: ClassVar = ("mixture",)
    clusters_phase: ClassVar = "mixture"
    has_networks: ClassVar = False

    restarts: int = Field(10, ge=2, le=1000, description="Starts, of which the best counts.")


class KMeansSettings(VectorMixtureSettings):
    """k-means of the vectors."""


class GaussianMixtureSettings(VectorMixtureSettings):
    """Gaussian mixture of the vectors, with full covariances where rows suffice for them, else diagonal ones."""


class InfoGanSettings(ModelSettings):
    """InfoGAN (Chen et al. 2016): noise and one-hot code, of which the code is recovered from samples."""

    phases: ClassVar = ("adversarial",)
    clusters_phase: ClassVar = "adversarial"

    latent_dim: int = Field(10, ge=1, le=1024, description="Size of the generator's noise.")
    units: int | None = Field(
        None, ge=2, le=4096, description="Width of the hidden layers; chosen by the data if empty."
    )
    batch_size: int = Field(128, ge=8, le=8192, description="Rows in a training step.")
    steps: int = Field(8000, ge=1, description="Training steps.")
    learning_rate: float = Field(2e-4, gt=0, le=1, description="Adam's step size.")


class VadeStart(StrEnum):
    """Whose clusters VaDE's mixture starts at: of the autoencoder's codes, or the teacher's on their manifold."""

    autoencoder = "autoencoder"
    teacher = "teacher"


class VadeSettings(ModelSettings):
    """VaDE (Jiang et al. 2017): a variational autoencoder with a mixture of Gaussians as the prior of its codes."""

    phases: ClassVar = ("pretraining", "elbo")
    clusters_phase: ClassVar = "pretraining"

    latent_dim: int | None = Field(None, ge=1, le=1024, description="Size of the code; chosen by the data if empty.")
    units: int | None = Field(
        None, ge=2, le=4096, description="Width of the hidden layers; chosen by the data if empty."
    )
    batch_size: int = Field(256, ge=8, le=8192, description="Rows in a training step.")
    pretraining_steps: int | None = Field(
        None, ge=1, description="Training steps of the plain autoencoder; chosen by the rows if empty."
    )
    pretraining_rate: float = Field(1e-3, gt=0, le=1, description="Adam's step size in pretraining.")
    start: VadeStart = Field(
        VadeStart.autoencoder,
        description="Where the mixture starts: at clusters of the pretrained codes, or at those of their manifold's "
        "embedding (UMAP), as manifoldgan's teacher finds them.",
    )
    steps: int = Field(
        4000,
        ge=1,
        description="Training steps of autoencoder and mixture together.",
        json_schema_extra=_from("elbo"),
    )
    learning_rate: float = Field(
        1e-3,
        gt=0,
        le=1,
        description="Adam's step size for autoencoder and mixture together.",
        json_schema_extra=_from("elbo"),
    )


SETTINGS: dict[ModelName, type[ModelSettings]] = {
    ModelName.gan: GanSettings,
    ModelName.clustergan: ClusterGanSettings,
    ModelName.manifoldgan: ManifoldGanSettings,
    ModelName.infogan: InfoGanSettings,
    ModelName.vade: VadeSettings,
    ModelName.n2d: N2dSettings,
    ModelName.kmeans: KMeansSettings,
    ModelName.gaussian_mixture: GaussianMixtureSettings,
}


def model_settings(name: ModelName, values: dict[str, object]) -> ModelSettings:
    """The settings of a model from JSON values."""
    return SETTINGS[name].model_validate(values)


COMPARED = (ModelName.manifoldgan, ModelName.n2d, ModelName.gan, ModelName.kmeans, ModelName.gaussian_mixture)


class EveryModelSettings(Settings):
    """What each model is told where several of them are fitted."""

    manifoldgan: ManifoldGanSettings = ManifoldGanSettings()
    gan: GanSettings = GanSettings()
    clustergan: ClusterGanSettings = ClusterGanSettings()
    infogan: InfoGanSettings = InfoGanSettings()
    vade: VadeSettings = VadeSettings()
    n2d: N2dSettings = N2dSettings()
    kmeans: KMeansSettings = KMeansSettings()
    gaussian_mixture: GaussianMixtureSettings = GaussianMixtureSettings()

    def of(self, name: ModelName) -> ModelSettings:
        """The settings of one model."""
        settings: ModelSettings = getattr(self, name)
        return settings
