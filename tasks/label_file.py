"""One file of new rows: its accepted rows with clusters and scores, its rejected rows, and counts of both."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from models.drift import Sample, features, joined, sample_of
from models.encoding import Encoding
from models.numbering import NO_CLUSTER
from tasks import kinds
from tasks.answers import Answers, ask, finite
from tasks.bundle import Bundle
from tasks.columns import to_arrays
from tasks.naming import Naming
from tasks.reading import ReadPart
from tasks.store import Attempt
from tasks.tally import Rejection, merged_rejections, rejections

REPETITIVE = (
    "cluster", "cluster_name", "second_cluster", "probabilities.list.element.cluster", "version", "assigned_at",
)  # fmt: skip
T = TypeVar("T")
R = TypeVar("R")


class Tally(BaseModel):
    """What became of new rows; `clusters` counts them by the bundle's own clusters, -1 for those that fit none."""

    model_config = ConfigDict(frozen=True)

    rows: int
    rejected: dict[str, Rejection]
    clusters: dict[int, int]
    named: dict[int, int]  # the same after what people merged and dismissed
    outliers: int

    @property
    def n_rejected(self) -> int:
        """Rows that couldn't be used."""
        return sum(rejection.count for rejection in self.rejected.values())


@dataclass(frozen=True)
class Labelled:
    """A part with its answers."""

    assigned: pa.Table
    rejected: pa.Table
    tally: Tally
    sample: Sample


def label_file(attempt: Attempt, parts: Iterable[ReadPart], bundle: Bundle, naming: Naming) -> None:
    """Write `assigned`, `rejected`, `tally` and `sample`; few parts are in memory at a time."""
    at = datetime.now(UTC)
    tallies: list[Tally] = []
    samples: list[Sample] = []
    for part in label_parts(parts, bundle, naming, at):
        for kind, table in {"assigned": part.assigned, "rejected": part.rejected}.items():
            if table.num_rows or kind not in attempt.written():  # the first one even without rows: it has the columns
                attempt.write_table(kind, table, REPETITIVE if kind == "assigned" else None)
        tallies = [merged_tallies([*tallies, part.tally])]
        samples = [joined([*samples, part.sample])]
    attempt.write_json("tally", tallies[0].model_dump(mode="json"))
    attempt.write_arrays("sample", samples[0].to_arrays())


def label_parts(parts: Iterable[ReadPart], bundle: Bundle, naming: Naming, at: datetime) -> Iterator[Labelled]:
    """Parts with their answers; while the model works on one, the next is read and the last is written."""
    vectors = ((part, finite(_vectors(part.rows, bundle.encoding))) for part in parts)
    for (part, x), answers in ahead(vectors, lambda pair: ask(bundle, pair[1])):
        yield _labelled(part, x, answers, bundle, naming, at)


def ahead(values: Iterable[T], work: Callable[[T], R]) -> Iterator[tuple[T, R]]:
    """Each value and what another thread made of it; one value is worked on while the next is made."""
    with ThreadPoolExecutor(1) as pool:
        waiting = None
        for value in values:
            started = (value, pool.submit(work, value))
            if waiting:
                yield waiting[0], waiting[1].result()
            waiting = started
        if waiting:
            yield waiting[0], waiting[1].result()


def merged_tallies(tallies: Iterable[Tally]) -> Tally:
    """What became of all of them."""
    parts = list(tallies)
    return Tally(
        rows=sum(part.rows for part in parts),
        rejected=merged_rejections(part.rejected for part in parts),
        clusters=dict(sum((Counter(part.clusters) for part in parts), Counter())),
        named=dict(sum((Counter(part.named) for part in parts), Counter())),
        outliers=sum(part.outliers for part in parts),
    )


def _vectors(rows: pa.Table, encoding: Encoding) -> np.ndarray:
    with np.errstate(over="ignore"):  # what no float32 holds ends at the farthest value
        return encoding.encode(to_arrays(rows, [column.name for column in encoding.columns]))


def _labelled(
    part: ReadPart, x: np.ndarray, answers: Answers, bundle: Bundle, naming: Naming, at: datetime
) -> Labelled:
    is_outlier = answers.p_value <= bundle.settings["scoring"]["outlier_rate"]
    assigned = _assigned(part.rows.select(["row_id", "split"]), answers, is_outlier, naming, bundle.version, at)
    tally = Tally(
        rows=len(x),
        rejected=rejections(part.rejected),
        clusters=_counts(naming.ids, answers.probabilities),
        named=_counted(assigned["cluster"]),
        outliers=int(is_outlier.sum()),
    )
    return Labelled(assigned, part.rejected, tally, sample_of(part.keys, features(bundle.encoding, x, answers.p_value)))


def _assigned(
    ids: pa.Table, answers: Answers, is_outlier: np.ndarray, naming: Naming, version: str, at: datetime
) -> pa.Table:
    found = naming.table(ids, answers.probabilities)
    columns = {name: found[name] for name in found.column_names} | {
        "cluster_name": naming.curation.name_column(found["cluster"]),
        "p_real": answers.p_real,
        "p_value": answers.p_value,
        "is_outlier": is_outlier,
        "version": pa.repeat(pa.scalar(version), len(ids)),
        "assigned_at": pa.repeat(pa.scalar(at, pa.timestamp("us", "UTC")), len(ids)),
    }
    return pa.table(columns).select(kinds.ASSIGNED.names).cast(kinds.ASSIGNED)


def _counts(ids: np.ndarray, probabilities: np.ndarray) -> dict[int, int]:
    """Rows of each of the bundle's own clusters, before what people made of them."""
    fits = probabilities.any(axis=1) if len(ids) else np.zeros(len(probabilities), bool)
    counts = np.bincount(probabilities[fits].argmax(axis=1), minlength=len(ids)) if fits.any() else np.zeros(len(ids))
    found = {int(id): int(count) for id, count in zip(ids, counts, strict=True)}
    return found | {NO_CLUSTER: int((~fits).sum())}


def _counted(clusters: pa.ChunkedArray) -> dict[int, int]:
    pairs = clusters.value_counts().to_pylist()
    return {NO_CLUSTER if pair["values"] is None else pair["values"]: pair["counts"] for pair in pairs}
