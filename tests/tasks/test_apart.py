"""What sets a cluster apart is told of that cluster."""

import pyarrow as pa

from models.encoding import Column, Encoding, Kind
from tasks import kinds
from tasks.apart import apart_lines, telling_columns

ENCODING = Encoding(tuple(Column(name, Kind.NUMBER, "double", 1, 0.0, 100.0) for name in "abc"))


def line(cluster: int, column: str, effect: float, direction: str = "higher") -> dict[str, object]:
    """One line of the table of explanations."""
    values = {"cluster_mean": 50.0, "other_mean": 10.0, "cluster_missing": 0.25, "other_missing": 0.0}
    return {"cluster": cluster, "column": column, "effect": effect, "direction": direction} | values


TABLE = pa.Table.from_pylist(
    [line(0, "b", 4.0), line(0, "a", -1.0, "lower"), line(1, "c", 2.0, "missing more often"), line(1, "a", 0.1)],
    schema=kinds.EXPLANATIONS,
)


def test_each_cluster_has_its_own_columns() -> None:
    """The largest effects come first; where few columns say something, others fill the table."""
    assert telling_columns(ENCODING, TABLE, [0, 1], 2) == {0: ["b", "a"], 1: ["c", "a"]}
    assert telling_columns(ENCODING, TABLE, [0, 2], 3) == {0: ["b", "a", "c"], 2: ["a", "b", "c"]}


def test_lines_give_means_or_missing_shares_and_leave_out_small_effects() -> None:
    """As a share of the largest effect on the page."""
    lines = apart_lines(ENCODING, TABLE, [0, 1])
    assert [(found.column, found.here, found.elsewhere, found.part) for found in lines[0]] == [
        ("b", "50", "10", 1.0),
        ("a", "50", "10", 0.25),
    ]
    assert [(found.column, found.here, found.elsewhere, found.part) for found in lines[1]] == [
        ("c", "25.0%", "0%", 0.5)
    ]
