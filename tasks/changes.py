"""What became of the promoted version's clusters, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tasks.numbers import percent


@dataclass(frozen=True)
class Since:
    """What the page says of it: one sentence, and by kind of change a line for each cluster that it befell."""

    headline: str
    lines: dict[str, list[str]]


def since_promotion(lineage: dict[str, Any]) -> Since | None:
    """The words for the artifact `lineage`; None where nothing had been promoted."""
    if lineage["predecessor"] is None:
        return None
    version = lineage["predecessor"][:12]
    if lineage["unfit"]:
        reasons = "; ".join(lineage["unfit"])
        return Since(f"The rows don't fit the promoted version {version} ({reasons}): all ids are new.", {})
    lines: dict[str, list[str]] = {}
    for change in lineage["changes"]:
        lines.setdefault(change["kind"], []).append(_words(**change))
    counts = ", ".join(f"{len(found)} {kind}" for kind, found in lines.items())
    return Since(f"Since the promoted version {version}: {counts}.", lines)


def _words(kind: str, before: Sequence[int], after: Sequence[int], shares: Sequence[float]) -> str:
    match kind:
        case "kept":
            return f"{after[0]}: {percent(shares[0])} of the rows that either has are in both"
        case "split":
            return f"{before[0]} into {_listed(after, shares)} of its rows"
        case "merged":
            return f"{_listed(before, shares)} of the rows of {after[0]}"
        case "new":
            return f"{after[0]}: {percent(shares[0])} of all rows"
        case _:
            return f"{before[0]}: it had {percent(shares[0])} of all rows"


def _listed(clusters: Sequence[int], shares: Sequence[float]) -> str:
    """1 (40.0%), 2 (30.0%) and 3 (30.0%)."""
    *first, last = [f"{cluster} ({percent(share)})" for cluster, share in zip(clusters, shares, strict=True)]
    return " and ".join([", ".join(first), last]) if first else last
