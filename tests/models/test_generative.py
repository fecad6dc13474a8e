"""What every model promises on arrays, trained or not."""

import numpy as np
import pytest

from models.blocks import GROUP, PREDICTION_ROWS
from models.model_settings import ModelName, model_settings
from tests.models.training_runs import (
    CLUSTERS,
    COLUMNS,
    SMALL,
    blobs,
    embedded,
    responsibilities,
    run_phase,
    scored,
    small_model,
)

BOTH = pytest.mark.parametrize("name", list(ModelName))
WITH_DENSITY = {ModelName.vade, ModelName.kmeans, ModelName.gaussian_mixture}


@BOTH
def test_a_row_gets_the_same_bits_in_any_batch(name):
    """Alone, at other positions, beside other rows."""
    wide = {"units": 128} if hasattr(SMALL[name], "units") else {}
    model, x = small_model(name, **wide), blobs(700)
    everything = embedded(model, x)
    for rows in ([5], [699, 5, 3], list(range(300, 620))):
        np.testing.assert_array_equal(everything[rows], embedded(model, x[rows]))
        np.testing.assert_array_equal(scored(model, x)["logit"][rows], scored(model, x[rows])["logit"])


@BOTH
def test_a_row_gets_the_same_bits_among_thousands(name):
    """Blocks that a graph takes many at a time give what each gives alone."""
    wide = {"units": 128} if hasattr(SMALL[name], "units") else {}
    model, x = small_model(name, **wide), np.resize(blobs(1000), (GROUP * PREDICTION_ROWS + 300, COLUMNS))
    x = x + np.linspace(0, 1, len(x), dtype=np.float32)[:, None]
    rows = np.arange(7, len(x), 97)
    np.testing.assert_array_equal(embedded(model, x)[rows], embedded(model, x[rows]))
    some = scored(model, x[rows])
    for score, values in scored(model, x).items():
        np.testing.assert_array_equal(values[rows], some[score])
    if model.n_components:
        np.testing.assert_array_equal(responsibilities(model, x)[rows], responsibilities(model, x[rows]))


@BOTH
def test_no_rows_get_no_answers(name):
    """The last part of a file may have none that can be used."""
    model, x = small_model(name), blobs()[:0]
    assert embedded(model, x).shape == (0, embedded(model, blobs()[:2]).shape[1])
    assert {values.shape for values in scored(model, x).values()} == {(0,)}
    if model.n_components:
        assert responsibilities(model, x).shape == (0, CLUSTERS)


@BOTH
def test_samples_made_in_parts_equal_the_whole(name):
    """Sample i is a function of the seed and i."""
    model = small_model(name)
    x, components = model.sample(600, None, seed=3)
    for start, n in ((0, 250), (250, 7), (257, 343)):
        part, part_components = model.sample(n, None, seed=3, start=start)
        np.testing.assert_array_equal(x[start : start + n], part)
        np.testing.assert_array_equal(components[start : start + n], part_components)
    assert not np.array_equal(x, model.sample(600, None, seed=4)[0])


def test_components_are_drawn_uniformly_or_as_asked():
    """A third of 3,000 samples each, within four standard deviations; minus one without components."""
    _, components = small_model(ModelName.clustergan).sample(3000, None, seed=0)
    assert np.abs(np.bincount(components, minlength=CLUSTERS) - 1000).max() < 4 * np.sqrt(3000 * 2 / 9)
    assert set(small_model(ModelName.clustergan).sample(5, 2, seed=0)[1]) == {2}
    assert set(small_model(ModelName.gan).sample(5, None, seed=0)[1]) == {-1}


def test_the_generator_is_checked_in_all_clusters_of_a_sorted_table(monkeypatch):
    """Rows of one cluster after those of another: what is checked keeps the clusters' shares, not the first rows'."""
    model, labels = small_model(ModelName.manifoldgan), np.repeat(np.arange(CLUSTERS), 2000)
    seen = []
    monkeypatch.setattr(model.gan, "check", lambda student, x, components: seen.append(components) or {})
    x = np.zeros((len(labels), COLUMNS), np.float32)
    model.gan.plan(x, labels, model.student, steps=1, batch_size=16).check(x[:10])
    np.testing.assert_allclose(np.bincount(seen[0]) / len(seen[0]), 1 / CLUSTERS, atol=0.01)


@pytest.mark.parametrize(
    ("rows", "told", "steps"), [(150, None, 500), (1_024, None, 2_000), (54_000, None, 12_000), (150, 3_000, 3_000)]
)
def test_a_generator_of_few_rows_is_trained_for_less_unless_told(rows, told, steps):
    """250 passes over them, beyond which samples come nearer to train rows than new rows are; `check` knows it."""
    model = small_model(ModelName.manifoldgan, steps=told, batch_size=128)
    model.arrays["labels"] = np.arange(rows) % CLUSTERS
    plan = model.plan("adversarial", np.zeros((rows, COLUMNS), np.float32))
    assert (plan.steps, plan.work(rows)) == (steps, steps)


@BOTH
def test_answers_have_a_line_for_each_row(name):
    """Shapes of embed, score, sample and responsibilities, which sum to one."""
    model, x = small_model(name), blobs(11)
    assert embedded(model, x).shape[0] == 11
    scores = {"logit", "typicality"} | ({"log_density"} if name in WITH_DENSITY else set())
    assert {key: value.shape for key, value in scored(model, x).items()} == dict.fromkeys(scores, (11,))
    assert model.sample(5, None, seed=0)[0].shape == (5, COLUMNS)
    if model.n_components:
        np.testing.assert_allclose(responsibilities(model, x).sum(1), 1, rtol=1e-6)


@BOTH
def test_phases_and_components_are_those_of_the_settings(name):
    """Settings know them without TensorFlow."""
    settings = type(model_settings(name, {}))
    assert small_model(name).phases == settings.phases
    assert (small_model(name).n_components is not None) == (settings.clusters_phase is not None)


def test_clustergan_finds_three_distant_clusters(tmp_path):
    """Rows of a blob share a responsibility, and samples of a component lie in one blob."""
    x = blobs()
    model = small_model(ModelName.clustergan, pretraining_steps=300, steps=300)
    for phase in model.phases:
        assert run_phase(model, phase, tmp_path / phase).stop_reason in ("completed", "converged")
    clusters = responsibilities(model, x).argmax(1)
    distances = ((x[:, None] - x[None]) ** 2).sum(-1)
    assert len(set(clusters)) == CLUSTERS
    assert (clusters[:, None] == clusters[None])[distances < 1].all()


def test_typicality_of_a_trained_gan_falls_far_from_the_data(tmp_path):
    """A row ten standard deviations away is less typical than every train row."""
    x = blobs()
    model = small_model(ModelName.gan, steps=300, encoder_steps=300)
    for phase in model.phases:
        run_phase(model, phase, tmp_path / phase)
    far = np.full((1, COLUMNS), 10, np.float32)
    assert scored(model, far)["typicality"][0] < scored(model, x)["typicality"].min()
