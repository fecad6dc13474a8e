"""Stage assign: new rows into the clusters of a version, each file of the source by itself.

What became of a file is kept under its content and the version, so that a source that grows costs what is new.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from prefect import get_run_logger

from models.settings import SourceSettings
from tasks.bundle import Bundle, read_bundle
from tasks.code import code_digest, library_versions
from tasks.file_scan import Scan, scan_files
from tasks.identity import Repeats
from tasks.label_file import Tally, label_file, merged_tallies
from tasks.naming import Naming, naming_of
from tasks.process import ModelProcess
from tasks.reading import read_file
from tasks.repeats import spilled_repeats
from tasks.schemas import some
from tasks.sources import check_unchanged, known_roles, remember, source_files
from tasks.stage import Artifacts, cached, stage
from tasks.store import Store
from tasks.tabular import read_parts
from tasks.tally import check_rejected

KINDS = {"assigned": "assigned", "rejected": "rejected", "tallies": "tally", "samples": "sample"}  # of a file, by ours
Say = Callable[..., None]


@stage(name="assign")
def assign(source: str, name: str, version: str, store: str, process: ModelProcess) -> Artifacts:
    """Artifacts assigned, rejected and tally, and tallies and samples of each file for the search for drift.

    Raises:
        BadInput: the source lacks columns that the bundle needs, or has too few rows that can be used.
        Interrupted: storage or network failed, or a file changed while it was read; files that were done are kept.
    """
    artifacts, is_new = assign_source(source, name, version, Store(store), process, get_run_logger().info)
    return artifacts if is_new else cached(artifacts)


def assign_source(
    source: str, name: str, version: str, store: Store, process: ModelProcess, say: Say
) -> tuple[Artifacts, bool]:
    """The stage without Prefect: its artifacts, and whether it had anything to do."""
    bundle = read_bundle(store, name, process, version)
    settings = known_roles(bundle.settings["source"], SourceSettings(**bundle.settings["columns"]))
    clerk = Clerk(store, bundle, naming_of(store, bundle))
    with source_files(source, store) as files:
        key = clerk.key("assign", content=[[file.name, file.sha256] for file in files])
        if found := store.find("assign", key):
            remember(files, store)
            return found, False
        scans = scan_files(store, files, bundle, settings)
        _tell_of_extra(scans, say)
        pieces = clerk.label(scans, say)
        made = clerk.join(scans, pieces, key, settings.max_rejected)
        check_unchanged(files)
        remember(files, store)
        return made, True


@dataclass(frozen=True)
class Clerk:
    """Labels files by a bundle and keeps what it finds in a store."""

    store: Store
    bundle: Bundle
    naming: Naming

    def key(self, stage: str, **decides: Any) -> str:
        """The key of what this code and bundle make of some content."""
        code = code_digest("tasks.assign")
        by = {"name": self.bundle.name, "version": self.bundle.version, "naming": self.naming.digest}
        return self.store.key(stage, code=code, libraries=library_versions(), **by, **decides)

    def label(self, scans: list[Scan], say: Say) -> list[Artifacts]:
        """The pieces of each file: the store's, or new ones."""
        found = spilled_repeats(scan.keys(self.store) for scan in scans)
        pieces = []
        for number, (scan, repeats) in enumerate(zip(scans, found, strict=True), 1):
            piece, is_new = self.piece(scan, repeats)
            pieces.append(piece)
            if is_new:
                rows = piece["assigned"].rows
                say("%s, file %d of %d: %d rows assigned", scan.file.name, number, len(scans), rows)
        return pieces

    def piece(self, scan: Scan, repeats: Repeats) -> tuple[Artifacts, bool]:
        """What became of a file, and whether that is new."""
        file = scan.file
        by = {"content": file.sha256, "file": file.name, "format": file.format, "repeats": repeats.digest}
        key = self.key("labelled", **by)
        if found := self.store.find("labelled", key):
            return found, False
        with self.store.attempt("labelled", key) as attempt, closing(read_parts(file)) as parts:
            read = read_file(file, parts, scan.plan, repeats, scan.ids(self.store))
            label_file(attempt, read, self.bundle, self.naming)
            file.check_unchanged()
            return attempt.commit(), True

    def join(self, scans: list[Scan], pieces: list[Artifacts], key: str, max_rejected: float) -> Artifacts:
        """All pieces as one, unless too many rows were rejected; it refers to the scans so that they are kept."""
        tally = merged_tallies(Tally(**self.store.json(piece["tally"])) for piece in pieces)
        remedy = "Mend the cells, or leave these rows out."
        check_rejected(tally.rejected, tally.rows + tally.n_rejected, max_rejected, "assign", remedy)
        with self.store.attempt("assign", key) as attempt:
            for kind, of_file in KINDS.items():
                attempt.refer(kind, [file for piece in pieces for file in self.store.files(piece[of_file])])
            attempt.refer("keys", [file for scan in scans for file in self.store.files(scan.made["keys"])])
            attempt.write_json("tally", tally.model_dump(mode="json"))
            return attempt.commit()


def _tell_of_extra(scans: list[Scan], say: Say) -> None:
    extra = list(dict.fromkeys(name for scan in scans for name in scan.extra))
    if extra:
        say("columns that the model doesn't know take no part: %s", some(extra))
