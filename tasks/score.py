"""Stage score: how real and how typical each row and each sample is."""

import numpy as np
import pyarrow as pa
from prefect import get_run_logger

from models.calibration import Calibration, calibrate
from models.settings import ScoreSettings
from tasks import kinds
from tasks.loading import load_split, parts
from tasks.model import FittedModel
from tasks.process import ModelProcess
from tasks.stage import Artifacts, once, stage
from tasks.store import Artifact, Attempt, Store

CALIBRATION_ROWS = 10_000
CALIBRATION_SAMPLES = 10_000  # cheap, however few the validation rows are
CALIBRATION_SEED = 1  # added to the run's: the samples that calibrate aren't those that are scored


@stage(name="score")
def score(
    model: Artifact,
    vectors: Artifact,
    samples: Artifact,
    settings: ScoreSettings,
    seed: int,
    store: str,
    process: ModelProcess,
) -> Artifacts:
    """Write `scores`, `sample_scores` and the `calibration`; one part in memory at a time, one forward pass a row."""
    place = Store(store)

    def write(attempt: Attempt) -> None:
        fitted = FittedModel(place, model, process)
        calibration = fit_calibration(place, fitted, vectors, seed)
        get_run_logger().info("Scoring %d rows and %d samples", vectors.rows, samples.rows)
        _write_scores(attempt, "scores", vectors, fitted, calibration, settings)
        _write_scores(attempt, "sample_scores", samples, fitted, calibration, settings)
        attempt.write_arrays("calibration", calibration.to_arrays())
        _warn_of_few_rows(len(calibration.typicality), settings.outlier_rate)

    inputs = [model.sha256, vectors.sha256, samples.sha256]
    return once(place, "score", write, inputs=inputs, settings=settings, seed=seed)


def fit_calibration(store: Store, fitted: FittedModel, vectors: Artifact, seed: int) -> Calibration:
    """Calibrate on validation rows and fresh samples, each kind weighing the same."""
    x_real = load_split(store, vectors, "validation", CALIBRATION_ROWS, seed)
    x_generated, _ = fitted.sample(CALIBRATION_SAMPLES, None, seed + CALIBRATION_SEED)
    real, generated = (fitted.infer(rows, "scores") for rows in (x_real, x_generated))
    return calibrate(real["logit"], generated["logit"], real["typicality"])


def score_table(
    ids: pa.Table, answers: dict[str, np.ndarray], calibration: Calibration, settings: ScoreSettings
) -> pa.Table:
    """Scores beside the ids (row_id and split, or sample_id) of the same rows."""
    p_value = calibration.p_value(answers["typicality"])
    log_density = answers.get("log_density")
    columns = {
        "p_real": calibration.p_real(answers["logit"]),
        "log_density": pa.nulls(len(ids), pa.float64()) if log_density is None else log_density,
        "p_value": p_value,
        "is_outlier": p_value <= settings.outlier_rate,
    }
    schema = kinds.SCORES if "row_id" in ids.column_names else kinds.SAMPLE_SCORES
    return pa.table({name: ids[name] for name in ids.column_names} | columns).select(schema.names).cast(schema)


def _warn_of_few_rows(validation_rows: int, rate: float) -> None:
    """Say that no row can be called an outlier where the smallest p-value that there can be is above the rate."""
    if 1 / (1 + validation_rows) > rate:
        words = "No row can be called an outlier: with %d validation rows the smallest p-value is %.3g, above %.3g"
        get_run_logger().warning(words, validation_rows, 1 / (1 + validation_rows), rate)


def _write_scores(
    attempt: Attempt,
    kind: str,
    vectors: Artifact,
    fitted: FittedModel,
    calibration: Calibration,
    settings: ScoreSettings,
) -> None:
    for ids, x in parts(attempt.store, vectors):
        attempt.write_table(kind, score_table(ids, fitted.infer(x, "scores"), calibration, settings))
