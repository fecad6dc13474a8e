"""Claims about cluster ids that outlive the model that found them."""

from typing import Any

import numpy as np
import pytest
from prefect.logging import disable_run_logger

from models.settings import PartitionMethod, PartitionSettings
from tasks.bundle import read_bundle, write_bundle
from tasks.cluster import cluster
from tasks.lineage import Predecessor, find_predecessor
from tasks.process import ModelProcess
from tasks.promotions import Promoter, promote_version
from tasks.registry import Registration, add_registration
from tasks.stage import Artifacts
from tasks.store import Artifact, Store
from tests.conftest import Fitted

KMEANS = PartitionSettings(method=PartitionMethod.kmeans, restarts=2)


def clustered(
    fitted: Fitted, process: ModelProcess, name: str, settings: PartitionSettings, clusters: int = 10
) -> tuple[Artifacts, str]:
    """What the stage makes of the small ClusterGAN, and the name of its state."""
    made = fitted.artifacts
    with disable_run_logger():
        found: Any = cluster.fn(
            name, made["model"], made["rows"], made["vectors"], made["samples"], settings, clusters, 5000, 0,
            fitted.store.root, process,
        )  # fmt: skip
    return (found, "Completed") if isinstance(found, dict) else (found.data, found.name)


def promoted(store: Store, name: str, made: Artifacts, summary: dict[str, Any] | None = None) -> str:
    """The version that these parts become, registered and promoted; those that aren't given are empty."""
    with store.attempt("calibrated", "k") as attempt:
        attempt.write_arrays("calibration", {"platt": np.array([1.0, 0]), "typicality": np.arange(-99.0, 0)})
        for part in ("model", "encoding", "partition"):
            attempt.write_json(part, {})
        made = attempt.commit() | made
    version = str(store.json(write_bundle(store, name, made, {})["bundle"])["version"])
    told = {"lineage": store.json(made["lineage"])} if "lineage" in made else {}
    registered = {"name": name, "run_id": version, "version": version, "registered_at": "2026-01-01", "report": ""}
    add_registration(store, Registration.model_validate({**registered, "artifacts": {}, "summary": told}))
    promote_version(store, name, version, version, Promoter.rule, "")
    return version


def identities(store: Store, ids: list[int]) -> dict[str, Artifact]:
    """The ids of a model's components."""
    with store.attempt("ids", str(ids)) as attempt:
        attempt.write_json("identities", {"cluster_ids": ids})
        return attempt.commit()


def labels(fitted: Fitted, made: Artifacts) -> np.ndarray:
    """The cluster of each row."""
    return fitted.store.table(made["assignments"], ["cluster"])["cluster"].to_numpy()


def test_without_a_promoted_version_ids_count_from_0(fitted: Fitted, process: ModelProcess) -> None:
    """Whatever the partition; nothing is told of changes."""
    made, _ = clustered(fitted, process, "nobody", KMEANS)
    assert fitted.store.json(made["identities"]) == {"cluster_ids": list(range(10))}
    assert fitted.store.json(made["lineage"])["changes"] == []


def test_the_promoted_model_itself_fitted_again_does_nothing(fitted: Fitted, process: ModelProcess) -> None:
    """Its promotion is no reason to make its assignments anew."""
    made, _ = clustered(fitted, process, "again", KMEANS)
    promoted(fitted.store, "again", fitted.artifacts | made)
    assert clustered(fitted, process, "again", KMEANS) == (made, "Cached")


def test_groups_keep_their_ids_in_another_models_clusters(fitted: Fitted, process: ModelProcess) -> None:
    """k-means against the responsibilities: a kept id stands for mostly the same rows, others are new; twice alike."""
    first, _ = clustered(fitted, process, "kept", PartitionSettings())
    version = promoted(fitted.store, "kept", fitted.artifacts | first)
    second, _ = clustered(fitted, process, "kept", KMEANS, 12)
    ids = fitted.store.json(second["identities"])["cluster_ids"]
    told = fitted.store.json(second["lineage"])
    before, after = labels(fitted, first), labels(fitted, second)
    assert told["predecessor"] == version
    assert told["rows"] == len(before)
    kept = set(ids) & set(range(10))
    assert len(kept) >= 5
    assert set(ids) - kept == set(range(10, 10 + 12 - len(kept)))
    for each in kept:
        assert ((before == each) & (after == each)).sum() >= 0.5 * ((before == each) | (after == each)).sum()
    assert clustered(fitted, process, "kept", KMEANS, 12) == (second, "Cached")


def test_samples_speak_of_the_same_ids_as_rows(fitted: Fitted, process: ModelProcess) -> None:
    """And so does the bundle that labels new rows."""
    first, _ = clustered(fitted, process, "spoken", KMEANS)
    renamed = identities(fitted.store, list(range(20, 30)))
    promoted(fitted.store, "spoken", fitted.artifacts | first | renamed)
    second, _ = clustered(fitted, process, "spoken", PartitionSettings())
    version = promoted(fitted.store, "spoken", fitted.artifacts | second)
    found = set(fitted.store.table(second["sample_assignments"])["cluster"].to_pylist())
    bundle = read_bundle(fitted.store, "spoken", process, version)
    assert min(found) >= 20
    assert found <= set(bundle.cluster_ids.tolist())
    assert bundle.component(int(bundle.cluster_ids[3])) == 3


def test_a_model_with_the_same_answers_keeps_every_id(fitted: Fitted, process: ModelProcess) -> None:
    """Even of components that hold no row: nothing is compared."""
    first, _ = clustered(fitted, process, "same", PartitionSettings())
    ids = [7, 3, 20, 1, 0, 2, 4, 5, 6, 8]
    promoted(fitted.store, "same", fitted.artifacts | {k: v for k, v in first.items() if k != "lineage"}
             | identities(fitted.store, ids))  # fmt: skip
    second, _ = clustered(fitted, process, "same", PartitionSettings())
    assert fitted.store.json(second["identities"])["cluster_ids"] == ids
    changes = fitted.store.json(second["lineage"])["changes"]
    assert [(each["kind"], each["before"]) for each in changes] == [("kept", [each]) for each in ids]


def test_rows_that_do_not_fit_the_promoted_model_give_new_ids(fitted: Fitted, process: ModelProcess) -> None:
    """The reason is told."""
    first, _ = clustered(fitted, process, "unfit", PartitionSettings())
    encoding = fitted.store.json(fitted.artifacts["encoding"])
    encoding["columns"][0]["name"] = "picture"
    with fitted.store.attempt("renamed", "k") as attempt:
        attempt.write_json("encoding", encoding)
        other = attempt.commit()
    promoted(fitted.store, "unfit", fitted.artifacts | first | other)
    second, _ = clustered(fitted, process, "unfit", KMEANS)
    assert fitted.store.json(second["identities"])["cluster_ids"] == list(range(10, 20))
    assert fitted.store.json(second["lineage"])["unfit"] == ["picture is missing"]


def test_new_ids_are_above_every_promoted_one(store: Store) -> None:
    """Those of a version that was rolled back are not given to other groups."""
    first = promoted(store, "m", identities(store, [0, 1, 2]))
    promoted(store, "m", identities(store, [0, 5, 2]))
    promote_version(store, "m", first, "run", Promoter.rollback, "")
    assert find_predecessor(store, "m", "x") == Predecessor(first, 6)
    assert find_predecessor(store, "another", "x") == Predecessor(None, 0)


@pytest.mark.parametrize("made_of", ["it", "another"])
def test_only_the_promoted_model_keeps_its_own_predecessor(store: Store, made_of: str) -> None:
    """It is known by what it is made of."""
    with store.attempt("told", "k") as attempt:
        attempt.write_json("lineage", {"predecessor": "old", "next_id": 4, "made_of": "it"})
        told = attempt.commit()
    version = promoted(store, "m", identities(store, [0, 1]) | told)
    expected = Predecessor("old", 4) if made_of == "it" else Predecessor(version, 2)
    assert find_predecessor(store, "m", made_of) == expected
