"""Claims about what `genclust check` rehearses."""

from pathlib import Path

import numpy as np
import pytest

from models.model_settings import GanSettings, ManifoldGanSettings, ModelName, ModelSettings
from models.settings import EncodingSettings, SourceSettings, TrainingSettings
from tasks.estimate import computed_rows
from tasks.ingest import inspect_source
from tasks.inspection import Inspection
from tasks.model import ModelSpec


@pytest.fixture
def images(tmp_path: Path) -> Inspection:
    """60 images of 8 x 12 pixels, which are no square; 80 % of them are train rows, more or less."""
    values = np.random.default_rng(0).integers(0, 256, (60, 8, 12)).astype(np.uint8)
    np.savez(tmp_path / "images.npz", image=values)
    return inspect_source(str(tmp_path / "images.npz"), SourceSettings(), EncodingSettings())


def test_images_have_the_shape_that_a_fit_gives_them(images: Inspection) -> None:
    """They suit convolutions here as they do there."""
    spec = ModelSpec.of(images, ModelName.manifoldgan, ManifoldGanSettings(networks="convolutional"), 3, seed=0)
    assert (spec.width, spec.image, spec.image_shape) == (96, True, (8, 12))


@pytest.mark.parametrize(
    ("settings", "train", "rows"),
    [
        (ManifoldGanSettings(graph_rows=500), 5000, 500),
        (ManifoldGanSettings(graph_rows=500), 400, 400),
        (ManifoldGanSettings(graph_rows=2000), 5000, 1000),
        (GanSettings(), 5000, 1000),
    ],
)
def test_a_graph_is_of_no_more_rows_than_its_setting(
    images: Inspection, settings: ModelSettings, train: int, rows: int
) -> None:
    """Nor of more than training takes, here 1,000."""
    inspection = images.model_copy(update={"splits": images.splits | {"train": train}})
    assert computed_rows(inspection, settings, TrainingSettings(max_rows=1000)) == rows
