"""Rows of figures kept as JSON lines: a row that is there needn't be measured again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def read_rows(path: Path, key: Callable[[Row], object]) -> list[Row]:
    """The rows of a file, the newest of each key, in the order in which the keys came first."""
    lines = path.read_text().splitlines() if path.exists() else []
    rows = map(json.loads, lines)
    return list({key(row): row for row in rows}.values())


def append_row(path: Path, row: Row) -> None:
    """Add a row to the file, which is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(rounded(row)) + "\n")


def rounded(value: Any) -> Any:
    """The same with numbers of five digits, which is more than any repetition keeps."""
    match value:
        case float():
            return float(f"{value:.5g}")
        case dict():
            return {name: rounded(each) for name, each in value.items()}
        case list():
            return [rounded(each) for each in value]
    return value
