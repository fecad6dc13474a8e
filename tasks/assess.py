"""Stage assess: how good samples and probabilities are, on rows that no other stage learned from."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from prefect import get_run_logger

from models.calibration import Calibration
from models.conformal import conformal_rank, count_quantiles
from models.distributions import bin_shares, ks_distance, shared_edges
from models.encoding import Encoding
from models.fidelity import classifier_two_sample_test, manifold_metrics
from models.memorisation import copying_metrics, distance_to_nearest
from models.quality import auroc
from models.reliability import expected_calibration_error, perfect_calibration_error, reliability
from models.settings import EvaluationSettings, ScoreSettings
from tasks import kinds
from tasks.loading import choose, parts, take, take_rows
from tasks.model import FittedModel
from tasks.process import ModelProcess
from tasks.stage import Artifacts, once, stage
from tasks.store import Artifact, Attempt, Store

ASSESSMENT_SEED = 2  # added to the run's: these samples are neither those that calibrate nor those that are scored
MEMORISATION_ROWS = 2000  # whose nearest train row is looked for; that costs as many distances for each train row
MIN_ROWS = 20  # fewer say nothing of neighbours, and leave a classifier nothing to learn from
MAX_DISTRIBUTIONS = 50

Metrics = dict[str, float]


@stage(name="assess")
def assess(
    model: Artifact,
    vectors: Artifact,
    rows: Artifact,
    samples: Artifact,
    scores: Artifact,
    calibration: Artifact,
    encoding: Artifact,
    scoring: ScoreSettings,
    evaluation: EvaluationSettings,
    seed: int,
    store: str,
    process: ModelProcess,
) -> Artifacts:
    """Write `sample_metrics`, `reliability` and `distributions` of test rows, or of validation rows where none are.

    At most `evaluation.max_rows` rows are in memory, and one part of the table; neighbours cost those rows squared.
    """
    place = Store(store)

    def write(attempt: Attempt) -> None:
        fitted, described = FittedModel(place, model, process), Encoding.from_json(place.json(encoding))
        calibrated = Calibration.from_arrays(place.arrays(calibration))
        split, positions = measured_rows(place, vectors)
        chosen = choose(positions, evaluation.max_rows, seed)
        fresh = fitted.sample(max(len(chosen), MEMORISATION_ROWS), None, seed + ASSESSMENT_SEED)[0]
        as_given = described.encode(described.decode(fresh))  # rounded and clipped, as the user gets them
        x = take_rows(place, vectors, chosen)
        p_real, p_fake = (calibrated.p_real(fitted.infer(part, "scores")["logit"]) for part in (x, fresh[: len(x)]))
        metrics = fidelity_metrics(place, vectors, x, as_given, seed)
        metrics |= memorisation_metrics(place, vectors, as_given[:MEMORISATION_ROWS], seed)
        metrics |= probability_metrics(p_real, p_fake, seed)
        metrics |= false_alarm_metrics(place, scores, split, len(calibrated.typicality), scoring.outlier_rate)
        for name, value in metrics.items():
            get_run_logger().info("%s on %s rows: %.4g", name, split, value)
        attempt.write_table("sample_metrics", metrics_table(metrics, split))
        attempt.write_table("reliability", reliability_table(p_real, p_fake))
        few = choose(np.arange(samples.rows), evaluation.max_rows, seed)
        attempt.write_table("distributions", distribution_table(place, rows, chosen, samples, few, described))

    inputs = [given.sha256 for given in (model, vectors, rows, samples, scores, calibration, encoding)]
    return once(place, "assess", write, inputs=inputs, scoring=scoring, evaluation=evaluation, seed=seed)


def measured_rows(store: Store, vectors: Artifact) -> tuple[str, np.ndarray]:
    """The split that is measured, test or else validation, and the positions of its rows."""
    split = "test"
    positions = split_positions(store, vectors, split)
    if not len(positions):
        split = "validation"
        positions = split_positions(store, vectors, split)
    return split, positions


def split_positions(store: Store, vectors: Artifact, split: str) -> np.ndarray:
    """Ascending positions of a split's rows in the whole table."""
    tables = store.tables(vectors, columns=["split"])
    return np.flatnonzero(np.concatenate([pc.equal(table["split"], split).to_numpy() for table in tables]))


def fidelity_metrics(store: Store, vectors: Artifact, x: np.ndarray, samples: np.ndarray, seed: int) -> Metrics:
    """Samples against rows x, and train rows against them, which is what a perfect generator would reach."""
    others = choose(split_positions(store, vectors, "train"), len(x), seed)
    n_rows = min(len(x), len(others))
    if n_rows < MIN_ROWS:
        return {}
    x, train, samples = x[:n_rows], take_rows(store, vectors, others), samples[:n_rows]
    reference = {f"{name}_real": value for name, value in manifold_metrics(x, train).items()}
    accuracy, p_value = classifier_two_sample_test(x, samples, seed)
    return manifold_metrics(x, samples) | reference | {"c2st_accuracy": accuracy, "c2st_p_value": p_value}


def memorisation_metrics(store: Store, vectors: Artifact, samples: np.ndarray, seed: int) -> Metrics:
    """Samples and, as the control, validation rows: distances to the nearest of all train rows."""
    held_out = choose(split_positions(store, vectors, "validation"), MEMORISATION_ROWS, seed)
    control = take_rows(store, vectors, held_out)
    nearest = distance_to_nearest(np.concatenate([samples, control]), _train_parts(store, vectors))
    return copying_metrics(nearest[: len(samples)], nearest[len(samples) :])


def probability_metrics(p_real: np.ndarray, p_fake: np.ndarray, seed: int) -> Metrics:
    """Calibration and AUROC of p_real over rows and as many samples, (rows,) each."""
    p, is_real = np.concatenate([p_real, p_fake]), np.repeat([True, False], [len(p_real), len(p_fake)])
    return {
        "p_real_ece": expected_calibration_error(p, is_real),
        "p_real_ece_perfect": perfect_calibration_error(p, seed),
        "p_real_auroc": auroc(p_real, p_fake),
    }


def false_alarm_metrics(store: Store, scores: Artifact, split: str, validation_rows: int, rate: float) -> Metrics:
    """Share of the split's rows that are outliers, and the interval that it lies in with probability .95."""
    n_rows = n_alarms = 0
    for table in store.tables(scores, columns=["split", "is_outlier"]):
        found = table.filter(pc.equal(table["split"], split))["is_outlier"]
        n_rows, n_alarms = n_rows + len(found), n_alarms + (pc.sum(found).as_py() or 0)
    rank = conformal_rank(validation_rows, rate)
    low, high = count_quantiles(n_rows, validation_rows, rank, [0.025, 0.975]) / n_rows
    return {
        "false_alarms": n_alarms / n_rows,
        "false_alarms_low": float(low),
        "false_alarms_high": float(high),
        "false_alarm_rate": rate,
    }


def metrics_table(metrics: Metrics, split: str) -> pa.Table:
    """Numbers as the kind metrics."""
    found = [{"name": name, "value": value, "split": split} for name, value in metrics.items()]
    return pa.Table.from_pylist(found, schema=kinds.METRICS)


def reliability_table(p_real: np.ndarray, p_fake: np.ndarray) -> pa.Table:
    """The bins of p_real over rows and as many samples."""
    is_real = np.repeat([True, False], [len(p_real), len(p_fake)])
    found = [asdict(each) for each in reliability(np.concatenate([p_real, p_fake]), is_real)]
    return pa.Table.from_pylist(found, schema=kinds.RELIABILITY)


def distribution_table(
    store: Store, rows: Artifact, chosen: np.ndarray, samples: Artifact, few: np.ndarray, encoding: Encoding
) -> pa.Table:
    """Each number column of chosen rows and samples, in its own units; the most distant columns, those first."""
    names = [column.name for column in encoding.numbers]
    if not names:
        return kinds.DISTRIBUTIONS.empty_table()
    real, fake = take(store, rows, chosen, names), take(store, samples, few, names)
    found: list[dict[str, Any]] = []
    for name in names:
        a, b = _present(real[name]), _present(fake[name])
        if len(a) and len(b):
            edges = shared_edges(a, b)
            shares = {"rows": bin_shares(a, edges), "samples": bin_shares(b, edges)}
            found.append({"column": name, "distance": ks_distance(a, b), "edges": edges} | shares)
    found.sort(key=lambda each: -each["distance"])
    return pa.Table.from_pylist(found[:MAX_DISTRIBUTIONS], schema=kinds.DISTRIBUTIONS)


def _train_parts(store: Store, vectors: Artifact) -> Iterator[np.ndarray]:
    for ids, x in parts(store, vectors):
        yield x[pc.equal(ids["split"], "train").to_numpy()]


def _present(column: pa.ChunkedArray) -> np.ndarray:
    """The finite numbers of a column as float64."""
    values = column.cast(pa.float64(), safe=False).to_numpy()
    return values[np.isfinite(values)]
