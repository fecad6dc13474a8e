"""Claims about what people say of clusters, and what becomes of it."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.cluster_lines import cluster_lines
from models.settings import EncodingSettings, SourceSettings
from tasks.catalogue import list_clusters
from tasks.curation import Curation, add_edit, read_curation
from tasks.edits import ClusterName, Edit, EditKind
from tasks.errors import BadInput
from tasks.export import export
from tasks.ingest import ingest_source
from tasks.labelling import assignment_table, listed_probabilities
from tasks.ledger import append
from tasks.loading import parts
from tasks.register import keep
from tasks.store import Store

IDS = np.array([4, 3, 7])
PROBABILITIES = np.array([[0.4, 0.35, 0.25], [0.2, 0.2, 0.6], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])


def rename(cluster: int, title: ClusterName) -> Edit:
    """A name."""
    return Edit(kind=EditKind.rename, cluster=cluster, title=title)


def merge(cluster: int, into: int) -> Edit:
    """A merger."""
    return Edit(kind=EditKind.merge, cluster=cluster, into=into)


def dismiss(cluster: int) -> Edit:
    """A dismissal."""
    return Edit(kind=EditKind.dismiss, cluster=cluster)


def restore(cluster: int) -> Edit:
    """The end of both."""
    return Edit(kind=EditKind.restore, cluster=cluster)


@pytest.fixture
def named(store: Store, tmp_path: Path) -> Store:
    """A registered and promoted name, `m`, with 40 rows: the probabilities above, ten times."""
    source = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"id": list(map(str, range(40))), "x": np.arange(40) / 2}), source)
    made, _, _ = ingest_source(str(source), SourceSettings(id_column="id"), EncodingSettings(), 2, store)
    with store.attempt("results", "k") as attempt:
        for ids, x in parts(store, made["vectors"]):
            attempt.write_table("assignments", assignment_table(ids, np.tile(PROBABILITIES, (len(x) // 4, 1)), IDS))
            scores = {"p_real": 0.5, "p_value": 1.0, "is_outlier": False}
            columns = {name: [value] * len(x) for name, value in scores.items()}
            attempt.write_table("scores", pa.table({"row_id": ids["row_id"]} | columns))
        attempt.write_file("page", "report.html", b"<p>")
        attempt.write_json("summary", {})
        attempt.write_json("identities", {"cluster_ids": IDS.tolist()})
        for part in ("model", "calibration", "partition"):
            attempt.write_file(part, part, b"")
        made |= attempt.commit()
    keep(store, "m", "run", made, {})
    return store


def exported(store: Store, tmp_path: Path) -> pa.Table:
    """What the export writes."""
    export("m", str(tmp_path / "out.parquet"), store.root)
    return pq.read_table(tmp_path / "out.parquet")


def test_without_edits_nothing_changes() -> None:
    """The very same probabilities and ids."""
    probabilities, ids = Curation().apply(PROBABILITIES, IDS)
    assert probabilities is PROBABILITIES
    assert ids is IDS


def test_merged_columns_are_added_up() -> None:
    """Rows of 4 count as 3: together they are the likeliest where neither was by itself."""
    probabilities, ids = Curation(merged={7: 3}).apply(PROBABILITIES, IDS)
    assert ids.tolist() == [3, 4]
    assert probabilities == pytest.approx(np.array([[0.6, 0.4], [0.8, 0.2], [1, 0], [0, 0]]))


def test_a_merger_goes_through_to_the_last_cluster() -> None:
    """4 into 3 into 7; also where the clusters between are no longer found."""
    assert Curation(merged={4: 3, 3: 7}).apply(PROBABILITIES, IDS)[1].tolist() == [7]
    assert Curation(merged={4: 30, 30: 70}).apply(PROBABILITIES, IDS)[1].tolist() == [3, 7, 70]


def test_rows_of_a_dismissed_cluster_fit_none() -> None:
    """The others keep what they had of the rest, which lacks the dismissed part to 1."""
    probabilities, ids = Curation(dismissed=frozenset({7})).apply(PROBABILITIES, IDS)
    assert ids.tolist() == [3, 4]
    assert probabilities == pytest.approx(np.array([[0.35, 0.4], [0, 0], [1, 0], [0, 0]]))


def test_where_every_cluster_is_dismissed_every_row_fits_none() -> None:
    """The table of assignments can still be written."""
    probabilities, ids = Curation(dismissed=frozenset({3, 4, 7})).apply(PROBABILITIES, IDS)
    assert ids.tolist() == [3, 4, 7]
    assert not probabilities.any()


def test_listed_probabilities_are_read_back() -> None:
    """All but the negligible ones, whatever the order of the ids."""
    ids = pa.table({"row_id": list("abcd"), "split": ["train"] * 4})
    probabilities, found = listed_probabilities(assignment_table(ids, PROBABILITIES, IDS))
    assert found.tolist() == [3, 4, 7]
    assert probabilities == pytest.approx(PROBABILITIES[:, [1, 0, 2]])


def test_edits_are_kept_and_later_ones_win(named: Store) -> None:
    """One record each."""
    for edit in (rename(3, "old"), rename(3, "loyal"), merge(4, 3), dismiss(7), restore(7)):
        add_edit(named, "m", edit)
    assert read_curation(named, "m") == Curation({3: "loyal"}, {4: 3}, frozenset())
    assert len(named.names("models/m/edits")) == 5


@pytest.mark.parametrize(
    ("before", "edit", "words"),
    [
        ([], rename(5, "x"), "expected a cluster of m; found 5. It has these: 3, 4, 7."),
        ([], merge(4, 5), "expected a cluster of m; found 5. It has these: 3, 4, 7."),
        ([], merge(4, 4), "expected another cluster to merge 4 into; found itself. Name another one."),
        (
            [merge(4, 3)],
            merge(3, 4),
            "expected another cluster to merge 3 into; found 4, whose rows count as 3. Name another one.",
        ),
        (
            [dismiss(3)],
            merge(4, 3),
            "expected a cluster to merge into; found 3, which was dismissed. Restore it, or dismiss 4 too.",
        ),
        (
            [merge(4, 3)],
            rename(4, "x"),
            "expected a cluster of its own; found 4, whose rows count as 3. Name 3, or restore 4 first.",
        ),
        (
            [dismiss(4)],
            merge(4, 3),
            "expected a cluster that was not dismissed; found 4. Restore 4 first.",
        ),
        ([], restore(4), "expected a cluster that was merged or dismissed; found 4, as it was found. Leave it so."),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused(before: list[Edit], edit: Edit, words: str, named: Store) -> None:
    """And leaves no record."""
    for each in before:
        add_edit(named, "m", each)
    with pytest.raises(BadInput) as refused:
        add_edit(named, "m", edit)
    assert str(refused.value) == f"clusters: {words}"
    assert len(named.names("models/m/edits")) == len(before)


def test_two_mergers_at_once_make_no_circle(named: Store) -> None:
    """Each saw nothing of the other: the one that was kept first counts."""
    for edit in (merge(4, 3), merge(3, 4)):
        append(named, "models/m/edits", edit.model_dump_json().encode())
    assert read_curation(named, "m").merged == {4: 3}


def test_the_export_shows_curated_clusters_and_names(named: Store, tmp_path: Path) -> None:
    """Rows 0, 4, ... were in 4 (.4) and are in 3 with 7's part; their name stands beside them."""
    before = exported(named, tmp_path)
    assert before["cluster"].to_pylist()[:4] == [4, 7, 3, None]
    assert before["cluster_name"].to_pylist() == [None] * 40
    for edit in (rename(3, "loyal customers"), merge(7, 3)):
        add_edit(named, "m", edit)
    found = exported(named, tmp_path)
    assert found["cluster"].to_pylist()[:4] == [3, 3, 3, None]
    assert found["cluster_name"].to_pylist()[:4] == ["loyal customers"] * 3 + [None]
    assert found["cluster_probability"].to_pylist()[:3] == pytest.approx([0.6, 0.8, 1.0])
    assert found.column_names == before.column_names
    add_edit(named, "m", dismiss(3))
    assert exported(named, tmp_path)["cluster"].to_pylist()[:4] == [None, None, None, None]


def test_clusters_are_listed_with_their_sizes_and_what_was_said_of_them(named: Store) -> None:
    """The largest first; merged and dismissed ones have no rows."""
    for edit in (rename(3, "loyal"), merge(4, 3), dismiss(7)):
        add_edit(named, "m", edit)
    assert list(cluster_lines(list_clusters(named, "m"))) == [
        " cluster      rows   share  name",
        "       3        20   50.0%  loyal",
        "       4         0    0.0%  (counts as 3)",
        "       7         0    0.0%  (dismissed)",
        "    none        20   50.0%",
    ]


def test_what_people_said_of_a_cluster_is_told_in_words() -> None:
    """Its name, and what became of it and of those that were merged into it."""
    curation = Curation(names={4: "Loyal", 3: "New"}, merged={4: 3, 7: 9}, dismissed=frozenset({9}))
    assert [curation.said_of(each) for each in (4, 3, 7, 5)] == ["Loyal (counts as 3)", "New", "(dismissed)", ""]
