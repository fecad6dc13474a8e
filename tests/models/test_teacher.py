"""Claims about the teacher's two embeddings."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.computation import Computation
from models.manifold import exact_graph
from models.model_settings import Representation, TeacherSettings
from models.networks import DataShape
from models.restarts import Restarts, fit_restarts
from models.teacher import Teacher, choose_embedding


def teacher(clusters: int | None = 2) -> Teacher:
    """Of vectors, with few restarts."""
    settings = TeacherSettings(representation=Representation.vectors, restarts=3, neighbors=10, embedding_dim=3)
    return Teacher(
        settings, DataShape(5, image=False), clusters, 0, tf.distribute.get_strategy(), keras.optimizers.Adam
    )


@pytest.fixture(scope="module")
def two_blobs() -> np.ndarray:
    """Of sixty rows each."""
    return np.random.default_rng(0).normal(np.repeat([0, 9], 60)[:, None], size=(120, 5)).astype(np.float32)


def labelled(found: Restarts, labels: np.ndarray) -> Restarts:
    """With other clusters."""
    return replace(found, responsibilities=np.eye(2, dtype=np.float32)[labels])


def test_shared_neighbours_count_only_if_the_clusters_are_clearly_better(two_blobs: np.ndarray) -> None:
    """Equal ones leave the first embedding; so do worse ones, and better ones that use fewer clusters."""
    graph = exact_graph(two_blobs, 10).neighbors
    good = fit_restarts(two_blobs, 2, 2, 0, graph)
    bad = labelled(good, np.arange(120) % 2)
    fewer = replace(good, clusters_used=np.array([1, 1]))
    assert choose_embedding([good], graph) == 0
    assert choose_embedding([good, good], graph) == 0
    assert choose_embedding([good, bad], graph) == 0
    assert choose_embedding([bad, good], graph) == 1
    assert choose_embedding([bad, fewer], graph) == 0


def test_vectors_have_two_embeddings_and_the_chosen_one_goes_on(two_blobs: np.ndarray) -> None:
    """Both of all rows; nothing is clearly better where both find the blobs."""
    arrays: dict[str, np.ndarray] = {}
    for phase in ("graph", "embedding", "mixture"):
        plan = teacher().plan(phase, two_blobs, arrays)
        assert isinstance(plan, Computation)
        computed = plan.run()
        arrays |= computed.arrays
    assert arrays["embeddings"].shape == (2, 120, 3)
    assert not np.array_equal(*arrays["embeddings"])
    assert np.array_equal(arrays["embedding"], arrays["embeddings"][0])
    assert computed.record["graph"] == "nearest"
    assert arrays["neighbors"].shape == arrays["shared_neighbors"].shape == (120, 10)


def test_fewer_rows_than_neighbours_are_enough(two_blobs: np.ndarray) -> None:
    """Each has all others, in either graph."""
    computed = teacher().find_neighbors(two_blobs[:8]).arrays
    assert computed["neighbors"].shape == computed["shared_neighbors"].shape == (8, 7)
