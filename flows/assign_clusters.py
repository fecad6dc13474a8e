"""New rows into the clusters of a promoted model, and a look whether they are like the rows that it knows."""

from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run
from pydantic import Field

from models.settings import DriftSettings, Name
from tasks.assign import assign
from tasks.assigned import Assignment
from tasks.bundle import whole_version
from tasks.detect_drift import detect_drift
from tasks.process import ModelProcess
from tasks.promotions import champion
from tasks.record import record
from tasks.store import Store


@flow(name="assign-clusters", persist_result=False)
def assign_clusters(
    source: str = "digits",
    name: Name = "digits",
    store: Annotated[str, Field(min_length=1)] = "store",
    version: str | None = None,
    drift: DriftSettings = DriftSettings(),
) -> Assignment:
    """Put new rows into the clusters of the promoted model, and tell if they differ from what it was judged on.

    Args:
        source: A file, a folder or a glob (Parquet, Arrow, CSV, JSON lines, NPZ), local or any URI; or digits.
        name: What the model is registered as.
        store: Folder or URI where everything is kept.
        version: The version that labels the rows, by its beginning; the promoted one if empty.
        drift: When new rows are called different.
    """
    place = Store(store)
    version = whole_version(place, name, version, "assign") if version else champion(place, name, "assign").version
    with ModelProcess(trains=False) as process:
        made = assign.submit(source, name, version, store, process).result()
    run = record.submit(name, version, source, str(flow_run.id), made, store).result()
    detect_drift.submit(run, drift, store).result()
    return run
