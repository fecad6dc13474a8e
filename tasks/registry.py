"""What has been registered under a name, the newest last."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from tasks.errors import BadInput
from tasks.ledger import append_once, newest, newest_first, records
from tasks.store import Artifact, Store


class Registration(BaseModel):
    """One run's result under a name: the bundle's version, and everything that the run made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    run_id: str
    version: str
    registered_at: str
    report: str
    artifacts: dict[str, Artifact]
    summary: dict[str, Any]


def add_registration(store: Store, registration: Registration) -> None:
    """Make it the newest; the same run registers once."""
    append_once(store, _folder(registration.name), registration.run_id, registration.model_dump_json(indent=1).encode())


def newest_registration(store: Store, name: str, stage: str) -> Registration:
    """What was registered last under a name; `stage` is who asks, for the error.

    Raises:
        BadInput: nothing was.
    """
    last = newest(store, _folder(name))
    if last is None:
        known = ", ".join(store.names("models")) or "none"
        raise BadInput(
            stage,
            f"a model named {name} in {store.root}",
            f"these: {known}",
            "Fit it first: genclust fit --name.",
        )
    return Registration.model_validate_json(last)


def registrations(store: Store, name: str) -> list[Registration]:
    """All that was registered under a name, the oldest first."""
    return [Registration.model_validate_json(record) for record in records(store, _folder(name))]


def find_registration(store: Store, name: str, version: str) -> Registration | None:
    """The newest registration of a version, of which the beginning is enough, if there is one."""
    found = (Registration.model_validate_json(record) for record in newest_first(store, _folder(name)))
    return next((each for each in found if each.version.startswith(version)), None)


def _folder(name: str) -> str:
    return f"models/{name}/registrations"
