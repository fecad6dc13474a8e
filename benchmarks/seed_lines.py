"""A table with a line for each data set and seed, on the command line."""

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks.sources import DATA


def print_lines(about: str, data: str, header: str, line: Callable[[str, Path, int], str]) -> None:
    """Print a Markdown table line by line: `line` is given a data set, the folder of all, and a seed.

    `about` and `data` say in the help what the table is and which data sets there are.
    """
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("data", nargs="*", default=["pendigits", "digits"], help=data)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--data-folder", type=Path, default=DATA)
    told = parser.parse_args()
    print(f"{header}\n{'|---' * (header.count('|') - 1)}|", flush=True)
    for name in told.data:
        for seed in told.seeds:
            print(line(name, told.data_folder, seed), flush=True)
