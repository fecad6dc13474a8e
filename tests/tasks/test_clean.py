"""Claims about what `genclust clean` removes, and what it never does."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.checkpoints import StoredCheckpoints
from tasks.clean import attempt_of, find_unneeded, references, remove_unneeded
from tasks.promotions import Promoter, promote_version
from tasks.registry import Registration, add_registration
from tasks.store import Artifact, Attempt, Store

NOW = datetime.now(UTC)


def made(store: Store, key: str, *others: Artifact) -> Artifact:
    """An attempt that also refers to the files of others."""
    with store.attempt("fit", key) as attempt:
        attempt.write_json("model", key)
        for other in others:
            attempt.refer("history", store.files(other))
        return attempt.commit()["model"]


def register(store: Store, run: str, days: float, version: str) -> Artifact:
    """A run that ended some days ago: an artifact of its own, its bundle and its record."""
    artifact = made(store, f"key-of-{run}")
    with store.attempt("models/digits/versions", version) as attempt:
        attempt.write_json("bundle", version)
        attempt.commit()
    registered = (NOW - timedelta(days=days)).isoformat()
    add_registration(
        store,
        Registration(
            name="digits", run_id=run, version=version, registered_at=registered, report="",
            artifacts={"model": artifact}, summary={},
        ),
    )  # fmt: skip
    return artifact


def unfinished(store: Store, key: str) -> Attempt:
    """An attempt that is going on, or whose process was killed."""
    attempt = Attempt(store, f"fit/{key}/{'0' * 12}")
    attempt.write_json("model", key)
    return attempt


def age(store: Store, days: float) -> None:
    """Make all files some days older."""
    for path in Path(store.root).rglob("*"):
        then = path.stat().st_mtime - days * 86400
        os.utime(path, (then, then))


def removable(store: Store, keep_days: float = 30) -> list[str]:
    """Stage and key of what can go."""
    return ["/".join(each.folder.split("/")[:-1]) for each in find_unneeded(store, keep_days, NOW)]


def test_only_what_no_kept_run_refers_to_can_go(store: Store) -> None:
    """Promoted, recent and newest runs keep their artifacts and bundles, the others lose theirs."""
    register(store, "promoted", days=100, version="a")
    promote_version(store, "digits", "a", "promoted", Promoter.first, "")
    register(store, "old", days=99, version="b")
    register(store, "recent", days=10, version="c")
    register(store, "newest", days=5, version="d")
    age(store, 100)
    assert removable(store) == ["fit/key-of-old", "models/digits/versions/b"]
    assert removable(store, keep_days=1) == [
        "fit/key-of-old", "fit/key-of-recent", "models/digits/versions/b", "models/digits/versions/c",
    ]  # fmt: skip
    assert removable(store, keep_days=100) == []


def test_what_a_kept_attempt_refers_to_stays(store: Store) -> None:
    """A model whose files lie in the attempts of its phases."""
    phase, nobodys = made(store, "phase"), made(store, "nobodys")
    model = made(store, "model", phase)
    store.write("models/digits/assigned/000001.json", json.dumps({"made": [model.model_dump()]}).encode())
    age(store, 100)
    assert removable(store) == [nobodys.uri.rsplit("/", 2)[0]]


def test_a_recent_record_of_any_flow_keeps_its_artifacts(store: Store) -> None:
    """A comparison registers nothing, but its record names what it made."""
    artifact = made(store, "compared")
    age(store, 100)
    store.write("runs/some-run.json", json.dumps({"artifacts": {"model": artifact.model_dump()}}).encode())
    age(store, 3)
    assert removable(store) == []
    assert removable(store, keep_days=2) == ["fit/compared"]


def test_what_a_running_attempt_writes_stays(store: Store, tmp_path: Path) -> None:
    """Whatever was asked for; a day later it counts as killed, and a checkpoint when it is no more recent."""
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "weights").write_text("w")
    unfinished(store, "running")
    StoredCheckpoints(store, "training", tmp_path).save(7, str(tmp_path / "saved"))
    made(store, "just-made")
    assert removable(store, keep_days=0) == []
    age(store, 2)
    assert removable(store, keep_days=30) == ["fit/running"]
    assert removable(store, keep_days=0) == ["checkpoints/training/000000007", "fit/just-made", "fit/running"]


def test_half_a_record_that_a_killed_write_left_is_no_record(store: Store) -> None:
    """What is beside the records, in the runs and in a ledger, keeps nothing and stops nothing."""
    kept = register(store, "kept", days=0, version="a")
    for folder in ("runs", "models/digits/edits"):
        store.write(f"{folder}/x.json.0123456789ab.part", b'{"run": ')
    assert removable(store) == []
    assert store.json(kept) == "key-of-kept"


def test_removing_leaves_the_rest_and_no_empty_folder(store: Store) -> None:
    """The kept artifact can be read; the folders of the others are gone."""
    kept = register(store, "kept", days=0, version="a")
    made(store, "old")
    unfinished(store, "dead")
    age(store, 100)
    found = find_unneeded(store, 30, NOW)
    assert sum(each.size for each in found) == len(json.dumps("dead")) + sum(
        entry.size for path, entry in store.listing().items() if path.startswith("fit/old/")
    )
    remove_unneeded(store, found)
    assert store.json(kept) == "key-of-kept"
    assert store.names("fit") == ["key-of-kept"]
    assert find_unneeded(store, 0, NOW + timedelta(days=365)) == []


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("fit/k/0123456789ab/model/a.h5", "fit/k/0123456789ab"),
        ("fit/k/0123456789ab/manifest.json", "fit/k/0123456789ab"),
        ("checkpoints/k/000000100/0123456789ab/checkpoint/a", "checkpoints/k/000000100/0123456789ab"),
        ("models/m/versions/v/0123456789ab/bundle/bundle.json", "models/m/versions/v/0123456789ab"),
        ("models/m/registrations/000001.json", None),
        ("models/m/report.html", None),
        ("runs/0123.json", None),
        ("something/of/somebody/else.json", None),
    ],
)
def test_records_and_files_of_others_are_no_attempts(path: str, folder: str | None) -> None:
    """Nothing is removed that the store didn't write as an attempt."""
    assert attempt_of(path) == folder


def test_references_are_found_however_deep() -> None:
    """In lists and in records of any shape."""
    artifact = {"uri": "a/b/c/d", "kind": "rows", "rows": 1, "sha256": "x"}
    assert list(references({"made": [{"each": artifact}], "uri": "no artifact"})) == ["a/b/c/d"]
