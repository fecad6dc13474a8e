"""A fitted model, asked through the child process."""

import json
import shutil
from typing import Any, Literal, Protocol, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator

from models.model_settings import (
    ModelName,
    ModelSettings,
    Networks,
    Representation,
    StudentInput,
    TeacherSettings,
)
from tasks.errors import BadInput
from tasks.process import ModelProcess
from tasks.store import Artifact, Store

Answer = Literal["embedding", "scores", "responsibilities"]
ANSWERS: tuple[Answer, ...] = get_args(Answer)
ARRAYS, STATE = ".arrays.npz", ".state.npz"  # what a phase computed: for later phases, and for answers too


class VectorShape(Protocol):
    """What a description of a source's columns knows of their vectors."""

    @property
    def width(self) -> int:
        """Coordinates of a vector."""

    @property
    def is_image(self) -> bool:
        """Whether the whole vector is the pixels of one image."""

    @property
    def image_shape(self) -> tuple[int, ...] | None:
        """Shape of that image, where it is known."""


class ModelSpec(BaseModel):
    """What decides a model's networks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: ModelName
    settings: dict[str, Any]
    width: int
    image: bool
    image_shape: tuple[int, ...] | None = None  # of an image, where it is known
    clusters: int | None  # None: without components, or until a phase finds their number
    seed: int

    @model_validator(mode="before")
    @classmethod
    def complete(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Before bundles had format 4, students of images saw their pixels."""
        if values["model"] != ModelName.manifoldgan:
            return values
        return values | {"settings": {"student_input": StudentInput.vectors.value} | values["settings"]}

    @classmethod
    def of(
        cls, vectors: VectorShape, model: ModelName, settings: ModelSettings, clusters: int | None, seed: int
    ) -> "ModelSpec":
        """The spec for vectors of a shape; a model without components is the same for every number of clusters.

        Raises:
            BadInput: settings that don't suit the vectors.
        """
        if vectors.image_shape is None and isinstance(settings, TeacherSettings):
            _refuse_images(settings)
        return cls(
            model=model,
            settings=settings.model_dump(mode="json"),
            width=vectors.width,
            image=vectors.is_image,
            image_shape=vectors.image_shape,
            clusters=clusters if settings.has_components else None,
            seed=seed,
        )


def _refuse_images(settings: TeacherSettings) -> None:
    """Refuse what only images have, where a vector isn't one image of a known shape.

    Raises:
        BadInput: convolutional networks, or neighbours by gradients.
    """
    refused = {
        "convolutional networks": settings.networks == Networks.convolutional,
        "neighbours by gradients": settings.representation == Representation.gradients,
    }
    for what, is_wanted in refused.items():
        if is_wanted:
            raise BadInput(
                "fit",
                f"one image of a known shape in each row, for {what}",
                "other columns, several, or an image whose shape isn't known",
                "Leave this setting as it is by default, name the other columns in ignore, or give the images' column "
                "a shape in the file's metadata, such as 28x28.",
            )


class FittedModel:
    """The answers of a model artifact; x is (rows, width) float32."""

    def __init__(self, store: Store, model: Artifact, process: ModelProcess) -> None:
        self._process = process
        self.sha256 = model.sha256
        self._weights = process.scratch / f"model-{model.sha256[:16]}"
        contents = store.contents(model)
        self.spec = ModelSpec.model_validate(json.loads(contents.pop("model.json")))
        shutil.rmtree(self._weights, ignore_errors=True)
        self._weights.mkdir()
        for name, content in contents.items():
            (self._weights / name).write_bytes(content)

    def infer(self, x: np.ndarray, *wanted: Answer) -> dict[str, np.ndarray]:
        """`embedding` (rows, dims), `logit` and `typicality` (rows,), and any `responsibilities` (rows, clusters).

        Each costs passes through the networks of its own: name those that are wanted, or none for all. The answers
        are the same.
        """
        return self._ask("infer", {"x": x}, wanted=wanted or ANSWERS)

    def sample(self, n: int, component: int | None, seed: int, start: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Samples start to start + n of a seed, and the component of each, -1 without components."""
        found = self._ask("sample", {}, n=n, component=component, seed=seed, start=start)
        return found["x"], found["component"]

    def _ask(self, do: str, inputs: dict[str, np.ndarray], **arguments: Any) -> dict[str, np.ndarray]:
        self._process.ask("load", spec=self.spec.model_dump(mode="json"), weights=str(self._weights))
        return self._process.arrays(do, inputs, **arguments)
