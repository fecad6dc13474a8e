"""Claims about a challenger and the champion."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from prefect.logging import disable_run_logger

from flows.commands_promotion import challenge_lines
from models.promotion_rule import Criterion
from models.settings import PromotionSettings
from tasks.bundle import write_bundle
from tasks.challenge import refuse_stale_ids, unseen_rows
from tasks.challenge_result import ChallengeResult
from tasks.errors import BadInput
from tasks.promote import promote_challenger
from tasks.promotions import Promoter, promote_version, promotions
from tasks.registry import Registration
from tasks.store import Store
from tests.conftest import Fitted


def registered(store: Store, ids: list[int], predecessor: str | None, next_id: int) -> Registration:
    """A version whose components have these ids, made when `predecessor` was promoted."""
    with store.attempt("parts", f"{ids}{predecessor}") as attempt:
        for part in ("model", "encoding", "calibration", "partition"):
            attempt.write_json(part, predecessor)
        attempt.write_json("identities", {"cluster_ids": ids})
        bundle = write_bundle(store, "m", attempt.commit(), {})
    lineage = {"predecessor": predecessor, "next_id": next_id}
    facts: dict[str, Any] = {"name": "m", "run_id": "r", "registered_at": "2026-01-01", "report": "", "artifacts": {}}
    version = store.json(bundle["bundle"])["version"]
    return Registration(**facts, version=version, summary={"lineage": lineage})


def promoted(store: Store, registration: Registration) -> str:
    """Its version, promoted."""
    return promote_version(store, "m", registration.version, "r", Promoter.rule, "").version


def test_ids_that_follow_the_promoted_version_are_accepted(store: Store) -> None:
    """With new clusters and without; a version that was promoted before is, too."""
    first = promoted(store, registered(store, [0, 1], None, 0))
    challengers = [registered(store, ids, first, 2) for ids in ([1, 2], [1, 0])]
    for each in challengers:
        refuse_stale_ids(store, "m", first, each)
    second = promoted(store, challengers[0])
    refuse_stale_ids(store, "m", second, registered(store, [0, 1], None, 0))


def test_ids_that_follow_another_version_are_refused(store: Store) -> None:
    """They could mean other groups; what to do costs little."""
    first = promoted(store, registered(store, [0, 1], None, 0))
    late = registered(store, [1, 0, 2], first, 2)
    second = promoted(store, registered(store, [0, 2], first, 2))
    with pytest.raises(BadInput, match=rf"promote: .* follow the promoted version {second[:12]}; .* Fit it again"):
        refuse_stale_ids(store, "m", second, late)
    with pytest.raises(BadInput, match=r"made when none was promoted"):
        refuse_stale_ids(store, "m", second, registered(store, [0, 1, 2], None, 0))


def test_new_ids_that_another_version_took_meanwhile_are_refused(store: Store) -> None:
    """Even if that version was rolled back: people know its clusters by these ids."""
    first = promoted(store, registered(store, [0, 1], None, 0))
    late = registered(store, [1, 0, 2], first, 2)
    promoted(store, registered(store, [0, 2], first, 2))
    promote_version(store, "m", first, "r", Promoter.rollback, "")
    with pytest.raises(BadInput, match="Fit it again"):
        refuse_stale_ids(store, "m", first, late)
    refuse_stale_ids(store, "m", first, registered(store, [1, 0], first, 2))


def test_rows_of_both_periods_are_test_rows_and_come_once(fitted: Fitted) -> None:
    """Of the same source only the later period is left; the limit holds for each."""
    facts: dict[str, Any] = {"name": "m", "run_id": "r", "version": "v", "registered_at": "", "report": ""}
    one = Registration(**facts, artifacts=fitted.artifacts, summary={})
    earlier, later = unseen_rows(fitted.store, [one, one], 5000)
    assert (len(earlier), len(later)) == (0, 151)
    assert set(later["split"].to_pylist()) == {"test"}
    assert len(unseen_rows(fitted.store, [one, one], 100)[1]) == 100
    assert PromotionSettings().max_rows == 1000


def test_of_many_that_beat_the_same_champion_at_once_one_takes_its_place(store: Store) -> None:
    """The others were never compared with that one, and are refused; who is asked again says the same."""
    promote_version(store, "m", "v0", "r", Promoter.first, "")

    def attempt(version: str) -> str:
        facts: dict[str, Any] = {"name": "m", "champion": "v0", "run_id": "r", "criteria": (), "reason": ""}
        try:
            found = ChallengeResult(**facts, challenger=version)
            return promote_challenger.fn(found, Promoter.rule, "", store.root).version
        except BadInput as refused:
            return str(refused)

    versions = [f"v{i}" for i in range(1, 9)]
    with disable_run_logger(), ThreadPoolExecutor(8) as pool:
        said = list(pool.map(attempt, versions))
        (made,) = set(said) & set(versions)
        words = f"promote: expected version v0 of m, with which {{}} was compared, to be the promoted one; found {made}"
        assert [each.startswith(words.format(v)) for v, each in zip(versions, said, strict=True)] == [
            version != made for version in versions
        ]
        assert list(pool.map(attempt, versions)) == said
    assert [each.version for each in promotions(store, "m")] == ["v0", made]


def test_a_comparison_is_printed_with_what_came_of_it() -> None:
    """A line for each condition, and who is promoted now."""
    criterion = Criterion("agreement", None, 0.8489, "at least 0.500", True)
    found = ChallengeResult(
        name="m", champion="a" * 24, challenger="b" * 24, run_id="r", criteria=(criterion,), reason="all hold"
    )
    assert found.passes
    assert list(challenge_lines(found, True)) == [
        "condition                    champion challenger  needed          holds",
        "agreement                                 0.8489  at least 0.500  yes",
        "m: bbbbbbbbbbbb against aaaaaaaaaaaa: all hold; bbbbbbbbbbbb is promoted",
    ]
