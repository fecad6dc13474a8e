"""The clusters of a name, as they are printed."""

from collections.abc import Iterable, Iterator

from tasks.catalogue import Cluster


def cluster_lines(clusters: Iterable[Cluster]) -> Iterator[str]:
    """A table: id, rows, share, name or what became of it."""
    yield f"{'cluster':>8} {'rows':>9} {'share':>7}  name"
    for each in clusters:
        number = "none" if each.id is None else each.id
        fate = "(dismissed)" if each.dismissed else "" if each.counts_as is None else f"(counts as {each.counts_as})"
        yield f"{number:>8} {each.rows:>9,} {each.share:>7.1%}  {' '.join(filter(None, [each.name, fate]))}".rstrip()
