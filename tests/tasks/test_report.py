"""The page says what the artifacts hold, to anybody, in one small file."""

import base64
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from prefect import flow
from prefect.artifacts import Artifact
from prefect.logging import disable_run_logger

from models.encoding import Column, Kind
from models.numbering import NO_CLUSTER
from tasks.changes import since_promotion
from tasks.numbers import percent
from tasks.pictures import PALETTE, draw_curve, draw_map, draw_sprite, proportion_interval, text_colour_on
from tasks.registry import Registration
from tasks.report import report
from tasks.store import Store
from tasks.summary import MAX_MAP_BYTES, markdown_summary, metric_lines, publish
from tasks.verdicts import (
    FOUND,
    Verdict,
    outlier_verdict,
    p_real_verdict,
    sample_figures,
    sample_verdict,
    structure_verdict,
)
from tests.tasks.finished_run import (
    LINEAGE,
    QUALITY,
    STRUCTURE,
    image_columns,
    number_columns,
    pixel_columns,
    write_artifacts,
)


class Page(HTMLParser):
    """What a browser finds in a page: tags with attributes, and the visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def attributes(self, name: str) -> list[str]:
        return [value for _, found in self.tags if (value := found.get(name))]


def make_page(
    root: Path, columns: list[Column], values: dict[str, np.ndarray], clusters: np.ndarray
) -> tuple[str, dict[str, Any]]:
    """The page and the summary that the stage leaves in the store."""
    store = Store(str(root))
    artifacts = write_artifacts(store, columns, values, clusters)
    settings = {"source": "rows.csv", "clusters": 4, "training": {"max_rows": 123457, "columns": None}}
    with disable_run_logger():
        made = report.fn("demo", artifacts, settings, str(root))
    return store.contents(made["page"])["report.html"].decode(), store.json(made["summary"])


@pytest.fixture(scope="module")
def numeric(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """400 rows of 10 columns in 4 clusters; 6 rows fit none. A column has an evil name, and one is noise."""
    columns, values = number_columns(["<script>alert(1)</script>", *(f"x{i}" for i in range(8))], 400)
    values["noise"] = np.random.default_rng(1).normal(size=400)
    columns.append(Column("noise", Kind.NUMBER, "double", 1, -5, 5))
    clusters = np.arange(400) % 4
    clusters[394:] = NO_CLUSTER
    return make_page(tmp_path_factory.mktemp("numeric"), columns, values, clusters)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> str:
    """100 pictures in 4 clusters."""
    return make_page(tmp_path_factory.mktemp("images"), *image_columns(100), np.arange(100) % 4)[0]


def sprites(page: str, cluster: int) -> list[np.ndarray]:
    """The pictures in the card of a cluster: mean and variation, typical, borderline, generated."""
    card = page.split(f'id="cluster-{cluster}"')[1].split("</article>")[0]
    found = re.findall(r'<img src="data:image/png;base64,([^"]+)"', card)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(content)))) for content in found]


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_the_headline_counts_every_row(numeric: tuple[str, dict[str, Any]]) -> None:
    """400 rows, 4 clusters, 6 rows that fit none, 8 outliers, 3 rejected."""
    page, summary = numeric
    expected = {"rows": 400, "clusters": 4, "fits_none": 6, "outliers": 8, "rejected": 3, "samples": 40}
    assert {key: summary[key] for key in expected} == expected
    assert "400 rows in 4 clusters" in Page(page).text
    assert summary["reasons"][0] == {"reason": "<b>missing</b> value", "rows": 2}


def test_how_sure_is_measured_on_test_rows(numeric: tuple[str, dict[str, Any]]) -> None:
    """Of the 79 test rows that have a cluster, row-0 has .99, row-390 .5, and all others .9."""
    _, summary = numeric
    assert summary["judged_on"] == "test"
    assert summary["mean_probability"] == pytest.approx((77 * 0.9 + 0.99 + 0.5) / 79)
    assert summary["sure_share"] == pytest.approx(78 / 79)


def test_every_cluster_is_in_the_table(numeric: tuple[str, dict[str, Any]]) -> None:
    """By size, and the rows that fit none come last."""
    page, summary = numeric
    sizes = [(entry["cluster"], entry["rows"]) for entry in summary["per_cluster"]]
    assert sizes == [(0, 99), (1, 99), (2, 98), (3, 98), (None, 6)]
    chips = re.findall(r'<th scope="row"><span class="chip[^>]*>(\w+)</span>', page)
    assert chips == ["0", "1", "2", "3", "none"]


def test_typical_and_borderline_rows_are_the_most_and_the_least_sure(images: str) -> None:
    """Row i has the pixels i + 1 to i + 4 inside: the surest of cluster 1 is row 1, the least sure row 97."""
    _, typical, borderline, _ = sprites(images, 1)
    np.testing.assert_array_equal(typical[:, :3], [[0, 2, 3], [4, 5, 255]])
    np.testing.assert_array_equal(borderline[:, :3], [[0, 98, 99], [100, 101, 255]])


def test_generated_members_are_samples_of_the_cluster(images: str) -> None:
    """The samples are the first 40 rows: those of cluster 2 are 2, 6, 10, ..., in that order."""
    generated = sprites(images, 2)[3]
    np.testing.assert_array_equal(generated[:, :3], [[0, 3, 4], [5, 6, 255]])
    np.testing.assert_array_equal(generated[:, 4:7], [[0, 7, 8], [9, 10, 255]])


def test_numbers_come_in_the_columns_that_set_the_cluster_apart(
    numeric: tuple[str, dict[str, Any]],
) -> None:
    """At most 8 of the user's columns: those with the largest effects, which the noise in the last place isn't."""
    card = numeric[0].split('id="cluster-0"')[1].split("</article>")[0]
    headings = re.findall(r'<th scope="col">(.*?)</th>', card)
    assert headings[:3] == ["id", "probability", "second choice"]
    assert len(headings) == 3 + 8
    assert "noise" not in headings
    assert "<td>row-0</td><td>99.0%</td><td>1</td>" in card


def test_whether_there_is_anything_to_find_comes_first(numeric: tuple[str, dict[str, Any]]) -> None:
    """Before any figure, with what was compared."""
    text = Page(numeric[0]).text
    verdict = text.index("There are groups to find.")
    assert text.index("400 rows in 4 clusters") < verdict < text.index("how sure")
    assert "0.900 against 0.500 on average and 0.600 at most" in text


@pytest.mark.parametrize(
    ("structure", "title"),
    [
        (STRUCTURE | {"found": False, "p_value": 0.4}, FOUND[False]),
        ({"found": None, "reason": "Too few rows."}, FOUND[None]),
    ],
)
def test_a_partition_of_one_cloud_is_called_that(structure: dict[str, Any], title: str) -> None:
    """And what can't be tested isn't called either."""
    verdict = structure_verdict(structure)
    assert (verdict.title, verdict.good) == (title, structure["found"])


def test_the_page_tells_what_became_of_the_promoted_clusters(numeric: tuple[str, dict[str, Any]]) -> None:
    """By kind of change, with shares."""
    text = Page(numeric[0]).text
    assert "Since the promoted version 0123456789ab: 1 kept, 1 split, 1 vanished." in text
    assert "0: 90.0% of the rows that either has are in both" in text
    assert "1 into 1 (50.0%), 4 (30.0%) and 5 (20.0%) of its rows" in text
    assert "3: it had 25.0% of all rows" in text


def test_without_a_promoted_version_nothing_is_told_of_changes() -> None:
    """There is nothing to compare with."""
    assert since_promotion(LINEAGE | {"predecessor": None}) is None


def test_rows_that_do_not_fit_the_promoted_version_are_told() -> None:
    """With the reason."""
    found = since_promotion(LINEAGE | {"unfit": ["x is missing"]})
    assert found is not None
    assert "don't fit the promoted version 0123456789ab (x is missing): all ids are new" in found.headline


def test_a_cluster_says_what_sets_it_apart(numeric: tuple[str, dict[str, Any]]) -> None:
    """The five columns with the largest effects, in the user's units, against all other rows."""
    card = numeric[0].split('id="cluster-2"')[1].split("</article>")[0]
    lines = re.findall(r"<li style=\"--part:([0-9.]+)\"><strong>(.*?)</strong> (.*?) <span", card)
    assert [column for _, column, _ in lines][1:] == ["x0", "x1", "x2", "x3"]
    assert lines[1] == ("0.500", "x0", "higher: 2000")


def test_an_image_cluster_shows_its_mean_and_variation(images: str) -> None:
    """Side by side: rows 1, 5, ..., 97 have the mean 50 in their second pixel, and all have the same last one."""
    profile = sprites(images, 1)[0]
    assert profile.shape == (2, 7)
    assert profile[0, 1] == 50
    assert (profile[1, 6], profile[0, 5]) == (0, 255)


def test_samples_and_probabilities_are_judged_in_words(numeric: tuple[str, dict[str, Any]]) -> None:
    """What a person may do with them, with the figures."""
    text = Page(numeric[0]).text
    for expected in (
        "Generated rows leave out a part of the real ones.",
        "A classifier tells generated rows from real ones in 77.0% of the cases",
        "They are no copies of train rows.",
        "The probability of being real can be taken at its word.",
        "off by 0.021 on average; with as few rows even a perfect one would be off by 0.034",
        "1.2% of the test rows are called outliers; 1.0% were asked for, and chance gives 0% to 3.8%.",
    ):
        assert expected in text


@pytest.mark.parametrize(
    ("changed", "verdict", "title"),
    [
        ({"coverage": 0.9, "c2st_accuracy": 0.55}, sample_verdict, "Generated rows are hard to tell from real ones."),
        ({"coverage": 0.9}, sample_verdict, "Generated rows can be told from real ones."),
        ({"p_real_ece": 0.1}, p_real_verdict, "The probability of being real is only a rank."),
        ({"false_alarms": 0.2}, outlier_verdict, "More rows are odd than chance explains."),
        (
            {"false_alarms": 0.0, "false_alarms_low": 0.01},
            outlier_verdict,
            "Fewer rows are called odd than were asked for.",
        ),
    ],
)
def test_a_verdict_follows_the_figures(changed: dict[str, float], verdict: Callable[..., Verdict], title: str) -> None:
    """Good news only where it is earned."""
    split = () if verdict is sample_verdict else ("test",)
    assert verdict(QUALITY | changed, *split).title == title


def test_few_rows_are_no_reason_to_fail() -> None:
    """What couldn't be measured is called that."""
    few = {name: value for name, value in QUALITY.items() if name.startswith(("p_real", "false", "cop"))}
    assert sample_verdict(few).good is None
    assert sample_figures(few) == []


def test_copies_of_train_rows_are_told() -> None:
    """Whoever wants to share samples has to know."""
    assert "near-copies of train rows" in sample_verdict(QUALITY | {"copied_share": 0.2}).text


def test_every_columns_distribution_is_drawn(numeric: tuple[str, dict[str, Any]]) -> None:
    """Ten columns, ten pairs of histograms."""
    alts = [found.get("alt") or "" for tag, found in Page(numeric[0]).tags if tag == "img"]
    assert sum("of real rows and of samples; distance 0.25" in alt for alt in alts) == 10


def test_an_interval_of_a_share_holds_it() -> None:
    """Wilson's interval of 5 in 10 is (.237, .763), and never leaves 0 to 1."""
    low, high = proportion_interval(np.array([5, 0]), np.array([10, 10]))
    assert low == pytest.approx([0.237, 0.0], abs=1e-3)
    assert high == pytest.approx([0.763, 0.278], abs=1e-3)


def test_a_phase_that_was_stopped_is_told_beside_its_curves(numeric: tuple[str, dict[str, Any]]) -> None:
    """A collapse must not pass for a training that ran to its end."""
    assert "<strong>It was stopped after 1,000 steps: check after check it knew few of the kinds of rows." in numeric[0]


def test_the_users_text_is_escaped(numeric: tuple[str, dict[str, Any]]) -> None:
    """A column named like a script and a reason with a tag are text, not markup."""
    page = numeric[0]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;b&gt;missing&lt;/b&gt; value" in page
    assert "script" not in {tag for tag, _ in Page(page).tags}


def test_the_page_loads_nothing(numeric: tuple[str, dict[str, Any]], images: str) -> None:
    """No address but those within the page and the pictures that it holds itself."""
    for html in (numeric[0], images):
        page = Page(html)
        addresses = page.attributes("src") + page.attributes("href") + page.attributes("srcset")
        assert [address for address in addresses if not address.startswith(("data:", "#"))] == []
        assert "url(" not in html
        assert "@import" not in html
        assert "://" not in html


def test_every_picture_is_described(images: str) -> None:
    """For those who can't see it."""
    described = [found.get("alt") for tag, found in Page(images).tags if tag == "img"]
    assert all(described)
    assert len(described) == 1 + 4 * 4 + 3 + 2


def test_the_page_tells_how_to_read_and_to_repeat_it(numeric: tuple[str, dict[str, Any]]) -> None:
    """Metrics without and with labels, settings, versions and the export are there."""
    text = Page(numeric[0]).text
    for expected in (
        "Silhouette",
        "0.123",
        "Labels took no part in training",
        "0.876",
        "123457",
        "not set",
        "tensorflow",
        "genclust export demo out.csv",
        "Phase adversarial",
    ):
        assert expected in text


def test_two_hundred_clusters_stay_small_and_are_all_listed(tmp_path: Path) -> None:
    """Under 5 MB; the 20 largest in detail, which the page says."""
    columns, values = image_columns(2000)
    page, summary = make_page(tmp_path, columns, values, np.arange(2000) % 200)
    assert len(page) < 5_000_000
    assert summary["clusters"] == 200
    assert len(re.findall(r'<th scope="row"><span class="chip', page)) == 200
    assert len(re.findall(r'<article class="card cluster"', page)) == 20
    assert "Shown are the 20 largest of 200 clusters." in Page(page).text


def test_columns_with_a_pixel_each_are_drawn_like_lists(tmp_path: Path, images: str) -> None:
    """All four pictures of every cluster, and no table of pixels."""
    page, _ = make_page(tmp_path, *pixel_columns(100), np.arange(100) % 4)
    for cluster in range(4):
        assert [p.tolist() for p in sprites(page, cluster)] == [p.tolist() for p in sprites(images, cluster)]
    assert "p3" not in Page(page).text


def test_large_pictures_are_thinned_and_the_page_stays_small(tmp_path: Path) -> None:
    """Noise in colour, the worst to compress: 64 x 64 pixels in 24 clusters."""
    pixels = np.random.default_rng(0).integers(0, 256, (500, 64 * 64 * 3), dtype=np.uint8)
    columns = [Column("image", Kind.IMAGE, "uint8", 64 * 64 * 3, 0, 255, (64, 64, 3))]
    page, _ = make_page(tmp_path, columns, {"image": pixels}, np.arange(500) % 24)
    assert len(page) < 5_000_000


def test_the_same_report_is_not_made_twice(tmp_path: Path) -> None:
    """The second call gives the state Cached with the same artifacts; another name makes another page."""
    store = Store(str(tmp_path))
    artifacts = write_artifacts(store, *number_columns(["x"], 60), np.arange(60) % 2)
    with disable_run_logger():
        first = report.fn("demo", artifacts, {}, str(tmp_path))
        again = report.fn("demo", artifacts, {}, str(tmp_path))
        other = report.fn("other", artifacts, {}, str(tmp_path))
    assert (again.name, again.data) == ("Cached", first)
    assert other["page"].sha256 != first["page"].sha256
    assert store.contents(first["map"])["map.png"].startswith(b"\x89PNG")


def test_the_same_curve_is_the_same_file() -> None:
    """Nothing random is in it, so equal reports are equal."""
    steps = np.arange(5)
    assert draw_curve("loss", steps, steps / 2) == draw_curve("loss", steps, steps / 2)


def test_a_sprite_holds_the_images_side_by_side() -> None:
    """Two images of 2 x 2 with one white column between them."""
    strip = np.asarray(Image.open(io.BytesIO(draw_sprite(np.arange(8, dtype=np.uint8).reshape(2, 2, 2)))))
    np.testing.assert_array_equal(strip, [[0, 1, 255, 4, 5], [2, 3, 255, 6, 7]])


@pytest.mark.parametrize("background", PALETTE)
def test_numbers_can_be_read_on_every_colour(background: str) -> None:
    """Contrast of at least 4.5, by the formula of WCAG 2."""
    dark, light = sorted((luminance(background), luminance(text_colour_on(background))))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_shares_are_never_rounded_to_nothing_or_to_all() -> None:
    """0% and 100% mean exactly that."""
    shares = {0: "0%", 0.0001: "<0.1%", 0.25: "25.0%", 0.9999: ">99.9%", 1: "100%", None: ""}
    assert [percent(share) for share in shares] == list(shares.values())


def test_a_full_map_fits_into_prefects_database() -> None:
    """2000 scattered rows in 30 clusters, some of which fit none, need less than the cap."""
    random = np.random.default_rng(0)
    points, clusters = random.normal(size=(2000, 2)), random.integers(-1, 30, 2000)
    assert len(draw_map(points, clusters, list(range(20)))) < MAX_MAP_BYTES


def test_the_markdown_has_the_headline_the_map_and_the_clusters(numeric: tuple[str, dict[str, Any]]) -> None:
    """The map is in the text itself; the address of the report is there to copy."""
    text = markdown_summary(numeric[1], b"picture", "store/models/demo/report.html")
    assert text.startswith("# 400 rows in 4 clusters\n")
    assert "\n\nSince the promoted version 0123456789ab: 1 kept, 1 split, 1 vanished.\n\n" in text
    assert "![Map of the clusters](data:image/png;base64,cGljdHVyZQ==)" in text
    assert "`store/models/demo/report.html`" in text
    assert "| 0 | 99 | 24.8% | 89.7% |" in text
    assert "| none | 6 | 1.5% |  |" in text


def test_a_map_that_is_too_large_stays_out_of_the_markdown(numeric: tuple[str, dict[str, Any]]) -> None:
    """Artifacts go whole into Prefect's database."""
    assert "data:" not in markdown_summary(numeric[1], bytes(MAX_MAP_BYTES + 1), "report.html")


def test_metrics_have_a_line_each_and_a_column_for_each_split() -> None:
    """As the table artifact shows them."""
    metrics = [
        {"name": "acc", "value": 0.98765, "split": "train"},
        {"name": "acc", "value": 0.5, "split": "test"},
    ]
    assert metric_lines(metrics) == [{"metric": "acc", "train": 0.9877, "test": 0.5}]


@pytest.mark.usefixtures("prefect_server")
def test_publishing_leaves_both_artifacts_in_prefect(tmp_path: Path) -> None:
    """Keys in lower case with dashes, whatever the name; the map lies in the markdown."""
    store = Store(str(tmp_path))
    artifacts = write_artifacts(store, *number_columns(["x"], 60), np.arange(60) % 2)
    with disable_run_logger():
        artifacts |= report.fn("my_rows", artifacts, {}, str(tmp_path))
    registration = Registration(
        name="my_rows",
        run_id="run",
        version="1",
        registered_at="2026-01-01",
        report="store/models/my_rows/report.html",
        artifacts=artifacts,
        summary=store.json(artifacts["summary"]),
    )
    flow(name="publishing")(lambda: publish(store, registration))()
    markdown, table = Artifact.get("my-rows-summary"), Artifact.get("my-rows-metrics")
    assert markdown is not None
    assert "data:image/png;base64," in str(markdown.data)
    assert table is not None
    assert json.loads(str(table.data))[1] == {"metric": "acc", "test": 0.8765}
