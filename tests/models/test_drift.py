"""Claims about the tests for drift, with answers in closed form."""

import numpy as np
import pytest

from models.drift import (
    Batch,
    Sample,
    Verdict,
    compare_shares,
    compare_values,
    features,
    find_drift,
    holm,
    joined,
    largest,
    sample_of,
)
from models.encoding import Column, Encoding, Kind
from models.encoding_fit import fit_encoding
from models.numbering import NO_CLUSTER
from models.settings import DriftSettings, EncodingSettings, Imputation

NAMES = ("a", "b", "c")
CLUSTERS = {0: 0.4, 1: 0.3, 2: 0.2, 3: 0.1}


def encoding(random: np.random.Generator) -> Encoding:
    """Three columns of numbers."""
    columns = [Column(name, Kind.NUMBER, "double", 1, -9, 9) for name in NAMES]
    return fit_encoding(columns, {name: random.normal(size=500) for name in NAMES}, EncodingSettings())


def batch(random: np.random.Generator, rows: int, shift: float = 0, without: int | None = None) -> Batch:
    """Rows like all others, but for a column that is shifted or a cluster that is missing."""
    x = random.normal(size=(rows, len(NAMES)))
    x[:, 1] += shift
    shares = np.array([0 if cluster == without else share for cluster, share in CLUSTERS.items()])
    counts = random.multinomial(rows, shares / shares.sum())
    p_value = random.uniform(size=(rows, 1))
    values = np.hstack([x, p_value]).astype(np.float32)
    keys = random.integers(0, 2**63, rows).astype(np.uint64)
    return Batch(rows, dict(enumerate(counts.tolist())), int((p_value <= 0.01).sum()), sample_of(keys, values))


def drifted(reference: Batch, new: Batch, random: np.random.Generator) -> set[str]:
    """What is said to have drifted."""
    return {
        verdict.what for verdict in find_drift(encoding(random), reference, new, DriftSettings()) if verdict.drifted
    }


def test_holm_corrects_as_its_author_did() -> None:
    """m p, (m - 1) p, ..., never falling, in the order of the tests."""
    assert holm(np.array([0.04, 0.01, 0.03])) == pytest.approx([0.06, 0.03, 0.06])
    assert holm(np.array([0.5, 0.9])) == pytest.approx([1, 1])


def test_the_distance_of_two_samples_is_that_of_their_distribution_functions() -> None:
    """Half of the values moved beyond all others: one half."""
    reference = np.arange(1000.0)
    moved = np.where(reference % 2 == 0, reference, reference + 5000)
    assert compare_values(reference, moved)[0] == pytest.approx(0.5, abs=0.01)
    assert compare_values(reference, reference) == (0, 1)


def test_a_change_of_shares_is_told_in_cohens_h() -> None:
    """From 1/4 to 3/4 of the rows: pi/3."""
    h, p_value = compare_shares((250, 1000), (750, 1000))
    assert h == pytest.approx(np.pi / 3)
    assert p_value < 1e-9
    assert compare_shares((10, 100), (10, 100)) == (0, 1)


def test_the_sample_of_parts_is_the_sample_of_all() -> None:
    """In whatever order they come; and it is no larger than allowed."""
    random = np.random.default_rng(0)
    keys, values = random.integers(0, 2**63, 30_000).astype(np.uint64), random.normal(size=(30_000, 2))
    whole = sample_of(keys, values)
    parts = [sample_of(keys[part], values[part]) for part in (slice(20_000, None), slice(0, 100), slice(100, 20_000))]
    assert joined(parts).order.tolist() == whole.order.tolist()
    assert (joined(parts).values == whole.values).all()
    assert len(whole.order) == 10_000


def test_rows_like_the_others_raise_no_alarm() -> None:
    """Not in one of a hundred batches of any size from the smallest on."""
    random = np.random.default_rng(1)
    reference = batch(random, 4000)
    alarms = [drifted(reference, batch(random, rows), random) for rows in (100, 300, 1000, 20_000) for _ in range(25)]
    assert sum(map(bool, alarms)) == 0


@pytest.mark.parametrize("rows", [500, 20_000])
def test_a_shifted_column_is_found_and_named(rows: int) -> None:
    """By half its deviation."""
    random = np.random.default_rng(2)
    reference = batch(random, 4000)
    assert drifted(reference, batch(random, rows, shift=0.5), random) == {"column b"}


def test_a_missing_cluster_is_found_and_named() -> None:
    """Of a fifth of the rows; the others grow, and the largest of them by a threshold's worth."""
    random = np.random.default_rng(3)
    reference = batch(random, 4000)
    found = find_drift(encoding(random), reference, batch(random, 2000, without=2), DriftSettings())
    assert largest(found)[0].what == "cluster 2"


def test_a_shift_that_is_small_never_counts() -> None:
    """However many rows prove it: a tenth of a deviation moves the distribution function by .04."""
    random = np.random.default_rng(4)
    reference = batch(random, 200_000)
    (found,) = [v for v in find_drift(encoding(random), reference, batch(random, 200_000, shift=0.1), DriftSettings())
                if v.what == "column b"]  # fmt: skip
    assert (found.p_value < 1e-4, found.drifted) == (True, False)


def test_too_few_rows_say_so() -> None:
    """And raise no alarm, whatever they are."""
    random = np.random.default_rng(5)
    reference = batch(random, 4000)
    assert find_drift(encoding(random), reference, batch(random, 99, shift=50), DriftSettings()) == [
        Verdict("rows", 99, 100, 1.0, False, "not tested: too few rows (99 new, 4,000 to compare with)")
    ]


def test_a_new_cluster_of_rows_that_fit_none_is_found() -> None:
    """Its share was nothing before."""
    random = np.random.default_rng(6)
    reference, new = batch(random, 4000), batch(random, 1000)
    new = Batch(1000, {**new.clusters, NO_CLUSTER: 100, 0: new.clusters[0] - 100}, new.outliers, new.sample)
    assert "rows that fit no cluster" in drifted(reference, new, random)


def test_missing_cells_and_lists_are_tested_too() -> None:
    """A column whose cells go missing, and an embedding that turns, each under its name."""
    random = np.random.default_rng(7)
    imputed = Column("gap", Kind.NUMBER, "double", 1, -9, 9, imputation=Imputation.median, has_indicator=True)
    columns = [imputed, Column("point", Kind.EMBEDDING, "float", 16, -9, 9)]

    def rows(n: int, missing: float, centre: float) -> dict[str, np.ndarray]:
        gap = np.ma.MaskedArray(random.normal(size=n), random.uniform(size=n) < missing)
        point = random.normal(size=(n, 16))
        point[:, 3] += centre
        return {"gap": gap, "point": point}

    fitted = fit_encoding(columns, rows(500, 0.1, 0), EncodingSettings())

    def known(n: int, missing: float, centre: float) -> Batch:
        values = features(fitted, fitted.encode(rows(n, missing, centre)), random.uniform(size=n))
        return Batch(n, {0: n}, 0, Sample(np.arange(n, dtype=np.uint64), values))

    reference = known(3000, 0.1, 0)
    for missing, centre, expected in ((0.1, 0, set()), (0.3, 0, {"missing cells of gap"}), (0.1, 4, {"column point"})):
        found = find_drift(fitted, reference, known(2000, missing, centre), DriftSettings())
        assert expected <= {verdict.what for verdict in found if verdict.drifted} <= expected | {"column gap"}
