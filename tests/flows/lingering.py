"""A run that goes on until a file is there: `python -m tests.flows.lingering FILE`."""

import sys
import time
from pathlib import Path

from prefect import flow, tags


@flow
def linger(until: str) -> None:
    """Wait for the file."""
    while not Path(until).exists():
        time.sleep(1)


if __name__ == "__main__":
    with tags("genclust"):
        linger(sys.argv[1])
