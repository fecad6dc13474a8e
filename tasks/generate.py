"""Stage generate: a fitted model to samples in the user's own columns."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from prefect import get_run_logger

from models.encoding import Column, Encoding, Kind
from models.settings import SampleSettings
from tasks import kinds
from tasks.errors import BadInput
from tasks.model import FittedModel
from tasks.process import ModelProcess
from tasks.stage import Artifacts, once, stage
from tasks.store import Artifact, Attempt, Store

PART_ROWS = 16_384


@stage(name="generate")
def generate(
    model: Artifact,
    encoding: Artifact,
    settings: SampleSettings,
    seed: int,
    store: str,
    process: ModelProcess,
) -> Artifacts:
    """Write `samples`, one part in memory at a time; the cost grows with `settings.count`."""
    place = Store(store)

    def write(attempt: Attempt) -> None:
        get_run_logger().info("Generating %d samples", settings.count)
        fitted = FittedModel(place, model, process)
        refuse_component(settings, fitted.spec.clusters or 0)
        for part in sample_parts(fitted, Encoding.from_json(place.json(encoding)), settings, seed):
            attempt.write_table("samples", part)

    inputs = [model.sha256, encoding.sha256]
    return once(place, "generate", write, inputs=inputs, settings=settings, seed=seed)


def refuse_component(settings: SampleSettings, n_components: int) -> None:
    """Refuse a component that the model doesn't have.

    Raises:
        BadInput: naming the setting.
    """
    if settings.component is not None and settings.component >= n_components:
        raise BadInput(
            "settings", f"samples.component below {n_components}" if n_components else "no samples.component",
            f"{settings.component}", "Components count from 0; a model without components has none.",
        )  # fmt: skip


def sample_parts(fitted: FittedModel, encoding: Encoding, settings: SampleSettings, seed: int) -> Iterator[pa.Table]:
    """Tables of the kind samples; a sample depends on the seed and its number alone."""
    for start in range(0, settings.count, PART_ROWS):
        n_rows = min(PART_ROWS, settings.count - start)
        x, component = fitted.sample(n_rows, settings.component, seed, start)
        yield sample_table(x, component, encoding, start)


def sample_table(x: np.ndarray, component: np.ndarray, encoding: Encoding, start: int) -> pa.Table:
    """One part: x (rows, width), component (rows,) with -1 for none; ids count from `start`."""
    columns = own_columns(x, encoding)
    schema = kinds.samples(columns.schema, encoding.width)
    own = [
        pa.array([f"{start + i:010d}" for i in range(len(x))]),
        pa.array(component, pa.int32(), mask=component < 0),
        pa.FixedSizeListArray.from_arrays(pa.array(x.ravel(), pa.float32()), encoding.width),
    ]
    return pa.Table.from_arrays([*own, *columns.columns], schema=schema)


def own_columns(x: np.ndarray, encoding: Encoding) -> pa.Table:
    """Vectors as the user's own columns, in their own types; null where a vector says that the cell is missing."""
    decoded = encoding.decode(x)
    return pa.table({column.name: _arrow(decoded[column.name], column) for column in encoding.columns})


def _arrow(values: np.ndarray, column: Column) -> pa.Array:
    flat = pa.array(values.ravel(), pa.type_for_alias(column.dtype))
    if column.kind == Kind.NUMBER:
        return flat
    return pa.FixedSizeListArray.from_arrays(flat, column.width)
