"""Whether new rows are like those that a model was judged on: tests that stay quiet at any number of rows.

A test says that something drifted if its p-value is small after Holm's correction over all tests and the difference is
large: with many rows any difference is significant, with few any is large.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import fisher_exact, ks_2samp

from models.encoding import CONSTANT, Encoding, Kind
from models.numbering import NO_CLUSTER
from models.settings import DriftSettings

PROJECTIONS = 8  # fixed random directions in which a column of lists is looked at
SAMPLE_ROWS = 10_000
SAMPLE_NUMBERS = 4_000_000  # in a sample, so that wide rows fit in memory
MIXING = np.uint64(0x9E3779B97F4A7C15)  # odd: it takes the order of keys to another one, so that splits mix


@dataclass(frozen=True)
class Sample:
    """Rows that a hash chose: of several parts the same as of all at once."""

    order: np.ndarray  # (rows,) uint64, ascending
    values: np.ndarray  # (rows, features) float32

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The state as arrays, for npz."""
        return {"order": self.order, "values": self.values}


@dataclass(frozen=True)
class Batch:
    """What is known of rows: how many are in each cluster (NO_CLUSTER: in none) and outliers, and a sample."""

    rows: int
    clusters: dict[int, int]
    outliers: int
    sample: Sample


@dataclass(frozen=True)
class Verdict:
    """One test; it drifted if the statistic reaches the threshold and chance (the corrected p-value) is ruled out."""

    what: str
    statistic: float
    threshold: float
    p_value: float
    drifted: bool
    note: str


@dataclass(frozen=True)
class Test:
    """What a verdict is made of; `p_value` is not corrected yet."""

    what: str
    statistic: float
    threshold: float
    p_value: float
    note: str


def features(encoding: Encoding, x: np.ndarray, p_value: np.ndarray) -> np.ndarray:
    """What is compared of vectors x (rows, width) and their p-values (rows,): (rows, features), see `columns_of`."""
    places, blocks = encoding.places, []
    for number, column in enumerate(encoding.columns):
        block = x[:, places[column.name]]
        if column.kind is not Kind.NUMBER:
            block = block @ _directions(block.shape[1], number)  # (rows, PROJECTIONS)
        blocks.append(block)
    return np.column_stack([*blocks, p_value]).astype(np.float32)


def sample_of(keys: np.ndarray, values: np.ndarray) -> Sample:
    """At most as many rows as `size` allows, the same for the same keys (rows,) wherever they come from."""
    order = keys * MIXING  # wraps around
    chosen = np.argsort(order, kind="stable")[: size(values.shape[1])]
    return Sample(order[chosen], values[chosen])


def joined(samples: Iterable[Sample]) -> Sample:
    """The sample of all parts together."""
    parts = list(samples)
    order, values = np.concatenate([part.order for part in parts]), np.concatenate([part.values for part in parts])
    chosen = np.argsort(order, kind="stable")[: size(values.shape[1])]
    return Sample(order[chosen], values[chosen])


def size(n_features: int) -> int:
    """The most rows in a sample."""
    return min(SAMPLE_ROWS, SAMPLE_NUMBERS // max(n_features, 1) + 1)


def find_drift(encoding: Encoding, reference: Batch, batch: Batch, settings: DriftSettings) -> list[Verdict]:
    """All tests of a batch; a single line without an alarm if it, or the reference, has too few rows."""
    if min(reference.rows, batch.rows) < settings.min_rows:
        note = f"not tested: too few rows ({batch.rows:,} new, {reference.rows:,} to compare with)"
        return [Verdict("rows", min(reference.rows, batch.rows), settings.min_rows, 1.0, False, note)]
    tests = [
        *_test_columns(encoding, reference.sample.values, batch.sample.values, settings),
        *_test_scores(reference, batch, settings),
        *_test_clusters(reference, batch, settings),
    ]
    corrected = holm(np.array([test.p_value for test in tests]))
    return [_verdict(test, float(p), settings.alpha) for test, p in zip(tests, corrected, strict=True)]


def holm(p_values: np.ndarray) -> np.ndarray:
    """Corrected p-values (tests,): all of them below a level falsely with at most its probability (Holm 1979)."""
    order = np.argsort(p_values)
    scaled = p_values[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty_like(p_values)
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1)
    return corrected


def compare_values(reference: np.ndarray, batch: np.ndarray) -> tuple[float, float]:
    """Largest difference of the distribution functions (Kolmogorov and Smirnov), and the p-value."""
    found = ks_2samp(reference, batch, method="auto" if len(reference) * len(batch) < 10_000**2 // 4 else "asymp")
    return float(found.statistic), float(found.pvalue)


def compare_shares(reference: tuple[int, int], batch: tuple[int, int]) -> tuple[float, float]:
    """Cohen's h of two shares (count, of so many), a difference that small shares weigh more in, and Fisher's p."""
    (few, all_reference), (new, all_batch) = reference, batch
    before, now = few / all_reference, new / all_batch
    h = abs(2 * np.arcsin(np.sqrt(now)) - 2 * np.arcsin(np.sqrt(before)))  # Cohen 1988, eq. 6.2.1
    table = [[few, all_reference - few], [new, all_batch - new]]
    return float(h), float(fisher_exact(table)[1])


def _test_columns(
    encoding: Encoding, reference: np.ndarray, batch: np.ndarray, settings: DriftSettings
) -> Iterable[Test]:
    place = 0
    for column in encoding.columns:
        is_list = column.kind is not Kind.NUMBER
        n_values = PROJECTIONS if is_list else int(column.scaling != CONSTANT)
        if n_values:
            span = slice(place, place + n_values)
            yield _test_values(f"column {column.name}", reference[:, span], batch[:, span], settings.min_distance)
            place += n_values
        if column.has_indicator:
            yield _test_share(
                f"missing cells of {column.name}", _missing(reference[:, place]), _missing(batch[:, place]), settings
            )
            place += 1


def _test_scores(reference: Batch, batch: Batch, settings: DriftSettings) -> Iterable[Test]:
    before, now = reference.sample.values[:, -1:], batch.sample.values[:, -1:]
    yield _test_values("p_value of the rows", before, now, settings.min_distance)
    yield _test_share("outliers", (reference.outliers, reference.rows), (batch.outliers, batch.rows), settings)


def _test_clusters(reference: Batch, batch: Batch, settings: DriftSettings) -> Iterable[Test]:
    known = {**reference.clusters, **batch.clusters}
    for cluster in sorted(known):
        what = "rows that fit no cluster" if cluster == NO_CLUSTER else f"cluster {cluster}"
        before, now = (rows.clusters.get(cluster, 0) for rows in (reference, batch))
        yield _test_share(what, (before, reference.rows), (now, batch.rows), settings)


def _test_values(what: str, reference: np.ndarray, batch: np.ndarray, floor: float) -> Test:
    """The largest difference of several features (rows, features) of one thing; each may raise a false alarm."""
    found = [compare_values(reference[:, i], batch[:, i]) for i in range(reference.shape[1])]
    statistic, p_value = max(found, key=lambda pair: (-pair[1], pair[0]))
    before, now = np.median(reference[:, 0]), np.median(batch[:, 0])
    note = f"median {before:.3g} before, {now:.3g} now" if len(found) == 1 else ""
    return Test(what, statistic, floor, min(1.0, len(found) * p_value), note)


def _test_share(what: str, reference: tuple[int, int], batch: tuple[int, int], settings: DriftSettings) -> Test:
    statistic, p_value = compare_shares(reference, batch)
    shares = [count / rows for count, rows in (reference, batch)]
    note = f"{shares[0]:.2%} before, {shares[1]:.2%} now"
    return Test(what, statistic, settings.min_share_change, p_value, note)


def _verdict(test: Test, p_value: float, alpha: float) -> Verdict:
    drifted = test.statistic >= test.threshold and p_value <= alpha
    return Verdict(test.what, test.statistic, test.threshold, p_value, drifted, test.note)


def _missing(indicator: np.ndarray) -> tuple[int, int]:
    return int((indicator > 0).sum()), len(indicator)


def _directions(width: int, seed: int) -> np.ndarray:
    """Random unit vectors, (width, PROJECTIONS)."""
    drawn = np.random.default_rng(seed).normal(size=(width, PROJECTIONS))
    return drawn / np.linalg.norm(drawn, axis=0)


def largest(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Those that drifted, the largest in units of their thresholds first."""
    drifted = [verdict for verdict in verdicts if verdict.drifted]
    return sorted(drifted, key=lambda verdict: -verdict.statistic / verdict.threshold)
