"""Record bundles of today's format with the answers that they give, for the tests of tomorrow.

    python -m tests.golden.record tests/golden/format-N

Run it once for each new format, from the root of the repository, and never over what is there.
"""

import os
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np

from flows.fit_clusters import fit_clusters
from models.model_settings import ManifoldGanSettings, ModelName
from models.settings import SampleSettings
from tasks.answers import ask
from tasks.bundle import read_bundle
from tasks.loading import matrix
from tasks.process import ModelProcess
from tasks.registry import newest_registration
from tasks.store import Store

ROWS, SAMPLES, CLUSTERS = 20, 5, 10
MANIFOLDGAN = ManifoldGanSettings(units=16, restarts=10, student_steps=400, steps=200)
BUNDLES = {"manifoldgan": ModelName.manifoldgan}


def record(out: Path) -> None:
    """Fit small models of the digits and keep their bundles and answers in a new folder."""
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch, ModelProcess() as process:
        os.chdir(scratch)  # so that the settings in the bundle name no folder of this machine
        for name, model in BUNDLES.items():
            for seed in (1, 0):  # the second one takes over ids of the first
                made = fit_clusters(
                    name=name, model=model, manifoldgan=MANIFOLDGAN, clusters=CLUSTERS, seed=seed,
                    samples=SampleSettings(count=50),
                )  # fmt: skip
            store, version = Store("store"), f"models/{name}/versions/{made.version}"
            shutil.copytree(f"store/{version}", out / version)
            np.savez_compressed(out / f"{name}.npz", allow_pickle=False, **answers(store, name, process))


def answers(store: Store, name: str, process: ModelProcess) -> dict[str, np.ndarray]:
    """What a bundle says of the first digits."""
    bundle = read_bundle(store, name, process)
    rows = store.table(newest_registration(store, name, "golden").artifacts["rows"]).slice(0, ROWS)
    image = matrix(rows, "image")
    x = bundle.encoding.encode({"image": image})
    return {
        "image": image,
        "vectors": x,
        "embedding": bundle.model.infer(x)["embedding"],
        "cluster_ids": bundle.cluster_ids,
        "samples": bundle.model.sample(SAMPLES, None, 0)[0],
        **asdict(ask(bundle, x)),
    }


if __name__ == "__main__":
    record(Path(sys.argv[1]).resolve())
