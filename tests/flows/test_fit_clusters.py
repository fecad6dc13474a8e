"""Claims about the main job, run as a flow on real pen trajectories."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from flows.fit_clusters import fit_clusters
from models.model_settings import KMeansSettings, ModelName
from models.settings import (
    PartitionMethod,
    PartitionOf,
    PartitionSettings,
    PartitionSpace,
    SampleSettings,
    SourceSettings,
)
from tasks.code import ROOT
from tasks.errors import BadInput
from tasks.registry import Registration
from tasks.store import Store
from tests.flows.running import STAGES
from tests.flows.stage_states import stage_states

pytestmark = pytest.mark.usefixtures("prefect_server")

PENDIGITS = ROOT.parent / "shared" / "data" / "pendigits.parquet"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 1,000 rows as a user would have them: a CSV with two missing cells and a constant column."""
    folder = tmp_path_factory.mktemp("flow")
    rows = pd.read_parquet(PENDIGITS).drop(columns="split").iloc[:1000].assign(constant=7)
    rows.loc[[3, 500], "x2"] = None
    rows.to_csv(folder / "pen.csv", index=False)
    return folder


def run(place: Path, **changes: Any) -> Registration:
    """The flow with a model that needs no training."""
    given = {
        "source": str(place / "pen.csv"),
        "name": "pen",
        "clusters": 5,
        "model": ModelName.kmeans,
        "store": str(place / "store"),
        "columns": SourceSettings(id_column="id", label_column="label"),
        "kmeans": KMeansSettings(restarts=5),
        "samples": SampleSettings(count=100),
    }
    return fit_clusters(**given | changes)


@pytest.fixture(scope="module")
def first(place: Path, prefect_server: None) -> Registration:
    """The first run."""
    return run(place)


def test_every_row_is_accounted_for(first: Registration, place: Path) -> None:
    """Accepted and rejected rows are the source's; each accepted row has a cluster, scores and a vector."""
    made, store = first.artifacts, Store(str(place / "store"))
    assert (made["rows"].rows, made["rejected"].rows) == (998, 2)
    assert {made[kind].rows for kind in ("vectors", "labels", "assignments", "scores")} == {998}
    clusters = store.table(made["assignments"])["cluster"]
    assert set(clusters.to_pylist()) == set(range(5))
    assert {reason.as_py() for reason in store.table(made["rejected"])["reason"]} == {"missing cell: x2"}


def test_the_row_id_goes_from_the_source_to_the_last_artifact(first: Registration, place: Path) -> None:
    """The same ids in the same order everywhere."""
    store = Store(str(place / "store"))
    ids = [store.table(first.artifacts[kind])["row_id"] for kind in ("rows", "vectors", "scores", "assignments")]
    assert all(each.equals(ids[0]) for each in ids)
    assert ids[0][:3].to_pylist() == ["0", "1", "2"]


def test_the_same_command_again_does_no_stage(first: Registration, place: Path) -> None:
    """Every stage but the registration finds its artifact, and the result is the same."""
    again = run(place)
    assert stage_states(again.run_id, STAGES) == dict.fromkeys(STAGES, "Cached") | {"register": "Completed"}
    assert again.artifacts == first.artifacts
    assert again.version == first.version


def test_another_partition_trains_nothing(first: Registration, place: Path) -> None:
    """The article's route, clusters of samples that take the rows, on the model that is there."""
    settings = PartitionSettings(method=PartitionMethod.hierarchical, of=PartitionOf.samples)
    other = run(place, partition=settings)
    found = stage_states(other.run_id, STAGES)
    assert {stage for stage, state in found.items() if state == "Cached"} == {
        "ingest", "fit", "generate", "score", "assess",
    }  # fmt: skip
    assert other.artifacts["model"] == first.artifacts["model"]
    assert other.artifacts["assignments"] != first.artifacts["assignments"]
    assert "The tree that was cut into clusters" in Store(str(place / "store")).read("models/pen/report.html").decode()


def test_rows_that_are_noise_to_hdbscan_fit_no_cluster(first: Registration, place: Path) -> None:
    """It finds its own number of clusters; every stage behind it copes with rows in none."""
    settings = PartitionSettings(method=PartitionMethod.hdbscan, space=PartitionSpace.vectors, min_cluster_size=20)
    found = run(place, partition=settings).summary
    assert found["fits_none"] > 0
    assert found["clusters"] >= 2
    assert sum(entry["rows"] for entry in found["per_cluster"]) == found["rows"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source": "nothing.csv"}, r"source: expected files at nothing\.csv; found none\. Check the path"),
        ({"store": "/sys/genclust"}, r"store: expected a folder that can be written at /sys/genclust"),
        ({"clusters": 900}, r"ingest: expected at least 900 train rows for 900 clusters"),
        (
            {"columns": SourceSettings(id_column="nr")},
            r"ingest: expected the id column 'nr' in the source; found no such column",
        ),
    ],
)
def test_bad_input_fails_before_training_and_leaves_nothing(changes: dict[str, Any], words: str, place: Path) -> None:
    """A clear error, and no file in the store."""
    store = place / f"store-{len(str(changes))}"
    with pytest.raises(BadInput, match=words):
        run(place, **{"store": str(store)} | changes)
    assert [path for path in store.rglob("*") if path.is_file()] == []
