"""InfoGAN: codes that can be read from samples."""

import numpy as np
import pytest

from models.infogan import InfoGan
from models.model_settings import ModelName
from models.settings import TrainingSettings
from tests.models.training_runs import CLUSTERS, blobs, embedded, responsibilities, run_phase, small_model


@pytest.fixture(scope="module")
def fitted(tmp_path_factory) -> InfoGan:
    model = small_model(ModelName.infogan, units=64, batch_size=64, steps=2000, learning_rate=1e-3)
    result = run_phase(model, "adversarial", tmp_path_factory.mktemp("run"), TrainingSettings())
    assert result.stop_reason in ("completed", "converged")
    return model


def test_the_code_of_a_sample_is_recovered(fitted):
    """Of 600 samples, nearly all."""
    x, components = fitted.sample(600, None, seed=0)
    assert (responsibilities(fitted, x).argmax(1) == components).mean() > 0.95


def test_distant_clusters_have_a_code_each(fitted):
    """Rows of a blob share a code although the encoder never sees rows."""
    x = blobs()
    clusters = responsibilities(fitted, x).argmax(1)
    same_blob = ((x[:, None] - x[None]) ** 2).sum(-1) < 1
    assert len(set(clusters)) == CLUSTERS
    assert (clusters[:, None] == clusters[None])[same_blob].mean() > 0.95


def test_responsibilities_are_a_softmax_of_the_embedding():
    """The embedding's logits are centred, which a softmax doesn't notice."""
    model, x = small_model(ModelName.infogan), blobs(20)
    logits = embedded(model, x)
    odds = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(responsibilities(model, x), odds, rtol=1e-5)
    np.testing.assert_allclose(logits.sum(1), 0, atol=1e-5)


def test_components_are_drawn_uniformly_or_as_asked():
    """A third of 3,000 samples each, within four standard deviations."""
    model = small_model(ModelName.infogan)
    counts = np.bincount(model.sample(3000, None, seed=0)[1], minlength=CLUSTERS)
    assert np.abs(counts - 1000).max() < 4 * np.sqrt(3000 * 2 / 9)
    assert set(model.sample(5, 1, seed=0)[1]) == {1}
