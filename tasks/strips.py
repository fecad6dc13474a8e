"""Rows and samples of a cluster as a reader sees them: images in one strip, numbers in a small table."""

import base64
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from models.encoding import Column, Encoding, Kind
from tasks.gallery import Chosen, take
from tasks.loading import matrix
from tasks.numbers import column_number
from tasks.pictures import draw_sprite
from tasks.store import Artifact, Store

MAX_COLUMNS = 8
TABLE_ROWS = 5  # a table of more is not read
LONGEST_ID = 80
TITLES = {"typical": "Typical rows", "borderline": "Borderline rows", "generated": "Generated members"}


@dataclass(frozen=True)
class Strip:
    """A few members of a cluster: `picture` is the address of a sprite; without one, `cells` is a table."""

    title: str
    ids: list[str]
    note: str
    picture: str
    cells: list[list[str]]


def data_uri(content: bytes, kind: str) -> str:
    """The address of a picture that lies in the page itself; kind is `png` or `svg+xml`."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def table_columns(columns: list[str]) -> list[str]:
    """Headings of the cells of a strip."""
    return ["id", "probability", "second choice", *columns]


def make_strips(
    store: Store,
    members: Artifact,
    assignments: Artifact,
    chosen: Chosen,
    encoding: Encoding,
    columns: dict[int, list[str]],
) -> dict[int, list[Strip]]:
    """Strips of the chosen members of each cluster; one that is empty is left out.

    Args:
        members: rows or samples, with their assignments in the same order.
        columns: the user's number columns to show of each cluster.
    """
    every = [positions for sorts in chosen.values() for positions in sorts.values()]
    places = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *every]))
    image = image_column(encoding)
    wanted = dict.fromkeys(name for names in columns.values() for name in names)
    own = take(store, members, places, [_id_column(members), *wanted, *([image.name] if image else [])])
    sure = take(store, assignments, places, ["cluster_probability", "second_cluster"])
    return {
        cluster: [
            _strip(sort, own.take(here), sure.take(here), image, encoding, columns[cluster])
            for sort, positions in sorts.items()
            if len(here := np.searchsorted(places, positions))
        ]
        for cluster, sorts in chosen.items()
    }


def _strip(
    sort: str, own: pa.Table, sure: pa.Table, image: Column | None, encoding: Encoding, columns: list[str]
) -> Strip:
    ids = [str(value)[:LONGEST_ID] for value in own.column(0).to_pylist()]
    probabilities, seconds = (sure[name].to_pylist() for name in ("cluster_probability", "second_cluster"))
    note = f"probability {_range(probabilities)}"
    if sort == "borderline" and set(seconds) != {None}:
        note += f"; second choice: {', '.join(str(second) for second in sorted(set(seconds) - {None}))}"
    if image:
        return Strip(TITLES[sort], ids, note, _sprite(own, image), [])
    shown = [
        ids,
        [_percent(value) for value in probabilities],
        ["" if v is None else str(v) for v in seconds],
    ]
    by_name = {column.name: column for column in encoding.columns}
    shown += [[column_number(value, by_name[name]) for value in own[name].to_pylist()] for name in columns]
    return Strip(TITLES[sort], ids, note, "", [list(cells) for cells in zip(*shown, strict=True)][:TABLE_ROWS])


def _id_column(members: Artifact) -> str:
    return "row_id" if members.kind == "rows" else "sample_id"


def _sprite(own: pa.Table, image: Column) -> str:
    pixels = matrix(own, image.name).reshape(len(own), *(image.image_shape or ()))
    return data_uri(draw_sprite(image_bytes(pixels, image)), "png")


def image_column(encoding: Encoding) -> Column | None:
    """The column to draw: the first image whose shape is known."""
    return next((c for c in encoding.columns if c.kind is Kind.IMAGE and c.image_shape), None)


def image_bytes(pixels: np.ndarray, image: Column) -> np.ndarray:
    """Pixels as bytes, stretched to the range of the accepted rows, so that 4-bit ones aren't all dark."""
    scaled = (pixels.astype(np.float64) - image.low) / max(image.high - image.low, 1e-9)
    return np.round(255 * scaled.clip(0, 1)).astype(np.uint8)


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.0f}%"


def _range(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    low, high = _percent(min(known, default=None)), _percent(max(known, default=None))
    return low if low == high else f"{low} to {high}"
