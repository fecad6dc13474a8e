"""Claims about the explanation of a row, where two ages tell k-means' clusters of the vectors apart."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from flows.explanation import explanation_lines
from models.calibration import Calibration
from models.encoding import Encoding
from models.model_settings import GanSettings, ModelName
from models.partitions import fit_partition
from models.settings import EncodingSettings, PartitionMethod, PartitionSettings, PartitionSpace, SourceSettings
from tasks.bundle import Bundle
from tasks.edits import Edit, EditKind
from tasks.errors import BadInput
from tasks.explain import explanation_table, number_columns, profile_table, sum_clusters
from tasks.explain_row import RowExplanation, explain_position, explain_row
from tasks.ingest import ingest_source
from tasks.labelling import assignment_table
from tasks.ledger import append
from tasks.loading import parts, take_rows
from tasks.model import FittedModel, ModelSpec
from tasks.process import ModelProcess
from tasks.registry import Registration, add_registration
from tasks.store import Store

N = 200
IDS = np.array([5, 2])  # stable ids of the two clusters


class Explained(NamedTuple):
    """A registration, and what explains its rows."""

    store: Store
    registration: Registration
    bundle: Bundle

    def row(self, row_id: str) -> RowExplanation:
        """A row explained."""
        return explain_position(self.store, self.registration, self.bundle, row_id)


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory, process: ModelProcess) -> Explained:
    """Rows whose age is 20 or 60, with a noise of no meaning; the row `none` fits no cluster, `bad` is rejected."""
    folder = tmp_path_factory.mktemp("explained")
    random = np.random.default_rng(0)
    ages = np.where(np.arange(N) % 2 == 0, 20, 60) + random.normal(size=N).round(2)
    ids = [f"r{i}" for i in range(N - 1)] + ["none"]
    rows = pd.DataFrame({"id": ids, "age": ages, "noise": random.normal(size=N).round(2)})
    rows.loc[N] = {"id": "bad", "age": None, "noise": 0.0}
    rows.loc[N + 1] = {"id": ' Zürich "5" ', "age": None, "noise": 0.0}
    rows.to_csv(folder / "rows.csv", index=False)
    store = Store(str(folder / "store"))
    columns = SourceSettings(id_column="id")
    made, _, _ = ingest_source(str(folder / "rows.csv"), columns, EncodingSettings(), 2, store)
    encoding = Encoding.from_json(store.json(made["encoding"]))
    settings = GanSettings(units=8, latent_dim=2, embedding_dim=4).model_dump(mode="json")
    spec = ModelSpec(model=ModelName.gan, settings=settings, width=2, image=False, clusters=0, seed=0)
    with store.attempt("model", "untrained") as attempt:
        attempt.write_json("model", spec.model_dump(mode="json"))
        made |= attempt.commit()
    model = FittedModel(store, made["model"], process)
    x = take_rows(store, made["vectors"], np.arange(N))
    calibration = Calibration.from_arrays({"platt": np.array([1.0, 0]), "typicality": np.arange(-99.0, 0)})
    partition = fit_partition(x, PartitionSettings(space=PartitionSpace.vectors), PartitionMethod.kmeans, 2, seed=0)
    bundle = Bundle("m", "v", {"columns": columns.model_dump()}, encoding, model, partition, calibration, IDS)
    with store.attempt("results", "k") as attempt:
        for each, part in parts(store, made["vectors"]):
            table = assignment_table(each, bundle.probabilities(part), bundle.cluster_ids)
            fits = pa.array([row_id != "none" for row_id in each["row_id"].to_pylist()])
            for i, name in enumerate(table.schema.names[2:6], 2):
                column = pa.array(np.where(fits, table[name], None), table.schema.field(name).type)
                table = table.set_column(i, table.schema.field(name), column)
            attempt.write_table("assignments", table)
            scores = {"p_real": [0.8] * len(part), "p_value": [0.25] * len(part), "is_outlier": [False] * len(part)}
            attempt.write_table("scores", pa.table({"row_id": each["row_id"]} | scores))
        made |= attempt.commit()
    sums = sum_clusters(store, made["rows"], made["vectors"], made["assignments"], encoding)
    with store.attempt("explain", "k") as attempt:
        attempt.write_table("explanations", explanation_table(sums, number_columns(encoding)))
        attempt.write_table("profiles", profile_table(sums.vectors))
        made |= attempt.commit()
    registration = Registration(
        name="m", run_id="r", version="v", registered_at="2026-01-01", report="", artifacts=made, summary={}
    )
    return Explained(store, registration, bundle)


def test_the_column_that_tells_the_clusters_apart_decides(explained: Explained) -> None:
    """With the age of the other cluster the row would be there; the values are in the user's units."""
    found = explained.row("r4")
    first = found.weighing.deciding[0]
    assert first.column == "age"
    assert first.value == found.own["age"] == pytest.approx(20, abs=3)
    assert first.typical == pytest.approx(20, abs=0.5)
    assert first.rival == pytest.approx(60, abs=0.5)
    assert first.change < 0
    assert first.probability < 0.5 < found.cluster_probability


def test_the_nearest_typical_rows_come_from_both_clusters(explained: Explained) -> None:
    """Three of each, the nearest first, with their values, without the row itself."""
    found = explained.row("r4")
    assert [row.cluster for row in found.typical] == [found.nearest] * 3 + [found.rival] * 3
    assert [round(row.own["age"], -1) for row in found.typical] == [20] * 3 + [60] * 3
    distances = [row.distance for row in found.typical]
    assert distances[:3] == sorted(distances[:3])
    assert "r4" not in {row.row_id for row in found.typical}


def test_a_row_that_fits_none_names_the_nearest_cluster(explained: Explained) -> None:
    """And in what it is unlike that; no column decides anything."""
    found = explained.row("none")
    assert found.cluster is None
    assert found.nearest == explained.row("r5").nearest
    assert {line.column for line in found.strange} == {"age", "noise"}
    assert found.weighing.deciding == ()
    assert f"none: it fits no cluster; {found.nearest} would be the nearest" in "\n".join(explanation_lines(found))


def test_an_explanation_is_printed_in_plain_words(explained: Explained) -> None:
    """Cluster, runner-up, what the scores mean, the deciding columns."""
    found = explained.row("r4")
    text = "\n".join(explanation_lines(found))
    assert f"m: row r4 ({found.split})" in text
    assert f"cluster       {found.cluster}, probability" in text
    assert f"runner-up     {found.second_cluster}, behind by" in text
    assert "p_real        0.800: more like real rows, as the critic sees it" in text
    assert "p_value       0.250: 25.0% of ordinary rows look as strange; no outlier" in text
    assert f"speaks for {found.nearest}" in text


def test_an_explanation_tells_what_people_said_of_its_clusters(explained: Explained) -> None:
    """The clusters are those that were found, whatever they count as."""
    append(
        explained.store, "models/m/edits", Edit(kind=EditKind.rename, cluster=5, title="Old").model_dump_json().encode()
    )
    found = explained.row("r4")
    assert found.said == {5: "Old"}
    assert "people say    5: Old" in list(explanation_lines(found))


def test_a_rejected_row_is_refused_with_the_reason(explained: Explained) -> None:
    """And where it lies in the source."""
    with pytest.raises(BadInput) as refused:
        explained.row("bad")
    assert str(refused.value) == (
        "explain: expected the id of one of 200 accepted rows; "
        "found bad, which was rejected: missing cell: age (rows.csv, position 200). Correct the row, and fit."
    )


def test_a_rejected_row_is_found_by_an_id_of_any_letters(explained: Explained) -> None:
    """As ingest reads it, without the spaces around it."""
    with pytest.raises(BadInput, match=r'found Zürich "5", which was rejected: missing cell: age'):
        explained.row('Zürich "5"')


def test_an_unknown_row_is_refused_with_ids_that_look_alike(explained: Explained) -> None:
    """A slip of the pen is found at a glance."""
    with pytest.raises(BadInput, match=r"found r1999\. Did you mean r99 or r19 or r198\?"):
        explained.row("r1999")


def test_a_registration_without_profiles_is_refused(store: Store) -> None:
    """It is older than explanations."""
    old = Registration(
        name="m", run_id="r", version="v", registered_at="2026-01-01", report="", artifacts={}, summary={}
    )
    add_registration(store, old)
    with pytest.raises(BadInput, match=r"found a registration that is older than them\. Fit it again"):
        explain_row("m", "r4", store.root)
