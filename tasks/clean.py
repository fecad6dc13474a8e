"""What of a store nobody needs any more: chosen here from listings and records, removed by `remove_unneeded`.

Records (runs, registrations, promotions, edits, assigned) always stay; they are small. An attempt stays if a kept
record refers to it, if it is recent, or if somebody may be writing it.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tasks.promotions import promotions
from tasks.registry import registrations
from tasks.storage import Listed
from tasks.store import MANIFEST, Store

GRACE = timedelta(days=1)  # what is younger may be an attempt that goes on, whatever was asked for
ATTEMPT = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class StoredAttempt:
    """The folder of an attempt, or one with a checkpoint."""

    folder: str
    is_whole: bool  # its manifest is there
    size: int  # bytes
    newest: datetime  # of its files

    @property
    def is_checkpoint(self) -> bool:
        """Whether it belongs to a training that goes on, or was to."""
        return self.folder.startswith("checkpoints/")

    @property
    def unneeded_as(self) -> str:
        """Why it can go, if nobody needs it."""
        if self.is_checkpoint:
            return "a checkpoint of a training that nobody resumed"
        return "no kept run refers to it" if self.is_whole else "an attempt that never ended"


def find_unneeded(store: Store, keep_days: float, now: datetime) -> list[StoredAttempt]:
    """The folders of a store that no promoted or recent run needs, by name."""
    listed = store.listing()
    recent = now - timedelta(days=keep_days)
    versions, records = _kept_registrations(store, recent)
    records += _other_records(store, listed, recent)
    referred = {uri.rsplit("/", 1)[0] for record in records for uri in references(record)}
    needed = _with_what_they_refer_to(store, referred) | _bundles(versions, listed)
    return select(attempts(listed), needed, recent, now)


def attempts(listed: dict[str, Listed]) -> list[StoredAttempt]:
    """Every attempt's folder."""
    grouped: dict[str, dict[str, Listed]] = {}
    for path, entry in listed.items():
        if folder := attempt_of(path):
            grouped.setdefault(folder, {})[path] = entry
    return [
        StoredAttempt(
            folder=folder,
            is_whole=f"{folder}/{MANIFEST}" in files,
            size=sum(entry.size for entry in files.values()),
            newest=max(entry.modified for entry in files.values()),
        )
        for folder, files in sorted(grouped.items())
    ]


def select(found: Iterable[StoredAttempt], needed: set[str], recent: datetime, now: datetime) -> list[StoredAttempt]:
    """Those that can go.

    Args:
        found: all attempts.
        needed: folders that kept records refer to.
        recent: what was written later is kept, unless it is unfinished.
        now: what was written less than GRACE before is kept.
    """
    return [each for each in found if each.folder not in needed and each.newest < _limit(each, recent, now)]


def attempt_of(path: str) -> str | None:
    """The folder of the attempt that a file belongs to, or None for a record.

    Attempts are <stage>/<key>/<attempt>, checkpoints/<key>/<step>/<attempt> and
    models/<name>/versions/<version>/<attempt>.
    """
    parts = path.split("/")
    match parts[:-1]:  # the folders
        case ["models", _, "versions", _, attempt, *_]:
            depth = 5
        case ["checkpoints", _, _, attempt, *_]:
            depth = 4
        case [_, _, attempt, *_]:
            depth = 3
        case _:
            return None
    return "/".join(parts[:depth]) if ATTEMPT.fullmatch(attempt) else None


def references(record: Any) -> Iterator[str]:
    """Addresses of all artifacts that a JSON record names, however deep."""
    match record:
        case {"uri": str(uri), "kind": str(), "sha256": str()}:
            yield uri
        case dict():
            for value in record.values():
                yield from references(value)
        case list():
            for value in record:
                yield from references(value)


def remove_unneeded(store: Store, chosen: Iterable[StoredAttempt]) -> None:
    """Remove the folders, and those above that are empty then."""
    for each in chosen:
        folder = each.folder
        store.remove(folder)
        while "/" in folder:
            folder = folder.rsplit("/", 1)[0]
            if not store.remove_empty(folder):
                break


def _limit(each: StoredAttempt, recent: datetime, now: datetime) -> datetime:
    """Before when an attempt must have been written to go."""
    is_rubbish = not each.is_whole and not each.is_checkpoint
    return now - GRACE if is_rubbish else min(recent, now - GRACE)


def _kept_registrations(store: Store, recent: datetime) -> tuple[set[tuple[str, str]], list[Any]]:
    """Those that were promoted, are recent, or the newest of a name: (name, version) of each, and the records."""
    versions, records = set(), []
    for name in store.names("models"):
        promoted = {promotion.version for promotion in promotions(store, name)}
        known = registrations(store, name)
        for registration in known:
            is_recent = datetime.fromisoformat(registration.registered_at) >= recent
            if is_recent or registration.version in promoted or registration is known[-1]:
                versions.add((name, registration.version))
                records.append(registration.model_dump(mode="json"))
        versions |= {(name, version) for version in promoted}
    return versions, records


def _other_records(store: Store, listed: dict[str, Listed], recent: datetime) -> Iterator[Any]:
    """Records of recent runs of any flow, and all of the other ledgers; not what a killed write left beside them."""
    for path, entry in listed.items():
        match path.split("/"):
            case ["runs", file] if entry.modified >= recent and file.endswith(".json"):
                yield json.loads(store.read(path))
            case ["models", _, ledger, file] if ledger != "registrations" and file.endswith(".json"):
                yield json.loads(store.read(path))


def _with_what_they_refer_to(store: Store, folders: set[str]) -> set[str]:
    """The attempts, and those whose files their manifests name."""
    named = (file for folder in folders for files in store.manifest(folder).values() for file in files)
    return folders | {attempt for file in named if (attempt := attempt_of(file.path))}


def _bundles(versions: set[tuple[str, str]], listed: dict[str, Listed]) -> set[str]:
    prefixes = tuple(f"models/{name}/versions/{version}/" for name, version in versions)
    return {attempt for path in listed if path.startswith(prefixes) and (attempt := attempt_of(path))}


def clean_lines(found: list[StoredAttempt], is_removed: bool) -> Iterator[str]:
    """A line for each folder, and the sum."""
    for each in found:
        yield f"{each.size / 2**20:>10.1f} MiB  {each.newest:%Y-%m-%d}  {each.folder}: {each.unneeded_as}"
    total = sum(each.size for each in found) / 2**20
    verb = "removed" if is_removed else "can go; --yes removes them"
    yield f"{len(found)} folders, {total:.1f} MiB {verb}" if found else "nothing to remove"
