"""Numbers as a reader sees them."""

import math

import numpy as np

from models.encoding import Column


def percent(share: float | None) -> str:
    """A share for reading: one decimal, but never 0% for something or 100% for not all."""
    if share is None:
        return ""
    if 0 < share < 0.001:
        return "<0.1%"
    if 0.999 < share < 1:
        return ">99.9%"
    return f"{100 * share:.1f}%" if 0 < share < 1 else f"{share:.0%}"


def column_number(value: float | int | None, column: Column) -> str:
    """A number to a thousandth of its column's range; nothing for one that is missing."""
    if value is None or isinstance(value, int):
        return "" if value is None else str(value)
    span = float(column.high) - float(column.low)
    digits = 3 - math.floor(math.log10(span)) if span > 0 else 3
    if not -9 <= digits <= 7:
        return f"{value:.4g}"
    return np.format_float_positional(value, precision=max(0, digits), trim="-")
