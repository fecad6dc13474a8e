"""How the clusters were chosen without labels: restarts compared with each other, and the number of clusters."""

from dataclasses import dataclass
from typing import Any

from tasks.curves import Curve
from tasks.numbers import percent
from tasks.pictures import INK, PALETTE, new_panel, svg_of
from tasks.store import Artifact, Store
from tasks.strips import data_uri

SELECTION = "selection"  # of models that choose among restarts alone
COORDINATES = {  # where rows that are numbers have their neighbours
    "varying alike": "Distances are measured so that near rows vary alike in every direction: what several columns say "
    "counts once. ",
    "as scaled": "Distances are those of the scaled columns: measured so that near rows vary alike in every direction, "
    "they gave clusters that are clearly less likely. ",
}
STEADY, SHAKY = 0.9, 0.7  # agreement, of all or of one cluster, for words
AGREEMENTS = ((0.99, "the same clusters"), (STEADY, "nearly the same"), (SHAKY, "similar ones"))


@dataclass(frozen=True)
class Selection:
    """What the page says of it; `count` and `curve` are there if the number of clusters was to be found.

    `by_partition` tells that the clusters of the page are a partition's; all else is about the model's own.
    """

    by_partition: bool
    restarts: str
    shaky: list[tuple[int, str]]  # clusters that other restarts drew differently, and their agreement
    count: str | None
    curve: Curve | None


def selection_of(store: Store, artifacts: dict[str, Artifact]) -> Selection | None:
    """The record of the phase that chose the clusters in words and pictures, if the model has one."""
    if SELECTION not in artifacts:
        return None
    record = store.json(artifacts[SELECTION])
    by_partition, count = bool(store.arrays(artifacts["partition"])), record["count"]
    ids = [] if by_partition else store.json(artifacts["identities"])["cluster_ids"]
    return Selection(
        by_partition=by_partition,
        restarts=restart_words(record),
        shaky=[(i, percent(each)) for i, each in zip(ids, record["cluster_agreement"], strict=False) if each < SHAKY],
        count=count_words(count) if count else None,
        curve=draw_count(count) if count else None,
    )


def restart_words(record: dict[str, Any]) -> str:
    """How far the restarts agree with the one that was taken."""
    restarts, agreement = record["restarts"], record["agreement"]
    if len(restarts) == 1:
        return "The clusters were looked for once; with more restarts their agreement would show how steady they are."
    steady = sum(each >= STEADY for each in record["cluster_agreement"])
    words = next((words for least, words in AGREEMENTS if agreement >= least), "other clusters")
    coordinates = COORDINATES[record["coordinates"]] if "coordinates" in record else ""
    embeddings = len({restart["embedding"] for restart in restarts})
    among, by = "", ""
    if embeddings > 1:
        among = f" in {embeddings} embeddings, which place rows by their neighbours and differ by chance"
        by = " in all of them"
    return (
        f"The clusters were looked for {len(restarts)} times from different starts{among}; of the results that divide "
        f"the graph of neighbours about as well as any, the likeliest{by} was taken. {coordinates}"
        f"On average the others found {words} (adjusted Rand index {agreement:.2f}; 1 is the same, 0 chance). "
        f"{steady} of {record['clusters']} clusters were found again nearly unchanged by most."
    )


def count_words(count: dict[str, Any]) -> str:
    """Which number of clusters was chosen, and how clearly."""
    candidates = [candidate["clusters"] for candidate in count["candidates"]]
    tried = f"From {min(candidates)} to {max(candidates)} clusters were tried"
    if count["stands_out"]:
        return (
            f"{tried}: {count['chosen']} stands out. Halves of the rows agree on these clusters, and of all numbers "
            "that they agree on, this one divides the graph of neighbours best."
        )
    return (
        f"{tried}, and no number stands out: halves of the rows agree on none. {count['chosen']} is merely the "
        "steadiest; if you know how many groups make sense, say so (clusters)."
    )


def draw_count(count: dict[str, Any]) -> Curve:
    """Stability and modularity by number of clusters; the chosen one is marked."""
    clusters = [candidate["clusters"] for candidate in count["candidates"]]
    figure, axes = new_panel(5.6, 2.6)
    for name, colour, style in (("stability", PALETTE[0], "o-"), ("modularity", INK, "s--")):
        axes.plot(clusters, [each[name] for each in count["candidates"]], style, color=colour, markersize=4, label=name)
    axes.axvline(count["chosen"], color=INK, linewidth=0.8, linestyle=":")
    axes.set_xlabel("number of clusters", fontsize=8, color=INK)
    axes.set_ylim(0, 1.05)
    axes.legend(fontsize=8, frameon=False)
    alt = f"Stability and modularity for {clusters[0]} to {clusters[-1]} clusters; {count['chosen']} was chosen"
    return Curve(data_uri(svg_of(figure), "svg+xml"), alt)
