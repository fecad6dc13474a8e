"""Sources and the store on a real server that speaks S3."""

import json
import logging
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

from models.settings import EncodingSettings, SourceSettings
from tasks.checkpoints import StoredCheckpoints
from tasks.errors import BadInput, Interrupted
from tasks.ingest import ingest_source
from tasks.inspection import Inspection
from tasks.sources import source_files
from tasks.stage import Artifacts
from tasks.store import Artifact, Store

TABLE = pa.table({"row_id": ["a", "b"], "x": [1.0, 2.0]})


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server for all tests of this file, and what a user sets in the environment to reach it."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as environment:
        use_endpoint(environment, f"http://{host}:{port}")
        yield f"http://{host}:{port}"
    S3FileSystem.clear_instance_cache()
    server.stop()


def use_endpoint(environment: pytest.MonkeyPatch, url: str) -> None:
    """Credentials and an address in the environment alone, and no client of before."""
    environment.setenv("AWS_ENDPOINT_URL", url)
    environment.setenv("AWS_ACCESS_KEY_ID", "test")
    environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
    environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
    S3FileSystem.clear_instance_cache()


@pytest.fixture(scope="module")
def client(endpoint: str) -> S3FileSystem:
    """Another machine's client."""
    client = S3FileSystem(skip_instance_cache=True, use_listings_cache=False)
    client.mkdir("bucket")
    return client


@pytest.fixture
def other(client: S3FileSystem) -> S3FileSystem:
    """The client, and an empty bucket."""
    if found := client.find("bucket"):
        client.rm(found)
    return client


@pytest.fixture
def remote(other: S3FileSystem) -> Store:
    """An empty store in the bucket."""
    return Store("s3://bucket/store")


def put_parquet(client: S3FileSystem, path: str, start: int = 0, rows: int = 40) -> None:
    ids = range(start, start + rows)
    table = pa.table({"id": list(ids), "x": [number % 7 for number in ids], "y": [number / 8 for number in ids]})
    with client.open(path, "wb") as file:
        pq.write_table(table, file)


def put_lines(client: S3FileSystem, path: str, start: int = 0, rows: int = 40) -> None:
    lines = [json.dumps({"id": number, "x": number % 7, "y": number / 8}) for number in range(start, start + rows)]
    client.pipe_file(path, "\n".join(lines).encode())


def run(source: str, store: Store) -> tuple[Artifacts, Inspection, bool]:
    return ingest_source(source, SourceSettings(id_column="id"), EncodingSettings(), 2, store)


def downloads(log: pytest.LogCaptureFixture, prefix: str) -> list[str]:
    """Paths under a prefix whose content was asked for, by the server's own log; the log is then empty."""
    lines = [record.getMessage() for record in log.records]
    log.clear()
    return sorted(line.split("GET /")[1].split()[0] for line in lines if f"GET /{prefix}" in line)


# Sources


@pytest.mark.parametrize("source", ["s3://bucket/data", "s3://bucket/data/*.parquet", "s3://bucket/data/[12].*"])
def test_a_folder_and_patterns_are_sources(other: S3FileSystem, remote: Store, source: str) -> None:
    """Files have the same names by each way, their rows go into a store in the same bucket, and once is enough."""
    put_parquet(other, "bucket/data/1.parquet")
    put_parquet(other, "bucket/data/2.parquet", start=40)
    put_parquet(other, "bucket/data/_3.parquet", start=80)
    artifacts, inspection, is_new = run(source, remote)
    assert inspection.files == ("1.parquet", "2.parquet")
    assert sorted(remote.table(artifacts["rows"])["row_id"].to_pylist(), key=int) == [str(id) for id in range(80)]
    assert is_new
    assert run(source, remote) == (artifacts, inspection, False)


def test_json_lines_in_a_bucket_are_a_source(other: S3FileSystem, store: Store) -> None:
    """A pattern leaves other formats out; the store may be anywhere."""
    put_lines(other, "bucket/logs/a.jsonl")
    put_parquet(other, "bucket/logs/b.parquet")
    artifacts, inspection, _ = run("s3://bucket/logs/*.jsonl", store)
    assert inspection.files == ("a.jsonl",)
    assert store.table(artifacts["rows"])["y"].to_pylist()[:3] == [0, 0.125, 0.25]


def test_only_new_and_changed_files_are_downloaded(
    other: S3FileSystem, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """The server's log: both files once, then none, then the new one, then the changed one."""
    caplog.set_level(logging.INFO, "werkzeug")
    put_lines(other, "bucket/data/1.jsonl")
    put_lines(other, "bucket/data/2.jsonl", start=40)
    run("s3://bucket/data", store)
    assert downloads(caplog, "bucket/data/") == ["bucket/data/1.jsonl", "bucket/data/2.jsonl"]
    assert run("s3://bucket/data", store)[2] is False
    assert downloads(caplog, "bucket/data/") == []
    put_lines(other, "bucket/data/3.jsonl", start=80)
    assert run("s3://bucket/data", store)[1].rows == 120
    assert downloads(caplog, "bucket/data/") == ["bucket/data/3.jsonl"]
    put_lines(other, "bucket/data/1.jsonl", rows=30)
    assert run("s3://bucket/data", store)[1].rows == 110
    assert downloads(caplog, "bucket/data/") == ["bucket/data/1.jsonl"]


def test_an_object_that_is_replaced_while_it_is_read_is_noticed(other: S3FileSystem) -> None:
    """Another version with as many bytes, and none at all, are told by name."""
    put_lines(other, "bucket/data/1.jsonl")
    with source_files("s3://bucket/data") as (file,):
        file.check_unchanged()
        put_lines(other, "bucket/data/1.jsonl", start=40, rows=39)
        with pytest.raises(Interrupted, match=r"expected 1.jsonl to stay the same while it is read; found another"):
            file.check_unchanged()
        other.rm("bucket/data/1.jsonl")
        with pytest.raises(Interrupted, match="found no such file any more"):
            file.check_unchanged()


def test_a_pattern_that_nothing_matches_is_refused(other: S3FileSystem, remote: Store) -> None:
    """The error names the pattern."""
    with pytest.raises(BadInput, match=r"expected files at s3://bucket/data/\*\.csv; found none"):
        run("s3://bucket/data/*.csv", remote)


@pytest.mark.parametrize("source", ["s3://no-such-bucket/data", "s3://no-such-bucket/*.csv"])
def test_a_missing_bucket_is_no_source(other: S3FileSystem, remote: Store, source: str) -> None:
    """The user can mend the address; a retry can't."""
    with pytest.raises(BadInput, match="s3://no-such-bucket"):
        run(source, remote)


# The store


def committed(store: Store, key: str = "k") -> dict[str, Artifact]:
    """One whole attempt."""
    with store.attempt("stage", key) as attempt:
        attempt.write_table("rows", TABLE)
        attempt.write_json("about", {"a": 1})
        return attempt.commit()


def test_a_committed_artifact_is_found(remote: Store) -> None:
    """By the client that wrote it and by another one, which had looked before."""
    elsewhere = Store("s3://bucket/store")
    elsewhere.fs = S3FileSystem(skip_instance_cache=True)
    assert elsewhere.find("stage", "k") is None
    artifacts = committed(remote)
    assert elsewhere.find("stage", "k") == remote.find("stage", "k") == artifacts
    assert elsewhere.table(artifacts["rows"]) == TABLE
    assert elsewhere.json(artifacts["about"]) == {"a": 1}


def fail_half_way(store: Store) -> None:
    with store.attempt("stage", "k") as attempt:
        attempt.write_table("rows", TABLE)
        raise RuntimeError


def test_an_attempt_that_fails_leaves_nothing(remote: Store, other: S3FileSystem) -> None:
    """Its objects are gone from the bucket."""
    with pytest.raises(RuntimeError):
        fail_half_way(remote)
    assert remote.find("stage", "k") is None
    assert other.find("bucket") == []


def test_a_lost_object_unmakes_the_artifact(remote: Store, other: S3FileSystem) -> None:
    """Though this client wrote it and had listed it a moment ago."""
    rows = committed(remote)["rows"]
    assert remote.find("stage", "k") is not None
    other.rm(f"bucket/store/{rows.uri}/part-00000.parquet")
    assert remote.find("stage", "k") is None


def test_concurrent_attempts_do_not_mix(remote: Store) -> None:
    """Eight at once: each is whole, all have the same content, and one of them is found."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: committed(remote)["rows"], range(8)))
    assert len({artifact.uri for artifact in made}) == 8
    assert len({artifact.sha256 for artifact in made}) == 1
    found = remote.find("stage", "k")
    assert found is not None
    assert found["rows"] in made


def test_creating_what_exists_is_refused(remote: Store) -> None:
    """Whatever its content, the first one stays; so does an empty one."""
    for path, content in (("models/m/1.json", b"first"), ("models/m/2.json", b"")):
        remote.create(path, content)
        with pytest.raises(FileExistsError):
            remote.create(path, b"second")
        assert remote.read(path) == content


def test_one_of_many_creators_wins(remote: Store) -> None:
    """Twelve create the same object at once: one succeeds, and its content stays."""

    def create(number: int) -> int | None:
        try:
            remote.create("models/m/1.json", str(number).encode())
        except FileExistsError:
            return None
        return number

    with ThreadPoolExecutor(12) as pool:
        winners = [number for number in pool.map(create, range(12)) if number is not None]
    assert len(winners) == 1
    assert remote.read("models/m/1.json") == str(winners[0]).encode()


def test_names_are_those_of_now(remote: Store, other: S3FileSystem) -> None:
    """What was written and removed since the last look counts, whoever did it."""
    assert remote.names("models") == []
    remote.write("models/a/1.json", b"{}")
    assert remote.names("models") == ["a"]
    other.pipe_file("bucket/store/models/b/1.json", b"{}")
    assert remote.names("models") == ["a", "b"]
    other.rm("bucket/store/models/a", recursive=True)
    assert remote.names("models") == ["b"]
    remote.remove("models/b")
    remote.remove("models/b")
    assert remote.names("models") == []


def test_checkpoints_are_kept_in_a_bucket(remote: Store, tmp_path: Path) -> None:
    """The newest one comes back, older ones go, and clearing leaves none."""
    (tmp_path / "saved").mkdir()
    checkpoints = StoredCheckpoints(remote, "phase", tmp_path)
    for step in (100, 200):
        (tmp_path / "saved" / "weights").write_text(str(step))
        checkpoints.save(step, str(tmp_path / "saved"))
    found = checkpoints.latest()
    assert found is not None
    assert (Path(found) / "weights").read_text() == "200"
    assert remote.names("checkpoints/phase") == ["000000200"]
    checkpoints.clear()
    assert checkpoints.latest() is None


def test_a_missing_bucket_is_not_made(other: S3FileSystem) -> None:
    """A mistyped name is refused."""
    with pytest.raises(BadInput, match="expected a folder that can be written at s3://no-such-bucket/store"):
        Store("s3://no-such-bucket/store").write("file", b"")
    assert not other.exists("no-such-bucket")


# Connections


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def test_a_server_that_is_down_may_come_back(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    """Source and store raise what is retried, and name the address."""
    use_endpoint(monkeypatch, f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(Interrupted, match=r"s3://bucket/data.*Run it again when storage and network work"):
        run("s3://bucket/data", store)
    with pytest.raises(Interrupted, match=r"s3://bucket/store.*Run it again when storage and network work"):
        Store("s3://bucket/store").write("file", b"")
    with pytest.raises(Interrupted, match="s3://bucket/store"):
        Store("s3://bucket/store").find("stage", "k")


def test_missing_credentials_are_the_users_to_mend(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Store
) -> None:
    """Source and store say so."""
    use_endpoint(monkeypatch, endpoint)
    for name in [name for name in os.environ if name.startswith("AWS_") and "KEY" in name]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(BadInput, match="credentials"):
        run("s3://bucket/data", store)
    with pytest.raises(BadInput, match="credentials"):
        Store("s3://bucket/store").write("file", b"")
