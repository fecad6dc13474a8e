"""What the command line prints of one row."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tasks.evidence import Evidence
from tasks.explain_row import RowExplanation
from tasks.nearest import TypicalRow

SHOWN = 8  # columns of a kind
GREYS = " .:-=+*#%@"  # from dark to bright
DRAWN_COLUMNS = 32  # of a picture in characters
LONGEST = 24  # characters of a name


def explanation_lines(found: RowExplanation) -> Iterator[str]:
    """Why a row is in its cluster: its answers, rows like it, what decides, or its picture beside the means."""
    yield f"\n{found.name}: row {found.row_id} ({found.split}), model version {found.version[:12]}\n"
    yield from _verdict(found)
    if found.own:
        yield "\nits values    " + _cells(found.own)
    yield from _typical_lines(found.typical, found)
    weighing = found.weighing
    if weighing.telling_pixels is not None:
        share = f"{weighing.telling_pixels:.0%}"
        yield f"\nhalf of what speaks for {found.nearest} against {found.rival} lies in {share} of the pixels"
    for picture in [found.pictures] if found.pictures else []:
        yield from _picture_lines(picture)
    if weighing.deciding:
        yield from _reason_lines(weighing.deciding, found, f"speaks for {found.nearest}", f"with {found.rival}'s value")
    if weighing.doubtful:
        yield from _reason_lines(weighing.doubtful, found, f"speaks for {found.rival}", f"with {found.nearest}'s value")
    if found.strange:
        title = f"unlike {found.nearest}"
        yield f"\n{title:<{LONGEST}} {'here':>12} {f'typical {found.nearest}':>12} {'deviations':>11}"
        for line in found.strange[:SHOWN]:
            cells = f"{_number(line.value):>12} {_number(line.typical):>12} {line.deviations:>+11.1f}"
            yield f"{_short(line.column):<{LONGEST}} {cells}"


def _verdict(found: RowExplanation) -> Iterator[str]:
    if found.cluster is None:
        yield f"cluster       none: it fits no cluster; {found.nearest} would be the nearest"
    else:
        yield f"cluster       {found.cluster}, probability {found.cluster_probability:.3f}"
    if found.cluster is not None and found.second_cluster is not None:
        yield f"runner-up     {found.second_cluster}, behind by {found.margin:.3f}"
    if found.said:
        yield "people say    " + "; ".join(f"{cluster}: {words}" for cluster, words in found.said.items())
    kind = "real rows" if found.p_real >= 0.5 else "generated rows"
    yield f"p_real        {found.p_real:.3f}: more like {kind}, as the critic sees it"
    outlier = "an outlier" if found.is_outlier else "no outlier"
    yield f"p_value       {found.p_value:.3f}: {found.p_value:.1%} of ordinary rows look as strange; {outlier}"
    distances = ", ".join(f"{distance:.3g} from that of {cluster}" for cluster, distance in found.distances.items())
    yield f"mean vectors  {distances}"


def _typical_lines(rows: Sequence[TypicalRow], found: RowExplanation) -> Iterator[str]:
    for cluster in found.distances:
        yield f"\nnearest typical rows of {cluster}"
        for row in (row for row in rows if row.cluster == cluster):
            about = f"{_short(row.row_id):<{LONGEST}} probability {row.probability:.3f}  distance {row.distance:.3g}"
            yield f"  {about}  {_cells(row.own)}".rstrip()


def _reason_lines(lines: Sequence[Evidence], found: RowExplanation, title: str, replaced: str) -> Iterator[str]:
    """Columns, the strongest first: the row's value, those of the clusters, and the probability with another value."""
    titles = ("here", f"typical {found.nearest}", f"typical {found.rival}")
    head = " ".join(f"{each:>12}" for each in titles)
    yield f"\n{title:<{LONGEST}} {head} {'log-odds':>9}  probability {replaced}"
    for line in lines[:SHOWN]:
        cells = " ".join(f"{_number(value):>12}" for value in (line.value, line.typical, line.rival))
        yield f"{_short(line.column):<{LONGEST}} {cells} {abs(line.change):>9.2f}  {line.probability:.3f}"
    if len(lines) > SHOWN:
        yield f"... and {len(lines) - SHOWN} more"


def _picture_lines(pictures: dict[str, np.ndarray]) -> Iterator[str]:
    """Pictures in grey side by side; a character is about twice as high as wide."""
    drawn = [_drawn(picture) for picture in pictures.values()]
    width = len(drawn[0][0])
    yield "\n" + "   ".join(f"{title:<{width}}" for title in pictures).rstrip()
    yield from ("   ".join(line).rstrip() for line in zip(*drawn, strict=True))


def _drawn(picture: np.ndarray) -> list[str]:
    height, width = picture.shape
    step = -(-width // DRAWN_COLUMNS)
    wide = 2 if 2 * width <= DRAWN_COLUMNS else 1  # characters for a pixel
    rows = np.arange(0, height, step if wide == 2 else 2 * step)
    columns = np.arange(0, width, step)
    means = np.add.reduceat(np.add.reduceat(picture, rows, axis=0), columns, axis=1)
    means = means / np.outer(np.diff(rows, append=height), np.diff(columns, append=width))
    greys = np.rint(means * (len(GREYS) - 1)).astype(int)
    return ["".join(GREYS[grey] * wide for grey in line) for line in greys]


def _cells(values: dict[str, Any]) -> str:
    shown = [f"{_short(name)} {_number(value)}" for name, value in list(values.items())[:SHOWN]]
    return ", ".join(shown) + (", ..." if len(values) > SHOWN else "")


def _number(value: Any) -> str:
    match value:
        case None:
            return "-"
        case float():
            return f"{value:.4g}"
        case _:
            return str(value)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
