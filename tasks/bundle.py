"""A fitted model on disk and back: what labels new rows long after the run that made it."""

from typing import Any

from tasks.store import Artifact, Store

FORMAT = 1
PARTS = ("model", "encoding", "calibration", "partition")


def write_bundle(
    store: Store, name: str, artifacts: dict[str, Artifact], settings: dict[str, Any]
) -> dict[str, Artifact]:
    """Copy the parts of a bundle to `models/<name>/versions/<version>/`.

    A version is known by its content and never changes.
    """
    version = store.key("bundle", parts=[artifacts[part].sha256 for part in PARTS], settings=settings)
    found = store.find(f"models/{name}/versions", version)
    if found:
        return found
    with store.attempt(f"models/{name}/versions", version) as attempt:
        for part in PARTS:
            for file, content in store.contents(artifacts[part]).items():
                attempt.write_file(part, file, content)
        attempt.write_json("bundle", {"format": FORMAT, "name": name, "version": version, "settings": settings})
        return attempt.commit()
