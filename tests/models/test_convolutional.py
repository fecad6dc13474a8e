"""Claims about the networks of convolutions."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.autoencoder import Autoencoder
from models.blocks import predict_in_blocks
from models.convolutional import build_decoder, build_encoder
from models.data_shape import DataShape, seen_by
from models.manifoldgan import ManifoldGan
from models.model_settings import ManifoldGanSettings, Networks
from models.settings import TrainingSettings
from models.student import build_student
from models.training import XLA_STEPS, PhaseResult, takes_xla, train_phase
from tests.models.folder_checkpoints import FolderCheckpoints, Killed

SHAPES = [(8, 8), (5, 7), (4, 6, 3)]
IMAGES = DataShape(35, image=True, image_shape=(5, 7))
DENSE = DataShape(35, image=True)


def images(rows: int = 60) -> np.ndarray:
    """Random pixels of 5 x 7."""
    return np.random.default_rng(0).random((rows, 35), dtype=np.float32)


@pytest.mark.parametrize("shape", SHAPES)
def test_networks_take_and_make_images_of_any_sides(shape: tuple[int, ...]) -> None:
    """Of even sides and others, grey and in colour; pixels lie between 0 and 1."""
    columns = int(np.prod(shape))
    data = DataShape(columns, image=True, image_shape=shape)
    encoder, decoder = build_encoder("e", data, 3, 16, 0, n_codes=2), build_decoder("d", 4, data, 16, 0)
    assert encoder(np.zeros((2, columns + 2))).shape == (2, 3)
    made = np.asarray(decoder(np.random.default_rng(0).normal(size=(2, 4))))
    assert made.shape == (2, columns)
    assert ((made > 0) & (made < 1)).all()


def test_a_stroke_moved_by_two_pixels_moves_the_first_features_by_one() -> None:
    """Pixels are laid out row by row, as images are: what a stride of two sees is the same, a place further on."""
    data = DataShape(64, image=True, image_shape=(8, 8))
    first = next(layer for layer in build_student(data, 2, 4, 0).layers if isinstance(layer, keras.layers.Conv2D))
    image = np.zeros((1, 8, 8, 1), np.float32)
    image[0, 2:4, 2] = 1
    moved = np.roll(image, 2, axis=2)
    before, after = (np.asarray(first(each)) for each in (image, moved))
    np.testing.assert_allclose(after[:, :, 2:], before[:, :, 1:-1], atol=1e-6)


def test_a_row_gets_the_same_bits_in_any_batch() -> None:
    """Alone and among 300."""
    student, x = build_student(IMAGES, 3, 16, 0), images(300)
    everything = predict_in_blocks(student, x)
    for rows in ([5], [299, 7], list(range(100, 200))):
        np.testing.assert_array_equal(everything[rows], predict_in_blocks(student, x[rows]))


def test_dense_networks_see_no_shape() -> None:
    """The shape of an image changes no weight of the default."""
    settings = ManifoldGanSettings(units=8, representation="autoencoder")
    with_shape, without = (ManifoldGan(settings, data, 2, 0) for data in (IMAGES, DENSE))
    for name, network in with_shape.networks.items():
        for a, b in zip(network.get_weights(), without.networks[name].get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_convolutions_need_a_shape() -> None:
    """Columns of numbers have none."""
    with pytest.raises(ValueError, match="Expected vectors that are one image of a known shape"):
        seen_by(Networks.convolutional, DataShape(4, image=False))


def train(folder, killed_at: int | None = None) -> tuple[PhaseResult, list[np.ndarray]]:
    """Ten steps of an autoencoder of convolutions."""
    folder.mkdir(exist_ok=True)
    strategy = tf.distribute.get_strategy()
    model, x = Autoencoder(2, IMAGES, 0, strategy, keras.optimizers.Adam), images()
    told = TrainingSettings(check_every=5, checkpoint_every=4)
    found = train_phase(
        model.plan(x, 10, 16), strategy, x, told, 0, FolderCheckpoints(folder, killed_at), lambda *_: None
    )
    return found, [weight for network in model.networks.values() for weight in network.get_weights()]


def test_training_has_one_result_killed_or_not(tmp_path) -> None:
    """Two runs, one of them resumed from a checkpoint, end with the same bits."""
    unbroken, expected = train(tmp_path / "unbroken")
    with pytest.raises(Killed):
        train(tmp_path / "killed", killed_at=8)
    resumed, actual = train(tmp_path / "killed")
    assert unbroken == resumed
    for a, b in zip(expected, actual, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("data", "gpus", "steps", "expected"),
    [
        (IMAGES, 0, XLA_STEPS, False),
        (IMAGES, 1, XLA_STEPS, True),
        (DENSE, 0, XLA_STEPS, True),
        (DENSE, 0, XLA_STEPS - 1, False),
    ],
)
def test_xla_compiles_what_it_makes_faster(monkeypatch, data: DataShape, gpus: int, steps: int, expected: bool) -> None:
    """Not convolutions for a CPU, whose steps would take eight times as long, nor few steps."""
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: ["device"] * gpus)
    strategy = tf.distribute.get_strategy()
    plan = Autoencoder(2, data, 0, strategy, keras.optimizers.Adam).plan(images(), steps, 16)
    assert takes_xla(plan, strategy) == expected
