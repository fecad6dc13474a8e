"""What one file of a source is like: the types of its columns, their ranges, and how much is missing.

The first of two passes over a file. The cells of a CSV file get their types here, decided by all of them: a
column is boolean, integer, number or text, whichever is the first that holds every cell.
"""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict

from models.settings import SourceSettings
from tasks.cells import MISSING, from_text, id_texts, is_number, numbers_in, texts
from tasks.columns import one_chunk
from tasks.identifiers import Distinct
from tasks.identity import content_ids, row_keys
from tasks.images import FEWEST_PIXELS, Likeness, grey_shape, likeness, merged_likeness, shape_of
from tasks.kinds import SPLITS
from tasks.schemas import hex_of, schema_of
from tasks.tabular import Part

LIKENESS_ROWS, LIKENESS_NUMBERS = 1000, 1_000_000  # at most of a part: neighbours are as alike as in all of it
A_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
INFINITE = 1e100  # beyond it a number is no measurement, and its square no float
WIDER = {  # the types that a CSV column may still turn out to have, by the type that it had so far
    pa.null(): (pa.null(), pa.bool_(), pa.int64(), pa.float64(), pa.string()),
    pa.bool_(): (pa.bool_(), pa.string()),
    pa.int64(): (pa.int64(), pa.float64(), pa.string()),
    pa.float64(): (pa.float64(), pa.string()),
    pa.string(): (pa.string(),),
}


class ColumnProfile(BaseModel):
    """What was seen of one column; `low` and `high` of its finite numbers, None if there was none.

    `missing` counts the cells without a number; `lengths` the lists by their length; of a CSV column `text` is the
    first cell that is no number, and `numbers` counts those that are.
    `likeness` is that of neighbours in lists, by their length, if they were images; `distinct` counts integers of which
    no two are the same, and is 0 of others.
    """

    model_config = ConfigDict(frozen=True)

    low: float | int | None = None
    high: float | int | None = None
    missing: int = 0
    lengths: dict[int, int] = {}
    likeness: dict[int, Likeness] = {}
    distinct: int = 0
    text: str | None = None
    numbers: int = 0


class FileProfile(BaseModel):
    """What was seen of one file; `rows` counts `ragged` lines too, `splits` are the split names that occur.

    `likeness` is that of neighbours among columns of numbers, in their order, if they were the pixels of an image; by
    the number of columns.
    """

    model_config = ConfigDict(frozen=True)

    schema_hex: str
    rows: int
    ragged: int
    columns: dict[str, ColumnProfile]
    splits: tuple[str, ...]
    likeness: dict[int, Likeness] = {}

    @property
    def types(self) -> pa.Schema:
        """The columns' types."""
        return schema_of(self.schema_hex)


class Profiler:
    """Adds up parts of a file; `keys` of a part are the hashes that tell its rows apart."""

    def __init__(self, settings: SourceSettings, is_text: bool) -> None:
        self.settings, self.is_text = settings, is_text
        self.roles = (settings.id_column, settings.label_column, settings.split_column)
        self.idle = {*self.roles, *settings.ignore}
        self.rows = self.ragged = 0
        self.splits: set[str] = set()
        self.fields: dict[str, pa.Field] = {}
        self.columns: dict[str, dict[str, Any]] = {}
        self.distinct: dict[str, Distinct] = {}
        self.likeness: dict[int, Likeness] = {}

    def add(self, part: Part) -> np.ndarray:
        """Take in a part; returns the keys of its rows, (rows with an id,)."""
        self.rows += part.table.num_rows + len(part.ragged)
        self.ragged += len(part.ragged)
        typed = {field.name: self._add_column(field, one_chunk(part.table[field.name])) for field in part.table.schema}
        self._add_pixels([typed[name] for name in typed if name not in self.idle])
        if self.settings.split_column:
            values = texts(part.table, self.settings.split_column)
            self.splits |= set(pc.unique(pc.utf8_trim_whitespace(values)).to_pylist()) & set(SPLITS)
        return row_keys(self._row_ids(part.table))

    def profile(self) -> FileProfile:
        """What the parts were like together."""
        distinct = {name: each.count for name, each in self.distinct.items()}
        columns = {name: ColumnProfile(distinct=distinct.get(name, 0), **seen) for name, seen in self.columns.items()}
        schema = pa.schema(list(self.fields.values()))
        return FileProfile(
            schema_hex=hex_of(schema),
            rows=self.rows,
            ragged=self.ragged,
            columns=columns,
            splits=tuple(sorted(self.splits)),
            likeness=self.likeness,
        )

    def _row_ids(self, table: pa.Table) -> list[str]:
        if self.settings.id_column is None:
            return content_ids(table)
        return id_texts(table, self.settings.id_column).drop_null().to_pylist()

    def _add_column(self, field: pa.Field, cells: pa.Array) -> pa.Array:
        """Take in a column of a part; returns its cells in their types."""
        seen = self.columns.setdefault(field.name, {})
        if self.is_text and field.name not in self.roles:  # ids like 007 stay what they are
            known = self.fields.get(field.name, pa.field(field.name, pa.null())).type
            cells = _narrowest(cells, known, seen)
            seen["numbers"] = seen.get("numbers", 0) + _count_numbers(cells)
            field = field.with_type(cells.type)
        self.fields[field.name] = field
        _add_range(seen, cells)
        if field.name not in self.idle:
            self.distinct.setdefault(field.name, Distinct()).add(cells)
        if field.name not in self.roles and (pixels := _sampled_lists(cells)) is not None:
            _add_likeness(seen.setdefault("likeness", {}), pixels, shape_of(field, pixels.shape[1]))
        return cells

    def _add_pixels(self, columns: list[pa.Array]) -> None:
        numbers = [cells for cells in columns if is_number(cells.type)]
        if len(numbers) >= FEWEST_PIXELS and (shape := grey_shape(len(numbers))):
            n_rows = min(LIKENESS_ROWS, LIKENESS_NUMBERS // len(numbers) + 1)
            pixels = [cells[:n_rows].to_numpy(zero_copy_only=False).astype(np.float64) for cells in numbers]
            _add_likeness(self.likeness, _finite(np.stack(pixels, axis=1)), shape)


def _narrowest(cells: pa.Array, known: pa.DataType, seen: dict[str, Any]) -> pa.Array:
    """The cells in the first type, from the known one on, that holds them."""
    for type in WIDER[known][:-1]:
        try:
            return from_text(cells, type)
        except pa.ArrowInvalid:
            continue
    seen.setdefault("text", next(filter(_is_word, cells.to_pylist()), None))
    return cells


def _count_numbers(cells: pa.Array) -> int:
    """How many cells of a CSV column are numbers, be they text."""
    if pa.types.is_string(cells.type):
        cells = pc.match_substring_regex(pc.utf8_trim_whitespace(cells), A_NUMBER)
        return int(pc.sum(cells, min_count=0).as_py())
    return len(cells) - cells.null_count if is_number(cells.type) else 0


def _is_word(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell.strip() not in MISSING
    return False


def _add_range(seen: dict[str, Any], cells: pa.Array) -> None:
    if pa.types.is_list(cells.type):
        lengths = pc.value_counts(pc.list_value_length(cells).drop_null()).to_pylist()
        known = Counter(seen.get("lengths", {}))
        seen["lengths"] = dict(known + Counter({pair["values"]: pair["counts"] for pair in lengths}))
    seen["missing"] = seen.get("missing", 0) + pc.sum(cells.is_null(nan_is_null=True), min_count=0).as_py()
    found = numbers_in(cells)
    if found is not None and len(found) and (ends := finite_range(found)):
        seen["low"], seen["high"] = (
            min(seen.get("low", ends[0]), ends[0]),
            max(seen.get("high", ends[1]), ends[1]),
        )


def _sampled_lists(cells: pa.Array) -> np.ndarray | None:
    """The first lists of a column that are of the commonest length and without gaps, (rows, width); None if none is."""
    if not pa.types.is_list(cells.type) and not pa.types.is_fixed_size_list(cells.type):
        return None
    lists = cells[:LIKENESS_ROWS].drop_null()
    lengths = pc.list_value_length(lists)
    width = pc.mode(lengths)[0]["mode"].as_py() if len(lists) else 0
    if not width or not is_number(cells.type.value_type):
        return None
    lists = lists.filter(pc.equal(lengths, width))[: LIKENESS_NUMBERS // width + 1]
    values = lists.flatten().to_numpy(zero_copy_only=False).astype(np.float64).reshape(-1, width)
    return _finite(values)


def _finite(values: np.ndarray) -> np.ndarray:
    """The rows (n, width) without infinite or missing numbers."""
    return values[(np.abs(values) <= INFINITE).all(axis=1)]


def _add_likeness(known: dict[int, Likeness], pixels: np.ndarray, shape: tuple[int, ...] | None) -> None:
    """Add that of rows (n, pixels) to what is known by the number of pixels."""
    if shape is not None and len(pixels):
        width = pixels.shape[1]
        known[width] = merged_likeness([known.get(width, Likeness()), likeness(pixels, shape)])


def finite_range(values: pa.Array) -> tuple[float, float] | None:
    """The smallest and largest finite number, or None if there is none."""
    if pa.types.is_floating(values.type):
        values = values.filter(pc.less_equal(pc.abs(values), INFINITE))  # drops nan and null too
    elif pa.types.is_boolean(values.type):
        values = values.cast(pa.uint8())
    ends = pc.min_max(values)
    return None if not ends["min"].is_valid else (ends["min"].as_py(), ends["max"].as_py())
