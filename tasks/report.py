"""Stage report: one page that explains the clusters to somebody who has never heard of genclust."""

import hashlib
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from prefect import get_run_logger

from models.encoding import Encoding
from models.numbering import NO_CLUSTER
from models.projection import project
from tasks.apart import apart_lines, apart_pictures, telling_columns
from tasks.census import BINS, SURE, Histograms, count_clusters, count_reasons, count_samples, count_scores
from tasks.changes import since_promotion
from tasks.code import library_versions
from tasks.curves import curve_groups, metric_tables
from tasks.dendrogram import draw_dendrogram
from tasks.endings import ENDINGS, endings_of
from tasks.gallery import choose_rows, choose_samples
from tasks.loading import choose, take, take_rows
from tasks.numbers import percent
from tasks.pictures import colour_of, draw_histogram, draw_map, text_colour_on
from tasks.quality import quality_of
from tasks.selection import SELECTION, selection_of
from tasks.stage import Artifacts, once, stage
from tasks.store import Artifact, Attempt, Store
from tasks.strips import MAX_COLUMNS, Strip, data_uri, make_strips, table_columns
from tasks.summary import summarise
from tasks.verdicts import structure_verdict

READ = (
    "rows", "rejected", "vectors", "encoding", "history", "endings", "samples", "scores", "sample_scores",
    "assignments", "sample_assignments", "metrics", "sample_metrics", "reliability", "distributions",
    "structure", "explanations", "profiles", "partition", "identities", "lineage",
)  # fmt: skip
DENDROGRAM = "dendrogram"  # of hierarchical partitions alone
OPTIONAL = {DENDROGRAM, SELECTION}
SHOWN_CLUSTERS = 20  # in detail; beyond, a page is too long to read and to send
MAP_ROWS = 2000
SEED = 0  # of the page's own choices: which rows are on the map
TEMPLATE = Path(__file__).with_name("page.html")


@stage(name="report")
def report(name: str, artifacts: dict[str, Artifact], settings: dict[str, Any], store: str) -> Artifacts:
    """Write `page` (report.html), `map` (map.png) and `summary` (JSON); tables are read part by part.

    Args:
        name: what the result is registered as.
        artifacts: at least those in READ; labels aren't needed, their share is in the metrics.
        settings: every parameter of the flow as JSON, for the page.
        store: root of the store.
    """
    place = Store(store)

    def write(attempt: Attempt) -> None:
        get_run_logger().info("Drawing the report of %d rows", artifacts["rows"].rows)
        page, picture, summary = make_report(place, name, artifacts, settings)
        attempt.write_file("page", "report.html", page.encode())
        attempt.write_file("map", "map.png", picture)
        attempt.write_json("summary", summary)

    inputs = {kind: artifacts[kind].sha256 for kind in (*READ, *sorted(OPTIONAL & set(artifacts)))}
    template = hashlib.sha256(TEMPLATE.read_bytes()).hexdigest()
    return once(place, "report", write, inputs=inputs, name=name, settings=settings, template=template)


def make_report(
    store: Store, name: str, artifacts: dict[str, Artifact], settings: dict[str, Any]
) -> tuple[str, bytes, dict[str, Any]]:
    """The page, the map as PNG, and the headline facts."""
    encoding = Encoding.from_json(store.json(artifacts["encoding"]))
    summary = summarise(
        name,
        count_clusters(store, artifacts["assignments"], artifacts["scores"]),
        count_samples(store, artifacts["sample_assignments"]),
        count_reasons(store, artifacts["rejected"]),
        store.json(artifacts["structure"]),
        store.json(artifacts["lineage"]),
    )
    clusters = [entry["cluster"] for entry in summary["per_cluster"] if entry["cluster"] is not None]
    shown = clusters[:SHOWN_CLUSTERS]
    places = choose(np.arange(artifacts["rows"].rows), MAP_ROWS, SEED)
    picture = draw_map_of(store, artifacts, places, shown)
    explanations = store.table(artifacts["explanations"])
    columns = telling_columns(encoding, explanations, shown, MAX_COLUMNS)
    page = render(
        summary=summary,
        shown=shown,
        sure=SURE,
        map_rows=len(places),
        map=data_uri(picture, "png"),
        verdict=structure_verdict(summary["structure"]),
        since=since_promotion(summary["lineage"]),
        selection=selection_of(store, artifacts),
        dendrogram=draw_dendrogram_of(store, artifacts, shown),
        members=members_of(store, artifacts, encoding, columns, shown),
        columns={cluster: table_columns(names) for cluster, names in columns.items()},
        apart=apart_lines(encoding, explanations, shown),
        profiles=apart_pictures(encoding, store.table(artifacts["profiles"]), shown),
        quality=quality_of(store, artifacts),
        curves=curve_groups(store.table(artifacts["history"])),
        endings={ending.phase: ending for ending in endings_of(store.json(artifacts[ENDINGS]))},
        scores=draw_scores(count_scores(store, artifacts["scores"], artifacts["sample_scores"])),
        metrics=metric_tables(store.table(artifacts["metrics"])),
        settings=setting_groups(settings),
        store=store.root,
        versions=versions(),
        is_image=encoding.is_image,
    )
    return page, picture, summary


def draw_map_of(store: Store, artifacts: dict[str, Artifact], places: np.ndarray, shown: list[int]) -> bytes:
    """The map of the rows at these places."""
    clusters = _clusters(store, artifacts, places)
    return draw_map(project(take_rows(store, artifacts["vectors"], places), SEED), clusters, shown)


def draw_dendrogram_of(store: Store, artifacts: dict[str, Artifact], shown: list[int]) -> str:
    """The address of the tree that a hierarchical partition cut, or nothing."""
    if DENDROGRAM not in artifacts:
        return ""
    return data_uri(draw_dendrogram(**store.arrays(artifacts[DENDROGRAM]), shown=shown), "svg+xml")


def members_of(
    store: Store, artifacts: dict[str, Artifact], encoding: Encoding, columns: dict[int, list[str]], shown: list[int]
) -> dict[int, list[Strip]]:
    """Strips of typical, borderline and generated members of each cluster, with columns of the user's."""
    chosen = choose_rows(store, artifacts["vectors"], artifacts["assignments"], shown)
    generated = choose_samples(store, artifacts["sample_assignments"], shown)
    real = make_strips(store, artifacts["rows"], artifacts["assignments"], chosen, encoding, columns)
    made = make_strips(store, artifacts["samples"], artifacts["sample_assignments"], generated, encoding, columns)
    return {cluster: real[cluster] + made[cluster] for cluster in shown}


def draw_scores(histograms: Histograms) -> dict[str, str]:
    """The addresses of the two histograms."""
    real = {"real rows": histograms.p_real, "samples": histograms.p_real_samples}
    p_real = draw_histogram(BINS, real, "probability of being real")
    p_value = draw_histogram(BINS, {"real rows": histograms.p_value}, "p-value", histograms.threshold)
    return {"p_real": data_uri(p_real, "svg+xml"), "p_value": data_uri(p_value, "svg+xml")}


def setting_groups(settings: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Settings by the stage that they belong to, as text; plain values come first, under "run"."""
    plain = {key: value for key, value in settings.items() if not isinstance(value, dict)}
    groups = {"run": plain} | {key: value for key, value in settings.items() if isinstance(value, dict)}
    return {group: {key: _setting(value) for key, value in values.items()} for group, values in groups.items()}


def versions() -> dict[str, str]:
    """What the page was made with."""
    return {"Python": platform.python_version(), "prefect": version("prefect")} | library_versions()


def render(**facts: Any) -> str:
    """The page; everything that comes from the user is escaped."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"percent": percent, "colour": colour_of, "on": text_colour_on}
    return environment.get_template(TEMPLATE.name).render(**facts)


def _clusters(store: Store, artifacts: dict[str, Artifact], places: np.ndarray) -> np.ndarray:
    return take(store, artifacts["assignments"], places, ["cluster"])["cluster"].fill_null(NO_CLUSTER).to_numpy()


def _setting(value: Any) -> str:
    if value is None:
        return "not set"
    return value if isinstance(value, str) else json.dumps(value)
