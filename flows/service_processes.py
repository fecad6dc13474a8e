"""The processes of the service: started in sessions of their own, watched, and ended, with all that they started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

PATIENCE = 30  # seconds between the request to end and the order
PAUSE = 5  # seconds before a process that ended by itself is started again


class Processes:
    """Commands of Prefect's, by name; their output goes to a file each."""

    def __init__(self, logs: Path, environment: dict[str, str]) -> None:
        self.logs, self.environment = logs, environment
        self._words: dict[str, tuple[str, ...]] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *words: str) -> None:
        """Start `prefect WORDS`."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "prefect", *words],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C reaches us alone: what ends first is ours to say
            )
        self._words[name] = words

    def log(self, name: str) -> Path:
        """Where the output of a process is."""
        return self.logs / f"{name}.log"

    def has_ended(self, name: str) -> bool:
        """Whether a process that was started is gone."""
        return self._running[name].poll() is not None

    def restart_ended(self) -> Iterable[str]:
        """Start again what ended by itself; gives a line for each."""
        for name, process in list(self._running.items()):
            if process.poll() is not None:
                yield f"{name} ended with status {process.returncode} and is started again; see {self.log(name)}"
                time.sleep(PAUSE)
                self.start(name, *self._words[name])

    def stop(self) -> None:
        """End all of them, the last one first."""
        for name in reversed(list(self._running)):
            process = self._running.pop(name)
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _end_group(process.pid)

    def __bool__(self) -> bool:
        return bool(self._running)


def _end_group(group: int) -> None:
    """End what a process left behind in its session."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
