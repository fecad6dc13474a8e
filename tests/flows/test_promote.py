"""Claims about two fits of one name: ids and curation persist, and the second is promoted or not."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prefect.client.orchestration import get_client
from prefect.exceptions import Pause
from prefect.flow_engine import run_flow
from prefect.states import State

from flows.fit_clusters import fit_clusters
from flows.promote import promote
from models.model_settings import KMeansSettings, ModelName
from models.settings import Decision, PromotionSettings, SampleSettings
from tasks.catalogue import list_clusters
from tasks.curation import add_edit
from tasks.edits import Edit, EditKind
from tasks.errors import BadInput
from tasks.promotions import promotions, roll_back
from tasks.registry import Registration, registrations
from tasks.store import Store

pytestmark = pytest.mark.usefixtures("prefect_server")

NAME = "digits"


def fit(store: Path, seed: int) -> Registration:
    """k-means of the embedded digits."""
    return fit_clusters(
        name=NAME, clusters=10, seed=seed, store=str(store), model=ModelName.kmeans,
        kmeans=KMeansSettings(restarts=5), samples=SampleSettings(count=50),
    )  # fmt: skip


@pytest.fixture(scope="module")
def refitted(tmp_path_factory: pytest.TempPathFactory, prefect_server: None) -> Path:
    """Two fits with different seeds; before the second one somebody named cluster 3 and merged 5 into 4."""
    store = tmp_path_factory.mktemp("refitted") / "store"
    fit(store, 1)
    add_edit(Store(str(store)), NAME, Edit(kind=EditKind.rename, cluster=3, title="round ones"))
    add_edit(Store(str(store)), NAME, Edit(kind=EditKind.merge, cluster=5, into=4))
    fit(store, 0)
    return store


@pytest.fixture
def store(refitted: Path, tmp_path: Path) -> Store:
    """The same, to be changed."""
    shutil.copytree(refitted, tmp_path / "store")
    return Store(str(tmp_path / "store"))


def decided(store: Store, decision: Decision, **changes: Any) -> Any:
    """What the flow finds and does."""
    return promote(NAME, decision=decision, store=store.root, **changes)


def versions(store: Store) -> list[str]:
    """First the version of the first fit, then that of the second."""
    return [each.version for each in registrations(store, NAME)]


def test_the_same_groups_keep_their_ids(refitted: Path) -> None:
    """Of rows that both models label, most are in a cluster of the same id, and each kept id is one group."""
    store = Store(str(refitted))
    first, second = (each.artifacts for each in registrations(store, NAME))
    before, after = (store.table(each["assignments"])["cluster"].to_numpy() for each in (first, second))
    changes = store.json(second["lineage"])["changes"]
    ids = set(store.json(second["identities"])["cluster_ids"])
    assert len(ids & set(range(10))) >= 7
    assert min(ids - set(range(10)), default=10) == 10
    assert (before == after).mean() > 0.7
    for each in ids & set(range(10)):
        assert ((before == each) & (after == each)).sum() >= 0.5 * ((before == each) | (after == each)).sum()
    assert {each for change in changes for each in change["before"]} == set(range(10))
    assert {each for change in changes for each in change["after"]} == set(np.unique(after).tolist())


def test_the_report_tells_what_became_of_the_promoted_clusters(refitted: Path) -> None:
    """The second one, whose name had a promoted version."""
    store = Store(str(refitted))
    first, second = (
        store.contents(each.artifacts["page"])["report.html"].decode() for each in registrations(store, NAME)
    )
    assert "Since the promoted version" not in first
    assert f"Since the promoted version {versions(store)[0][:12]}: " in second


def test_the_rule_promotes_a_challenger_that_is_as_good(store: Store) -> None:
    """Names and mergers go over to it; a second time there is nothing to do; a rollback undoes it."""
    first, second = versions(store)
    found = decided(store, Decision.rule)
    assert found.challenge.passes, found.challenge.lines()
    assert [(each.version, each.by) for each in promotions(store, NAME)] == [(first, "first"), (second, "rule")]
    listed = {each.id: each for each in list_clusters(store, NAME)}
    assert listed[3].name == "round ones"
    assert listed[4].rows > 0
    assert sum(each.rows for each in listed.values()) == 1797
    assert not any(each.rows for each in listed.values() if each.counts_as is not None)
    again = decided(store, Decision.rule)
    assert (again.challenge.is_champion, again.promotion) == (True, None)
    assert roll_back(store, NAME).version == first


def test_a_challenger_that_fails_a_condition_stays_one(store: Store) -> None:
    """The reason names the condition; a person may still force it."""
    strict = PromotionSettings(min_agreement=1)
    found = decided(store, Decision.rule, rule=strict)
    assert (found.challenge.reason, found.promotion) == ("the rule says no: agreement", None)
    assert len(promotions(store, NAME)) == 1
    assert decided(store, Decision.force, rule=strict, reason="looks right").promotion.by == "person"
    assert promotions(store, NAME)[-1].reason == "looks right"


def test_a_person_is_asked_and_the_run_goes_on_with_the_answer(store: Store) -> None:
    """The run is suspended with the comparison as its question; each answer is carried out."""
    with get_client(sync_client=True) as client:
        deployment = promote.to_deployment("asked").apply()
        for answer in (False, True):
            parameters = {"name": NAME, "store": store.root, "decision": "person"}
            run = client.create_flow_run_from_deployment(deployment, parameters=parameters)
            with pytest.raises(Pause) as asked:  # which ends the process of a run
                run_flow(promote, run, parameters=parameters)
            state: Any = asked.value.state
            assert (state.name, len(promotions(store, NAME))) == ("Suspended", 1)
            told = client.read_flow_run_input(run.id, state.state_details.run_input_keyset["description"])
            assert "| agreement |" in told
            client.resume_flow_run(run.id, run_input={"promote": answer, "reason": "seen"})
            ended: State[Any] = run_flow(
                promote, client.read_flow_run(run.id), parameters=parameters, return_type="state"
            )
            assert ended.name == "Completed"
    made = promotions(store, NAME)[1:]
    assert [(each.version, each.by, each.reason) for each in made] == [(versions(store)[1], "person", "seen")]


def test_a_run_that_cannot_wait_for_a_person_is_refused(store: Store) -> None:
    """Before anything is compared."""
    with pytest.raises(BadInput, match=r"promote: expected a run of a deployment.*genclust promote NAME --by person"):
        decided(store, Decision.person)
