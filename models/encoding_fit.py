"""How columns are scaled, by the settings and a sample of train rows."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.components import are_components
from models.encoding import CONSTANT, EXACT, Column, Columns, Encoding, Kind, floats
from models.imputation import fit_fill, present
from models.scaling import Parameters, choose_scaling, fit_scaling, in_common_range, share_unit
from models.settings import EncodingSettings, Imputation, Scaling


def fit_encoding(columns: Sequence[Column], sample: Columns, settings: EncodingSettings) -> Encoding:
    """Choose and fit the scaling of each column.

    Args:
        columns: name, kind, type, width, range, shape, imputation and indicator; their scaling is not known yet.
            One with an indicator and a single value for range has no other coordinate.
        sample: train rows of the columns that aren't images or pixels; a number at least in each.
    """
    wanted = _wanted_scalings(columns, sample, settings)
    fitted = [column if column.is_pixel else _fit(column, sample, wanted) for column in columns]
    return Encoding(tuple(_share_range(_share_unit(fitted))))


def _wanted_scalings(columns: Sequence[Column], sample: Columns, settings: EncodingSettings) -> dict[str, Scaling]:
    """The scaling of each column of numbers, by its name; `auto`: to be chosen by the column itself."""
    numbers = [column for column in columns if column.kind is Kind.NUMBER and not column.is_pixel]
    wanted = {column.name: settings.columns.get(column.name, settings.scaling) for column in numbers}
    free = [c for c in numbers if wanted[c.name] is Scaling.auto and _has_levels(sample[c.name])]
    is_common = in_common_range(np.array([c.low for c in free]), np.array([c.high for c in free]))
    is_common |= _are_components(free, sample)
    return wanted | {column.name: Scaling.common for column, common in zip(free, is_common, strict=True) if common}


def _are_components(columns: Sequence[Column], sample: Columns) -> bool:
    """Whether all are principal components, whose deviations tell how much each counts; none of these misses a cell."""
    cells = [sample[column.name] for column in columns]
    if not cells or any(len(present(each)) < len(each) for each in cells):
        return False
    return are_components(np.stack(cells, axis=1).astype(np.float64))


def _has_levels(values: np.ndarray) -> bool:
    """Whether a column has more than two values: flags share their range without being alike."""
    return len(np.unique(present(values))) > 2


def _share_unit(columns: list[Column]) -> list[Column]:
    """Columns of numbers that are scaled by one unit, by theirs together."""
    common = [c for c in columns if c.kind is Kind.NUMBER and c.scaling == Scaling.common]
    shared = dict(zip([c.name for c in common], share_unit([c.parameters for c in common]), strict=True))
    return [replace(c, parameters=shared.get(c.name, c.parameters)) for c in columns]


def _share_range(columns: list[Column]) -> list[Column]:
    """Numbers that are pixels, from 0 to 1 by the range of them all."""
    pixels = [column for column in columns if column.is_pixel]
    if not pixels:
        return columns
    shared = _range(pixels)
    return [replace(c, scaling=Scaling.common.value, parameters=shared) if c.is_pixel else c for c in columns]


def _range(pixels: list[Column]) -> Parameters:
    """The parameters that take pixels from the darkest to the brightest of these columns to 0 to 1."""
    low, high = min(column.low for column in pixels), max(column.high for column in pixels)
    return {"centre": [float(low)], "unit": [float(high) - float(low)]}


def _fit(column: Column, sample: Columns, wanted: dict[str, Scaling]) -> Column:
    match column.kind:
        case Kind.IMAGE:
            return replace(column, scaling="pixels", parameters=_range([column]))
        case Kind.EMBEDDING:
            return _fit_embedding(column, sample[column.name])
        case Kind.NUMBER:
            return _fit_number(column, sample[column.name], wanted[column.name])


def _fit_embedding(column: Column, sample: np.ndarray) -> Column:
    values = sample.astype(np.float64)  # (rows, width)
    unit = math.sqrt(values.var(axis=0).mean()) or column.high - column.low
    return replace(column, scaling="common", parameters={"centre": values.mean(axis=0).tolist(), "unit": [unit]})


def _fit_number(column: Column, sample: np.ndarray, wanted: Scaling) -> Column:
    sample = present(sample)
    column = replace(column, origin=_origin(column, sample))
    values = floats(sample, column)
    fill = {"fill": [fit_fill(values, column.imputation)]} if column.imputation is not Imputation.reject else {}
    if column.has_indicator and column.low == column.high:
        return replace(column, scaling=CONSTANT, parameters=fill)
    scaling = choose_scaling(values) if wanted is Scaling.auto else wanted
    low, high = float(column.low - column.origin), float(column.high - column.origin)
    return replace(column, scaling=scaling.value, parameters=fit_scaling(values, scaling, low, high) | fill)


def _origin(column: Column, sample: np.ndarray) -> float:
    """A value in the middle of an integer column; 0 where floats are exact enough or differences overflow."""
    if not column.is_integer or column.dtype == "bool" or column.high - column.low >= EXACT:
        return 0
    return int(np.partition(sample, len(sample) // 2)[len(sample) // 2])
