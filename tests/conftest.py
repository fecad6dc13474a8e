"""Real data, small, for tests of the stages behind ingest."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from prefect.testing.utilities import prefect_test_harness
from sklearn.datasets import load_digits

from models.encoding import Encoding
from models.model_settings import ClusterGanSettings, ModelName
from models.settings import EncodingSettings, SampleSettings, SourceSettings, TrainingSettings
from tasks import kinds
from tasks.fit import fit_phases, model_spec
from tasks.generate import sample_parts
from tasks.ingest import ingest_source
from tasks.model import FittedModel
from tasks.process import ModelProcess
from tasks.stage import Artifacts
from tasks.store import Artifact, Store

DIGITS_ROWS = 600


@pytest.fixture(scope="session")
def process() -> Iterator[ModelProcess]:
    """One child for all tests that don't kill it: its start takes seconds."""
    with ModelProcess() as running:
        yield running


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """A temporary server for the tests that run a task or a flow: its start takes seconds."""
    with prefect_test_harness(server_startup_timeout=600):
        yield


class Fitted(NamedTuple):
    """A small ClusterGAN of the embedded digits, by the stages themselves."""

    store: Store
    artifacts: Artifacts
    model: FittedModel


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory, process: ModelProcess) -> Fitted:
    """Ingested, fitted and with samples."""
    store = Store(str(tmp_path_factory.mktemp("fitted")))
    columns, encoding = SourceSettings(), EncodingSettings()
    made, _, _ = ingest_source("digits", columns, encoding, 10, store)
    settings = ClusterGanSettings(units=64, pretraining_steps=400, steps=300)
    spec = model_spec(store, made["encoding"], ModelName.clustergan, settings, 10, seed=0)
    made |= fit_phases(store, made["vectors"], spec, settings, TrainingSettings(), process, lambda *_: None)
    model = FittedModel(store, made["model"], process)
    described = Encoding.from_json(store.json(made["encoding"]))
    with store.attempt("generate", "fitted") as attempt:
        for part in sample_parts(model, described, SampleSettings(count=300), seed=0):
            attempt.write_table("samples", part)
        made |= attempt.commit()
    return Fitted(store, made, model)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(str(tmp_path / "store"))


def write_digits(store: Store) -> Artifact:
    """Vectors of handwritten digits in two parts, 480 for training, 60 for validation and 60 for test."""
    x = (load_digits().data[:DIGITS_ROWS] / 16).astype(np.float32)
    split = np.repeat(["train", "validation", "test"], [480, 60, 60])
    with store.attempt("vectors", "digits") as attempt:
        for part in np.array_split(np.arange(DIGITS_ROWS), 2):
            vector = pa.FixedSizeListArray.from_arrays(pa.array(x[part].ravel()), 64)
            columns = [pa.array(part.astype(str)), pa.array(split[part]), vector]
            attempt.write_table("vectors", pa.Table.from_arrays(columns, schema=kinds.vectors(64)))
        return attempt.commit()["vectors"]
