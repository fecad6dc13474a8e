"""The main job: a source to published clusters."""

from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run
from pydantic import Field
from pydantic_core import to_jsonable_python

from models.model_settings import (
    ClusterGanSettings,
    GanSettings,
    GaussianMixtureSettings,
    InfoGanSettings,
    KMeansSettings,
    ManifoldGanSettings,
    ModelName,
    ModelSettings,
    N2dSettings,
    VadeSettings,
)
from models.settings import (
    Clusters,
    EncodingSettings,
    EvaluationSettings,
    Name,
    PartitionMethod,
    PartitionOf,
    PartitionSettings,
    PartitionSpace,
    SampleSettings,
    ScoreSettings,
    Seed,
    SourceSettings,
    TrainingSettings,
)
from tasks.assess import assess
from tasks.cluster import cluster
from tasks.errors import BadInput
from tasks.evaluate import evaluate
from tasks.explain import explain
from tasks.fit import fit
from tasks.generate import generate, refuse_component
from tasks.ingest import ingest
from tasks.probe import probe
from tasks.process import ModelProcess
from tasks.register import register
from tasks.registry import Registration
from tasks.report import report
from tasks.score import score
from tasks.slot import gpu_slot


@flow(name="fit-clusters", persist_result=False)
def fit_clusters(
    source: str = "digits",
    name: Name = "digits",
    clusters: Clusters = None,
    model: ModelName = ModelName.manifoldgan,
    seed: Seed = 0,
    store: Annotated[str, Field(min_length=1)] = "store",
    columns: SourceSettings = SourceSettings(),
    encoding: EncodingSettings = EncodingSettings(),
    training: TrainingSettings = TrainingSettings(),
    manifoldgan: ManifoldGanSettings = ManifoldGanSettings(),
    gan: GanSettings = GanSettings(),
    clustergan: ClusterGanSettings = ClusterGanSettings(),
    infogan: InfoGanSettings = InfoGanSettings(),
    vade: VadeSettings = VadeSettings(),
    n2d: N2dSettings = N2dSettings(),
    kmeans: KMeansSettings = KMeansSettings(),
    gaussian_mixture: GaussianMixtureSettings = GaussianMixtureSettings(),
    samples: SampleSettings = SampleSettings(),
    scoring: ScoreSettings = ScoreSettings(),
    partition: PartitionSettings = PartitionSettings(),
    evaluation: EvaluationSettings = EvaluationSettings(),
) -> Registration:
    """Find the groups of a table: fit a generative model, generate, score, cluster, judge, report.

    Args:
        source: A file, a folder or a glob (Parquet, Arrow, CSV, JSON lines, NPZ), local or any URI; or digits.
        name: What the result is registered as.
        clusters: Number of clusters; chosen without labels if empty or auto.
        model: The generative model.
        seed: One seed, one result on CPUs of one kind.
        store: Folder or URI where everything is kept.
        columns: Which columns mean what.
        encoding: How columns become vectors.
        training: The training loop.
        manifoldgan: Settings of the model manifoldgan.
        gan: Settings of the model gan.
        clustergan: Settings of the model clustergan.
        infogan: Settings of the model infogan.
        vade: Settings of the model vade.
        n2d: Settings of the model n2d.
        kmeans: Settings of the model kmeans.
        gaussian_mixture: Settings of the model gaussian_mixture.
        samples: The generated rows.
        scoring: Probabilities and outliers.
        partition: How rows are put into clusters.
        evaluation: How the clusters are measured.
    """
    others = set(ModelName) - {model}
    settings = {key: to_jsonable_python(value) for key, value in flow_run.parameters.items() if key not in others}
    chosen = {
        ModelName.manifoldgan: manifoldgan,
        ModelName.gan: gan,
        ModelName.clustergan: clustergan,
        ModelName.infogan: infogan,
        ModelName.vade: vade,
        ModelName.n2d: n2d,
        ModelName.kmeans: kmeans,
        ModelName.gaussian_mixture: gaussian_mixture,
    }[model]
    refuse_contradictions(chosen, clusters, samples, partition)
    with gpu_slot(), ModelProcess() as process:
        made = ingest.submit(source, columns, encoding, clusters, store).result()
        vectors, described, labels = made["vectors"], made["encoding"], made.get("labels")
        made |= fit.submit(vectors, described, model, chosen, training, clusters, seed, store, process).result()
        fitted = made["model"]
        made |= generate.submit(fitted, described, samples, seed, store, process).result()
        drawn = made["samples"]
        made |= score.submit(fitted, vectors, drawn, scoring, seed, store, process).result()
        made |= cluster.submit(
            name, fitted, made["rows"], vectors, drawn, partition, clusters, training.max_rows, seed, store, process
        ).result()
        made |= probe.submit(fitted, vectors, made["partition"], seed, store, process).result()
        made |= assess.submit(
            fitted, vectors, made["rows"], drawn, made["scores"], made["calibration"], described, scoring, evaluation,
            seed, store, process,
        ).result()  # fmt: skip
    made |= evaluate.submit(vectors, made["assignments"], labels, evaluation, seed, store).result()
    made |= explain.submit(made["rows"], vectors, made["assignments"], described, store).result()
    made |= report.submit(name, made, settings, store).result()
    return register.submit(name, str(flow_run.id), made, settings, store).result()


def refuse_contradictions(
    chosen: ModelSettings, clusters: int | None, samples: SampleSettings, partition: PartitionSettings
) -> None:
    """Refuse settings that are fine one by one but not together, before anything is read.

    Raises:
        BadInput: naming the settings.
    """
    if partition.method == PartitionMethod.responsibilities and not chosen.has_components:
        raise BadInput(
            "settings", "a model with components for partition.method responsibilities", "one without",
            "Choose manifoldgan, or another partition.method.",
        )  # fmt: skip
    if partition.method == PartitionMethod.responsibilities and partition.space != PartitionSpace.embedding:
        raise BadInput(
            "settings", f"a partition of the {partition.space}", "responsibilities, which the model finds by itself",
            "Choose another partition.method, or leave partition.space alone.",
        )  # fmt: skip
    if partition.method == PartitionMethod.responsibilities and partition.of == PartitionOf.samples:
        raise BadInput(
            "settings", "a partition that is fitted to samples", "responsibilities",
            "Choose another partition.method, or partition.of rows.",
        )  # fmt: skip
    finds_number = partition.method == PartitionMethod.hdbscan
    if finds_number and (partition.min_cluster_size or 0) > partition.max_rows:
        raise BadInput(
            "settings", f"partition.min_cluster_size of at most partition.max_rows, {partition.max_rows}",
            f"{partition.min_cluster_size}", "Lower partition.min_cluster_size, or raise partition.max_rows.",
        )  # fmt: skip
    if clusters is None and not chosen.counts_clusters and (chosen.has_components or not finds_number):
        raise BadInput(
            "settings", "a number of clusters for this model", "auto", "Give clusters, or choose manifoldgan."
        )  # fmt: skip
    if partition.of == PartitionOf.samples and clusters and samples.count < clusters and not finds_number:
        raise BadInput(
            "settings", f"at least {clusters} samples to find {clusters} clusters in", f"{samples.count}",
            "Raise samples.count.",
        )  # fmt: skip
    n_components = clusters if chosen.has_components else 0
    if n_components is not None:
        refuse_component(samples, n_components)
