"""What has been registered under a name, the newest last."""

import json
from typing import Any

from pydantic import BaseModel, ConfigDict

from tasks.errors import BadInput
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
    content = registration.model_dump_json(indent=1).encode()
    while True:
        taken = _names(store, registration.name)
        if any(_read(store, registration.name, name).run_id == registration.run_id for name in taken[-1:]):
            return None
        number = int(taken[-1].removesuffix(".json")) + 1 if taken else 1
        try:
            return store.create(f"models/{registration.name}/registrations/{number:06d}.json", content)
        except FileExistsError:
            continue  # another run took the number: take the next one


def newest_registration(store: Store, name: str, stage: str) -> Registration:
    """What was registered last under a name; `stage` is who asks, for the error.

    Raises:
        BadInput: nothing was.
    """
    taken = _names(store, name)
    if not taken:
        known = ", ".join(store.names("models")) or "none"
        raise BadInput(
            stage,
            f"a model named {name} in {store.root}",
            f"these: {known}",
            "Fit it first: genclust fit --name.",
        )
    return _read(store, name, taken[-1])


def _names(store: Store, name: str) -> list[str]:
    return store.names(f"models/{name}/registrations")


def _read(store: Store, name: str, file: str) -> Registration:
    return Registration.model_validate(json.loads(store.read(f"models/{name}/registrations/{file}")))
