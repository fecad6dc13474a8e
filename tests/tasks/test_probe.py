"""Claims about the stage that asks whether there is anything to find."""

import pytest

from tasks.probe import probe, structure
from tests.conftest import Fitted


@pytest.mark.usefixtures("prefect_server")
def test_digits_have_structure_and_a_second_probe_finds_the_verdict_made(fitted: Fitted) -> None:
    """Ten clusters of digits agree better with unseen digits than with any rows without clusters."""
    made, place = fitted.artifacts, fitted.store
    with place.attempt("cluster", "own-responsibilities") as attempt:
        attempt.write_arrays("partition", {})
        partition = attempt.commit()["partition"]
    first, second = (
        probe(made["model"], made["vectors"], partition, 0, place.root, fitted.model._process, return_state=True)
        for _ in range(2)
    )
    found = place.json(first.result()["structure"])
    assert second.name == "Cached"
    assert (found["found"], found["p_value"], found["surrogates"]) == (True, 0.01, 99)
    assert found["clusters"] == 10
    assert found["agreement"] > found["surrogate_high"] > found["surrogate_mean"]
    assert found == structure(place, fitted.model, made["vectors"], partition, seed=0)
