"""Settings that are fine one by one but not together, refused before anything is read."""

from collections.abc import Mapping

from models.model_settings import ModelName, ModelSettings
from models.settings import PartitionMethod, PartitionOf, PartitionSettings, PartitionSpace, SampleSettings
from tasks.errors import BadInput
from tasks.generate import refuse_component


def refuse_contradictions(
    model: ModelName,
    chosen: ModelSettings,
    clusters: int | None,
    samples: SampleSettings,
    partition: PartitionSettings,
) -> None:
    """Refuse what can't be fitted, whatever the source.

    Raises:
        BadInput: naming the settings.
    """
    finds_number = partition.method == PartitionMethod.hdbscan
    match partition.method:
        case PartitionMethod.responsibilities:
            _refuse_for_responsibilities(model, chosen, partition)
        case PartitionMethod.hdbscan:
            _refuse_more_than_taken("partition.min_cluster_size", partition.min_cluster_size or 0, partition)
        case PartitionMethod.hierarchical:
            _refuse_more_than_taken("clusters", clusters or 0, partition)
    if chosen.has_components or not finds_number:
        refuse_uncounted({model: chosen}, clusters)
    if partition.of == PartitionOf.samples and clusters and samples.count < clusters and not finds_number:
        expected = f"at least {clusters} samples to find {clusters} clusters in"
        raise BadInput("settings", expected, f"{samples.count}", "Raise samples.count.")
    n_components = clusters if chosen.has_components else 0
    if n_components is not None:
        refuse_component(samples, n_components)


def refuse_uncounted(settings: Mapping[ModelName, ModelSettings], clusters: int | None) -> None:
    """Refuse an unknown number of clusters for models that can't find one.

    Raises:
        BadInput: naming them.
    """
    unable = [model.value for model, each in settings.items() if not each.counts_clusters]
    if clusters is None and unable:
        remedy = "Give clusters, or take models that choose it: manifoldgan, n2d."
        raise BadInput("settings", f"a number of clusters for {', '.join(unable)}", "auto", remedy)


def _refuse_for_responsibilities(model: ModelName, chosen: ModelSettings, partition: PartitionSettings) -> None:
    if not chosen.has_components:
        raise BadInput(
            "settings", "a model with components for partition.method responsibilities", f"{model}, which has none",
            "Choose manifoldgan, or another partition.method.",
        )  # fmt: skip
    if partition.space != PartitionSpace.embedding:
        raise BadInput(
            "settings", f"a partition of the {partition.space}", "responsibilities, which the model finds by itself",
            "Choose another partition.method, or leave partition.space alone.",
        )  # fmt: skip
    if partition.of == PartitionOf.samples:
        raise BadInput(
            "settings", "a partition that is fitted to samples", "responsibilities",
            "Choose another partition.method, or partition.of rows.",
        )  # fmt: skip


def _refuse_more_than_taken(setting: str, value: int, partition: PartitionSettings) -> None:
    """Refuse a value that is larger than the number of points that are partitioned at most."""
    if value > partition.max_rows:
        raise BadInput(
            "settings", f"{setting} of at most partition.max_rows, {partition.max_rows}", f"{value}",
            f"Lower {setting}, or raise partition.max_rows.",
        )  # fmt: skip
