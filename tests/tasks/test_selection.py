"""What the report says of how clusters were chosen."""

import numpy as np
import pytest

from models.teacher import COORDINATES
from tasks.selection import count_words, restart_words, selection_of
from tasks.store import Store

RECORD = {
    "clusters": 3,
    "restarts": [
        {"embedding": 0, "log_likelihood": 1.0, "agreement": 0.95, "graph_cut": 0.1, "clusters_used": 3, "chosen": True}
    ]
    * 4,
    "agreement": 0.95,
    "cluster_agreement": [1.0, 0.95, 0.5],
    "count": {
        "candidates": [
            {"clusters": k, "stability": 1 - k / 10, "modularity": k / 10, "agreement": 0.9, "log_likelihood": -k}
            for k in (2, 3, 4)
        ],
        "chosen": 3,
        "stands_out": True,
    },
}


def test_a_model_without_a_choice_has_nothing_to_tell(store: Store) -> None:
    """Other models leave no such artifact."""
    assert selection_of(store, {}) is None


@pytest.mark.parametrize(("partition", "shaky"), [({}, [(9, "50.0%")]), ({"rule": np.array("nearest")}, [])])
def test_unsteady_clusters_are_named(
    partition: dict[str, np.ndarray], shaky: list[tuple[int, str]], store: Store
) -> None:
    """By their stable ids, with the share that they have in common; a partition's clusters aren't those."""
    with store.attempt("fit", "0" * 24) as attempt:
        attempt.write_json("selection", RECORD)
        attempt.write_json("identities", {"cluster_ids": [4, 7, 9]})
        attempt.write_arrays("partition", partition)
        found = selection_of(store, attempt.commit())
    assert found is not None
    assert found.shaky == shaky
    assert found.by_partition == bool(partition)
    assert found.curve is not None
    assert found.curve.alt == "Stability and modularity for 2 to 4 clusters; 3 was chosen"


@pytest.mark.parametrize(
    ("agreement", "words"),
    [(1.0, "found the same clusters"), (0.95, "nearly the same"), (0.89, "similar ones"), (0.5, "other clusters")],
)
def test_the_agreement_of_restarts_is_put_into_words(agreement: float, words: str) -> None:
    """From .99 on they are the same, from .9 on nearly, from .7 on similar."""
    assert words in restart_words(RECORD | {"agreement": agreement})


@pytest.mark.parametrize(
    ("coordinates", "said"),
    [(COORDINATES[0], "those of the scaled columns"), (COORDINATES[1], "measured so that near rows vary alike")],
)
def test_it_is_said_in_which_coordinates_rows_are_near(coordinates: str, said: str) -> None:
    """The names are those of the teacher's record; of images and wide rows it has none."""
    assert said in restart_words(RECORD | {"coordinates": coordinates})
    assert "Distances" not in restart_words(RECORD)


def test_it_is_said_if_restarts_were_in_several_embeddings() -> None:
    """How many, and that the likeliest in all of them counts."""
    assert "embeddings" not in restart_words(RECORD)
    several = [RECORD["restarts"][0] | {"embedding": i % 3} for i in range(6)]
    words = restart_words(RECORD | {"restarts": several})
    assert "6 times from different starts in 3 embeddings" in words
    assert "the likeliest in all of them was taken" in words


def test_it_is_said_plainly_when_no_number_stands_out() -> None:
    """The choice is then the user's."""
    assert "3 stands out" in count_words(RECORD["count"])
    words = count_words(RECORD["count"] | {"stands_out": False})
    assert "no number stands out" in words
    assert "say so" in words
