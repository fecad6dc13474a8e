"""The parent's side of the child process that holds TensorFlow.

Requests go to the child as JSON lines on its stdin; progress and replies come back as JSON lines on its
stdout; arrays pass through npz files in a scratch folder. The child ends when its stdin closes, so it can't outlive
whoever started it.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tasks.errors import BadInput, Interrupted, StageError

ROOT = Path(__file__).resolve().parent.parent
ANSWERS_ONLY = "--answers-only"
KINDS: dict[str, type[StageError]] = {kind.__name__: kind for kind in (StageError, BadInput, Interrupted)}
Progress = Callable[[dict[str, Any]], None]
UNLESS_TOLD = {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}  # a training and an assignment share a GPU's memory


class ModelProcess:
    """Starts the child when it is first asked something, and again after it died.

    A child that trains nothing answers faster if it is told so.
    """

    def __init__(self, *, trains: bool = True) -> None:
        self._words = [] if trains else [ANSWERS_ONLY]
        self._child: subprocess.Popen[str] | None = None
        self._stopped = False
        self._lock = threading.RLock()
        self._folder = tempfile.TemporaryDirectory(prefix="genclust-")
        self.scratch = Path(self._folder.name)

    def __enter__(self) -> "ModelProcess":
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()
        remove_in_use(self.scratch)
        self._folder.cleanup()

    def ask(
        self, do: str, *, progress: Progress | None = None, timeout: float | None = None, **arguments: Any
    ) -> dict[str, Any]:
        """Send a request and wait for its reply.

        Raises:
            Interrupted: the child was killed or died; asking again starts a new one.
            StageError: it failed, took longer than `timeout` seconds and was killed, or is stopped for good.
        """
        with self._lock:
            self._refuse_if_stopped()
            child = self._running()
            self._refuse_if_stopped()  # who stopped it meanwhile may not have seen this child, and waits for the lock
            timer = threading.Timer(timeout or threading.TIMEOUT_MAX, child.kill)
            timer.daemon = True
            timer.start()
            try:
                return self._converse(child, {"do": do, **arguments}, progress)
            except BaseException:
                if timeout and timer.finished.is_set():
                    raise self._too_long(do, timeout) from None
                raise
            finally:
                timer.cancel()

    def arrays(self, do: str, inputs: dict[str, np.ndarray], **arguments: Any) -> dict[str, np.ndarray]:
        """A request whose arguments and answer are arrays."""
        asked, answered = self.scratch / "asked.npz", self.scratch / "answered.npz"
        np.savez(asked, allow_pickle=False, **inputs)
        self.ask(do, inputs=str(asked), outputs=str(answered), **arguments)
        with np.load(answered, allow_pickle=False) as found:
            return dict(found)

    def stop(self) -> None:
        """End the child for good; who waits for its answer is told that it died, who asks again is refused."""
        self._stopped = True
        if child := self._child:
            child.kill()
        with self._lock:
            self._let_go()

    def _refuse_if_stopped(self) -> None:
        if self._stopped:
            remedy = "Run it again: it goes on from the last checkpoint."
            raise StageError(
                "training process", "a request of a run that goes on", "one of a run that was ended", remedy
            )

    def _let_go(self) -> None:
        """Reap the child and close what led to it."""
        if child := self._child:
            self._child = None
            child.kill()
            assert child.stdin is not None
            assert child.stdout is not None
            with contextlib.suppress(BrokenPipeError):
                child.stdin.close()
            child.stdout.close()
            self._errors.close()
            child.wait()

    def _running(self) -> subprocess.Popen[str]:
        if self._child is None or self._child.poll() is not None:
            self._let_go()
            self._errors = (self.scratch / "stderr.txt").open("w+b")
            self._child = subprocess.Popen(
                [sys.executable, "-m", "tasks.worker", str(self.scratch), *self._words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                cwd=Path.cwd(),
                env=self._environment(),
            )
        return self._child

    def _environment(self) -> dict[str, str]:
        """The parent's, with what TensorFlow must know; its temporary files are ours to remove."""
        told = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": _python_path(), "TMPDIR": str(self.scratch)}
        return {**UNLESS_TOLD, **os.environ, **told}

    def _converse(
        self, child: subprocess.Popen[str], request: dict[str, Any], progress: Progress | None
    ) -> dict[str, Any]:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(json.dumps(request) + "\n")
            child.stdin.flush()
        except BrokenPipeError:
            raise self._died(child) from None
        try:
            for line in child.stdout:
                message = json.loads(line)
                match message.pop("event"):
                    case "progress" if progress:
                        progress(message)
                    case "reply":
                        return message
                    case "error":
                        raise _error(message)
        except StageError:
            raise
        except BaseException:  # nobody hears the answer: the next request mustn't get it
            self._let_go()
            raise
        raise self._died(child)

    def _died(self, child: subprocess.Popen[str]) -> Interrupted:
        code, memory = _reap(child)
        found = f"exit status {code}"
        if code < 0:
            name = signal.Signals(-code).name
            cause = ", likely out of memory" if -code == signal.SIGKILL else ""
            found = f"it was ended by {name}{cause}" + (f"; it had used up to {memory:.1f} GiB" if memory else "")
        self._errors.seek(0)
        last_words = self._errors.read().decode(errors="replace")[-2000:].strip()
        return Interrupted(
            "training process",
            "an answer",
            found + (f"\n{last_words}" if last_words and code >= 0 else ""),
            "A retry goes on from the last checkpoint; if it happens again, give it more memory or smaller settings.",
        )

    def _too_long(self, do: str, timeout: float) -> StageError:
        return StageError(
            "training process",
            f"an answer to {do} within {timeout / 60:.0f} minutes",
            "none; the process was stopped",
            "Raise training.timeout_minutes, or lower the model's steps; the next run goes on from the checkpoint.",
        )


def remove_in_use(folder: Path) -> None:
    """Remove a folder while another thread writes files into it: under another name it gets no new ones."""
    gone = folder.with_name(f"{folder.name}.gone")
    with contextlib.suppress(FileNotFoundError):
        folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _reap(child: subprocess.Popen[str]) -> tuple[int, float | None]:
    """Exit status of an ending child, and its peak memory in GiB, None where somebody else asked for the status."""
    try:
        _, status, used = os.wait4(child.pid, 0)
    except ChildProcessError:
        return child.wait(), None
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, used.ru_maxrss / 2**20


def _error(message: dict[str, Any]) -> StageError:
    if kind := KINDS.get(message.get("kind", "")):
        return kind(*message["words"])
    return StageError("training process", "a reply", message["traceback"], "This is a bug: please report it.")


def _python_path() -> str:
    return os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
