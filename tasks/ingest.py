"""Ingest: from a source to accepted rows, rejected rows, labels and vectors.

Nothing is committed before all of the source was found good.
"""

from tempfile import TemporaryDirectory

from prefect import get_run_logger

from models.encoding import Encoding
from models.settings import EncodingSettings, SourceSettings
from tasks.entries import Entries
from tasks.errors import BadInput
from tasks.inspection import Inspection, describe, inspection_of
from tasks.pieces import Reading, piece_key, read_source
from tasks.sources import check_unchanged, known_roles, remember, source_files
from tasks.stage import Artifacts, cached, stage
from tasks.store import Attempt, Store
from tasks.tally import check_rejected
from tasks.vectors import columns_of, encoded, fit

REMEDY = "Mend the cells, ignore the columns, impute missing numbers (missing=median), or raise max_rejected."
FEWEST_ROWS = 4  # to train on: halves of two show how many clusters there are


@stage(name="ingest")
def ingest(
    source: str, settings: SourceSettings, encoding: EncodingSettings, clusters: int | None, store: str
) -> Artifacts:
    """Artifacts rows, rejected, vectors, encoding, inspection, and labels if a label column is named.

    Raises:
        BadInput: the source can't be used as it is; the store then has nothing of it.
        Interrupted: storage or network failed, or a file changed while it was read; as above.
    """
    artifacts, inspection, is_new = ingest_source(source, settings, encoding, clusters, Store(store))
    for level, line in describe(inspection):
        get_run_logger().log(level, line)
    return artifacts if is_new else cached(artifacts)


def ingest_source(
    source: str, settings: SourceSettings, encoding: EncodingSettings, clusters: int | None, store: Store
) -> tuple[Artifacts, Inspection, bool]:
    """The stage without Prefect: its artifacts, what it found, and whether it had anything to do."""
    settings = known_roles(source, settings)
    with source_files(source, store) as files, Entries(store) as entries:
        content = [[file.name, file.sha256] for file in files]
        key = piece_key(store, "ingest", content, settings=settings, encoding=encoding)
        found = store.find("ingest", key)
        if found is not None:
            inspection = Inspection(**store.json(found["inspection"]))
            _check_splits(inspection.splits, clusters)
            remember(files, store)
            return found, inspection, False
        reading = read_source(files, settings, encoding, entries)
        fitted, inspection = _fit(reading, settings, encoding, clusters, store)
        with store.attempt("ingest", key) as attempt:
            _write(attempt, reading, fitted, inspection)
            check_unchanged(files)
            entries.commit()
            remember(files, store)
            return attempt.commit(), inspection, True


def inspect_source(
    source: str, settings: SourceSettings, encoding: EncodingSettings, clusters: int | None = None
) -> Inspection:
    """What ingest would make of a source; it is read as a whole, and nothing is kept.

    Raises:
        BadInput: as `ingest` does.
    """
    settings = known_roles(source, settings)
    with TemporaryDirectory(prefix="genclust-inspect-") as folder, source_files(source) as files:
        store = Store(folder)
        with Entries(store) as entries:
            inspection = _fit(read_source(files, settings, encoding, entries), settings, encoding, clusters, store)[1]
            check_unchanged(files)
            return inspection


def _fit(
    reading: Reading, settings: SourceSettings, encoding: EncodingSettings, clusters: int | None, store: Store
) -> tuple[Encoding, Inspection]:
    """The encoding of the rows that were read, and the source as a whole."""
    summary = reading.summary
    check_rejected(summary.rejected, summary.rows, settings.max_rejected, "ingest", REMEDY)
    _check_splits(summary.splits, clusters)
    columns = columns_of(reading.plan, reading.summary)
    if not columns:
        found = "only columns that are constant in the train rows"
        raise BadInput("ingest", "a column that can be used", found, "Name a source whose rows differ.")
    own = {column.name: column.stored for column in reading.plan.columns}
    chosen = {own[name]: scaling for name, scaling in encoding.columns.items()}
    tables = store.tables_of(reading.files("rows"))
    fitted = fit(columns, tables, reading.summary.splits["train"], encoding.model_copy(update={"columns": chosen}))
    return fitted, inspection_of(reading.names, reading.plan, reading.summary, fitted)


def _write(attempt: Attempt, reading: Reading, encoding: Encoding, inspection: Inspection) -> None:
    for kind in reading.pieces[0]:
        if kind != "summary":
            attempt.refer(kind, reading.files(kind))
    for table in encoded(attempt.store.tables_of(reading.files("rows")), encoding):
        attempt.write_table("vectors", table)
    attempt.write_json("encoding", encoding.to_json())
    attempt.write_json("inspection", inspection.model_dump())


def _check_splits(splits: dict[str, int], clusters: int | None) -> None:
    if not splits["validation"]:
        remedy = "Name a source with more rows, or give the split column the value validation."
        raise BadInput("ingest", "a validation row", "none", remedy)
    train = splits["train"]
    if train < FEWEST_ROWS:
        raise BadInput("ingest", f"at least {FEWEST_ROWS} train rows", f"{train}", "Name a source with more rows.")
    if clusters and train < clusters:
        remedy = "Ask for fewer clusters, or name a source with more rows."
        raise BadInput("ingest", f"at least {clusters} train rows for {clusters} clusters", f"{train}", remedy)
