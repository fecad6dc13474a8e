"""Claims about what decides between two clusters."""

import numpy as np
import pytest

from models.encoding import Column, Encoding, Kind
from models.occlusion import image_patches, log_odds, occlude, parts_of, share_of_half

MIXED = Encoding(
    (Column("a", Kind.NUMBER, "double", 1, 0, 1, scaling="standard"), Column("e", Kind.EMBEDDING, "float", 3, 0, 1))
)


def test_a_column_is_replaced_as_a_whole() -> None:
    """All else stays as it is."""
    found = occlude(np.zeros(4), np.array([1.0, 2, 3, 4]), parts_of(MIXED))
    assert found.tolist() == [[1, 0, 0, 0], [0, 2, 3, 4]]


@pytest.mark.parametrize(("shape", "patches", "largest"), [((8, 8), 64, 1), ((28, 28), 49, 16), ((10, 4, 3), 10, 12)])
def test_patches_cover_an_image(shape: tuple[int, ...], patches: int, largest: int) -> None:
    """Each value lies in one; a pixel's colours stay together."""
    image = Encoding((Column("i", Kind.IMAGE, "uint8", int(np.prod(shape)), 0, 255, shape),))
    parts = parts_of(image)
    assert sorted(np.concatenate(parts).tolist()) == list(range(image.width))
    assert (len(parts), max(map(len, parts))) == (patches, largest)
    assert image_patches(shape).shape == shape


def test_log_odds_compare_two_clusters() -> None:
    """3 to 1 is log 3; a row that fits neither has none; one without a rival has finite ones."""
    found = log_odds(np.array([[0.6, 0.2, 0.2], [0, 0, 1], [1, 0, 0]]), 0, 1)
    assert found[0] == pytest.approx(np.log(3))
    assert np.isnan(found[1])
    assert 60 < found[2] < 80


def test_half_of_the_evidence_lies_in_the_strongest_parts() -> None:
    """Two of ten equal parts with all of it; what speaks against doesn't count."""
    evidence, sizes = np.array([4.0, 3, 3, -9, 0, 0, 0, 0, 0, 0]), np.ones(10)
    assert share_of_half(evidence, sizes) == 0.2
    assert share_of_half(np.eye(10)[0], sizes) == 0.1
