"""The headline facts of a run, and the same as Prefect artifacts for who looks at the UI."""

from typing import Any

import pandas as pd
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from tasks.artifact_key import artifact_key
from tasks.changes import since_promotion
from tasks.numbers import percent
from tasks.registry import Registration
from tasks.store import Store
from tasks.strips import data_uri
from tasks.verdicts import FOUND

MAX_CLUSTERS = 50  # artifacts go whole into Prefect's database: the table is capped, and so is the map
MAX_MAP_BYTES = 150_000


def summarise(
    name: str,
    counts: pd.DataFrame,
    samples: dict[int | None, int],
    reasons: list[tuple[str, int]],
    structure: dict[str, Any],
    lineage: dict[str, Any],
) -> dict[str, Any]:
    """The headline as JSON; clusters come by size, rows that fit none (cluster null) last.

    Args:
        name: what the result is registered as.
        counts: sums for each cluster and split, from `count_clusters`.
        samples: number of samples in each cluster.
        reasons: why rows were rejected, and how many.
        structure: whether there is anything to find.
        lineage: what became of the promoted version's clusters.
    """
    judged_on = "test" if (counts["split"] == "test").any() else "all"
    judged = counts[(counts["split"] == "test") | (judged_on == "all")]
    placed = judged[judged["cluster"].notna()]
    rows, n_placed = int(counts["rows"].sum()), max(1, int(placed["rows"].sum()))
    clusters = _per_cluster(counts, samples)
    return {
        "name": name,
        "rows": rows,
        "clusters": sum(entry["cluster"] is not None for entry in clusters),
        "fits_none": int(counts.loc[counts["cluster"].isna(), "rows"].sum()),
        "splits": {split: int(n) for split, n in counts.groupby("split")["rows"].sum().items()},
        "judged_on": judged_on,
        "mean_probability": float(placed["probability"].sum()) / n_placed,
        "sure_share": int(placed["sure"].sum()) / n_placed,
        "outliers": int(counts["outliers"].sum()),
        "outlier_share": int(counts["outliers"].sum()) / rows,
        "rejected": sum(n for _, n in reasons),
        "reasons": [{"reason": reason, "rows": n} for reason, n in reasons],
        "structure": structure,
        "lineage": lineage,
        "samples": sum(samples.values()),
        "per_cluster": clusters,
    }


def publish(store: Store, registration: Registration) -> None:
    """Two artifacts for the UI: the headline with the map, and the metrics; called inside a task.

    Both UIs of Prefect 3.8.8 show a picture in markdown whose address holds it (`data:`). An image artifact
    shows it too, but prints the whole address under it as a link.
    """
    picture = store.contents(registration.artifacts["map"])["map.png"]
    metrics = store.table(registration.artifacts["metrics"]).to_pylist()
    create_markdown_artifact(
        markdown_summary(registration.summary, picture, registration.report),
        key=artifact_key(registration.name, "summary"),
        description=f"What the clusters of **{registration.name}** look like",
    )
    key = artifact_key(registration.name, "metrics")
    create_table_artifact(metric_lines(metrics), key=key, description="How good the clusters are")


def markdown_summary(summary: dict[str, Any], picture: bytes, report: str) -> str:
    """The headline, the map and the cluster table; a map over MAX_MAP_BYTES stays in the report alone."""
    since = since_promotion(summary["lineage"])
    told = f"{since.headline}\n\n" if since else ""
    drawn = f"![Map of the clusters]({data_uri(picture, 'png')})\n\n" if len(picture) <= MAX_MAP_BYTES else ""
    entries = summary["per_cluster"][:MAX_CLUSTERS]
    lines = "\n".join(_table_line(entry) for entry in entries)
    left_out = len(summary["per_cluster"]) - len(entries)
    more = f"\n\nThe report lists {left_out} smaller clusters." if left_out else ""
    return (
        f"# {summary['rows']:,} rows in {summary['clusters']} clusters\n\n{_headline(summary)}\n\n{told}"
        f"Full report, to be opened in a browser: `{report}`\n\n{drawn}"
        "| Cluster | Rows | Share | Mean probability | Outliers | Samples |\n"
        f"|---:|---:|---:|---:|---:|---:|\n{lines}{more}\n"
    )


def metric_lines(metrics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line for each metric with a column for each split."""
    lines: dict[str, dict[str, Any]] = {}
    for row in metrics:
        lines.setdefault(row["name"], {"metric": row["name"]})[row["split"]] = round(row["value"], 4)
    return list(lines.values())


def _per_cluster(counts: pd.DataFrame, samples: dict[int | None, int]) -> list[dict[str, Any]]:
    split_sizes = counts.groupby("split")["rows"].sum()
    entries = []
    for cluster, part in counts.groupby("cluster", dropna=False):
        number = None if pd.isna(cluster) else int(str(cluster))
        rows = int(part["rows"].sum())
        shares = part.set_index("split")["rows"] / split_sizes
        entries.append(
            {
                "cluster": number,
                "rows": rows,
                "share": rows / int(counts["rows"].sum()),
                "mean_probability": None if number is None else float(part["probability"].sum()) / rows,
                "outlier_share": int(part["outliers"].sum()) / rows,
                "samples": samples.get(number, 0),
                "split_shares": {split: float(share) for split, share in shares.fillna(0).items()},
            }
        )
    return sorted(entries, key=lambda entry: (entry["cluster"] is None, -entry["rows"], entry["cluster"]))


def _headline(summary: dict[str, Any]) -> str:
    found = FOUND[summary["structure"]["found"]]
    judged = "A test row" if summary["judged_on"] == "test" else "A row"
    return (
        f"**{found}** {judged} is in its cluster with probability **{percent(summary['mean_probability'])}** "
        "on average. "
        f"**{summary['outliers']:,}** rows ({percent(summary['outlier_share'])}) are outliers, "
        f"**{summary['fits_none']:,}** fit no cluster, **{summary['rejected']:,}** were rejected as unusable."
    )


def _table_line(entry: dict[str, Any]) -> str:
    number = "none" if entry["cluster"] is None else entry["cluster"]
    shares = [percent(entry[name]) for name in ("share", "mean_probability", "outlier_share")]
    return f"| {number} | {entry['rows']:,} | {' | '.join(shares)} | {entry['samples']:,} |"
