"""Claims about which version of a name counts."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tasks.errors import BadInput
from tasks.promotions import (
    Promoter,
    champion,
    find_champion,
    promote_version,
    promotions,
    roll_back,
    standing_versions,
)
from tasks.store import Store


def test_the_newest_promotion_counts_and_the_earlier_ones_stay(store: Store) -> None:
    """The history of a name is never written over."""
    promote_version(store, "m", "v1", "run-1", Promoter.first, "the first")
    promote_version(store, "m", "v2", "run-2", Promoter.person, "looks right")
    assert champion(store, "m", "assign").version == "v2"
    assert [(each.version, each.by) for each in promotions(store, "m")] == [("v1", "first"), ("v2", "person")]


def test_of_many_promotions_at_once_none_is_lost(store: Store) -> None:
    """Each gets a number of its own."""
    versions = [f"v{i}" for i in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda version: promote_version(store, "m", version, "run", Promoter.rule, ""), versions))
    assert sorted(each.version for each in promotions(store, "m")) == sorted(versions)
    assert store.names("models/m/promotions") == [f"{number:06d}.json" for number in range(1, 17)]


def test_a_name_without_a_promotion_is_refused_with_the_known_ones(store: Store) -> None:
    """Whoever asks is named."""
    store.write("models/other/promotions/000001.json", b"{}")
    assert find_champion(store, "m") is None
    with pytest.raises(BadInput, match=r"assign: expected a promoted model named m .*; found these: other\. Fit it"):
        champion(store, "m", "assign")


def test_each_rollback_goes_one_version_further_back(store: Store) -> None:
    """And not to and fro; what was promoted stays in the history, and the first version is the end."""
    for version in ("v1", "v2", "v2", "v3"):
        promote_version(store, "m", version, f"run-{version}", Promoter.rule, "")
    assert [roll_back(store, "m").version for _ in range(2)] == ["v2", "v1"]
    last = promotions(store, "m")[-1]
    assert (last.by, last.run_id, last.reason) == (Promoter.rollback, "run-v1", "back from v2")
    with pytest.raises(BadInput, match="rollback: expected a version of m before v1; found none"):
        roll_back(store, "m")
    assert len(promotions(store, "m")) == 6


def test_a_rollback_returns_to_what_was_promoted_since(store: Store) -> None:
    """A promotion after a rollback stands on the version that was gone back to."""
    for version in ("v1", "v2"):
        promote_version(store, "m", version, "run", Promoter.rule, "")
    roll_back(store, "m")
    promote_version(store, "m", "v3", "run", Promoter.person, "")
    assert standing_versions(promotions(store, "m")) == ["v1", "v3"]
    assert roll_back(store, "m").version == "v1"
