"""A registered k-means of Gaussian blobs, by the stages' own functions, and new rows like its own."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from models.model_settings import KMeansSettings, ModelName
from models.settings import EncodingSettings, Imputation, ScoreSettings, SourceSettings, TrainingSettings
from tasks.bundle import write_bundle
from tasks.fit import fit_phases, model_spec
from tasks.ingest import ingest_source
from tasks.labelling import memberships
from tasks.loading import parts
from tasks.model import FittedModel
from tasks.naming import Naming
from tasks.process import ModelProcess
from tasks.promotions import Promoter, promote_version
from tasks.registry import Registration, add_registration
from tasks.score import fit_calibration, score_table
from tasks.store import Store

BLOBS, APART, NAME = 4, 8.0, "blobs"
BY_ID = SourceSettings(id_column="id", label_column="blob", split_column="part", ignore=("city",))
BIG = 2**60  # whole numbers beyond what a float holds exactly


def blob_rows(rows: int, seed: int, start: int = 0, blobs: int = BLOBS) -> pd.DataFrame:
    """Rows of several types in blobs that don't touch; a tenth of the rows lack `gap`, which is imputed."""
    random = np.random.default_rng(seed)
    blob = random.integers(0, blobs, rows)
    x = APART * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [-3, -3, -3]])[blob]
    x = x + random.normal(size=x.shape)
    gap = np.where(random.uniform(size=rows) < 0.1, np.nan, x[:, 2])
    return pd.DataFrame(
        {
            "id": [f"row-{i}" for i in range(start, start + rows)],
            "part": np.array(["train", "test"])[np.arange(rows) % 5 // 4],
            "blob": blob,
            "city": [f"city {i % 7}" for i in range(rows)],
            "x": x[:, 0],
            "vector": x[:, 1].astype(np.float32),  # a name that our own tables need
            "count": BIG + np.rint(10 * x[:, 2]).astype(np.int64),
            "gap": gap,
        }
    )


def register_blobs(
    store: Store, source: str, process: ModelProcess, columns: SourceSettings = BY_ID, **more: Any
) -> str:
    """Fit, score, cluster, register and promote; gives the version."""
    encoding = EncodingSettings(missing_columns={"gap": Imputation.median}) if not more else EncodingSettings(**more)
    made = ingest_source(source, columns, encoding, BLOBS, store)[0]
    settings = KMeansSettings()
    spec = model_spec(store, made["encoding"], ModelName.kmeans, settings, BLOBS, seed=0)
    made |= fit_phases(store, made["vectors"], spec, settings, TrainingSettings(), process, lambda *_: None)
    fitted = FittedModel(store, made["model"], process)
    calibration = fit_calibration(store, fitted, made["vectors"], 0)
    naming = Naming(np.arange(BLOBS))
    with store.attempt("found", made["vectors"].sha256[:24]) as attempt:
        for ids, x in parts(store, made["vectors"]):
            attempt.write_table("scores", score_table(ids, fitted.infer(x, "scores"), calibration, ScoreSettings()))
            attempt.write_table("assignments", naming.table(ids, memberships(fitted, None, x)))
        attempt.write_arrays("calibration", calibration.to_arrays())
        attempt.write_arrays("partition", {})
        attempt.write_json("identities", {"cluster_ids": list(range(BLOBS))})
        made |= attempt.commit()
    told = {"source": source, "columns": columns.model_dump(mode="json"), "scoring": {"outlier_rate": 0.01}}
    version = str(store.json(write_bundle(store, NAME, made, told)["bundle"])["version"])
    add_registration(
        store,
        Registration(
            name=NAME, run_id="fit", version=version, registered_at="2026-01-01T00:00:00+00:00", report="",
            artifacts=made, summary={},
        ),
    )  # fmt: skip
    promote_version(store, NAME, version, "fit", Promoter.first, "")
    return version


def write_rows(path: Path, rows: pd.DataFrame) -> str:
    """A source of one file, in the format that its name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    match path.suffix:
        case ".csv":
            rows.to_csv(path, index=False)
        case ".jsonl":
            rows.to_json(path, orient="records", lines=True)
        case _:
            pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), path)
    return str(path)
