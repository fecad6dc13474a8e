"""Stage compare, never skipped: the leaderboard of a comparison for the UI, as a page, and as a record of its name."""

import json
from datetime import UTC, datetime
from pathlib import Path
from statistics import stdev

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from prefect import get_run_logger
from prefect.artifacts import create_table_artifact

from models.cohesion import NEIGHBORS
from models.settings import EncodingSettings, SourceSettings, TrainingSettings
from tasks.artifact_key import artifact_key
from tasks.code import library_versions
from tasks.comparison import Comparison, Contestant, Outcome, add_comparison, fit_command, folder, table_rows
from tasks.stage import stage
from tasks.store import Store

TEMPLATE = Path(__file__).with_name("leaderboard.html")
MAX_ROWS = 50  # artifacts go whole into Prefect's database
ABOUT = "Ranked without labels, by the share of near rows in the same cluster beyond chance. The page: "


@stage(name="compare")
def compare(
    name: str,
    run_id: str,
    source: str,
    clusters: int | None,
    seeds: int,
    columns: SourceSettings,
    encoding: EncodingSettings,
    training: TrainingSettings,
    contestants: list[Contestant],
    store: str,
) -> Comparison:
    """Keep the comparison under models/<name>/comparisons/ and show it in the UI; `contestants` are in their order."""
    place = Store(store)
    page = f"{folder(name)}/{run_id}.html"
    made = Comparison(
        name=name,
        run_id=run_id,
        source=source,
        clusters=clusters,
        seeds=seeds,
        columns=columns,
        encoding=encoding,
        training=training,
        store=store,
        compared_at=datetime.now(UTC).isoformat(timespec="seconds"),
        report=place.uri(page),
        contestants=contestants,
    )
    place.write(page, render(made).encode())
    add_comparison(place, made)
    record = made.model_dump(mode="json") | {"libraries": library_versions()}
    place.write(f"runs/{run_id}.json", json.dumps(record, indent=1).encode())
    create_table_artifact(
        table_rows(contestants)[:MAX_ROWS],
        key=artifact_key(name, "leaderboard"),
        description=f"{ABOUT}`{made.report}`",
    )
    get_run_logger().info("Compared %d contestants; page: %s", len(contestants), made.report)
    return made


def render(comparison: Comparison) -> str:
    """The page, one file; everything that comes from the user is escaped."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    ranked = [each for each in comparison.contestants if each.outcome == Outcome.ranked]
    return environment.get_template(TEMPLATE.name).render(
        comparison=comparison,
        ranked=ranked,
        others=[each for each in comparison.contestants if each.outcome != Outcome.ranked],
        highest=max([each.evidence.score for each in ranked if each.evidence and each.evidence.score > 0], default=1),
        labels=list(ranked[0].label_metrics) if ranked else [],
        deviation=stdev,
        fit_command=fit_command(comparison) if ranked else "",
        neighbors=NEIGHBORS,
        versions=library_versions(),
    )
