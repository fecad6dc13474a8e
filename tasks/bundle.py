"""A fitted model on disk and back: what labels new rows long after the run that made it."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.calibration import Calibration
from models.encoding import Encoding
from models.partitions import Partition
from tasks.errors import BadInput
from tasks.labelling import memberships
from tasks.model import FittedModel
from tasks.process import ModelProcess
from tasks.registry import newest_registration
from tasks.store import Artifact, Store

# since 2 partitions have a state of their own kind, since 3 ids of clusters outlive their model, since 4 students of
# images see gradients, since 5 pixels tell their range
FORMAT = 5
READABLE = (1, 2, 3, 4, FORMAT)
PARTS = ("model", "encoding", "calibration", "partition", "identities")


@dataclass(frozen=True)
class Bundle:
    """All that labels and scores new rows; vectors x are (rows, width), as `encoding` makes them.

    Attributes:
        settings: of the run that made it, as JSON.
        partition: None where the clusters are the model's own components.
        cluster_ids: (components,), the stable id of each component, which is a cluster of the partition or else of the
            model: the same group has the same id in the next promoted version.
    """

    name: str
    version: str
    settings: dict[str, Any]
    encoding: Encoding
    model: FittedModel
    partition: Partition | None
    calibration: Calibration
    cluster_ids: np.ndarray

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """Probability of each component for each row: (rows, components); zeros where a row fits none."""
        return memberships(self.model, self.partition, x)

    def component(self, cluster: int) -> int:
        """The component that a stable id names."""
        return int(np.flatnonzero(self.cluster_ids == cluster)[0])


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


def read_bundle(store: Store, name: str, process: ModelProcess, version: str | None = None) -> Bundle:
    """A version of a name, by default that of the newest registration.

    Raises:
        BadInput: an unknown name or version, a format that this genclust can't read, or a changed file.
    """
    version = version or newest_registration(store, name, "bundle").version
    found, described = _find(store, name, version)
    arrays = store.arrays(found["partition"])
    return Bundle(
        name=name,
        version=version,
        settings=described["settings"],
        encoding=Encoding.from_json(store.json(found["encoding"])),
        model=FittedModel(store, found["model"], process),
        partition=Partition.from_arrays(arrays) if arrays else None,
        calibration=Calibration.from_arrays(store.arrays(found["calibration"])),
        cluster_ids=_cluster_ids(store, found),
    )


def cluster_ids_of(store: Store, name: str, version: str) -> np.ndarray:
    """The stable ids of a version's components (components,), without its networks.

    Raises:
        BadInput: as `read_bundle` does.
    """
    return _cluster_ids(store, _find(store, name, version)[0])


def whole_version(store: Store, name: str, version: str, stage: str) -> str:
    """The version of a name that begins so; `stage` is who asks, for the error.

    Raises:
        BadInput: none does, or several do.
    """
    known = store.names(f"models/{name}/versions")
    found = [each for each in known if each.startswith(version)]
    if len(found) != 1:
        told = ", ".join(each[:12] for each in found or known) or "none"
        raise BadInput(
            stage, f"one version of {name} that begins with {version}", f"these: {told}", "Name one of these."
        )
    return found[0]


def _find(store: Store, name: str, version: str) -> tuple[dict[str, Artifact], dict[str, Any]]:
    """The parts of a version and its description."""
    found = store.find(f"models/{name}/versions", version)
    if found is None:
        known = ", ".join(store.names(f"models/{name}/versions")) or "none"
        raise BadInput("bundle", f"version {version} of {name}", f"whole versions among {known}", "Name one of these.")
    described = store.json(found["bundle"])
    check_format(described["format"])
    return found, described


def _cluster_ids(store: Store, found: dict[str, Artifact]) -> np.ndarray:
    """As they were written, or of formats before 3 the components' own numbers."""
    if "identities" in found:
        return np.array(store.json(found["identities"])["cluster_ids"], dtype=np.int64)
    arrays = store.arrays(found["partition"])
    if arrays:
        return np.arange(Partition.from_arrays(arrays).n_clusters)
    spec = json.loads(store.contents(found["model"])["model.json"])
    return np.arange(spec["clusters"])


def check_format(number: int) -> None:
    """Refuse a bundle whose format isn't READABLE."""
    if number not in READABLE:
        *others, last = map(str, READABLE)
        expected = f"a bundle of format {', '.join(others)} or {last}"
        remedy = "Install the genclust that wrote it, or a newer one."
        raise BadInput("bundle", expected, f"format {number}", remedy)
