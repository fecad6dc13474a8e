"""Claims about the scores of rows and samples."""

import numpy as np
import pyarrow as pa

from models.calibration import Calibration
from models.settings import ScoreSettings
from tasks.loading import load_split
from tasks.score import fit_calibration, score_table
from tests.conftest import Fitted

FLAT = Calibration(1.0, 0.0, np.arange(1, 100, dtype=float))  # 99 validation rows
IDS = pa.table({"row_id": ["a", "b"], "split": ["train", "test"]})


def test_outliers_are_the_rows_below_the_stated_rate() -> None:
    """Of 100 with the row itself, the strangest has the p-value .01."""
    answers = {"logit": np.zeros(2), "typicality": np.array([0.0, 50.0])}
    found = score_table(IDS, answers, FLAT, ScoreSettings(outlier_rate=0.01)).to_pydict()
    assert found["p_value"] == [0.01, 0.51]
    assert found["is_outlier"] == [True, False]
    assert found["p_real"] == [0.5, 0.5]
    assert found["log_density"] == [None, None]


def test_negatives_of_digits_are_stranger_than_digits(fitted: Fitted) -> None:
    """Black on white, as no row is, nearly always gets the smallest p-value there is; test rows don't."""
    calibration = fit_calibration(fitted.store, fitted.model, fitted.artifacts["vectors"], seed=0)
    x = load_split(fitted.store, fitted.artifacts["vectors"], "test", 1000, seed=0)
    smallest = 1 / (1 + len(calibration.typicality))
    assert (calibration.p_value(fitted.model.infer(1 - x)["typicality"]) == smallest).mean() > 0.9
    assert (calibration.p_value(fitted.model.infer(x)["typicality"]) <= 0.05).mean() < 0.15


def test_real_rows_get_a_higher_p_real_than_samples(fitted: Fitted) -> None:
    """The critic's logit, calibrated, tells them apart better than a coin."""
    calibration = fit_calibration(fitted.store, fitted.model, fitted.artifacts["vectors"], seed=0)
    x = load_split(fitted.store, fitted.artifacts["vectors"], "test", 1000, seed=0)
    samples, _ = fitted.model.sample(len(x), None, seed=5)
    real, generated = (calibration.p_real(fitted.model.infer(rows)["logit"]) for rows in (x, samples))
    assert real.mean() > generated.mean() + 0.1
