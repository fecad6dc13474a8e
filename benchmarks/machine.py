"""When, where and by which code something was measured."""

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from tasks.code import ROOT


def surroundings() -> dict[str, Any]:
    """Date, version of the code, machine and how busy it is."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        "version": version(),
        "cpu": cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "gpu": gpu_name(),
        "load": round(os.getloadavg()[0], 2),
    }


def version() -> str:
    """The commit, and whether the program differs from it."""
    commit = output("git", "-C", str(ROOT), "describe", "--always", "--abbrev=10")
    changed = output("git", "-C", str(ROOT), "status", "--porcelain", "--", "flows", "tasks", "models")
    return (commit or "unknown") + ("-dirty" if changed else "")


def cpu_name() -> str:
    """As the machine calls it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def gpu_name() -> str | None:
    """Of the first GPU, if there is one."""
    return output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader").partition("\n")[0] or None


def output(*words: str) -> str:
    """What a command says; nothing if it isn't there or fails."""
    if not shutil.which(words[0]):
        return ""
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()
