"""How long a fit would take on this machine, from a few of its own training steps."""

import numpy as np

from models.settings import ModelSettings, TrainingSettings
from tasks.inspection import Inspection
from tasks.model import ModelSpec
from tasks.process import ModelProcess

ROWS = 1000  # a step costs the same whatever the rows hold and however many there are


def training_seconds(
    inspection: Inspection, model: str, settings: ModelSettings, training: TrainingSettings, clusters: int
) -> dict[str, float]:
    """Seconds of each phase at its full number of steps; early stopping can only make it shorter."""
    spec = ModelSpec(
        model=model,
        settings=settings.model_dump(mode="json"),
        width=sum(column.width for column in inspection.used),
        image=[column.kind for column in inspection.used] == ["image"],
        clusters=clusters if settings.has_components else 0,
        seed=0,
    )
    x = np.random.default_rng(0).random((ROWS, spec.width), dtype=np.float32)
    with ModelProcess() as process:
        inputs = process.scratch / "rehearsal.npz"
        np.savez(inputs, allow_pickle=False, x=x)
        found = process.ask(
            "rehearse",
            spec=spec.model_dump(mode="json"),
            inputs=str(inputs),
            training=training.model_dump(mode="json"),
        )
    return dict(found["seconds"])
