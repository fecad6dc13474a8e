"""Stage register, never skipped: a bundle that stays as it is, the run's record, and what a person looks at first."""

import json
from datetime import UTC, datetime
from typing import Any

from prefect import get_run_logger

from tasks.bundle import write_bundle
from tasks.code import library_versions
from tasks.promotions import Promoter, find_champion, promote_version
from tasks.registry import Registration, add_registration
from tasks.stage import stage
from tasks.store import Artifact, Store
from tasks.summary import publish


@stage(name="register")
def register(
    name: str, run_id: str, artifacts: dict[str, Artifact], settings: dict[str, Any], store: str
) -> Registration:
    """Keep the bundle and the record, put the report where a person finds it, publish the summary in the UI."""
    place = Store(store)
    registration = keep(place, name, run_id, artifacts, settings)
    publish(place, registration)
    get_run_logger().info("Registered %s version %s; report: %s", name, registration.version, registration.report)
    return registration


def keep(
    store: Store, name: str, run_id: str, artifacts: dict[str, Artifact], settings: dict[str, Any]
) -> Registration:
    """Write everything that registering leaves in the store."""
    bundle = write_bundle(store, name, artifacts, settings)
    report = f"models/{name}/report.html"
    store.write(report, store.contents(artifacts["page"])["report.html"])
    registration = Registration(
        name=name,
        run_id=run_id,
        version=store.json(bundle["bundle"])["version"],
        registered_at=datetime.now(UTC).isoformat(timespec="seconds"),
        report=store.uri(report),
        artifacts=artifacts,
        summary=store.json(artifacts["summary"]),
    )
    record = registration.model_dump(mode="json") | {"settings": settings, "libraries": library_versions()}
    store.write(f"runs/{run_id}.json", json.dumps(record, indent=1).encode())
    add_registration(store, registration)
    if find_champion(store, name) is None:
        promote_version(store, name, registration.version, run_id, Promoter.first, "the first version of its name")
    return registration
