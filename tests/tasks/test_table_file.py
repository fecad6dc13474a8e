"""Tables as one file for the user."""

import csv
import json
from pathlib import Path

import pyarrow as pa

from tasks.export import free_name
from tasks.table_file import save_table


def test_a_csv_has_lists_as_json_and_bytes_in_hexadecimal(tmp_path: Path) -> None:
    """And nothing where nothing is."""
    table = pa.table(
        {
            "list": [[1.5, None], None],
            "record": [{"a": "é"}, None],
            "bytes": pa.array([b"\xff\x00", None]),
            "fixed": pa.array([b"ab", None], pa.binary(2)),
        }
    )
    assert save_table(str(tmp_path / "a.csv"), iter([table])) == 2
    with (tmp_path / "a.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert json.loads(first["list"]) == [1.5, None]
    assert first["record"] == '{"a": "é"}'
    assert (first["bytes"], first["fixed"]) == ("ff00", "6162")
    assert set(second.values()) == {""}


def test_no_column_of_the_user_is_written_over() -> None:
    """Ours get another name, however many are taken."""
    assert free_name("cluster", {"x"}) == "cluster"
    assert free_name("cluster", {"cluster", "genclust_cluster"}) == "genclust_genclust_cluster"
