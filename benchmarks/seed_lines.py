"""A table of data sets and seeds, on the command line."""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks.sources import DATA


def print_lines(about: str, data: str, header: str, lines: Callable[[str, Path, list[int]], Iterable[str]]) -> None:
    """Print a Markdown table line by line: `lines` is given a data set, the folder of all, and seeds.

    `about` and `data` say in the help what the table is and which data sets there are.
    """
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("data", nargs="*", default=["pendigits", "digits"], help=data)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--data-folder", type=Path, default=DATA)
    told = parser.parse_args()
    print(f"{header}\n{'|---' * (header.count('|') - 1)}|", flush=True)
    for name in told.data:
        for line in lines(name, told.data_folder, told.seeds):
            print(line, flush=True)
