"""What all files of a source decide together: the columns' types, which are used, and for what.

The second pass over each file follows the plan and nothing else, so that a file whose plan stays the same
needn't be read again when others join it.
"""

import re
from collections import Counter
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from models.encoding import Kind
from models.settings import EncodingSettings, Imputation, Scaling, SourceSettings
from tasks.cells import is_number
from tasks.errors import BadInput
from tasks.identifiers import tells_rows_apart
from tasks.images import Likeness, check_shape, grey_shape, merged_likeness, shape_of, told_shape
from tasks.kinds import SPLITS
from tasks.profile import ColumnProfile, FileProfile
from tasks.schemas import common_types, hex_of, schema_of, some

AN_ID = (
    "no two rows have the same integer, as in an id (--id-column); --encoding.columns NAME=standard makes it a number"
)
DECIMAL_COMMA = re.compile(r"such as '[+-]?\d+,\d+'")  # in a reason
OURS = ("row_id", "split", "sample_id", "component", "vector")  # names in our own tables


class PlannedColumn(BaseModel):
    """One column of the source.

    `stored` is its name in `rows`: a name that our tables need themselves gets "source_" before it. `kind` is
    None for a column that takes no part, for the `reason` given. `width` is the length that lists must have;
    `image_shape` as a Column of the encoding has it.
    `imputation` is what becomes of missing numbers.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    stored: str
    width: int = 1
    kind: Kind | None = None
    image_shape: tuple[int, ...] | None = None
    imputation: Imputation = Imputation.reject
    reason: str = ""

    @property
    def is_imputed(self) -> bool:
        """Whether missing cells reject no row."""
        return self.imputation is not Imputation.reject

    @property
    def is_pixel(self) -> bool:
        """Whether it is a number that is a pixel of the image that all columns are together."""
        return self.kind is Kind.NUMBER and self.image_shape is not None

    @property
    def is_constant(self) -> bool:
        """Whether it takes no part because its cells are all the same."""
        return self.reason.startswith("constant")


class Plan(BaseModel):
    """How every file of a source is read."""

    model_config = ConfigDict(frozen=True)

    schema_hex: str
    columns: tuple[PlannedColumn, ...]
    id_column: str | None
    label_column: str | None
    split_column: str | None
    validation_from_train: bool

    @property
    def types(self) -> pa.Schema:
        """The type of each column of the source, by its name there."""
        return schema_of(self.schema_hex)

    @property
    def decisions(self) -> dict[str, Any]:
        """All of the plan that says how a file is read, for its key; by what numbers are imputed is settled later."""
        plan = self.model_dump(mode="json", exclude={"columns": {"__all__": {"reason", "imputation"}}})
        return plan | {"imputed": [column.name for column in self.columns if column.is_imputed]}

    @property
    def used(self) -> tuple[PlannedColumn, ...]:
        """The columns that become vectors."""
        return tuple(column for column in self.columns if column.kind is not None)

    @property
    def stored(self) -> tuple[PlannedColumn, ...]:
        """The columns that `rows` keeps: all but the labels."""
        return tuple(column for column in self.columns if column.name != self.label_column)


def make_plan(profiles: dict[str, FileProfile], settings: SourceSettings, encoding: EncodingSettings) -> Plan:
    """Decide how to read the files, by their profiles (by name).

    Raises:
        BadInput: files with different columns or types; no row; no column that can be used; a scaling or an
            imputation for a column that isn't a number.
    """
    _check_rows(list(profiles.values()))
    types = common_types({name: profile.types for name, profile in profiles.items()})
    seen = {name: _merged([profile.columns[name] for profile in profiles.values()]) for name in types.names}
    stored = stored_names(types.names)
    columns = [_plan_column(field, seen[field.name], settings, encoding) for field in types]
    columns = _without_ids(columns, list(profiles.values()), encoding)
    columns = _as_pixels(columns, types, list(profiles.values()), encoding)
    columns = [column.model_copy(update={"stored": stored[column.name]}) for column in columns]
    _check_used(columns, encoding)
    splits: set[str] = set().union(*(profile.splits for profile in profiles.values()))
    return Plan(
        schema_hex=hex_of(types),
        columns=tuple(columns),
        id_column=settings.id_column,
        label_column=settings.label_column,
        split_column=settings.split_column,
        validation_from_train=SPLITS[1] not in splits,
    )


def _check_rows(profiles: list[FileProfile]) -> None:
    rows, ragged = sum(profile.rows for profile in profiles), sum(profile.ragged for profile in profiles)
    if not rows:
        raise BadInput("ingest", "rows in the source", "none", "Name a source with rows.")
    if ragged == rows:
        found = f"more or fewer in all {rows:,} lines"
        remedy = "Give each column a name in the first line, and write numbers with points in place of commas."
        raise BadInput("ingest", "lines with as many cells as the first one has names", found, remedy)


def _roles(settings: SourceSettings) -> dict[str, str]:
    """Columns that aren't cells of a row's own content, and what they are."""
    roles = dict.fromkeys(settings.ignore, "ignored")
    named = {"label": settings.label_column, "split": settings.split_column, "id": settings.id_column}
    return roles | {column: role for role, column in named.items() if column is not None}


def _merged(columns: list[ColumnProfile]) -> ColumnProfile:
    lows = [column.low for column in columns if column.low is not None]
    highs = [column.high for column in columns if column.high is not None]
    lengths = sum((Counter(column.lengths) for column in columns), Counter())
    likeness = _merged_likeness([column.likeness for column in columns])
    texts = [column.text for column in columns if column.text is not None]
    return ColumnProfile(
        low=min(lows, default=None),
        high=max(highs, default=None),
        missing=sum(column.missing for column in columns),
        lengths=dict(lengths),
        likeness=likeness,
        text=next(iter(texts), None),
        numbers=sum(column.numbers for column in columns),
    )


def _merged_likeness(columns: list[dict[int, Likeness]]) -> dict[int, Likeness]:
    widths = {width for column in columns for width in column}
    return {width: merged_likeness(column[width] for column in columns if width in column) for width in widths}


def stored_names(names: list[str]) -> dict[str, str]:
    """The names in `rows` of a source's columns."""
    stored: dict[str, str] = {}
    for name in names:
        new = name
        while new in OURS or (new != name and new in names):
            new = f"source_{new}"
        stored[name] = new
    return stored


def _plan_column(
    field: pa.Field, seen: ColumnProfile, settings: SourceSettings, encoding: EncodingSettings
) -> PlannedColumn:
    column = PlannedColumn(name=field.name, stored=field.name)
    role = _roles(settings).get(field.name)
    if role is not None:
        return column.model_copy(update={"reason": role})
    if pa.types.is_list(field.type) or pa.types.is_fixed_size_list(field.type):
        return _plan_lists(column, field, seen)
    if pa.types.is_null(field.type):
        return column.model_copy(update={"reason": "all cells are missing"})
    if not is_number(field.type) and not pa.types.is_boolean(field.type):
        return column.model_copy(update={"reason": _not_a_number(field.type, seen)})
    imputation = encoding.missing_columns.get(field.name, encoding.missing)
    return _unless_idle(column.model_copy(update={"kind": Kind.NUMBER, "imputation": imputation}), seen)


def _without_ids(
    columns: list[PlannedColumn], profiles: list[FileProfile], encoding: EncodingSettings
) -> list[PlannedColumn]:
    """The columns, of which those that only tell rows apart take no part, unless the user chose how they are used."""
    chosen = {*encoding.columns, *encoding.missing_columns}
    return [
        column.model_copy(update={"kind": None, "imputation": Imputation.reject, "reason": AN_ID})
        if column.kind is Kind.NUMBER and column.name not in chosen and _is_id(column.name, profiles)
        else column
        for column in columns
    ]


def _is_id(name: str, profiles: list[FileProfile]) -> bool:
    seen = [profile.columns[name] for profile in profiles]
    return tells_rows_apart([(c.distinct, c.low, c.high) for c in seen if c.low is not None and c.high is not None])


def _plan_lists(column: PlannedColumn, field: pa.Field, seen: ColumnProfile) -> PlannedColumn:
    values = field.type.value_type
    if not is_number(values):
        return column.model_copy(update={"reason": f"lists of {values}"})
    width = field.type.list_size if pa.types.is_fixed_size_list(field.type) else _usual_length(seen.lengths)
    if not width:
        return column.model_copy(update={"reason": "lists of different lengths"})
    check_shape(field, width)
    shape = shape_of(field, width)
    is_told = values == pa.uint8() and told_shape(field) != ""
    if is_told or (shape is not None and seen.likeness.get(width, Likeness()).is_image):
        planned = {"kind": Kind.IMAGE, "width": width, "image_shape": shape}
    else:
        planned = {"kind": Kind.EMBEDDING, "width": width}
    return _unless_idle(column.model_copy(update=planned), seen)


def _as_pixels(
    columns: list[PlannedColumn], types: pa.Schema, profiles: list[FileProfile], encoding: EncodingSettings
) -> list[PlannedColumn]:
    """The columns, of which all numbers are pixels, constant ones too, if neighbours among them are alike.

    They aren't if other columns are used too, if missing ones are imputed, or if the user chose how they are scaled.
    """
    numbers = {
        column.name: column
        for column in columns
        if (column.kind is Kind.NUMBER or column.is_constant) and is_number(types.field(column.name).type)
    }
    together = merged_likeness(p.likeness[len(numbers)] for p in profiles if len(numbers) in p.likeness)
    is_free = encoding.scaling is Scaling.auto and not encoding.columns
    others = [column for column in columns if column.kind is not None and column.name not in numbers]
    if not together.is_image or not is_free or others or any(column.is_imputed for column in numbers.values()):
        return columns
    pixel = {"kind": Kind.NUMBER, "image_shape": grey_shape(len(numbers)), "reason": ""}
    return [column.model_copy(update=pixel) if column.name in numbers else column for column in columns]


def _usual_length(lengths: dict[int, int]) -> int:
    """The length of at least half of the lists, or 0."""
    usual = max(lengths, key=lambda length: lengths[length], default=0)
    return usual if usual and 2 * lengths[usual] >= sum(lengths.values()) else 0


def _not_a_number(type: pa.DataType, seen: ColumnProfile) -> str:
    if seen.text is None:
        return f"{type}, not a number"
    among = f", among {seen.numbers:,} numbers" if seen.numbers > 1 else ""
    return f"text, such as {seen.text[:40]!r}{among}"


def _unless_idle(column: PlannedColumn, seen: ColumnProfile) -> PlannedColumn:
    """The column, without a part if it says nothing: its missing cells then reject no row.

    Where missing cells are imputed, an else constant column says which rows have one.
    """
    if seen.low is None:
        reason = "all cells are missing or infinite"
    elif seen.low == seen.high and not (column.is_imputed and seen.missing):
        reason = f"constant ({seen.low})"
    else:
        return column
    return column.model_copy(update={"kind": None, "imputation": Imputation.reject, "reason": reason})


def _check_used(columns: list[PlannedColumn], encoding: EncodingSettings) -> None:
    used = [column for column in columns if column.kind is not None]
    if not used:
        found = "; ".join(f"{column.name}: {column.reason}" for column in columns)
        remedy = "Name a source with columns of numbers, or of lists of numbers (images, embeddings)."
        if any(DECIMAL_COMMA.search(column.reason) for column in columns):
            remedy = "Write numbers with points in place of commas."
        raise BadInput("ingest", "a column that can be used", found, remedy)
    numbers = [column.name for column in used if column.kind is Kind.NUMBER]
    idle = [column.name for column in columns if column.reason.startswith(("constant", "all cells"))]
    chosen = [("A scaling", name) for name in encoding.columns]
    chosen += [("An imputation", name) for name in encoding.missing_columns]
    for setting, name in chosen:
        if name not in numbers + idle:
            remedy = f"{setting} can be chosen for: {some(numbers)}."
            raise BadInput("ingest", f"a column of numbers named {name!r}", "another kind of column", remedy)
