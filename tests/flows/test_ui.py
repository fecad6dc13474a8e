"""Prefect's UI in a real browser: a person fills the form, starts a run, sees it complete, and looks at its artifacts.

With GENCLUST_PICTURES set to a folder, the pictures of the README are taken there.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Response, expect, sync_playwright

from tests.flows.running import Service, wait_for

PATIENCE = 300_000  # milliseconds; the page is large and the machine may be busy
PICTURES = os.environ.get("GENCLUST_PICTURES")
expect.set_options(timeout=PATIENCE)


@pytest.fixture
def page() -> Iterator[Page]:
    """A window of Debian's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


def picture(page: Page, name: str) -> None:
    """Keep what the window shows, if pictures are wanted."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / name)


def open_form(page: Page, service: Service) -> None:
    """From the list of deployments."""
    page.goto(f"{service.ui}/deployments")
    page.get_by_text("on-demand").first.click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Custom run").click()


def field(page: Page, title: str, nth: int = 0) -> Locator:
    """A field of the form, the nth of that title; titles are no labels of inputs there."""
    shown = page.locator("span.schema-form-property__label", has_text=re.compile(f"^{title} \\(Optional\\)$"))
    return shown.nth(nth).locator("xpath=ancestor::div[contains(concat(' ', @class, ' '), ' p-label ')][1]")


def fill_form(page: Page, service: Service) -> str:
    """A short training; the run's name."""
    field(page, "Encoder Steps").locator("input").fill("300")  # only the model gan has them
    field(page, "Steps", 1).locator("input").fill("200")  # those of gan: the first ones are manifoldgan's
    field(page, "store").locator("textarea").fill(str(service.store))
    field(page, "name").locator("textarea").fill("seen")
    field(page, "model").get_by_role("button", name="manifoldgan").focus()
    page.keyboard.press("ArrowDown")
    page.locator(".p-select-option").get_by_text("gan", exact=True).click()
    field(page, "source").scroll_into_view_if_needed()
    picture(page, "form.png")
    return page.locator("input[type=text]").first.input_value()


def submit(page: Page) -> None:
    """As a person does: once more where the server was too busy (503: a locked database) to take the form."""

    def decides(answer: Response) -> bool:
        return "/create_flow_run" in answer.url or ("/schemas/validate" in answer.url and not answer.ok)

    status = 503
    while status == 503:
        with page.expect_response(decides) as answer:
            page.get_by_role("button", name="Submit").click()
        status = answer.value.status
    assert status == 201, answer.value.text()


def test_a_run_is_started_by_the_form_and_its_artifacts_are_seen(page: Page, service: Service) -> None:
    """Map, tables and progress; every value is the one that was filled in."""
    open_form(page, service)
    name = fill_form(page, service)
    submit(page)
    (run,) = wait_for(lambda: [each for each in service.flow_runs("on-demand") if each["name"] == name])
    assert {key: run["parameters"][key] for key in ("name", "model", "clusters", "store")} == {
        "name": "seen", "model": "gan", "clusters": 10, "store": str(service.store),
    }  # fmt: skip
    assert {key: run["parameters"]["gan"][key] for key in ("steps", "encoder_steps")} == {
        "steps": 200, "encoder_steps": 300,
    }  # fmt: skip
    page.goto("about:blank")  # the page of a run is drawn all the time, which takes a core from it
    wait_for(lambda: service.flow_run(run["id"])["state"]["type"] == "COMPLETED")
    page.goto(f"{service.ui}/runs/flow-run/{run['id']}")
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
    page.get_by_text("Artifacts", exact=True).click()
    for key in ("seen-summary", "seen-metrics", "training"):
        expect(page.get_by_text(key, exact=True).first).to_be_visible()
    page.get_by_text("seen-summary", exact=True).first.click()
    drawn = page.locator("img[src^='data:image/png']").first
    expect(drawn).to_be_visible()
    assert drawn.evaluate("image => image.naturalWidth") > 200
    expect(page.get_by_role("columnheader", name="Cluster", exact=True).first).to_be_visible()
    picture(page, "ui.png")


def test_metrics_and_progress_are_seen(page: Page, service: Service) -> None:
    """The table of metrics has rows, and the training's progress is complete."""
    (run,) = [each for each in service.flow_runs("on-demand") if each["parameters"]["name"] == "seen"]
    found = service.ask("/artifacts/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}})
    ids = {artifact["key"]: artifact["id"] for artifact in found}
    page.goto(f"{service.ui}/artifacts/artifact/{ids['seen-metrics']}")
    expect(page.get_by_text("silhouette", exact=True).first).to_be_visible()
    page.goto(f"{service.ui}/artifacts/artifact/{ids['training']}")
    expect(page.get_by_text("100%").first).to_be_visible()


def test_the_scheduled_run_is_seen(page: Page, service: Service) -> None:
    """On the page of its deployment, for a Sunday at three."""
    wait_for(lambda: service.flow_runs("weekly", "SCHEDULED"))
    page.goto(f"{service.ui}/deployments")
    page.get_by_text("weekly", exact=True).first.click()
    expect(page.get_by_text(re.compile("03:00 (AM )?on Sunday|Sunday", re.IGNORECASE)).first).to_be_visible()
    page.get_by_text("Upcoming", exact=True).click()
    expect(page.get_by_text(re.compile("Scheduled for .* 03:00:00 AM")).first).to_be_visible()
