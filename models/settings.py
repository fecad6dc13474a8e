"""What each model and stage can be told: the UI's form, the command line's help and the API's check.

Pydantic only; importing this file never loads TensorFlow.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Settings(BaseModel):
    """Frozen values with bounds; an unknown name is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Scaling(StrEnum):
    """How a numeric column becomes numbers of order one."""

    auto = "auto"
    standard = "standard"
    robust = "robust"
    quantile = "quantile"
    log = "log"
    common = "common"


class Imputation(StrEnum):
    """What becomes of a row with a missing number: rejected, or the number replaced."""

    reject = "reject"
    mean = "mean"
    median = "median"
    most_frequent = "most_frequent"


class PartitionMethod(StrEnum):
    """What turns the model's answers into clusters."""

    auto = "auto"
    responsibilities = "responsibilities"
    kmeans = "kmeans"
    gaussian_mixture = "gaussian_mixture"
    hierarchical = "hierarchical"
    hdbscan = "hdbscan"


class PartitionSpace(StrEnum):
    """Where points are close: in the model's embedding, among the vectors themselves, or in the model's scores."""

    embedding = "embedding"
    vectors = "vectors"
    scores = "scores"


class Linkage(StrEnum):
    """How far two groups are from each other in hierarchical clustering."""

    ward = "ward"
    complete = "complete"
    average = "average"
    single = "single"


class PartitionOf(StrEnum):
    """What is partitioned: the real train rows, or the samples (whose clusters then take the rows)."""

    rows = "rows"
    samples = "samples"


NAME_FORM = "lower-case letters, digits, - and _, at most 63 of them, the first a letter or digit"
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Clusters = Annotated[  # None: as many as the data shows
    Annotated[int, Field(ge=2, le=1000)] | None, BeforeValidator(lambda value: None if value == "auto" else value)
]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


class SourceSettings(Settings):
    """Where the rows come from and which columns mean what."""

    id_column: str | None = Field(
        None, description="Column that identifies a row; without one, a row is known by its content."
    )
    label_column: str | None = Field(
        None, description="Column with known classes; used by the evaluation alone, never by training."
    )
    split_column: str | None = Field(
        None,
        description="Column with the values train, validation (else a tenth of train) and test; "
        "without one, rows are split 80/10/10 by a hash.",
    )
    ignore: tuple[str, ...] = Field((), description="Columns that take no part, but are kept for the export.")
    max_rejected: float = Field(
        0.5, ge=0, le=1, description="Largest share of unusable rows before the source is refused as a whole."
    )


class EncodingSettings(Settings):
    """How columns become the vectors that models see."""

    scaling: Scaling = Field(
        Scaling.auto,
        description="Scaling of numeric columns; auto takes common, one unit for all, if most columns have the same "
        "smallest and largest number, and otherwise chooses for each column by its tails.",
    )
    columns: dict[str, Scaling] = Field(
        default_factory=dict, description="Scaling of single columns by name, over the general choice."
    )
    missing: Imputation = Field(
        Imputation.reject,
        description="What becomes of rows with missing numbers: rejected, or the number is replaced by the column's "
        "mean, median or most frequent value, and a coordinate of its own says that it was missing.",
    )
    missing_columns: dict[str, Imputation] = Field(
        default_factory=dict, description="The same for single columns by name, over the general choice."
    )


class TrainingSettings(Settings):
    """The training loop, for every model."""

    max_rows: int = Field(200_000, ge=100, description="Largest number of train rows that the networks see.")
    check_every: int = Field(500, ge=1, description="Steps between two checks of guards and stop criterion.")
    checkpoint_every: int = Field(1000, ge=1, description="Steps between two checkpoints.")
    patience: int = Field(10, ge=1, description="Checks without improvement of the stop criterion before stopping.")
    guard_checks: int = Field(5, ge=1, description="Checks in a row that a guard must fail before it stops the phase.")
    max_restarts: int = Field(3, ge=0, description="Returns to the last checkpoint after losses that are not finite.")
    timeout_minutes: float = Field(720, gt=0, description="Longest time for one phase before it is stopped.")


class SampleSettings(Settings):
    """The generated rows."""

    count: int = Field(1000, ge=1, description="Number of samples to generate.")
    component: int | None = Field(
        None,
        ge=0,
        description="The model's component to generate from, which count from 0 in each model and are no cluster ids; "
        "all of them, as often as the model thinks, if empty.",
    )


class ScoreSettings(Settings):
    """The probabilities of rows and samples."""

    outlier_rate: float = Field(
        0.01, gt=0, lt=0.5, description="Share of ordinary rows that may be called outliers (false alarms)."
    )


class PartitionSettings(Settings):
    """How rows are put into clusters."""

    method: PartitionMethod = Field(
        PartitionMethod.auto,
        description="Auto takes the model's own responsibilities, or k-means without them.",
    )
    of: PartitionOf = Field(PartitionOf.rows, description="Whether real rows or samples are partitioned.")
    space: PartitionSpace = Field(
        PartitionSpace.embedding,
        description="Where partitions work: the embedding, the vectors, or the scores.",
    )
    linkage: Linkage = Field(Linkage.ward, description="Distance of groups in hierarchical clustering.")
    restarts: int = Field(
        20, ge=1, le=1000, description="Starts of k-means or of the Gaussian mixture; the best one counts."
    )
    max_rows: int = Field(
        5000,
        ge=100,
        description="Points beyond which hierarchical clustering joins micro-clusters, and HDBSCAN works on a sample.",
    )
    min_cluster_size: int | None = Field(
        None,
        ge=2,
        description="Fewest points that HDBSCAN calls a cluster, among those it works on; a fiftieth of them, "
        "at least 5, if empty.",
    )

    def method_for(self, has_components: bool) -> PartitionMethod:
        """The method that auto stands for."""
        if self.method != PartitionMethod.auto:
            return self.method
        if has_components and self.of == PartitionOf.rows and self.space == PartitionSpace.embedding:
            return PartitionMethod.responsibilities
        return PartitionMethod.kmeans


class EvaluationSettings(Settings):
    """What the evaluation measures on."""

    max_rows: int = Field(5000, ge=100, description="Most rows that silhouette and sample quality are computed on.")


class Decision(StrEnum):
    """Who decides whether a challenger is promoted."""

    rule = "rule"
    person = "person"
    force = "force"


class PromotionSettings(Settings):
    """The rule by which a challenger takes the champion's place, on test rows of both; all its conditions must hold."""

    max_rows: int = Field(1000, ge=100, le=5000, description="Most test rows of each model's period that are compared.")
    division_loss: float = Field(
        0.02, ge=0, le=1, description="How much worse the challenger's clusters may divide the graph of nearest rows."
    )
    outlier_factor: float = Field(
        2, ge=1, description="How many times the asked share of outliers the challenger may find in its own period."
    )
    max_vanished: float = Field(
        0.25,
        ge=0,
        le=1,
        description="Largest share of rows whose cluster's id the challenger has no row in: one or two of ten clusters "
        "may merge or split between two fits.",
    )
    max_empty: float = Field(
        0.25, ge=0, le=1, description="Largest share of the challenger's clusters that no test row is in."
    )
    min_agreement: float = Field(
        0.5, ge=-1, le=1, description="Smallest adjusted Rand index with the champion: below it nothing is as it was."
    )


class DriftSettings(Settings):
    """When new rows are called different from those that the model was judged on."""

    alpha: float = Field(
        0.001, gt=0, lt=0.5, description="Largest probability of a false alarm in a batch, over all tests together."
    )
    min_rows: int = Field(100, ge=20, description="Fewest rows of a batch that are tested; fewer never raise an alarm.")
    min_distance: float = Field(
        0.1,
        gt=0,
        le=1,
        description="Smallest difference of two distributions (Kolmogorov-Smirnov: the share of rows that would have "
        "to move) of a column or of the scores that counts.",
    )
    min_share_change: float = Field(
        0.2,
        gt=0,
        le=3.2,
        description="Smallest change of a cluster's share, of outliers or of missing cells that counts, as Cohen's h: "
        "0.2 is 10% -> 17%, 1% -> 5% or 1% -> 0%.",
    )


class SearchSettings(Settings):
    """How far a comparison looks for better settings of each model."""

    trials: int = Field(
        0, ge=0, le=200, description="Other settings of each model that are tried beside the given ones; 0 for none."
    )
    timeout_minutes: float = Field(
        120, gt=0, description="Time after which no further settings of a model are begun; the given ones always are."
    )
