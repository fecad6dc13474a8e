"""Settings that don't go together."""

import pytest

from flows.contradictions import refuse_contradictions, refuse_uncounted
from models.model_settings import ClusterGanSettings, GanSettings, ManifoldGanSettings, ModelName
from models.settings import PartitionMethod, PartitionOf, PartitionSettings, PartitionSpace, SampleSettings
from tasks.errors import BadInput


def test_a_partition_of_vectors_by_responsibilities_is_refused() -> None:
    """The space would be ignored without a word."""
    settings = PartitionSettings(method=PartitionMethod.responsibilities, space=PartitionSpace.vectors)
    with pytest.raises(BadInput, match="a partition of the vectors"):
        refuse_contradictions(ModelName.clustergan, ClusterGanSettings(), 5, SampleSettings(), settings)


@pytest.mark.parametrize(
    ("partition", "samples", "words"),
    [
        (PartitionSettings(method=PartitionMethod.responsibilities), SampleSettings(), "a model with components"),
        (PartitionSettings(of=PartitionOf.samples), SampleSettings(count=3), "at least 500 samples"),
        (PartitionSettings(), SampleSettings(component=0), "no samples.component"),
        (
            PartitionSettings(method=PartitionMethod.hdbscan, min_cluster_size=6000),
            SampleSettings(),
            "at most partition.max_rows, 5000; found 6000",
        ),
        (
            PartitionSettings(method=PartitionMethod.hierarchical, max_rows=100),
            SampleSettings(),
            "clusters of at most partition.max_rows, 100; found 500",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    partition: PartitionSettings, samples: SampleSettings, words: str
) -> None:
    """Before the source is read."""
    with pytest.raises(BadInput, match=words):
        refuse_contradictions(ModelName.gan, GanSettings(), 500, samples, partition)


def test_responsibilities_of_samples_are_refused() -> None:
    """They are the model's own, of rows."""
    settings = PartitionSettings(method=PartitionMethod.responsibilities, of=PartitionOf.samples)
    with pytest.raises(BadInput, match="a partition that is fitted to samples"):
        refuse_contradictions(ModelName.clustergan, ClusterGanSettings(), 5, SampleSettings(), settings)


def test_models_that_find_no_number_need_one() -> None:
    """The error names those that do; HDBSCAN finds its own, but not for a model with components."""
    given = {ModelName.manifoldgan: ManifoldGanSettings(), ModelName.gan: GanSettings()}
    with pytest.raises(BadInput, match=r"a number of clusters for gan; found auto\. Give clusters, or .* manifoldgan"):
        refuse_uncounted(given, None)
    refuse_uncounted(given, 3)
    hdbscan = PartitionSettings(method=PartitionMethod.hdbscan)
    refuse_contradictions(ModelName.gan, GanSettings(), None, SampleSettings(), hdbscan)
    with pytest.raises(BadInput, match="a number of clusters for clustergan"):
        refuse_contradictions(ModelName.clustergan, ClusterGanSettings(), None, SampleSettings(), hdbscan)
