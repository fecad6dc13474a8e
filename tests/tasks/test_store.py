"""Claims about the store."""

import errno
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tasks.errors import BadInput
from tasks.store import Artifact, Store

TABLE = pa.table({"row_id": ["a", "b", "c"], "x": [1.0, 2.0, 3.0]})


def committed(store: Store, key: str = "k") -> dict[str, Artifact]:
    """One whole attempt with a table in two parts."""
    with store.attempt("stage", key) as attempt:
        attempt.write_table("rows", TABLE)
        attempt.write_table("rows", TABLE)
        return attempt.commit()


def test_a_committed_artifact_is_found_and_read_back(tmp_path: Path) -> None:
    """What was written is what is read, in its order."""
    store = Store(str(tmp_path))
    artifact = committed(store)["rows"]
    assert store.find("stage", "k") == {"rows": artifact}
    assert artifact.rows == 6
    assert store.table(artifact) == pa.concat_tables([TABLE, TABLE])


def test_a_store_can_be_moved(tmp_path: Path) -> None:
    """References hold where the folder lies now, not where it lay."""
    artifact = committed(Store(str(tmp_path / "here")))["rows"]
    (tmp_path / "here").rename(tmp_path / "there")
    assert Store(str(tmp_path / "there")).table(artifact).num_rows == 6


def test_an_artifact_is_json(tmp_path: Path) -> None:
    """References travel between tasks as JSON."""
    artifact = committed(Store(str(tmp_path)))["rows"]
    assert Artifact.model_validate_json(artifact.model_dump_json()) == artifact


def test_the_digest_is_of_the_content(tmp_path: Path) -> None:
    """Two attempts at the same thing give the same digest, so what follows need not be done again."""
    store = Store(str(tmp_path))
    assert committed(store, "one")["rows"].sha256 == committed(store, "two")["rows"].sha256


def fail_half_way(store: Store) -> None:
    """An attempt that writes a part and raises."""
    with store.attempt("stage", "k") as attempt:
        attempt.write_table("rows", TABLE)
        raise RuntimeError


def test_an_attempt_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """Half-written artifacts neither count nor stay."""
    store = Store(str(tmp_path))
    with pytest.raises(RuntimeError):
        fail_half_way(store)
    assert store.find("stage", "k") is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_attempt_that_was_killed_does_not_count(tmp_path: Path) -> None:
    """Files without a manifest don't exist, and a later attempt doesn't read them."""
    store = Store(str(tmp_path))
    killed = tmp_path / "stage" / "k" / "dead" / "rows"
    killed.mkdir(parents=True)
    (killed / "part-00000.parquet").write_bytes(b"half")
    assert store.find("stage", "k") is None
    assert store.table(committed(store)["rows"]).num_rows == 6


def test_a_lost_file_unmakes_the_artifact(tmp_path: Path) -> None:
    """A stage whose files were deleted runs again."""
    store = Store(str(tmp_path))
    committed(store)
    next(tmp_path.rglob("part-00001.parquet")).unlink()
    assert store.find("stage", "k") is None


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    """Every read checks the digest."""
    store = Store(str(tmp_path))
    artifact = committed(store)["rows"]
    path = next(tmp_path.rglob("part-00000.parquet"))
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInput, match="The file was changed or damaged"):
        store.table(artifact)


def test_arrays_round_trip_and_give_the_same_bytes(tmp_path: Path) -> None:
    """npz without objects; the same arrays have the same digest."""
    store = Store(str(tmp_path))
    arrays = {"a": np.arange(3), "b": np.array(2.5)}
    made = []
    for key in ("one", "two"):
        with store.attempt("stage", key) as attempt:
            attempt.write_arrays("arrays", arrays)
            made.append(attempt.commit()["arrays"])
    assert made[0].sha256 == made[1].sha256
    assert {name: value.tolist() for name, value in store.arrays(made[0]).items()} == {
        "a": [0, 1, 2],
        "b": 2.5,
    }


def test_files_that_lie_elsewhere_can_be_part_of_an_artifact(tmp_path: Path) -> None:
    """Ingest refers to the files that it read before, without a copy."""
    store = Store(str(tmp_path))
    first = committed(store)["rows"]
    with store.attempt("whole", "k") as attempt:
        attempt.refer("rows", store.files(first))
        whole = attempt.commit()["rows"]
    assert store.table(whole) == store.table(first)
    assert len(list(tmp_path.rglob("*.parquet"))) == 2


def test_keys_depend_on_every_part(tmp_path: Path) -> None:
    """Another setting, input or code is another key; the order of names is not."""
    store = Store(str(tmp_path))
    assert store.key("s", a=1, b=2) == store.key("s", b=2, a=1)
    assert len({store.key("s", a=1), store.key("s", a=2), store.key("t", a=1)}) == 3


def test_creating_what_exists_is_refused(tmp_path: Path) -> None:
    """Two registrations at once can't take the same number."""
    store = Store(str(tmp_path))
    store.create("models/m/registrations/000001.json", b"{}")
    with pytest.raises(FileExistsError):
        store.create("models/m/registrations/000001.json", b"[]")
    assert json.loads(store.read("models/m/registrations/000001.json")) == {}


def test_a_write_that_breaks_off_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk makes no half of a record, which others couldn't read."""
    store = Store(str(tmp_path))
    store.write("runs/a.json", b"{}")

    def fill_disk(path: str, content: bytes, mode: str) -> None:
        Path(path).write_bytes(content[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store.fs, "pipe_file", fill_disk)
    with pytest.raises(OSError, match="No space left"):
        store.write("runs/a.json", b'{"run": 1}')
    assert store.read("runs/a.json") == b"{}"
    assert store.names("runs") == ["a.json"]


@pytest.mark.parametrize("put", [Store.write, Store.create])
def test_a_store_that_is_a_file_is_refused(tmp_path: Path, put: Callable[[Store, str, bytes], None]) -> None:
    """The error names the store and the remedy."""
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=r"store: expected a folder that can be written at .*file"):
        put(Store(str(tmp_path / "file")), "file", b"")


def test_a_store_that_nobody_may_write_is_refused() -> None:
    """The error names the remedy; /sys refuses root too."""
    with pytest.raises(BadInput, match="Name another --store, or grant access"):
        Store("/sys/genclust").write("file", b"")


def test_the_store_works_on_any_file_system_that_fsspec_opens() -> None:
    """The same calls on an object store in memory."""
    store = Store("memory://bucket/store")
    artifact = committed(store)["rows"]
    assert store.find("stage", "k") == {"rows": artifact}
    assert store.table(artifact).num_rows == 6
