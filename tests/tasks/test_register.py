"""Claims about what registering leaves, and about the export."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.settings import EncodingSettings, SourceSettings
from tasks.bundle import FORMAT, PARTS, write_bundle
from tasks.errors import BadInput
from tasks.export import export, export_rejected
from tasks.ingest import ingest_source
from tasks.labelling import assignment_table
from tasks.loading import parts
from tasks.promotions import promotions
from tasks.register import keep
from tasks.registry import Registration, add_registration, newest_registration, registrations
from tasks.store import Artifact, Store


def registration(run_id: str) -> Registration:
    """One of a run that made nothing."""
    return Registration(
        name="m", run_id=run_id, version="v", registered_at="2026-01-01", report="", artifacts={}, summary={}
    )


def test_the_newest_registration_counts(store: Store) -> None:
    """Earlier ones stay readable."""
    add_registration(store, registration("one"))
    add_registration(store, registration("two"))
    assert newest_registration(store, "m", "export").run_id == "two"
    assert [each.run_id for each in registrations(store, "m")] == ["one", "two"]


def test_a_run_that_is_retried_registers_once(store: Store) -> None:
    """The stage may run again after a failure behind it, and after other runs."""
    for run_id in ("one", "one", "two", "one"):
        add_registration(store, registration(run_id))
    assert [each.run_id for each in registrations(store, "m")] == ["one", "two"]


def test_an_unknown_name_is_refused_with_the_known_ones(store: Store) -> None:
    """A slip of the pen is found at a glance."""
    add_registration(store, registration("one"))
    with pytest.raises(BadInput, match=r"export: expected a model named n .*; found these: m\. Fit it first"):
        newest_registration(store, "n", "export")


def write_part(store: Store, artifact: str, content: bytes) -> Artifact:
    """An artifact of one file."""
    with store.attempt("part", f"{artifact}{len(content)}") as attempt:
        attempt.write_file(artifact, f"{artifact}.bin", content)
        return attempt.commit()[artifact]


def test_a_bundle_is_a_copy_that_outlives_its_run(store: Store) -> None:
    """The same content is the same version; removing the run's artifacts changes nothing."""
    made = {part: write_part(store, part, b"1") for part in PARTS}
    first = write_bundle(store, "m", made, {})
    assert write_bundle(store, "m", made, {}) == first
    store.remove("part")
    assert store.contents(first["model"]) == {"model.bin": b"1"}
    assert store.json(first["bundle"])["format"] == FORMAT


@pytest.fixture
def table(tmp_path: Path, store: Store) -> dict[str, Artifact]:
    """A CSV with names that genclust uses itself, ingested; every row in cluster 0."""
    source = tmp_path / "rows.csv"
    pd.DataFrame({"x": np.arange(40) / 2, "split": range(40), "cluster": "mine", "kind": list("ab") * 20}).to_csv(
        source, index=False
    )
    made, _, _ = ingest_source(str(source), SourceSettings(label_column="kind"), EncodingSettings(), 2, store)
    return made


def with_results(store: Store, made: dict[str, Artifact]) -> dict[str, Artifact]:
    """Assignments and scores of every row, and a page."""
    with store.attempt("results", "k") as attempt:
        for ids, x in parts(store, made["vectors"]):
            attempt.write_table("assignments", assignment_table(ids, np.tile([1.0, 0.0], (len(x), 1)), np.arange(2)))
            ordinary = {"p_real": 0.5, "p_value": 1.0, "is_outlier": False}
            columns = {name: [value] * len(x) for name, value in ordinary.items()}
            attempt.write_table("scores", pa.table({"row_id": ids["row_id"]} | columns))
        attempt.write_file("page", "report.html", b"<p>")
        attempt.write_json("summary", {"rows": 40})
        for part in ("model", "calibration", "partition", "identities"):
            attempt.write_file(part, part, b"")
        return made | attempt.commit()


def test_the_export_has_the_sources_own_columns_and_the_clusters(
    store: Store, table: dict[str, Artifact], tmp_path: Path
) -> None:
    """Own names stay; what would clash with them gets a prefix; labels are back under their name."""
    keep(store, "m", "run", with_results(store, table), {})
    assert export("m", str(tmp_path / "out.parquet"), store.root) == 40
    found = pq.read_table(tmp_path / "out.parquet").to_pandas()
    assert list(found.columns[:4]) == ["x", "split", "cluster", "kind"]
    assert found["split"].tolist() == list(range(40))
    assert found["kind"].tolist() == list("ab") * 20
    assert set(found["genclust_cluster"]) == {0}
    assert {"row_id", "genclust_split", "p_value", "is_outlier", "margin"} <= set(found.columns)


def test_an_export_can_be_a_csv(store: Store, table: dict[str, Artifact], tmp_path: Path) -> None:
    """The same rows, readable by everything."""
    keep(store, "m", "run", with_results(store, table), {})
    assert export("m", str(tmp_path / "out.csv"), store.root) == 40
    assert pd.read_csv(tmp_path / "out.csv")["x"].tolist() == [i / 2 for i in range(40)]


@pytest.mark.parametrize(
    ("x", "expected"), [([1.5, None, np.inf], ["missing cell: x", "infinite cell: x"]), ([1.5], [])]
)
def test_the_rejected_rows_are_exported_with_their_reasons(
    x: list[float], expected: list[str], store: Store, tmp_path: Path
) -> None:
    """A person finds them in the source again; a file without rows says that there are none."""
    source, out = tmp_path / "rows.csv", tmp_path / "rejected.csv"
    pd.DataFrame({"x": [*np.arange(40) / 2, *x]}).to_csv(source, index=False, na_rep="NA")
    made, _, _ = ingest_source(str(source), SourceSettings(), EncodingSettings(), 2, store)
    keep(store, "m", "run", with_results(store, made), {})
    assert export_rejected("m", str(out), store.root) == len(expected)
    found = pd.read_csv(out)
    assert found["reason"].tolist() == expected
    assert found["position"].tolist() == list(range(41, 41 + len(expected)))


def test_an_export_to_another_kind_of_file_is_refused(store: Store) -> None:
    """Before anything is read."""
    with pytest.raises(BadInput, match=r"a file that ends in \.parquet or \.csv; found out\.xlsx"):
        export("m", "out.xlsx", store.root)


def test_registering_writes_the_record_and_the_report(store: Store, table: dict[str, Artifact]) -> None:
    """A person finds the page under the name; the record says what the run used."""
    found = keep(store, "m", "run-1", with_results(store, table), {"seed": 3})
    assert store.read("models/m/report.html") == b"<p>"
    record = store.read("runs/run-1.json").decode()
    assert '"seed": 3' in record
    assert found.version in record


def test_the_first_version_of_a_name_is_promoted_and_a_later_one_is_not(
    store: Store, table: dict[str, Artifact]
) -> None:
    """Who fits once can assign; a challenger has to be promoted."""
    first = keep(store, "m", "run-1", with_results(store, table), {"seed": 3})
    keep(store, "m", "run-2", with_results(store, table), {"seed": 4})
    assert [(each.version, each.run_id) for each in promotions(store, "m")] == [(first.version, "run-1")]
