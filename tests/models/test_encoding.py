"""The encoding: both ways, in the user's own types and ranges."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.encoding import Column, Encoding, Kind, image_shape
from models.encoding_fit import fit_encoding
from models.scaling import choose_scaling
from models.settings import EncodingSettings, Imputation, Scaling

ROWS = 4000
SCALINGS = [Scaling.standard, Scaling.robust, Scaling.log, Scaling.quantile, Scaling.common, Scaling.auto]
RANDOM = np.random.default_rng(7)
NUMBERS = {
    "normal": RANDOM.normal(size=ROWS),
    "far from zero": 1e9 + RANDOM.normal(size=ROWS),
    "tiny": 1e-12 * RANDOM.normal(size=ROWS),
    "log-normal": RANDOM.lognormal(sigma=3, size=ROWS),
    "cauchy": RANDOM.standard_cauchy(size=ROWS),
    "two far apart": np.where(RANDOM.random(ROWS) < 0.5, 0.0, 1e12) + RANDOM.normal(size=ROWS),
    "one sentinel": np.r_[RANDOM.normal(size=ROWS - 1), -1e30],
    "mostly zero": np.where(RANDOM.random(ROWS) < 0.9, 0.0, RANDOM.exponential(size=ROWS)),
    "single precision": RANDOM.normal(size=ROWS).astype(np.float32),
    "counts": RANDOM.poisson(3, size=ROWS),
    "heavy counts": (RANDOM.pareto(1, size=ROWS) * 10).astype(np.int64),
    "bytes": RANDOM.integers(0, 256, size=ROWS).astype(np.uint8),
    "large integers": 2**60 + RANDOM.integers(0, 100, size=ROWS),
    "wide integers": RANDOM.integers(-(2**63), 2**63 - 1, size=ROWS),
    "large unsigned": np.uint64(2**64 - 200) + RANDOM.integers(0, 100, size=ROWS).astype(np.uint64),
    "rare flag": RANDOM.random(ROWS) < 0.01,
}
ARROW_NAMES = {"float64": "double", "float32": "float"}


def number(values: np.ndarray) -> Column:
    dtype = ARROW_NAMES.get(values.dtype.name, values.dtype.name)
    return Column("x", Kind.NUMBER, dtype, 1, values.min().item(), values.max().item())


def lists(values: np.ndarray, kind: Kind) -> Column:
    dtype = ARROW_NAMES.get(values.dtype.name, values.dtype.name)
    return Column("x", kind, dtype, values.shape[1], values.min().item(), values.max().item())


def fit(column: Column, values: np.ndarray, scaling: Scaling = Scaling.auto) -> Encoding:
    return fit_encoding([column], {"x": values[::3]}, EncodingSettings(scaling=scaling))


def distance(one: np.ndarray, other: np.ndarray, column: Column) -> float:
    """Largest difference as a share of the column's range."""
    exact = [abs(a - b) for a, b in zip(one.ravel().tolist(), other.ravel().tolist(), strict=True)]
    return float(max(exact) / (column.high - column.low))


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_round_trip(name: str, scaling: Scaling) -> None:
    """Decoding an encoded column gives it back within 1e-5 of its range, in its type."""
    values = NUMBERS[name]
    column = number(values)
    encoding = fit(column, values, scaling)
    decoded = encoding.decode(encoding.encode({"x": values}))["x"]
    assert decoded.dtype == values.dtype
    assert distance(decoded, values, column) <= 1e-5


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("name", ["log-normal", "heavy counts", "bytes", "rare flag", "wide integers"])
def test_any_vector_decodes_into_the_range(name: str, scaling: Scaling) -> None:
    """Generated values stay between the column's smallest and largest one, however far a vector lies."""
    values = NUMBERS[name]
    encoding = fit(number(values), values, scaling)
    decoded = encoding.decode(np.linspace(-1e4, 1e4, 501, dtype=np.float32)[:, None])["x"]
    assert decoded.dtype == values.dtype
    assert decoded.min() >= values.min()
    assert decoded.max() <= values.max()


@pytest.mark.parametrize("name", NUMBERS)
def test_automatic_scaling_gives_order_one(name: str) -> None:
    """Whatever the tails, 98 of 100 numbers are encoded between -11 and 11, and none beyond 50."""
    values = NUMBERS[name]
    encoded = fit(number(values), values).encode({"x": values})
    assert np.abs(np.quantile(encoded, [0.01, 0.99])).max() < 11
    assert np.abs(encoded).max() < 50


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("normal", Scaling.standard),
        ("far from zero", Scaling.standard),
        ("bytes", Scaling.standard),
        ("rare flag", Scaling.standard),
        ("log-normal", Scaling.log),
        ("one sentinel", Scaling.quantile),
        ("mostly zero", Scaling.quantile),
    ],
)
def test_automatic_scaling_follows_the_tails(name: str, expected: Scaling) -> None:
    """Light tails are standardised, long ones logged, and what no logarithm mends is mapped by quantiles."""
    assert choose_scaling(NUMBERS[name].astype(float)) is expected


def test_far_outliers_around_an_ordinary_body_are_scaled_robustly() -> None:
    """A few values at six times the body's extent don't set its scale."""
    values = np.r_[RANDOM.uniform(-1, 1, ROWS), 8.0, -8.0]
    assert choose_scaling(values) is Scaling.robust


def test_standard_scaling_has_mean_zero_and_deviation_one() -> None:
    """1, 2, 3, 4, 5 have mean 3 and deviation sqrt(2)."""
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    encoding = fit_encoding([number(values)], {"x": values}, EncodingSettings(scaling=Scaling.standard))
    expected = np.array([[-2.0], [-1.0], [0.0], [1.0], [2.0]]) / np.sqrt(2)
    np.testing.assert_allclose(encoding.encode({"x": values}), expected, atol=1e-6)


def test_quantile_scaling_is_normal() -> None:
    """The quartiles of a skewed column are encoded as those of a normal distribution, -0.674 and 0.674."""
    values = NUMBERS["log-normal"]
    encoded = fit(number(values), values, Scaling.quantile).encode({"x": values})
    np.testing.assert_allclose(np.quantile(encoded, [0.25, 0.5, 0.75]), [-0.674, 0, 0.674], atol=0.1)


def test_single_columns_can_have_their_own_scaling() -> None:
    """The scaling of a column by name wins over the general one."""
    values = {"a": NUMBERS["normal"], "b": NUMBERS["normal"]}
    columns = [Column(name, Kind.NUMBER, "double", 1, -5, 5) for name in values]
    settings = EncodingSettings(scaling=Scaling.standard, columns={"b": Scaling.robust})
    encoding = fit_encoding(columns, values, settings)
    assert [column.scaling for column in encoding.columns] == ["standard", "robust"]


def coordinates(high: dict[str, float]) -> tuple[list[Column], dict[str, np.ndarray]]:
    """Uniform columns from 0 to `high`, each with a wholly different spread."""
    rows = np.linspace(0, 1, 101)
    values = {name: top * rows ** (1 + 3 * i) for i, (name, top) in enumerate(high.items())}
    return [Column(name, Kind.NUMBER, "double", 1, 0, top) for name, top in high.items()], values


def test_columns_that_share_a_range_keep_their_proportions() -> None:
    """Pen coordinates from 0 to 100 are lengths: so is a column that never gets as far, whose distances stay small."""
    columns, values = coordinates({"a": 100, "b": 100, "c": 100, "d": 3})
    encoding = fit_encoding(columns, values, EncodingSettings())
    assert [column.scaling for column in encoding.columns] == ["common"] * 4
    spread = np.ptp(encoding.encode(values), axis=0)
    np.testing.assert_allclose(spread / spread[0], [1, 1, 1, 0.03], rtol=1e-5)
    for name, found in encoding.decode(encoding.encode(values)).items():
        np.testing.assert_allclose(found, values[name], atol=1e-4)


@pytest.mark.parametrize("high", [{"a": 100, "b": 100, "c": 7, "d": 3}, {"a": 1, "b": 1}])
def test_columns_of_several_ranges_are_scaled_one_by_one(high: dict[str, float]) -> None:
    """Half of the columns, or two, may share a range by chance."""
    columns, values = coordinates(high)
    encoding = fit_encoding(columns, values, EncodingSettings())
    assert "common" not in {column.scaling for column in encoding.columns}


def test_principal_components_keep_their_proportions() -> None:
    """The last ones are the noise, which would count as much as the first if each were scaled by itself."""
    x = np.random.default_rng(0).normal(size=(300, 8)) @ np.random.default_rng(1).normal(size=(8, 8))
    left, singular, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    values = {f"pc{i}": cells for i, cells in enumerate((left * singular).T)}
    columns = [Column(n, Kind.NUMBER, "double", 1, float(v.min()), float(v.max())) for n, v in values.items()]
    encoding = fit_encoding(columns, values, EncodingSettings())
    assert {column.scaling for column in encoding.columns} == {"common"}
    spread = encoding.encode(values).std(axis=0)
    np.testing.assert_allclose(spread / spread[0], singular / singular[0], rtol=1e-5)
    told = fit_encoding(columns, values, EncodingSettings(scaling=Scaling.standard))
    assert {column.scaling for column in told.columns} == {"standard"}


def test_flags_are_not_of_one_unit_and_named_columns_keep_their_scaling() -> None:
    """Flags share their range with any others; a scaling that somebody chose by name counts."""
    flags = {name: np.arange(90) % (i + 2) == 0 for i, name in enumerate("abc")}
    columns = [Column(name, Kind.NUMBER, "bool", 1, False, True) for name in flags]
    assert {c.scaling for c in fit_encoding(columns, flags, EncodingSettings()).columns} == {"standard"}
    columns, values = coordinates({"a": 100, "b": 100, "c": 100, "d": 100})
    encoding = fit_encoding(columns, values, EncodingSettings(columns={"b": Scaling.standard}))
    assert [column.scaling for column in encoding.columns] == ["common", "standard", "common", "common"]


def test_images_are_encoded_between_zero_and_one() -> None:
    """Pixels are divided by 255, and come back exactly."""
    pixels = np.array([[0, 255, 51, 102]], dtype=np.uint8)
    encoding = fit(lists(pixels, Kind.IMAGE), pixels)
    vectors = encoding.encode({"x": pixels})
    np.testing.assert_allclose(vectors, [[0.0, 1.0, 0.2, 0.4]], atol=1e-7)
    assert encoding.decode(vectors)["x"].tolist() == [[0, 255, 51, 102]]
    assert encoding.is_image


def test_embeddings_keep_their_geometry() -> None:
    """Distances between encoded embeddings are those between the embeddings, times one number."""
    values = RANDOM.normal(size=(200, 5)) * [1, 2, 3, 4, 5] + 10
    vectors = fit(lists(values, Kind.EMBEDDING), values).encode({"x": values})
    ratio = np.linalg.norm(vectors[1:] - vectors[0], axis=1) / np.linalg.norm(values[1:] - values[0], axis=1)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
def test_embeddings_round_trip(dtype: str) -> None:
    """An embedding comes back within 1e-5 of its range, in its type."""
    values = (100 * RANDOM.standard_t(2, size=(500, 6))).astype(dtype)
    column = lists(values, Kind.EMBEDDING)
    encoding = fit(column, values)
    decoded = encoding.decode(encoding.encode({"x": values}))["x"]
    assert decoded.dtype == values.dtype
    assert distance(decoded, values, column) <= 1e-5


def test_vectors_put_the_columns_side_by_side() -> None:
    """A number and an image of four pixels make vectors of five coordinates, and no image."""
    pixels = RANDOM.integers(0, 256, size=(10, 4)).astype(np.uint8)
    columns = [
        Column("a", Kind.NUMBER, "double", 1, 0.0, 9.0),
        Column("b", Kind.IMAGE, "uint8", 4, 0, 255),
    ]
    encoding = fit_encoding(columns, {"a": np.arange(10.0)}, EncodingSettings())
    vectors = encoding.encode({"a": np.arange(10.0), "b": pixels})
    assert vectors.shape == (10, 5)
    assert vectors.dtype == np.float32
    assert encoding.width == 5
    assert not encoding.is_image


def test_an_encoding_goes_through_json_unchanged() -> None:
    """What JSON gives back equals what went in, large integers included."""
    columns = [number(NUMBERS["large integers"]), Column("y", Kind.IMAGE, "uint8", 4, 0, 255, (2, 2))]
    encoding = fit_encoding(columns, {"x": NUMBERS["large integers"]}, EncodingSettings(scaling=Scaling.quantile))
    assert Encoding.from_json(json.loads(json.dumps(encoding.to_json()))) == encoding


@pytest.mark.parametrize(("width", "shape"), [(64, (8, 8)), (784, (28, 28)), (3072, (32, 32, 3)), (50, None)])
def test_images_are_square_if_they_can_be(width: int, shape: tuple[int, ...] | None) -> None:
    """A square number of pixels is grey, three times one is colour, and others stay flat."""
    assert image_shape(width) == shape


# Missing numbers

NAN = float("nan")
GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("format-1/**/encoding*.json"))
FILLS = [(Imputation.mean, 3.5), (Imputation.median, 2.5), (Imputation.most_frequent, 2.0)]


def masked(values: np.ndarray) -> np.ndarray:
    """The values, every fifth one missing."""
    return np.ma.MaskedArray(values, np.arange(len(values)) % 5 == 0)


def fit_imputed(values: np.ndarray, imputation: Imputation = Imputation.median, **changes: bool) -> Encoding:
    """The column x of some numbers, with its indicator, standardised."""
    known = np.ma.getdata(values)[~(np.ma.getmaskarray(values) | np.isnan(np.ma.getdata(values)))]
    column = replace(number(known), imputation=imputation, **({"has_indicator": True} | changes))
    return fit_encoding([column], {"x": values}, EncodingSettings(scaling=Scaling.standard))


@pytest.mark.parametrize(("imputation", "fill"), FILLS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8"])
def test_a_missing_number_is_replaced_by_what_the_setting_says(imputation: Imputation, fill: float, dtype: str) -> None:
    """2, 2, 3, 7 have the mean 3.5, the median 2.5 and the most frequent value 2; an indicator stands beside it."""
    values = np.ma.MaskedArray(np.array([2, 0, 2, 3, 0, 7], dtype), [0, 1, 0, 0, 1, 0])
    vectors = fit_imputed(values, imputation).encode({"x": values})
    expected = (np.array([2, fill, 2, 3, fill, 7]) - 3.5) / np.sqrt(17 / 4)
    np.testing.assert_allclose(vectors[:, 0], expected, atol=1e-6)
    assert vectors[:, 1].tolist() == [0, 1, 0, 0, 1, 0]


def test_of_equally_frequent_values_the_smallest_stands_for_a_missing_one() -> None:
    """1 and 5 come twice each."""
    encoding = fit_imputed(np.array([5.0, 1.0, 5.0, 1.0, 3.0, NAN]), Imputation.most_frequent)
    assert encoding.columns[0].parameters["fill"] == [1.0]


def test_a_missing_boolean_can_be_half_true() -> None:
    """Of three flags in four that are set, the mean lies at 3/4 of the way."""
    values = np.ma.MaskedArray([True, True, True, False, False], [0, 0, 0, 0, 1])
    encoding = fit_imputed(values, Imputation.mean)
    vectors = encoding.encode({"x": values})
    np.testing.assert_allclose(vectors[4], [0.0, 1.0], atol=1e-6)
    decoded = encoding.decode(vectors)["x"]
    assert decoded.dtype == np.bool_
    assert decoded.tolist() == [True, True, True, False, None]


def test_a_missing_cell_is_as_far_from_the_others_as_they_are_from_each_other() -> None:
    """Root mean square distances in a standardised column are sqrt(2), with the indicator, whoever is missing."""
    values = np.append(RANDOM.normal(size=2000), NAN)
    vectors = fit_imputed(values, Imputation.mean).encode({"x": values})
    there, missing = vectors[:-1], vectors[-1]
    apart = np.sqrt(((there - missing) ** 2).sum(axis=1).mean())
    assert apart == pytest.approx(np.sqrt(2), abs=1e-3)
    assert np.sqrt(2 * there.var(axis=0).sum()) == pytest.approx(np.sqrt(2), abs=1e-3)


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_with_gaps_round_trip(name: str, scaling: Scaling) -> None:
    """Gaps come back as gaps and numbers within 1e-5 of their range, in their type; so does what is encoded again."""
    values = masked(NUMBERS[name])
    column = replace(number(NUMBERS[name]), imputation=Imputation.median, has_indicator=True)
    encoding = fit_encoding([column], {"x": values[::3]}, EncodingSettings(scaling=scaling))
    vectors = encoding.encode({"x": values})
    decoded = encoding.decode(vectors)["x"]
    assert decoded.dtype == values.dtype
    assert np.array_equal(np.ma.getmaskarray(decoded), values.mask)
    assert distance(decoded.compressed(), values.compressed(), column) <= 1e-5
    again = encoding.encode({"x": decoded})
    missing = values.mask
    assert np.array_equal(again[missing], vectors[missing])
    assert np.array_equal(again[:, 1], vectors[:, 1])


def test_a_generated_indicator_counts_from_the_middle_of_its_two_values() -> None:
    """Past one half the cell is missing; else it is a number within the range."""
    encoding = fit_imputed(np.ma.MaskedArray([1, 2, 3, 0], [0, 0, 0, 1]))
    vectors = np.array([[9, -4], [9, 0.5], [9, 0.51], [-9, 7]], dtype=np.float32)
    assert encoding.decode(vectors)["x"].tolist() == [3, 3, None, None]


def test_a_column_without_gaps_gets_no_indicator_and_imputes_new_rows_all_the_same() -> None:
    """The median of 1, 2, 3 stands for a NaN that comes later, in the one coordinate that there is."""
    encoding = fit_imputed(np.array([1.0, 2.0, 3.0]), has_indicator=False)
    assert encoding.width == 1
    assert encoding.encode({"x": np.array([NAN, 2.0])}).tolist() == [[0.0], [0.0]]
    assert not np.ma.isMaskedArray(encoding.decode(np.zeros((1, 1)))["x"])


def test_a_missing_number_is_refused_where_it_is_not_imputed() -> None:
    """The error names the column."""
    encoding = fit(number(np.array([1.0, 2.0, 3.0])), np.array([1.0, 2.0, 3.0]))
    with pytest.raises(ValueError, match="each row of column x"):
        encoding.encode({"x": np.array([NAN])})


def test_a_number_that_is_constant_but_for_its_gaps_is_its_indicator_alone() -> None:
    """One coordinate; decoded, the number is the constant or missing, large integers included."""
    values = np.ma.MaskedArray([2**60 + 1, 0, 2**60 + 1], [0, 1, 0])
    encoding = fit_imputed(values)
    vectors = encoding.encode({"x": values})
    assert vectors.tolist() == [[0.0], [1.0], [0.0]]
    assert encoding.decode(vectors)["x"].tolist() == [2**60 + 1, None, 2**60 + 1]


def test_large_integers_with_gaps_stay_exact() -> None:
    """Neighbours beyond 2^53 are told apart, and the median stands between them as a float can't."""
    values = np.ma.MaskedArray([2**60 + 1, 2**60 + 2, 2**60 + 3, 2**60 + 4, 0], [0, 0, 0, 0, 1])
    encoding = fit_imputed(values)
    vectors = encoding.encode({"x": values})
    assert encoding.decode(vectors)["x"].tolist() == values.tolist()
    assert vectors[4, 0] == pytest.approx(vectors[:4, 0].mean(), abs=1e-6)


def test_indicators_stand_behind_their_columns_number() -> None:
    """`places` says where: a gap in a is coordinate 1, an image follows, and b has a number alone."""
    pixels = np.zeros((4, 4), np.uint8)
    columns = [
        Column("a", Kind.NUMBER, "double", 1, 1.0, 3.0, imputation=Imputation.mean, has_indicator=True),
        Column("image", Kind.IMAGE, "uint8", 4, 0, 255),
        Column("b", Kind.NUMBER, "double", 1, 0.0, 3.0),
    ]
    table = {"a": np.array([1.0, NAN, 2.0, 3.0]), "image": pixels, "b": np.arange(4.0)}
    encoding = fit_encoding(columns, table, EncodingSettings())
    assert encoding.places == {"a": slice(0, 2), "image": slice(2, 6), "b": slice(6, 7)}
    vectors = encoding.encode(table)
    assert vectors.shape == (4, encoding.width) == (4, 7)
    assert vectors[:, 1].tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize("imputation", [imputation for imputation, _ in FILLS])
def test_an_encoding_with_imputed_columns_goes_through_json_unchanged(imputation: Imputation) -> None:
    """So does what it makes of a gap."""
    encoding = fit_imputed(np.array([1.0, NAN, 4.0, 5.0]), imputation)
    again = Encoding.from_json(json.loads(json.dumps(encoding.to_json())))
    assert again == encoding
    assert again.encode({"x": np.array([NAN])}).tolist() == encoding.encode({"x": np.array([NAN])}).tolist()


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parts[-5])
def test_an_encoding_from_before_imputation_is_still_read(path: Path) -> None:
    """Its columns take no missing cell and have no indicator."""
    value = json.loads(path.read_text())
    encoding = Encoding.from_json(value)
    assert {column.imputation for column in encoding.columns} == {Imputation.reject}
    assert encoding.width == sum(column["width"] for column in value["columns"])
