"""One `genclust` command as a user would run it, with its time and its memory."""

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import psutil

from benchmarks.memory import stage_times
from models.model_settings import model_settings
from tasks.code import ROOT
from tasks.model import ModelSpec
from tasks.registry import Registration
from tasks.store import Store

EVERY = 1.0  # seconds between two looks at the memory; more of them would slow down what is measured
LAST_WORDS = 3000  # characters of a failed command's log that are shown


@dataclass(frozen=True)
class Run:
    """What a command took.

    Attributes:
        seconds: from its call to its end.
        peak_mib: the most that it and all processes under it had at once, shared memory counted once (PSS).
        stages: seconds of each stage of the flow, and of the `start` before the first.
    """

    seconds: float
    peak_mib: float
    stages: dict[str, float]


def run_genclust(arguments: list[str], folder: Path) -> Run:
    """Run it to its end with a Prefect home and a log of its own in `folder`.

    Raises:
        RuntimeError: it failed, with the end of its log.
    """
    home, log = folder / "prefect", folder / "log.txt"
    environment = os.environ | {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300",
        "PYTHONPATH": str(ROOT),
    }
    words = [sys.executable, "-c", "from flows.cli import main; main()", *arguments]
    with log.open("w") as out:
        began, started = datetime.now(UTC).timestamp(), perf_counter()
        child = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, env=environment, cwd=folder)
        peak = watch(child)
        seconds = perf_counter() - started
    if child.returncode:
        raise RuntimeError(f"genclust {' '.join(arguments)} failed\n{log.read_text()[-LAST_WORDS:]}")
    spans = stage_times(home)
    stages = {stage: end - start for stage, (start, end) in sorted(spans.items(), key=lambda item: item[1])}
    return Run(seconds, peak, {"start": min(start for start, _ in spans.values()) - began} | stages)


def watch(child: subprocess.Popen[bytes]) -> float:
    """Wait for the end of a process; gives its peak memory in MiB."""
    peak = 0.0
    while True:
        try:
            child.wait(EVERY)
        except subprocess.TimeoutExpired:
            peak = max(peak, tree_memory(child.pid))
        else:
            return peak


def tree_memory(pid: int) -> float:
    """MiB of a process and all under it."""
    total = 0.0
    try:
        root = psutil.Process(pid)
        processes = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return total
    for process in processes:
        try:
            total += process.memory_full_info().pss / 2**20
        except psutil.Error:
            continue  # it has just ended
    return total


def phase_seconds(store: Store, registration: Registration, fit_seconds: float) -> dict[str, float]:
    """Seconds of each phase of training, by the times at which the phases were kept; the first has TensorFlow's start.

    Of a store on this machine with a single fit in it.
    """
    spec = ModelSpec.model_validate_json(store.contents(registration.artifacts["model"])["model.json"])
    phases = model_settings(spec.model, spec.settings).phases
    ends = sorted(path.stat().st_mtime for path in Path(store.root).glob("phase/*/*/manifest.json"))
    starts = [ends[-1] - fit_seconds, *ends[:-1]]
    return {phase: end - start for phase, start, end in zip(phases, starts, ends, strict=True)}


def parse_with_options(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The command line; what follows -- is `options`, to be told to every fit."""
    words, options = sys.argv[1:], []
    if "--" in words:
        cut = words.index("--")
        words, options = words[:cut], words[cut + 1 :]
    return parser.parse_args(words, argparse.Namespace(options=options))
