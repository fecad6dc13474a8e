"""The rows that a version was judged on, as new rows are compared with them."""

from collections import Counter

import numpy as np
import pyarrow.compute as pc

from models.drift import Batch, Sample, features, joined, sample_of
from models.encoding import Encoding
from models.numbering import NO_CLUSTER
from tasks.code import code_digest, library_versions
from tasks.identity import row_keys
from tasks.loading import Rows, parts
from tasks.registry import Registration
from tasks.stage import Artifacts
from tasks.store import Store


def reference_of(store: Store, registration: Registration) -> Batch:
    """Its validation and test rows; never the train rows, whose scores the model may know by heart."""
    made = _made(store, registration.artifacts)
    counts = store.json(made["counts"])
    clusters = {int(cluster): count for cluster, count in counts["clusters"].items()}
    return Batch(counts["rows"], clusters, counts["outliers"], Sample(**store.arrays(made["sample"])))


def _made(store: Store, artifacts: Artifacts) -> Artifacts:
    inputs = [artifacts[kind].sha256 for kind in ("encoding", "vectors", "scores", "assignments")]
    by = {"code": code_digest("tasks.drift_reference"), "libraries": library_versions()}
    key = store.key("drift_reference", inputs=inputs, **by)
    if found := store.find("drift_reference", key):
        return found
    batch = _read(store, artifacts)
    with store.attempt("drift_reference", key) as attempt:
        attempt.write_json("counts", {"rows": batch.rows, "clusters": batch.clusters, "outliers": batch.outliers})
        attempt.write_arrays("sample", batch.sample.to_arrays())
        return attempt.commit()


def _read(store: Store, artifacts: Artifacts) -> Batch:
    """One part of each table in memory at a time."""
    encoding = Encoding.from_json(store.json(artifacts["encoding"]))
    scores = Rows(store, artifacts["scores"], ["row_id", "p_value", "is_outlier"])
    assigned = Rows(store, artifacts["assignments"], ["row_id", "cluster"])
    clusters: Counter[int] = Counter()
    samples: list[Sample] = []
    outliers = 0
    for ids, x in parts(store, artifacts["vectors"]):
        of_scores, of_clusters = scores.take_beside(ids), assigned.take_beside(ids)
        judged = pc.not_equal(ids["split"], "train")
        is_judged = judged.to_numpy()
        p_value = of_scores["p_value"].to_numpy()[is_judged]
        keys = row_keys(ids["row_id"].filter(judged).to_pylist())
        part = sample_of(keys, features(encoding, x[is_judged], p_value))
        samples = [joined([*samples, part])]
        labels = of_clusters["cluster"].fill_null(NO_CLUSTER).to_numpy()[is_judged]
        found, counts = np.unique(labels, return_counts=True)
        clusters.update(dict(zip(found.tolist(), counts.tolist(), strict=True)))
        outliers += int(of_scores["is_outlier"].to_numpy()[is_judged].sum())
    return Batch(clusters.total(), dict(clusters), outliers, samples[0])
