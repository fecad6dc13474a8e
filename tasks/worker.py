"""The child process that holds TensorFlow: `python -m tasks.worker SCRATCH [--answers-only]`.

Reads one request a line from stdin, answers on stdout (see `tasks.process`), and ends when stdin closes.
"""

import json
import os
import queue
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from models.computation import NOTHING, Computation
from models.data_shape import DataShape
from models.generative import GenerativeModel, build_model
from models.guards import StopReason
from models.model_settings import ModelName, model_settings
from models.rehearsal import rehearse
from models.settings import TrainingSettings
from tasks.checkpoints import StoredCheckpoints
from tasks.errors import StageError
from tasks.model import ARRAYS, STATE
from tasks.process import ANSWERS_ONLY, remove_in_use
from tasks.store import Store


class Worker:
    """One model at a time, and the answers about it."""

    def __init__(self, scratch: Path, out: TextIO, *, trains: bool = True) -> None:
        self.scratch, self.out, self.trains = scratch, out, trains
        self.model: GenerativeModel | None = None
        self.loaded: dict[str, Any] = {}

    def say(self, event: str, **message: Any) -> None:
        """One JSON line to the parent."""
        self.out.write(json.dumps({"event": event, **message}) + "\n")
        self.out.flush()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what a request asks for."""
        match request.pop("do"):
            case "train":
                return self.train(**request)
            case "rehearse":
                return self.rehearse(**request)
            case "load":
                return self.load(**request)
            case "sample":
                return self.sample(**request)
            case "infer":
                return self.infer(**request)
            case unknown:
                raise ValueError(f"unknown request {unknown}")

    def train(
        self, spec: dict[str, Any], phase: str, weights: str, inputs: str, training: dict[str, Any], seed: int,
        store: str, checkpoints: str,
    ) -> dict[str, Any]:  # fmt: skip
        """One phase, from what those before it left in a folder; what it leaves is written there too."""
        model, x = self._build(spec, weights), _arrays(inputs)
        plan = model.plan(phase, x["train"])
        if isinstance(plan, Computation):
            if plan is not NOTHING:
                self.say("progress", step=0, total=0, values={})
            return compute(plan, phase, Path(weights))
        from models.training import train_phase

        result = train_phase(
            plan, model.strategy, x["validation"], TrainingSettings(**training), seed,
            checkpoints=StoredCheckpoints(Store(store), checkpoints, self.scratch),
            progress=lambda step, total, values: self.say("progress", step=step, total=total, values=values),
        )  # fmt: skip
        files = [f"{name}.weights.h5" for name in model.phase_networks(phase)]
        for name, file in zip(model.phase_networks(phase), files, strict=True):
            model.networks[name].save_weights(f"{weights}/{file}")
        history = [[step, name, value] for step, name, value in result.history]
        return {"files": files, "history": history, "steps": result.steps, "stop_reason": result.stop_reason}

    def rehearse(self, spec: dict[str, Any], inputs: str, rows: int, training: dict[str, Any]) -> dict[str, Any]:
        """Seconds that each phase would take on this machine; keeps nothing."""
        x, told = _arrays(inputs)["x"], TrainingSettings(**training)
        model = self._build(spec, None)
        return {"seconds": {phase: rehearse(model, phase, x, rows, told, spec["seed"]) for phase in model.phases}}

    def load(self, spec: dict[str, Any], weights: str) -> dict[str, Any]:
        """Make a fitted model the one that is asked."""
        if self.loaded != spec | {"weights": weights}:
            self.model = self._build(spec, weights)
            self.loaded = spec | {"weights": weights}
        return {}

    def sample(self, n: int, component: int | None, seed: int, start: int, inputs: str, outputs: str) -> dict[str, Any]:
        """Samples and the component of each (-1 without components)."""
        assert self.model is not None
        x, components = self.model.sample(n, component, seed, start=start)
        np.savez(outputs, allow_pickle=False, x=x, component=components)
        return {}

    def infer(self, inputs: str, outputs: str, wanted: list[str]) -> dict[str, Any]:
        """What the model says of vectors x: embedding, raw scores and, if it has them, responsibilities."""
        assert self.model is not None
        x, answers = _arrays(inputs)["x"], {}
        codes = self.model.encode(x)
        if "embedding" in wanted:
            answers["embedding"] = self.model.embed(codes)
        if "scores" in wanted:
            answers |= self.model.score(x, codes)
        if "responsibilities" in wanted and (responsibilities := self.model.predict_proba(codes)) is not None:
            answers["responsibilities"] = responsibilities
        np.savez(outputs, allow_pickle=False, **answers)
        return {}

    def _build(self, spec: dict[str, Any], weights: str | None) -> GenerativeModel:
        name = ModelName(spec["model"])
        settings = model_settings(name, spec["settings"])
        shape = DataShape(spec["width"], spec["image"], spec["image_shape"] and tuple(spec["image_shape"]))
        if settings.has_networks:
            self._start_tensorflow()
        model = build_model(settings, shape, spec["clusters"], spec["seed"])
        for network, built in model.networks.items():
            if weights and (Path(weights) / f"{network}.weights.h5").exists():
                built.load_weights(f"{weights}/{network}.weights.h5")
        for path in sorted(Path(weights).glob("*.npz")) if weights else ():
            model.arrays |= _arrays(str(path))
        return model

    def _start_tensorflow(self) -> None:
        """Which takes seconds; models without networks are spared it."""
        from models.networks import answer_side_by_side, number_layers_anew

        if not self.trains:
            answer_side_by_side()
        number_layers_anew()


def compute(plan: Computation, phase: str, folder: Path) -> dict[str, Any]:
    """Run a phase without gradient steps and write its arrays to the folder."""
    computed = plan.run()
    files = {f"{phase}{ARRAYS}": computed.arrays, f"{phase}{STATE}": computed.state}
    for file, arrays in files.items():
        np.savez(folder / file, allow_pickle=False, **arrays)
    return {
        "files": list(files),
        "history": [],
        "steps": 0,
        "stop_reason": StopReason.computed,
        "record": computed.record,
        "clusters": computed.clusters,
    }


def serve(scratch: Path, out: TextIO, *, trains: bool) -> None:
    """Answer requests until stdin closes."""
    worker = Worker(scratch, out, trains=trains)
    requests: queue.Queue[str] = queue.Queue()
    listener = threading.Thread(target=_listen, args=(requests, scratch), daemon=True)
    listener.start()
    try:
        while True:
            _answer(worker, requests.get())
    except BrokenPipeError:  # the parent is gone: the listener ends the process when it has cleaned up
        listener.join()


def _answer(worker: Worker, request: str) -> None:
    try:
        worker.say("reply", **worker.answer(json.loads(request)))
    except StageError as error:
        worker.say("error", kind=type(error).__name__, words=error.words)
    except OSError as error:
        worker.say("error", kind="Interrupted", words=_storage_failed(error))
    except Exception:  # noqa: BLE001 - the parent raises it with the trace
        worker.say("error", traceback=traceback.format_exc())


def _listen(requests: "queue.Queue[str]", scratch: Path) -> None:
    for line in sys.stdin:
        requests.put(line)
    remove_in_use(scratch)
    os._exit(0)


def _storage_failed(error: OSError) -> tuple[str, str, str, str]:
    return ("training process", "storage that answers", repr(error), "It is tried again; check the store.")


def _arrays(path: str) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


if __name__ == "__main__":
    # Libraries print to stdout too: keep the real one for the protocol and give them stderr.
    protocol = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(Path(sys.argv[1]), protocol, trains=ANSWERS_ONLY not in sys.argv)
