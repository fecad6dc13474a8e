"""Which lists are taken for images."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.datasets import load_digits, load_sample_image

from models.encoding import Column, Encoding, Kind
from models.settings import EncodingSettings, Imputation, Scaling, SourceSettings
from tasks.images import likeness, merged_likeness
from tasks.ingest import ingest_source
from tasks.inspection import describe
from tasks.loading import matrix
from tasks.pixels import Pixels, pixels_of
from tasks.store import Store

RANDOM = np.random.default_rng(3)
DIGITS = load_digits().data[:300]  # 8 x 8 pixels of 0 to 16
STEPS = np.arange(100)
SERIES = {
    "walks": RANDOM.normal(size=(200, 100)).cumsum(axis=1),
    "waves": np.sin(2 * np.pi * (STEPS / RANDOM.uniform(15, 40, (200, 1)) + RANDOM.random((200, 1)))),
    "bumps": np.exp(-(((STEPS - RANDOM.uniform(10, 90, (200, 1))) / 15) ** 2)),
    "falling counts": RANDOM.poisson(np.linspace(20, 1, 100), (200, 100)),
    "noise": RANDOM.normal(size=(200, 100)),
    "bits, commoner ones last": RANDOM.random((200, 100)) < np.sort(RANDOM.beta(0.3, 1, 100)),
    "components": np.abs(RANDOM.normal(size=(200, 100))) * np.linspace(3, 0.3, 100),
}


@pytest.mark.parametrize("name", SERIES)
def test_series_of_square_length_are_no_images(name: str) -> None:
    """A hundred numbers, of which each may be like the next, are still not ten by ten pixels."""
    assert not likeness(SERIES[name].astype(float), (10, 10)).is_image


@pytest.mark.parametrize("picture", ["china.jpg", "flower.jpg"])
def test_pieces_of_photographs_are_images(picture: str) -> None:
    """In colour, and only in the shape that they have."""
    whole = load_sample_image(picture).astype(float)
    pieces = np.stack([whole[y : y + 16, x : x + 24].ravel() for y in range(0, 400, 16) for x in range(0, 600, 24)])
    assert likeness(pieces, (16, 24, 3)).is_image
    assert not likeness(pieces[:, RANDOM.permutation(pieces.shape[1])], (16, 24, 3)).is_image


def test_parts_together_are_as_alike_as_the_whole() -> None:
    """Sums, so that files can be read one by one."""
    parts = merged_likeness([likeness(DIGITS[:100], (8, 8)), likeness(DIGITS[100:], (8, 8))])
    whole = likeness(DIGITS, (8, 8))
    assert np.allclose([parts.itself, parts.beside, parts.below], [whole.itself, whole.beside, whole.below])


def test_a_line_of_pixels_is_no_image() -> None:
    """Nothing is below it."""
    assert not likeness(DIGITS, (1, 64)).is_image


def lists(values: np.ndarray, type: pa.DataType, tmp_path: Path, **metadata: str) -> Path:
    """Write rows (n, width) as a column of lists."""
    field = pa.field("image", pa.list_(type), metadata=metadata)
    pq.write_table(pa.table([pa.array(values.tolist(), field.type)], pa.schema([field])), tmp_path / "a.parquet")
    return tmp_path / "a.parquet"


def column_of(source: Path, store: Store) -> tuple[Column, np.ndarray]:
    """The only column, and the vectors."""
    artifacts, _, _ = ingest_source(str(source), SourceSettings(), EncodingSettings(), 2, store)
    (column,) = Encoding.from_json(store.json(artifacts["encoding"])).columns
    return column, matrix(store.table(artifacts["vectors"]))


@pytest.mark.parametrize(
    ("type", "values"),
    [
        (pa.uint8(), DIGITS.astype(int)),
        (pa.int64(), DIGITS.astype(int)),
        (pa.float32(), DIGITS / 16),
        (pa.float64(), DIGITS / 8 - 1),
    ],
)
def test_lists_with_pixels_are_images_of_any_type(
    tmp_path: Path, store: Store, type: pa.DataType, values: np.ndarray
) -> None:
    """Whatever the range of the pixels, the vectors are the same, from 0 to 1."""
    column, vectors = column_of(lists(values, type, tmp_path), store)
    assert (column.kind, column.image_shape, column.dtype) == (Kind.IMAGE, (8, 8), str(type))
    assert np.allclose(sorted(vectors.tolist()), sorted((DIGITS / 16).tolist()), atol=1e-6)


@pytest.mark.parametrize("type", [pa.uint8(), pa.float32()])
def test_lists_without_order_are_no_images(tmp_path: Path, store: Store, type: pa.DataType) -> None:
    """Of square length, but not alike side by side; the shape in the metadata makes bytes an image all the same."""
    shuffled = DIGITS[:, RANDOM.permutation(64)].astype(int)
    assert column_of(lists(shuffled, type, tmp_path), store)[0].kind is Kind.EMBEDDING
    told = column_of(lists(shuffled, type, tmp_path, shape="4x16"), store)[0]
    assert (told.kind, told.image_shape) == ((Kind.IMAGE, (4, 16)) if type == pa.uint8() else (Kind.EMBEDDING, None))


def test_a_few_rows_a_file_tell_images_too(tmp_path: Path, store: Store) -> None:
    """All files together decide."""
    for day, image in enumerate(DIGITS[:40] / 16):
        field = pa.field("image", pa.list_(pa.float64()))
        pq.write_table(pa.table([pa.array([image.tolist()])], pa.schema([field])), tmp_path / f"{day}.parquet")
    assert column_of(tmp_path, store)[0].kind is Kind.IMAGE


def columns_file(values: np.ndarray, tmp_path: Path, **others: list[int]) -> Path:
    """Write rows (n, width) as a column for each number, and further columns."""
    frame = pd.DataFrame(values, columns=[f"pixel{i}" for i in range(values.shape[1])])
    frame.assign(**others).to_parquet(tmp_path / "a.parquet")
    return tmp_path / "a.parquet"


def encoding_of(source: Path, store: Store, encoding: EncodingSettings | None = None, **settings: Any) -> Encoding:
    """How a source's columns are encoded."""
    made, _, _ = ingest_source(str(source), SourceSettings(**settings), encoding or EncodingSettings(), 2, store)
    return Encoding.from_json(store.json(made["encoding"]))


@pytest.mark.parametrize("values", [DIGITS.astype(int), DIGITS / 16])
@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_columns_with_a_pixel_each_are_an_image(tmp_path: Path, store: Store, values: np.ndarray, format: str) -> None:
    """The vectors are those of lists with the same pixels: the columns in which all digits are black belong to it."""
    assert (np.ptp(values, axis=0) == 0).any()
    source = columns_file(values, tmp_path)
    if format == "csv":
        pd.read_parquet(source).to_csv(tmp_path / "a.csv", index=False)
        source.unlink()
    artifacts, inspection, _ = ingest_source(str(tmp_path), SourceSettings(), EncodingSettings(), 2, store)
    encoding = Encoding.from_json(store.json(artifacts["encoding"]))
    assert encoding.is_image
    assert inspection.is_image
    assert encoding.image_shape == inspection.image_shape == (8, 8)
    assert not inspection.unused
    assert encoding.numbers == ()
    vectors = matrix(store.table(artifacts["vectors"]))
    assert np.allclose(sorted(vectors.tolist()), sorted((DIGITS / 16).tolist()), atol=1e-6)
    assert "64 number columns, pixels of 8 x 8" in " ".join(line for _, line in describe(inspection))


def test_columns_without_order_are_numbers(tmp_path: Path, store: Store) -> None:
    """And those that are constant take no part."""
    encoding = encoding_of(columns_file(DIGITS[:, RANDOM.permutation(64)], tmp_path), store)
    assert not encoding.is_image
    assert len(encoding.numbers) == len(encoding.columns) < 64


def test_an_image_is_all_that_is_used(tmp_path: Path, store: Store) -> None:
    """Beside another column pixels are numbers; a column that is ignored isn't beside them."""
    source = columns_file(DIGITS, tmp_path, age=list(range(len(DIGITS))))
    assert not encoding_of(source, store).is_image
    assert encoding_of(source, store, ignore=("age",)).is_image
    assert encoding_of(source, store, label_column="age").is_image


@pytest.mark.parametrize(
    "settings",
    [
        EncodingSettings(scaling=Scaling.standard),
        EncodingSettings(columns={"pixel30": Scaling.standard}),
        EncodingSettings(missing=Imputation.median),
    ],
)
def test_columns_that_the_user_treats_as_numbers_are_numbers(
    tmp_path: Path, store: Store, settings: EncodingSettings
) -> None:
    """Pixels have one scaling, and no coordinate that says that they are missing."""
    assert not encoding_of(columns_file(DIGITS, tmp_path), store, settings).is_image


def test_pixels_are_drawn_alike_from_lists_and_columns(tmp_path: Path, store: Store) -> None:
    """From the darkest to the brightest of all; samples are in the columns of the source."""
    encoding = encoding_of(columns_file(DIGITS, tmp_path), store)
    of_columns, of_list = pixels_of(encoding), Pixels(("image",), (8, 8), 0, 16)
    assert of_columns is not None
    decoded = encoding.decode((DIGITS / 16).astype(np.float32))
    assert set(decoded) == {f"pixel{i}" for i in range(64)}
    drawn = of_columns.draw(decoded)
    assert drawn.shape == (300, 8, 8)
    assert np.array_equal(drawn, of_list.draw({"image": DIGITS}))
