"""The main job: a source to published clusters."""

from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run
from pydantic import Field
from pydantic_core import to_jsonable_python

from flows.contradictions import refuse_contradictions
from models.model_settings import (
    ClusterGanSettings,
    GanSettings,
    GaussianMixtureSettings,
    InfoGanSettings,
    KMeansSettings,
    ManifoldGanSettings,
    ModelName,
    N2dSettings,
    VadeSettings,
)
from models.settings import (
    Clusters,
    EncodingSettings,
    EvaluationSettings,
    Name,
    PartitionSettings,
    SampleSettings,
    ScoreSettings,
    Seed,
    SourceSettings,
    TrainingSettings,
)
from tasks.assess import assess
from tasks.cluster import cluster
from tasks.evaluate import evaluate
from tasks.explain import explain
from tasks.fit import fit
from tasks.generate import generate
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
    refuse_contradictions(model, chosen, clusters, samples, partition)
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
