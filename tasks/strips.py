"""Rows and samples of a cluster as a reader sees them: images in one strip, numbers in a small table."""

import base64
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from models.encoding import Encoding
from tasks.columns import to_arrays
from tasks.gallery import Chosen
from tasks.loading import take
from tasks.numbers import column_number, percent
from tasks.pictures import draw_sprite
from tasks.pixels import Pixels, pixels_of
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


def sprite(images: np.ndarray) -> str:
    """The address of a strip of images (n, height, width) or (n, height, width, 3), bytes."""
    return data_uri(draw_sprite(images), "png")


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
    image = pixels_of(encoding)
    wanted = dict.fromkeys(name for names in columns.values() for name in names)
    own = take(store, members, places, [_id_column(members), *(image.columns if image else wanted)])
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
    sort: str, own: pa.Table, sure: pa.Table, image: Pixels | None, encoding: Encoding, columns: list[str]
) -> Strip:
    ids = [str(value)[:LONGEST_ID] for value in own.column(0).to_pylist()]
    probabilities, seconds = (sure[name].to_pylist() for name in ("cluster_probability", "second_cluster"))
    note = f"probability {_range(probabilities)}"
    if sort == "borderline" and set(seconds) != {None}:
        note += f"; second choice: {', '.join(str(second) for second in sorted(set(seconds) - {None}))}"
    if image:
        return Strip(TITLES[sort], ids, note, sprite(image.draw(to_arrays(own, list(image.columns)))), [])
    shown = [
        ids,
        [percent(value) for value in probabilities],
        ["" if v is None else str(v) for v in seconds],
    ]
    by_name = {column.name: column for column in encoding.columns}
    shown += [[column_number(value, by_name[name]) for value in own[name].to_pylist()] for name in columns]
    return Strip(TITLES[sort], ids, note, "", [list(cells) for cells in zip(*shown, strict=True)][:TABLE_ROWS])


def _id_column(members: Artifact) -> str:
    return "row_id" if members.kind == "rows" else "sample_id"


def _range(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    low, high = percent(min(known, default=None)), percent(max(known, default=None))
    return low if low == high else f"{low} to {high}"
