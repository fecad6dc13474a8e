"""How the numbers of one column become numbers of order one, and back.

All functions take and give float64 arrays of shape (rows,).
"""

from statistics import NormalDist

import numpy as np

from models.settings import Scaling

Array = np.ndarray
Parameters = dict[str, list[float]]

NORMAL_IQR = 1.349  # distance of a normal distribution's quartiles, in standard deviations
HEAVY_BODY = 5.0  # (q99 - q01) / (q75 - q25): 2.0 uniform, 3.4 normal, 4.2 exponential, 7 log-normal, 32 Cauchy
FAR_OUTLIERS = 3.0  # farthest distance from the median / (q99 - q01): 1 normal, 2.2 exponential at 50,000 rows
ROBUST_REACH = 10.0  # beyond it even the robust scaling would give values that no network should see
SMALLEST_UNIT = 1e-12  # of the column's range, so that float32 holds every scaled value
LEVELS = 256  # quantiles that the map to a normal distribution goes through
LAST_LEVEL = 0.001
LIKE_COLUMNS = 3  # at least so many share a range by more than chance
END = 4.0  # where the map puts the ends of the range; the last quantiles are at 3.09


def choose_scaling(values: Array) -> Scaling:
    """The scaling that suits the tails of a sample.

    Light tails are scaled by `standard`; far outliers around an ordinary body by `robust`. A heavy body
    (or very far outliers) is scaled by `log` if that makes its tails light, and by `quantile` otherwise.
    A column of two values is always `standard`.
    """
    body, reach = tails(values)
    if (reach <= FAR_OUTLIERS and body <= HEAVY_BODY) or len(np.unique(values)) <= 2:
        return Scaling.standard
    if reach <= ROBUST_REACH and body <= HEAVY_BODY:
        return Scaling.robust
    return Scaling.log if _is_light(_log(values, *_log_scale(values))) else Scaling.quantile


def in_common_range(low: Array, high: Array) -> Array:
    """Which columns are measured in one unit: (columns,) booleans; `low` and `high` are their ends, (columns,).

    If more than half of the columns share one range, as coordinates, pixels and answers on one scale of points do,
    they are, and so are those that lie within it. Otherwise none is.
    """
    ranges, count = np.unique(np.stack([low, high], axis=1), axis=0, return_counts=True)
    if not len(count) or count.max() < LIKE_COLUMNS or 2 * count.max() <= len(low):
        return np.zeros(len(low), dtype=bool)
    shared_low, shared_high = ranges[count.argmax()]
    return (low >= shared_low) & (high <= shared_high)


def share_unit(parameters: list[Parameters]) -> list[Parameters]:
    """The same parameters with one unit, the root mean square of theirs."""
    if not parameters:
        return []
    unit = float(np.sqrt(np.mean([each["unit"][0] ** 2 for each in parameters])))
    return [each | {"unit": [unit]} for each in parameters]


def tails(values: Array) -> tuple[float, float]:
    """How heavy a sample's body is, and how far its outliers lie (see HEAVY_BODY and FAR_OUTLIERS)."""
    low, first, median, third, high = np.quantile(values, [0.01, 0.25, 0.5, 0.75, 0.99])
    body = (high - low) / (third - first) if third > first else np.inf
    farthest = np.abs(values - median).max()
    reach = farthest / (high - low) if high > low else np.inf
    return float(body), float(reach)


def fit_scaling(values: Array, scaling: Scaling, low: float, high: float) -> Parameters:
    """Parameters of a scaling from a sample of a column whose whole range is [low, high]."""
    match scaling:
        case Scaling.standard | Scaling.common:
            return _linear(values.mean(), values.std(), high - low)
        case Scaling.robust:
            first, median, third = np.quantile(values, [0.25, 0.5, 0.75])
            unit = (third - first) / NORMAL_IQR if third > first else values.std()
            return _linear(median, unit, high - low)
        case Scaling.log:
            origin, unit = _log_scale(values)
            unit = max(unit, SMALLEST_UNIT * (high - low))
            ends = _log(np.array([low, high]), origin, unit)
            logs = _log(values, origin, unit)
            return {"origin": [origin], "log_unit": [unit], **_linear(logs.mean(), logs.std(), np.ptp(ends))}
        case Scaling.quantile:
            return _knots(values, low, high)
    raise ValueError(f"Expected a scaling that is fitted. Received: {scaling}")


def scale(values: Array, scaling: Scaling, parameters: Parameters) -> Array:
    """Values of the column -> scaled values."""
    if scaling is Scaling.quantile:
        return np.interp(values, parameters["values"], parameters["scaled"])
    if scaling is Scaling.log:
        values = _log(values, parameters["origin"][0], parameters["log_unit"][0])
    return (values - parameters["centre"][0]) / parameters["unit"][0]


def unscale(scaled: Array, scaling: Scaling, parameters: Parameters) -> Array:
    """Scaled values -> values of the column, the inverse of `scale`; may lie outside the column's range."""
    if scaling is Scaling.quantile:
        return np.interp(scaled, parameters["scaled"], parameters["values"])
    values = scaled * parameters["unit"][0] + parameters["centre"][0]
    if scaling is Scaling.log:
        return _exp(values, parameters["origin"][0], parameters["log_unit"][0])
    return values


def _linear(centre: float, unit: float, extent: float) -> Parameters:
    # a sample that misses the rare other values has no spread of its own
    unit = max(unit, SMALLEST_UNIT * extent) if unit > 0 else extent
    return {"centre": [float(centre)], "unit": [float(unit)]}


def _is_light(values: Array) -> bool:
    body, reach = tails(values)
    return body <= HEAVY_BODY and reach <= FAR_OUTLIERS


def _log_scale(values: Array) -> tuple[float, float]:
    """Origin and unit of the signed logarithm, which starts at the short end of a skewed column."""
    low, median, high = np.quantile(values, [0.01, 0.5, 0.99])
    origin = low if high - median > 5 * (median - low) else high if median - low > 5 * (high - median) else median
    distances = np.abs(values - origin)
    distances = distances[distances > 0]
    return float(origin), float(np.median(distances)) if len(distances) else 1.0


def _log(values: Array, origin: float, unit: float) -> Array:
    return np.sign(values - origin) * np.log1p(np.abs(values - origin) / unit)


def _exp(logs: Array, origin: float, unit: float) -> Array:
    with np.errstate(over="ignore"):  # what generated values overshoot is clipped to the column's range
        return origin + np.sign(logs) * np.expm1(np.abs(logs)) * unit


def _knots(values: Array, low: float, high: float) -> Parameters:
    """Pairs (value, normal quantile) to interpolate; ties get the middle of their levels."""
    levels = np.linspace(LAST_LEVEL, 1 - LAST_LEVEL, LEVELS)
    normal = np.array([NormalDist().inv_cdf(level) for level in levels])
    quantiles = np.quantile(values, levels, method="nearest")
    unique, group = np.unique(quantiles, return_inverse=True)  # (knots,), (levels,)
    scaled = np.bincount(group, weights=normal) / np.bincount(group)
    before = [low] if low < unique[0] else []
    after = [high] if high > unique[-1] else []
    return {
        "values": [*before, *unique.tolist(), *after],
        "scaled": [-END for _ in before] + scaled.tolist() + [END for _ in after],
    }
