"""Claims about generated rows."""

import numpy as np
import pyarrow as pa

from models.encoding import Encoding
from models.settings import SampleSettings
from tasks.generate import sample_parts, sample_table
from tasks.loading import matrix
from tests.conftest import Fitted


def drawn(fitted: Fitted, **settings: int) -> pa.Table:
    """Samples as one table."""
    encoding = Encoding.from_json(fitted.store.json(fitted.artifacts["encoding"]))
    return pa.concat_tables(sample_parts(fitted.model, encoding, SampleSettings(**settings), seed=0))


def test_samples_come_in_the_users_own_columns_and_types(fitted: Fitted) -> None:
    """Digits are images of uint8, as in the source."""
    samples = fitted.store.table(fitted.artifacts["samples"])
    rows = fitted.store.table(fitted.artifacts["rows"])
    assert samples.column_names == ["sample_id", "component", "vector", "image"]
    assert samples.schema.field("image").type == rows.schema.field("image").type == pa.list_(pa.uint8(), 64)


def test_the_columns_are_decoded_from_the_vector(fitted: Fitted) -> None:
    """A pixel is 255 times its coordinate."""
    samples = drawn(fitted, count=5)
    assert np.array_equal(matrix(samples, "image"), np.rint(matrix(samples) * 255).astype(np.uint8))


def test_more_samples_begin_with_the_same_ones(fitted: Fitted) -> None:
    """A sample depends on the seed and its number alone."""
    few, more = drawn(fitted, count=5), drawn(fitted, count=8)
    assert few["sample_id"].to_pylist() == [f"{i:010d}" for i in range(5)]
    assert matrix(few).tolist() == matrix(more)[:5].tolist()


def test_one_component_can_be_asked_for(fitted: Fitted) -> None:
    """All samples then carry it; otherwise every component is drawn."""
    assert set(drawn(fitted, count=20, component=3)["component"].to_pylist()) == {3}
    assert set(drawn(fitted, count=300)["component"].to_pylist()) == set(range(10))


def test_a_model_without_components_leaves_the_component_empty(fitted: Fitted) -> None:
    """null, not a number that stands for nothing."""
    encoding = Encoding.from_json(fitted.store.json(fitted.artifacts["encoding"]))
    table = sample_table(np.zeros((2, 64), np.float32), np.array([-1, -1]), encoding, start=0)
    assert table["component"].to_pylist() == [None, None]
