"""Claims about the comparison of models, run as a flow on real pen trajectories."""

import shlex
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from pydantic_settings import CliApp

from flows.cli import Fit, Genclust
from flows.commands_compare import leaderboard_lines
from flows.compare_models import compare_models
from models.model_settings import ClusterGanSettings, EveryModelSettings, GanSettings, KMeansSettings, ModelName
from models.search_spaces import SPACES
from models.settings import EncodingSettings, SearchSettings, SourceSettings, TrainingSettings
from tasks.code import ROOT
from tasks.comparison import Comparison, Outcome, comparisons, fit_command
from tasks.errors import BadInput
from tasks.store import Store
from tests.flows.stage_states import stage_states

pytestmark = pytest.mark.usefixtures("prefect_server")

PENDIGITS = ROOT.parent / "shared" / "data" / "pendigits.parquet"
SMALL = ClusterGanSettings(units=32, pretraining_steps=200, steps=20)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 1,000 rows as a user would have them, and the same with labels in another order."""
    folder = tmp_path_factory.mktemp("compare")
    rows = pd.read_parquet(PENDIGITS).drop(columns="split").iloc[:1000]
    rows.to_csv(folder / "pen.csv", index=False)
    rows.assign(label=rows["label"].sample(frac=1, random_state=0).to_numpy()).to_csv(folder / "mixed.csv", index=False)
    return folder


def run(place: Path, **changes: Any) -> Comparison:
    """The flow with the cheapest models."""
    given = {
        "source": str(place / "pen.csv"),
        "name": "pen",
        "clusters": 5,
        "models": (ModelName.gaussian_mixture, ModelName.kmeans),
        "seeds": 2,
        "store": str(place / "store"),
        "columns": SourceSettings(id_column="id", label_column="label"),
        "settings": EveryModelSettings(clustergan=SMALL, kmeans=KMeansSettings(restarts=3)),
    }
    return compare_models(**given | changes)


@pytest.fixture(scope="module")
def first(place: Path, prefect_server: None) -> Comparison:
    """The first run."""
    return run(place)


def test_every_model_is_ranked_once_by_its_score(first: Comparison) -> None:
    """With its evidence from both seeds."""
    assert [each.place for each in first.contestants] == [1, 2]
    assert {each.model for each in first.contestants} == {ModelName.gaussian_mixture, ModelName.kmeans}
    scores = [each.evidence.score for each in first.contestants if each.evidence]
    assert scores == sorted(scores, reverse=True)
    assert all(len(each.evidence.cohesion) == 2 for each in first.contestants if each.evidence)
    assert all(set(each.label_metrics) == {"acc", "nmi", "ari"} for each in first.contestants)


def test_the_leaderboard_is_a_table_in_the_ui(first: Comparison) -> None:
    """Its rows are the contestants in their order."""
    chosen = ArtifactFilter(key=ArtifactFilterKey(any_=["pen-leaderboard"]))
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=chosen)
    oldest = min(found, key=lambda artifact: artifact.created)
    models = [each.model.value for each in first.contestants]
    assert oldest.type == "table"
    assert [oldest.data.index(f'"{model}"') for model in models] == sorted(oldest.data.index(f'"{m}"') for m in models)


def test_the_page_and_the_record_are_kept_under_the_name(first: Comparison, place: Path) -> None:
    """The page is one file that loads nothing."""
    store = Store(str(place / "store"))
    page = store.read(f"models/pen/comparisons/{first.run_id}.html").decode()
    assert f"{first.contestants[0].model} comes first" in page
    assert "Against the known labels" in page
    assert "http" not in page
    assert comparisons(store, "pen")[0] == first


def test_the_same_comparison_again_fits_nothing(first: Comparison, place: Path) -> None:
    """All that it needs is in the store."""
    again = run(place)
    cached = ("ingest", "fit", "generate", "cluster", "judge", "evaluate")
    expected = dict.fromkeys(cached, "Cached") | {"contest": "Completed", "compare": "Completed"}
    assert stage_states(again.run_id, expected) == expected
    assert again.contestants == first.contestants


def test_the_command_to_go_on_asks_for_what_was_compared(first: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns, encoding, training, store and the winner's settings, as the command line reads them."""
    columns = SourceSettings(id_column="id", label_column="label", ignore=("x1", "the second, x2"))
    encoding = EncodingSettings(scaling="standard", columns={"x3": "robust"})
    training = TrainingSettings(check_every=70)
    winner = next(each for each in first.contestants if each.model == ModelName.kmeans)
    changed = {"columns": columns, "encoding": encoding, "training": training, "contestants": [winner]}
    given: list[Fit] = []
    monkeypatch.setattr(Fit, "cli_cmd", given.append)
    CliApp.run(Genclust, cli_args=shlex.split(fit_command(first.model_copy(update=changed)))[1:])
    assert SourceSettings(**given[0].model_dump(include=set(SourceSettings.model_fields))) == columns
    assert (given[0].encoding, given[0].training, given[0].clusters) == (encoding, training, 5)
    assert (given[0].source, given[0].name, given[0].store) == (first.source, "pen", first.store)
    assert (given[0].model, given[0].kmeans) == (ModelName.kmeans, KMeansSettings(restarts=3))


def test_labels_never_reach_the_ranking(first: Comparison, place: Path) -> None:
    """Rows with their labels mixed up give the same evidence and places, and other label metrics."""
    mixed = run(place, source=str(place / "mixed.csv"), name="mixed")
    assert [(each.title, each.place, each.evidence) for each in mixed.contestants] == [
        (each.title, each.place, each.evidence) for each in first.contestants
    ]
    assert all(each.label_metrics["acc"] < 0.35 for each in mixed.contestants)
    assert all(each.label_metrics["acc"] > 0.4 for each in first.contestants)


def test_a_search_prunes_a_hopeless_setting(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an encoder of one or two steps the one that comes later isn't fitted from a second seed, and has no place."""
    monkeypatch.setitem(SPACES, ModelName.clustergan, {"pretraining_steps": (1, 2, 200)})  # type: ignore[arg-type]
    found = run(place, name="searched", models=(ModelName.clustergan,), search=SearchSettings(trials=8))
    best, slow, pruned = found.contestants
    assert [each.settings["pretraining_steps"] for each in (best, slow, pruned)] in ([200, 1, 2], [200, 2, 1])
    assert [each.outcome for each in (best, slow, pruned)] == [Outcome.ranked, Outcome.ranked, Outcome.pruned]
    assert [(each.seeds, each.place) for each in (best, slow, pruned)] == [(2, 1), (2, 2), (1, None)]
    assert any(line.startswith("pruned") for line in leaderboard_lines(found))


def test_a_model_that_fails_does_not_take_the_others_along(place: Path) -> None:
    """Five clusters of an embedding of three different points: it is told with its reason, and the other is ranked."""
    rows = pd.DataFrame({"a": [0.0, 1.0, 2.0] * 100, "id": range(300)})
    rows.to_csv(place / "three.csv", index=False)
    found = run(
        place, source=str(place / "three.csv"), name="three", seeds=1, columns=SourceSettings(id_column="id"),
        models=(ModelName.gan, ModelName.kmeans),
        settings=EveryModelSettings(gan=GanSettings(units=32, steps=20, encoder_steps=20)),
    )  # fmt: skip
    first, last = found.contestants
    assert (first.model, first.outcome, first.label_metrics) == (ModelName.kmeans, Outcome.ranked, {})
    assert (last.model, last.outcome, last.place) == (ModelName.gan, Outcome.failed, None)
    assert "at least 5 different points" in last.reason


def test_models_that_need_a_number_of_clusters_are_refused_without_one(place: Path) -> None:
    """Before anything is read."""
    with pytest.raises(BadInput, match="a number of clusters for gaussian_mixture, kmeans; found auto"):
        run(place, clusters=None)
