"""Claims about bundles: what was kept once labels rows for ever."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from tasks.answers import ask
from tasks.bundle import cluster_ids_of, read_bundle, whole_version
from tasks.errors import BadInput
from tasks.process import ModelProcess
from tasks.store import Store

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
BUNDLES = [(path.parent.name, path.stem) for path in sorted(GOLDEN.glob("format-*/*.npz"))]


def kept(format: str, name: str, tmp_path: Path) -> tuple[Store, str]:
    """A store with the golden bundles of a format, and the version of one."""
    shutil.copytree(GOLDEN / format, tmp_path / "store")
    store = Store(str(tmp_path / "store"))
    (version,) = store.names(f"models/{name}/versions")
    return store, version


@pytest.mark.parametrize(("format", "name"), BUNDLES)
def test_a_bundle_gives_the_answers_that_it_gave_when_it_was_made(
    format: str, name: str, tmp_path: Path, process: ModelProcess
) -> None:
    """From the user's own columns to clusters, scores and samples."""
    store, version = kept(format, name, tmp_path)
    bundle = read_bundle(store, name, process, version)
    with np.load(GOLDEN / format / f"{name}.npz", allow_pickle=False) as recorded:
        answers = dict(recorded)
    answers.setdefault("cluster_ids", np.arange(answers["probabilities"].shape[1]))  # of formats before 3
    x = bundle.encoding.encode({"image": answers["image"]})
    found = {
        "cluster_ids": bundle.cluster_ids,
        "vectors": x,
        "embedding": bundle.model.infer(x)["embedding"],
        "samples": bundle.model.sample(5, None, 0)[0],
        **asdict(ask(bundle, x)),
    }
    one_rank = 1.001 / (
        1 + len(bundle.calibration.typicality)
    )  # a validation row ties with itself, to the last bit or not
    for answer, values in found.items():
        tolerance = one_rank if answer == "p_value" else 1e-6
        assert values == pytest.approx(answers[answer], abs=tolerance, rel=1e-5), answer


def test_there_are_bundles_of_every_format() -> None:
    """The claim above is about some of each, with partitions by three rules and by none, and about the flagship."""
    first = {("format-1", "clustergan"), ("format-1", "gan")}
    second = {("format-2", "density"), ("format-2", "mixture")}
    third = {("format-3", "mixture"), ("format-3", "manifoldgan")}
    assert set(BUNDLES) == first | second | third | {("format-4", "manifoldgan"), ("format-5", "manifoldgan")}


def test_a_bundle_of_an_unknown_format_is_refused(tmp_path: Path, process: ModelProcess) -> None:
    """With what to do about it."""
    store, version = kept("format-1", "gan", tmp_path)
    (attempt,) = (tmp_path / "store" / "models" / "gan" / "versions" / version).iterdir()
    described = json.loads((attempt / "bundle" / "bundle.json").read_text()) | {"format": 7}
    with store.attempt("models/gan/versions", "later") as later:
        later.write_json("bundle", described)
        later.commit()
    with pytest.raises(BadInput) as refused:
        read_bundle(store, "gan", process, "later")
    assert str(refused.value) == (
        "bundle: expected a bundle of format 1, 2, 3, 4 or 5; found format 7. "
        "Install the genclust that wrote it, or a newer one."
    )


def test_a_changed_byte_is_refused(tmp_path: Path, process: ModelProcess) -> None:
    """The file is named."""
    store, version = kept("format-1", "gan", tmp_path)
    (weights,) = (tmp_path / "store" / "models" / "gan" / "versions" / version).glob("*/model/encoder.weights.h5")
    content = bytearray(weights.read_bytes())
    content[5000] ^= 1
    weights.write_bytes(bytes(content))
    with pytest.raises(BadInput, match=r"model/encoder\.weights\.h5 with sha256 .* The file was changed or damaged"):
        read_bundle(store, "gan", process, version)


def test_an_unknown_version_is_refused_with_the_known_ones(tmp_path: Path, process: ModelProcess) -> None:
    """A slip of the pen is found at a glance."""
    store, version = kept("format-1", "gan", tmp_path)
    with pytest.raises(
        BadInput, match=f"bundle: expected version nothing of gan; found whole versions among {version}"
    ):
        read_bundle(store, "gan", process, "nothing")


@pytest.mark.parametrize(("format", "name"), BUNDLES)
def test_the_ids_of_a_version_can_be_read_without_its_networks(
    format: str, name: str, tmp_path: Path, process: ModelProcess
) -> None:
    """They are the bundle's own, whatever its format."""
    store, version = kept(format, name, tmp_path)
    assert (
        cluster_ids_of(store, name, version).tolist() == read_bundle(store, name, process, version).cluster_ids.tolist()
    )


@pytest.mark.parametrize(("begins", "found"), [("aab", "aabc"), ("a", None), ("c", None), ("../", None)])
def test_the_beginning_of_a_version_is_enough_if_it_is_one(store: Store, begins: str, found: str | None) -> None:
    """As commands print twelve of its digits; what is no version is refused with the known ones."""
    for version in ("aabc", "aacd", "b"):
        store.write(f"models/m/versions/{version}/attempt/manifest.json", b"{}")
    if found:
        assert whole_version(store, "m", begins, "assign") == found
        return
    with pytest.raises(
        BadInput, match=f"assign: expected one version of m that begins with {begins}; found these: aabc"
    ):
        whole_version(store, "m", begins, "assign")
