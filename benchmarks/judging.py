"""What a registered fit is worth, measured with the true labels, which no stage of the flow but evaluate has seen."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from models.encoding import Encoding
from models.fidelity import manifold_metrics
from models.matching import contingency, match_clusters, purity
from models.metrics import external_metrics
from models.numbering import NO_CLUSTER
from models.quality import auroc
from models.reliability import expected_calibration_error, perfect_calibration_error
from tasks.bundle import read_bundle
from tasks.certainty import BINS
from tasks.loading import choose, load_split, matrix
from tasks.process import ModelProcess
from tasks.registry import Registration
from tasks.store import Store

COVERAGE_ROWS = 5000  # distances cost their square
PATIENT = {"max_iter": 200, "early_stopping": True, "n_iter_no_change": 10}
FIDELITY = ("precision", "recall", "density", "coverage", "coverage_real", "c2st_accuracy", "p_real_ece")

Figures = dict[str, float]


@dataclass(frozen=True)
class Rows:
    """Each row's split, class, cluster (NO_CLUSTER: none) and the probability of that cluster, (rows,) each."""

    split: np.ndarray
    label: np.ndarray
    cluster: np.ndarray
    probability: np.ndarray

    def of(self, split: str) -> "Rows":
        """The rows of a split."""
        chosen = self.split == split
        return Rows(self.split[chosen], self.label[chosen], self.cluster[chosen], self.probability[chosen])


def judge(store: Store, registration: Registration) -> Figures:
    """All figures of a fit; the metrics of Naeem et al. are those of the flow."""
    rows = read_assigned(store, registration)
    train = rows.of("train")
    class_of = match_clusters(train.label, train.cluster)
    metrics = store.table(registration.artifacts["sample_metrics"]).to_pydict()
    measured = dict(zip(metrics["name"], metrics["value"], strict=True))
    return (
        clustering(rows, class_of)
        | {f"test_{name}": value for name, value in clustering(rows.of("test"), class_of).items()}
        | {name: measured[name] for name in FIDELITY if name in measured}
        | judge_samples(store, registration, rows, class_of)
        | judge_variety(store, registration)
    )


def read_assigned(store: Store, registration: Registration) -> Rows:
    """What the flow found for each row, and the row's class."""
    found = store.table(registration.artifacts["assignments"], ["split", "cluster", "cluster_probability"])
    label = store.table(registration.artifacts["labels"], ["label"])["label"]
    cluster, probability = found["cluster"].fill_null(NO_CLUSTER), found["cluster_probability"].fill_null(0)
    return Rows(found["split"].to_numpy(), label.to_numpy().astype(str), cluster.to_numpy(), probability.to_numpy())


def told(cluster: np.ndarray, class_of: dict[int, str]) -> np.ndarray:
    """The class matched to each cluster, "" for a cluster that has none."""
    return np.array([class_of.get(each, "") for each in cluster.tolist()])


def clustering(rows: Rows, class_of: dict[int, str]) -> Figures:
    """ACC, NMI, ARI and purity, and how far the probability of a row's cluster is the chance of its class."""
    is_correct = told(rows.cluster, class_of) == rows.label
    return external_metrics(rows.label, rows.cluster) | {
        "ece": expected_calibration_error(rows.probability, is_correct, BINS),
        "ece_perfect": perfect_calibration_error(rows.probability, seed=0, bins=BINS),
        "clusters": len(np.unique(rows.cluster)),
    }


def judge_samples(store: Store, registration: Registration, rows: Rows, class_of: dict[int, str]) -> Figures:
    """What a classifier that learned the true classes of train rows says of samples and, beside them, of test rows.

    `agreement` is the share that gets the class matched to its cluster, `purity` the share that gets the commonest
    class of its cluster.
    """
    x = matrix(store.table(registration.artifacts["vectors"], ["vector"]))
    is_train, is_test = rows.split == "train", rows.split == "test"
    classifier = MLPClassifier((256,), batch_size=256, **PATIENT, random_state=0)
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        classifier.fit(x[is_train], rows.label[is_train])
    seen = classifier.predict(matrix(store.table(registration.artifacts["samples"], ["vector"])))
    seen_test, cluster = classifier.predict(x[is_test]), sample_clusters(store, registration)
    return {
        "classifier_accuracy": float((seen_test == rows.label[is_test]).mean()),
        "sample_agreement": float((seen == told(cluster, class_of)).mean()),
        "sample_purity": purity(contingency(seen, cluster)),
        "test_agreement": float((seen_test == told(rows.cluster[is_test], class_of)).mean()),
    }


def judge_variety(store: Store, registration: Registration) -> Figures:
    """Coverage (Naeem et al. 2020) of validation rows, which come from where train rows come from, unlike test rows.

    Of as many samples, as the user gets them, and of as many train rows in their place.
    """
    made, encoding = registration.artifacts, Encoding.from_json(store.json(registration.artifacts["encoding"]))
    x = load_split(store, made["vectors"], "validation", COVERAGE_ROWS, seed=0)
    train = load_split(store, made["vectors"], "train", len(x), seed=0)
    samples = matrix(store.table(made["samples"], ["vector"]))
    given = encoding.encode(encoding.decode(samples[choose(np.arange(len(samples)), len(x), seed=0)]))
    return {
        "validation_coverage": manifold_metrics(x, given)["coverage"],
        "validation_coverage_real": manifold_metrics(x, train)["coverage"],
    }


def sample_clusters(store: Store, registration: Registration) -> np.ndarray:
    """The cluster that each sample was made for, or, where clusters aren't the model's own, the one it fell into."""
    if store.arrays(registration.artifacts["partition"]):
        found = store.table(registration.artifacts["sample_assignments"], ["cluster"])["cluster"]
        return found.fill_null(NO_CLUSTER).to_numpy()
    return store.table(registration.artifacts["samples"], ["component"])["component"].to_numpy()


def judge_strangers(store: Store, registration: Registration, strangers: Path) -> Figures:
    """AUROC with which each raw score tells test rows from those of another file with the same columns."""
    other = pq.read_table(strangers, filters=pc.field("split") == "test")
    table = store.table(registration.artifacts["vectors"], ["split", "vector"])
    x = matrix(table.filter(pc.equal(table["split"], "test")))
    with ModelProcess() as process:
        bundle = read_bundle(store, registration.name, process)
        x_other = bundle.encoding.encode(
            {column.name: matrix(other, column.name) for column in bundle.encoding.columns}
        )
        ours, theirs = (bundle.model.infer(each, "scores") for each in (x, x_other))
    return {f"strangers_{name}": auroc(ours[name], theirs[name]) for name in ours}
