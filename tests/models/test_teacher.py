"""Claims about the teacher's graphs and embeddings."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.autoencoder import Autoencoder
from models.computation import NOTHING, Computation
from models.data_shape import DataShape
from models.gradients import EdgeHistograms
from models.manifold import Graph, exact_graph, umap_embedding
from models.model_settings import Representation, TeacherSettings
from models.restarts import Restarts, fit_restarts
from models.teacher import CLEARLY, Teacher, choose_kind, embedding_seeds, likelihoods, teach
from models.training import Phase


def teacher(representation: Representation = Representation.vectors) -> Teacher:
    """With few restarts."""
    settings = TeacherSettings(representation=representation, restarts=6, neighbors=10, embedding_dim=3)
    return Teacher(settings, DataShape(5, image=False), 2, 0, tf.distribute.get_strategy(), keras.optimizers.Adam)


@pytest.fixture(scope="module")
def two_blobs() -> np.ndarray:
    """Of sixty rows each."""
    return np.random.default_rng(0).normal(np.repeat([0, 9], 60)[:, None], size=(120, 5)).astype(np.float32)


def labelled(found: Restarts, labels: np.ndarray) -> Restarts:
    """With other clusters."""
    return replace(found, responsibilities=np.eye(2, dtype=np.float32)[labels])


def test_clusters_of_rows_as_scaled_count_only_if_they_are_clearly_likelier(two_blobs: np.ndarray) -> None:
    """In embeddings of both kinds together; the last kind stays if it is a little worse."""
    embeddings = np.stack([two_blobs, two_blobs[:, ::-1]])[:, None]  # (2 kinds, 1, rows, dims)
    good = fit_restarts(embeddings[0], 2, 2, 0, exact_graph(two_blobs, 10).neighbors)
    bad = labelled(good, np.arange(120) % 2)
    little = labelled(good, np.where(np.arange(120) == 0, 1 - good.labels, good.labels))
    assert choose_kind(likelihoods([good], embeddings[:1])) == 0
    assert choose_kind(likelihoods([bad, good], embeddings)) == choose_kind(likelihoods([good, good], embeddings)) == 1
    assert choose_kind(likelihoods([good, bad], embeddings)) == 0
    likely, less = likelihoods([good, little], embeddings)
    assert less < likely < less + CLEARLY
    assert choose_kind(likelihoods([good, little], embeddings)) == 1


def test_groups_that_two_long_directions_hide_are_found() -> None:
    """They differ in what hardly varies among near rows; distances as scaled mix them."""
    random, group = np.random.default_rng(0), np.repeat([0, 1], 200)
    far, near = random.normal(0, 0.8, (2, 400, 1)), random.normal(0, 0.1, (400, 4))
    apart = 0.5 * group[:, None] * [1, 1, -1, -1]
    x = (far[0] * [1, 1, 1, 1] + far[1] * [1, -1, 1, -1] + apart + near).astype(np.float32)
    found = teach(x, 2, 0)
    labels = found["responsibilities"].argmax(axis=1)
    assert max((labels == group).mean(), (labels != group).mean()) > 0.95
    assert (group[found["neighbors"]] == group[:, None]).mean() < 0.9
    assert (group[found["graph"]] == group[:, None]).mean() > 0.95


def test_a_group_of_nearly_equal_rows_keeps_distances_as_scaled() -> None:
    """Where near rows vary alike it would be divided instead."""
    random, group = np.random.default_rng(0), np.repeat([0, 1], [100, 50])
    dense = 1 + (random.random((100, 6)) < 0.1)
    x = np.vstack([dense, random.integers(1, 11, (50, 6))]).astype(np.float32)
    found = teach(x, 2, 0)
    assert np.array_equal(found["responsibilities"].argmax(axis=1), group)
    assert np.array_equal(found["coordinates"], np.eye(6))
    assert np.array_equal(found["graph"], found["neighbors"])


@pytest.mark.parametrize(("rows", "count"), [(100, 5), (5_000, 5), (5_001, 1), (60_000, 1)])
def test_few_rows_are_embedded_several_times(rows: int, count: int) -> None:
    """The first seed is the model's, and neighbouring seeds share none."""
    seeds, others = embedding_seeds(7, rows), embedding_seeds(8, rows)
    assert len(seeds) == len(others) == count
    assert seeds[0] == 7
    assert len(set(seeds + others)) == 2 * count
    assert max(seeds + others) < 2**31


def test_vectors_have_two_kinds_of_embeddings_and_the_chosen_one_goes_on(two_blobs: np.ndarray) -> None:
    """Both of all rows, five times; near rows vary alike where both find the blobs."""
    arrays: dict[str, np.ndarray] = {}
    for phase in ("graph", "embedding", "mixture"):
        plan = teacher().plan(phase, two_blobs, arrays)
        assert isinstance(plan, Computation)
        computed = plan.run()
        arrays |= computed.arrays
    assert arrays["embeddings"].shape == (2, 5, 120, 3)
    assert len(np.unique(arrays["embeddings"].reshape(10, -1), axis=0)) == 10
    assert len(computed.record["restarts"]) == 3  # half of the starts
    (restart,) = [each for each in computed.record["restarts"] if each["chosen"]]
    assert np.array_equal(arrays["embedding"], arrays["embeddings"][1, restart["embedding"]])
    assert computed.record["coordinates"] == "varying alike"
    assert np.array_equal(arrays["graph"], arrays["alike_neighbors"])
    places = teacher().place(two_blobs, arrays)
    assert np.array_equal(arrays["graph"], exact_graph(places, 10).neighbors)
    assert not np.array_equal(arrays["graph"], arrays["neighbors"])


def test_fewer_rows_than_neighbours_are_enough(two_blobs: np.ndarray) -> None:
    """Each has all others, in either graph."""
    computed = teacher().find_neighbors(two_blobs[:8]).arrays
    assert computed["neighbors"].shape == computed["alike_neighbors"].shape == (8, 7)


def test_wide_vectors_have_neighbours_in_layers_of_an_autoencoder() -> None:
    """Narrow ones among the vectors; who asks for the codes alone gets them."""
    assert TeacherSettings().representation_of(128, None) == Representation.vectors
    assert TeacherSettings().representation_of(129, None) == Representation.layers
    assert TeacherSettings(representation="autoencoder").representation_of(129, (3, 43)) == Representation.autoencoder


@pytest.mark.parametrize(
    ("rows", "told", "steps"), [(100, None, 1_000), (5_120, None, 2_000), (60_000, None, 8_000), (60_000, 100, 100)]
)
def test_an_autoencoder_of_few_rows_is_trained_for_less_unless_told(rows: int, told: int | None, steps: int) -> None:
    """A hundred passes over them, and `check` knows it by the work."""
    settings = TeacherSettings(representation="layers", pretraining_steps=told)
    layers = Teacher(settings, DataShape(5, image=False), 2, 0, tf.distribute.get_strategy(), keras.optimizers.Adam)
    plan = layers.plan("pretraining", np.zeros((rows, 5), np.float32), {})
    assert isinstance(plan, Phase)
    assert (plan.steps, plan.work(rows), plan.keeps_best) == (steps, steps, True)


def test_grey_images_have_neighbours_by_gradients() -> None:
    """From 8 x 8 pixels; images in colour don't, unless one asks for it, and no network is trained for them."""
    assert TeacherSettings().representation_of(49, (7, 7)) == Representation.vectors
    assert TeacherSettings().representation_of(140, (7, 20)) == Representation.layers
    assert TeacherSettings().representation_of(64, (8, 8)) == Representation.gradients
    assert TeacherSettings().representation_of(784, (28, 28)) == Representation.gradients
    assert TeacherSettings().representation_of(3072, (32, 32, 3)) == Representation.layers
    images, shape = np.random.default_rng(0).random((30, 64), np.float32), DataShape(64, True, (8, 8))
    settings = TeacherSettings(neighbors=5)
    by_gradients = Teacher(settings, shape, 2, 0, tf.distribute.get_strategy(), keras.optimizers.Adam)
    assert by_gradients.networks == {}
    assert by_gradients.plan("pretraining", images, {}) is NOTHING
    found = by_gradients.find_neighbors(images).arrays
    expected = exact_graph(EdgeHistograms((8, 8)).describe(images), 5)
    assert np.array_equal(found["neighbors"], expected.neighbors)
    assert by_gradients.embed_graph(images, found).arrays["embeddings"].shape[:3] == (1, 5, 30)


def test_gradients_need_a_shape() -> None:
    """Columns of numbers have none."""
    with pytest.raises(ValueError, match="Expected vectors that are one image of a known shape"):
        teacher(Representation.gradients)


def test_codes_the_layer_before_them_and_vectors_have_one_embedding_of_their_graphs(two_blobs: np.ndarray) -> None:
    """Its edges are the mean of the three graphs'."""
    layers = teacher(Representation.layers)
    arrays = layers.find_neighbors(two_blobs).arrays
    codes, hidden = layers.encode(two_blobs), layers.autoencoder.hidden(two_blobs)
    graphs = [exact_graph(points, 10) for points in (codes, hidden, two_blobs)]
    for name, graph in zip(("neighbors", "hidden_neighbors", "vector_neighbors"), graphs, strict=True):
        assert np.array_equal(arrays[name], graph.neighbors)
    (embeddings,) = layers.embed_graph(two_blobs, arrays).arrays["embeddings"]
    assert np.array_equal(embeddings[0], umap_embedding(codes, graphs, 3, 0))


def test_codes_alone_have_one_graph(two_blobs: np.ndarray) -> None:
    """As in N2D."""
    codes_alone = teacher(Representation.autoencoder)
    arrays = codes_alone.find_neighbors(two_blobs).arrays
    assert set(arrays) == {"graph_rows", "neighbors", "distances"}
    codes = codes_alone.encode(two_blobs)
    (embeddings,) = codes_alone.embed_graph(two_blobs, arrays).arrays["embeddings"]
    assert np.array_equal(embeddings[0], umap_embedding(codes, [Graph(arrays["neighbors"], arrays["distances"])], 3, 0))


@pytest.mark.parametrize("shape", [None, (1, 5)])
def test_codes_are_linear_in_the_last_hidden_layer(two_blobs: np.ndarray, shape: tuple[int, int] | None) -> None:
    """Of perceptrons and of convolutions."""
    data = DataShape(5, image=shape is not None, image_shape=shape)
    made = Autoencoder(3, data, 0, tf.distribute.get_strategy(), keras.optimizers.Adam)
    kernel, bias = made.encoder.layers[-1].get_weights()
    np.testing.assert_allclose(made.hidden(two_blobs) @ kernel + bias, made.encode(two_blobs), atol=1e-4)
