"""Claims about the child process that holds TensorFlow."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from models.blocks import GROUP, PREDICTION_ROWS
from tasks.errors import Interrupted, StageError
from tasks.loading import load_split
from tasks.model import FittedModel, ModelSpec
from tasks.process import ROOT, ModelProcess
from tests.conftest import Fitted

SPEC = ModelSpec(model="gan", settings={"steps": 1_000_000}, width=4, image=False, clusters=0, seed=0)


def train(process: ModelProcess, store: Path, **options: Any) -> dict[str, Any]:
    """A training that takes hours if nobody stops it."""
    inputs, weights = process.scratch / "training.npz", process.scratch / "weights"
    weights.mkdir(exist_ok=True)
    np.savez(inputs, train=np.zeros((100, 4), np.float32), validation=np.zeros((20, 4), np.float32))
    return process.ask(
        "train", spec=SPEC.model_dump(mode="json"), phase="adversarial", weights=str(weights), inputs=str(inputs),
        training={"check_every": 100}, seed=0, store=str(store), checkpoints="k", **options,
    )  # fmt: skip


def is_of(folder: Path, error: Exception) -> bool:
    """Whether a file of the folder was not as expected: removed, or on the way to it."""
    return isinstance(error, FileNotFoundError | FileExistsError) and str(error.filename).startswith(str(folder))


def child_pid(process: ModelProcess) -> int:
    """The running child's process id."""
    assert process._child is not None
    return process._child.pid


def test_a_killed_child_is_named_and_the_next_request_starts_another(tmp_path: Path) -> None:
    """The error names the signal and the likely cause, and is one that may pass."""
    with ModelProcess() as process:
        kill = lambda message: os.kill(child_pid(process), signal.SIGKILL)  # noqa: E731
        with pytest.raises(Interrupted, match=r"ended by SIGKILL, likely out of memory; it had used up to .* GiB"):
            train(process, tmp_path, progress=kill)
        first = child_pid(process)
        with pytest.raises(StageError, match="unknown request nothing"):
            process.ask("nothing")
        assert child_pid(process) != first


def test_a_request_that_takes_too_long_ends_the_child(tmp_path: Path) -> None:
    """A long call inside a library can't be interrupted; a process can."""
    with ModelProcess() as process:
        with pytest.raises(StageError, match=r"expected an answer to train within 0 minutes.*Raise training\.timeout"):
            train(process, tmp_path, timeout=1.0)
        assert not psutil.pid_exists(child_pid(process))


def test_a_request_that_nobody_waits_for_any_more_leaves_no_answer_to_the_next(tmp_path: Path) -> None:
    """The child is ended amid its work, as when a run is cancelled."""

    def stop_waiting(message: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    with ModelProcess() as process:
        with pytest.raises(KeyboardInterrupt):
            train(process, tmp_path, progress=stop_waiting)
        with pytest.raises(StageError, match="unknown request nothing"):
            process.ask("nothing")


def test_a_child_that_is_gone_leaves_no_open_file(tmp_path: Path) -> None:
    """A worker's process starts many."""
    count = lambda: len(os.listdir("/proc/self/fd"))  # noqa: E731
    before = count()
    with ModelProcess() as process:
        for _ in range(2):
            with pytest.raises(StageError, match="unknown request"):
                process.ask("nothing")
            assert process._child is not None
            process._child.kill()
            process._child.wait()
    assert count() == before


def test_the_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    """Nobody is left behind to hold the GPU, and no scratch folder either, though the child is amid its work."""
    code = (
        "import sys, pathlib; sys.path.insert(0, '.');"
        "from tests.tasks.test_process import *; process = ModelProcess();"
        "show = lambda message: print(child_pid(process), process.scratch, flush=True);"
        "[(process.scratch / f'{i}.txt').touch() for i in range(20_000)];"  # they take a while to remove
        f"train(process, pathlib.Path({str(tmp_path)!r}), progress=show)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid, scratch = parent.stdout.readline().split()
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 120
    while psutil.pid_exists(int(pid)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not psutil.pid_exists(int(pid))
    assert list(Path(scratch).parent.glob(f"{Path(scratch).name}*")) == []


def test_a_folder_that_is_written_to_is_removed() -> None:
    """A stage that is cancelled tries again while the run ends, and a training saves while its listener cleans up."""

    def write() -> None:
        with contextlib.suppress(FileNotFoundError):
            for i in range(100_000):
                (folder / str(i)).touch()

    with ModelProcess() as process:
        folder = process.scratch
        writer = threading.Thread(target=write)
        writer.start()
        while not (folder / "5000").exists():
            time.sleep(0.01)
    writer.join()
    assert list(folder.parent.glob(f"{folder.name}*")) == []


def test_stopping_ends_the_child_and_removes_its_folder() -> None:
    """A cancelled run leaves neither a process nor a temporary file."""
    with ModelProcess() as process:
        with pytest.raises(StageError):
            process.ask("nothing")
        pid, scratch = child_pid(process), process.scratch
    assert not psutil.pid_exists(pid)
    assert not scratch.exists()


def test_who_retries_while_the_run_ends_starts_no_other_child(tmp_path: Path) -> None:
    """A task that is cancelled hears that its child died, tries again, and must not write where all is removed."""
    training = threading.Event()

    def retry() -> StageError | OSError:
        while True:
            try:
                train(process, tmp_path, progress=lambda _: training.set())
            except Interrupted:
                continue
            except (StageError, OSError) as error:
                return error

    with ThreadPoolExecutor(1) as pool:
        with ModelProcess() as process:
            refused = pool.submit(retry)
            assert training.wait(900)
        error = refused.result(900)
        assert "found one of a run that was ended" in str(error) or is_of(process.scratch, error)  # what it meets first
        assert process._child is None
        assert not process.scratch.exists()


def test_an_answer_by_itself_is_the_one_among_all(fitted: Fitted) -> None:
    """Who needs scores alone doesn't pay for the rest, and gets the same bits."""
    x = load_split(fitted.store, fitted.artifacts["vectors"], "test", 300, seed=0)
    every = fitted.model.infer(x)
    scores, embedding = fitted.model.infer(x, "scores"), fitted.model.infer(x, "embedding")
    assert sorted(scores) == ["logit", "typicality"]
    assert sorted(embedding) == ["embedding"]
    assert all((found == every[name]).all() for name, found in (scores | embedding).items())


def test_a_child_that_trains_nothing_gives_the_same_answers(fitted: Fitted) -> None:
    """It works on groups of blocks side by side; what a row gets depends neither on them nor on its place."""
    x = load_split(fitted.store, fitted.artifacts["vectors"], "train", 1000, seed=0)
    many = np.resize(x, (3 * GROUP * PREDICTION_ROWS + 100, x.shape[1]))
    expected = fitted.model.infer(x)
    with ModelProcess(trains=False) as process:
        found = FittedModel(fitted.store, fitted.artifacts["model"], process).infer(many)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name][: len(x)], values, rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(found[name], found[name][np.arange(len(many)) % len(x)])


def test_the_child_takes_of_a_gpu_what_it_needs(process: ModelProcess) -> None:
    """A whole GPU taken by a training would leave nothing to an assignment."""
    process.ask("load", spec=SPEC.model_dump(mode="json"), weights=str(process.scratch))
    assert psutil.Process(child_pid(process)).environ()["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


def test_temporary_files_of_a_killed_child_end_with_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a checkpoint that is being written; TensorFlow compiles without writing Python of its own."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("TMPDIR", str(temporary))
    with ModelProcess() as process:
        with pytest.raises(Interrupted):
            train(process, tmp_path / "store", progress=lambda _: os.kill(child_pid(process), signal.SIGKILL))
        assert list(process.scratch.glob("__autograph*")) == []
    assert list(temporary.iterdir()) == []
