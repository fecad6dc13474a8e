"""How long a fit would take on this machine, from a few of its own training steps."""

import numpy as np

from models.model_settings import ModelName, ModelSettings, TeacherSettings
from models.settings import TrainingSettings
from tasks.inspection import Inspection
from tasks.model import ModelSpec
from tasks.process import ModelProcess

CLUSTERS = 10  # where their number is yet to be found
ROWS = 1000  # a step costs the same whatever the rows hold and however many there are


def training_seconds(
    inspection: Inspection, model: ModelName, settings: ModelSettings, training: TrainingSettings, clusters: int | None
) -> dict[str, float]:
    """Seconds of each phase at its full number of steps; early stopping can only make it shorter.

    How long it takes to choose the number of clusters, where none is given, isn't in it.

    Raises:
        BadInput: settings that don't suit the vectors.
    """
    spec = ModelSpec.of(inspection, model, settings, clusters or CLUSTERS, seed=0)
    x = np.random.default_rng(0).random((ROWS, spec.width), dtype=np.float32)
    with ModelProcess() as process:
        inputs = process.scratch / "rehearsal.npz"
        np.savez(inputs, allow_pickle=False, x=x)
        found = process.ask(
            "rehearse",
            spec=spec.model_dump(mode="json"),
            inputs=str(inputs),
            rows=computed_rows(inspection, settings, training),
            training=training.model_dump(mode="json"),
        )
    return dict(found["seconds"])


def computed_rows(inspection: Inspection, settings: ModelSettings, training: TrainingSettings) -> int:
    """How many rows take part in what a phase computes rather than trains; a teacher's graph is of so many at most."""
    rows = min(inspection.splits["train"], training.max_rows)
    return min(rows, settings.graph_rows) if isinstance(settings, TeacherSettings) else rows
