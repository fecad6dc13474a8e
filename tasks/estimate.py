"""How long a fit would take on this machine, from a few of its own training steps."""

import numpy as np

from models.model_settings import ModelSettings, TeacherSettings
from models.settings import TrainingSettings
from tasks.inspection import Inspection
from tasks.model import ModelSpec, refuse_networks
from tasks.process import ModelProcess

CLUSTERS = 10  # where their number is yet to be found
ROWS = 1000  # a step costs the same whatever the rows hold and however many there are


def training_seconds(
    inspection: Inspection, model: str, settings: ModelSettings, training: TrainingSettings, clusters: int | None
) -> dict[str, float]:
    """Seconds of each phase at its full number of steps; early stopping can only make it shorter.

    How long it takes to choose the number of clusters, where none is given, isn't in it.
    """
    spec = rehearsed_spec(inspection, model, settings, clusters)
    x = np.random.default_rng(0).random((ROWS, spec.width), dtype=np.float32)
    with ModelProcess() as process:
        inputs = process.scratch / "rehearsal.npz"
        np.savez(inputs, allow_pickle=False, x=x)
        found = process.ask(
            "rehearse",
            spec=spec.model_dump(mode="json"),
            inputs=str(inputs),
            rows=min(inspection.splits["train"], training.max_rows, _graph_rows(settings)),
            training=training.model_dump(mode="json"),
        )
    return dict(found["seconds"])


def rehearsed_spec(inspection: Inspection, model: str, settings: ModelSettings, clusters: int | None) -> ModelSpec:
    """The model that a fit of the source would train.

    Raises:
        BadInput: networks that don't suit the vectors.
    """
    is_image = [column.kind for column in inspection.used] == ["image"]
    shape = inspection.used[0].image_shape if is_image else None
    refuse_networks(settings, shape)
    return ModelSpec(
        model=model,
        settings=settings.model_dump(mode="json"),
        width=sum(column.width for column in inspection.used),
        image=is_image,
        image_shape=shape,
        clusters=(clusters or CLUSTERS) if settings.has_components else None,
        seed=0,
    )


def _graph_rows(settings: ModelSettings) -> float:
    """How many rows take part in what a teacher computes at most."""
    return settings.graph_rows if isinstance(settings, TeacherSettings) else float("inf")
