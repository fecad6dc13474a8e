"""Short trainings, of models small enough to be graphs of TensorFlow alone."""

from collections.abc import Iterator

import pytest

from models import training


@pytest.fixture(autouse=True, scope="session")
def without_xla() -> Iterator[None]:
    """XLA compiles a loop for ten times as long as these take; the stages' tests train with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "takes_xla", lambda *_: False)
        yield
