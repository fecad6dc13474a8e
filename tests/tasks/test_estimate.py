"""Claims about what `genclust check` rehearses."""

from pathlib import Path

import numpy as np

from models.model_settings import ManifoldGanSettings
from models.settings import EncodingSettings, SourceSettings
from tasks.estimate import rehearsed_spec
from tasks.ingest import inspect_source


def test_images_have_the_shape_that_a_fit_gives_them(tmp_path: Path) -> None:
    """8 x 12 pixels, which are no square, suit convolutions here as they do there."""
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 12)).astype(np.uint8)
    np.savez(tmp_path / "images.npz", image=images)
    found = inspect_source(str(tmp_path / "images.npz"), SourceSettings(), EncodingSettings())
    spec = rehearsed_spec(found, "manifoldgan", ManifoldGanSettings(networks="convolutional"), None)
    assert (spec.width, spec.image, spec.image_shape) == (96, True, (8, 12))
