"""False alarms and power of the search for drift, on batches whose truth is known.

    python -m benchmarks.drift [--fits N] [--data FOLDER]

Fits k-means to part of the rows and tests batches of rows that it hasn't seen against its validation and test rows.
Blobs: ten Gaussian blobs in 16 columns, batches drawn anew. Pen digits: a hash of the row and the number of the fit
splits the rows in two; batches are disjoint parts of what wasn't fitted, and the largest is drawn from it with
replacement. Drifted batches: a column shifted by half its deviation, two columns by a quarter, the smallest cluster
missing, a tenth of the rows from a cluster (a digit) that wasn't there. Goal: at most 1 false alarm in 100 batches.
Needs no TensorFlow. About 5 minutes on 2 cores.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.machine import surroundings
from benchmarks.sources import DATA
from models.calibration import Calibration
from models.drift import Batch, features, find_drift, sample_of
from models.encoding import Column, Encoding, Kind
from models.encoding_fit import fit_encoding
from models.mixture import Mixture
from models.nearest import fit_kmeans
from models.settings import DriftSettings, EncodingSettings
from tasks.identity import row_keys

BLOBS, COLUMNS, SPREAD = 10, 16, 2.0
FIT_ROWS, OUTLIER_RATE = 20_000, 0.01
BLOB_SIZES = (50, 100, 300, 1000, 10_000, 100_000)
PEN_SIZES = (50, 100, 100, 100, 300, 300, 1000, 2000)
PEN_LARGE, SHIFT = 100_000, 0.5
SETTINGS = DriftSettings()


@dataclass(frozen=True)
class Model:
    """k-means with its encoding and calibration, and the rows that it was judged on."""

    encoding: Encoding
    mixture: Mixture
    calibration: Calibration
    reference: Batch

    def alarms(self, x: np.ndarray) -> set[str]:
        """What drifted in rows x (rows, columns)."""
        new = batch_of(self.encoding, self.mixture, self.calibration, x)
        return {each.what for each in find_drift(self.encoding, self.reference, new, SETTINGS) if each.drifted}


def fit(x: np.ndarray, seed: int) -> Model:
    """Eight tenths of rows x (rows, columns) are fitted, a tenth calibrates, both other tenths are the reference."""
    train, validation, test = np.split(x, [int(0.8 * len(x)), int(0.9 * len(x))])
    names = [f"x{i:02d}" for i in range(x.shape[1])]
    columns = [Column(n, Kind.NUMBER, "double", 1, v.min(), v.max()) for n, v in zip(names, x.T, strict=True)]
    encoding = fit_encoding(columns, dict(zip(names, train.T, strict=True)), EncodingSettings())
    found = fit_kmeans(_encode(encoding, train).astype(float), BLOBS, 3, seed)
    centres = found.centres[np.argsort(found.cluster_of_centre)]
    mixture = Mixture(np.full(BLOBS, 1 / BLOBS), centres, np.full(centres.shape, found.variance**-0.5))
    typicality = np.sort(mixture.log_density(_encode(encoding, validation)))
    calibration = Calibration(1.0, 0.0, typicality)
    judged = np.concatenate([validation, test])
    return Model(encoding, mixture, calibration, batch_of(encoding, mixture, calibration, judged))


def batch_of(encoding: Encoding, mixture: Mixture, calibration: Calibration, x: np.ndarray) -> Batch:
    """What is compared of rows x (rows, columns)."""
    vectors = _encode(encoding, x)
    p_value = calibration.p_value(mixture.log_density(vectors))
    clusters = np.bincount(mixture.memberships(vectors).argmax(axis=1), minlength=BLOBS)
    sample = sample_of(row_keys(map(str, range(len(x)))), features(encoding, vectors, p_value))
    return Batch(len(x), dict(enumerate(clusters.tolist())), int((p_value <= OUTLIER_RATE).sum()), sample)


def _encode(encoding: Encoding, x: np.ndarray) -> np.ndarray:
    return encoding.encode({column.name: values for column, values in zip(encoding.columns, x.T, strict=True)})


Found = tuple[str, str, int, set[str]]  # data, truth, rows, what drifted


def blob_batches(seed: int) -> Iterator[Found]:
    """A fit of blobs and batches of every size."""
    random = np.random.default_rng(seed)
    centres = random.normal(0, SPREAD, (BLOBS + 1, COLUMNS))
    shares = random.dirichlet(np.full(BLOBS, 5.0))

    def draw(rows: int, weights: np.ndarray) -> np.ndarray:
        blob = random.choice(BLOBS + 1, rows, p=weights / weights.sum())
        return centres[blob] + random.normal(size=(rows, COLUMNS))

    usual = np.append(shares, 0)
    model = fit(draw(FIT_ROWS, usual), seed)
    missing, added = usual.copy(), np.append(0.9 * shares, 0.1)
    missing[shares.argmin()] = 0
    deviation = draw(5000, usual).std(axis=0)
    for rows in BLOB_SIZES:
        for _ in range(1 if rows == BLOB_SIZES[-1] else 4):
            yield "blobs", "none", rows, model.alarms(draw(rows, usual))
        yield "blobs", "column shifted", rows, model.alarms(shifted(draw(rows, usual), deviation, 1, SHIFT))
        yield "blobs", "two columns shifted", rows, model.alarms(shifted(draw(rows, usual), deviation, 2, SHIFT / 2))
        yield "blobs", "cluster missing", rows, model.alarms(draw(rows, missing))
        yield "blobs", "new cluster", rows, model.alarms(draw(rows, added))


def pen_batches(rows: pd.DataFrame, seed: int) -> Iterator[Found]:
    """A fit of some pen digits and batches of others; in a second fit one digit wasn't there."""
    order = np.argsort(row_keys(f"{seed}-{id}" for id in rows["id"]))
    names = [name for name in rows.columns if name.startswith("x")]
    x, digit = rows[names].to_numpy(float)[order], rows["label"].to_numpy()[order]
    cut = int(0.6 * len(x))
    model, held, digits = fit(x[:cut], seed), x[cut:], digit[cut:]
    random, deviation = np.random.default_rng(seed), x.std(axis=0)
    for part in np.split(held, np.cumsum(PEN_SIZES))[:-1]:
        yield "pendigits", "none", len(part), model.alarms(part)
    yield "pendigits", "none", PEN_LARGE, model.alarms(held[random.integers(0, len(held), PEN_LARGE)])
    absent = seed % 10
    known = fit(x[:cut][digit[:cut] != absent], seed)
    for size in (100, 300, 1000, 2000):
        some = held[random.permutation(len(held))[:size]]
        yield "pendigits", "column shifted", size, model.alarms(shifted(some, deviation, 1, SHIFT))
        yield "pendigits", "two columns shifted", size, model.alarms(shifted(some, deviation, 2, SHIFT / 2))
        others = held[digits != absent]
        yield "pendigits", "cluster missing", size, model.alarms(others[random.permutation(len(others))[:size]])
        new = np.concatenate([others[: size - size // 10], held[digits == absent][: size // 10]])
        yield "pendigits", "new cluster", len(new), known.alarms(new)


def shifted(x: np.ndarray, deviation: np.ndarray, columns: int, by: float) -> np.ndarray:
    """The first columns moved by a share of their deviation."""
    x = x.copy()
    x[:, :columns] += by * deviation[:columns]
    return x


def main() -> None:
    """Count alarms and print them as a table."""
    parser = argparse.ArgumentParser(description="False alarms and power of the search for drift.")
    parser.add_argument("--fits", type=int, default=30)
    parser.add_argument("--data", type=Path, default=DATA)
    told = parser.parse_args()
    rows = pd.read_parquet(told.data / "pendigits.parquet")
    found: dict[tuple[str, str, int], list[set[str]]] = defaultdict(list)
    for seed in range(told.fits):
        for data, truth, size, alarms in (*blob_batches(seed), *pen_batches(rows, seed)):
            found[data, truth, size].append(alarms)
    print(f"{told.fits} fits of each; {surroundings()}\n")
    print("| data | drift | rows | batches | alarms |\n|---|---|---:|---:|---:|")
    for (data, truth, size), alarms in sorted(found.items(), key=lambda item: (item[0][1] != "none", item[0])):
        print(f"| {data} | {truth} | {size:,} | {len(alarms)} | {sum(map(bool, alarms))} |")
    equal = [alarms for (_, truth, _), each in found.items() if truth == "none" for alarms in each]
    print(f"\nfalse alarms: {sum(map(bool, equal))} of {len(equal)} batches: {[each for each in equal if each]}")


if __name__ == "__main__":
    main()
