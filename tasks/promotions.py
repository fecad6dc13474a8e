"""Which version of a name labels new rows: the newest promotion counts, and all of them stay."""

from datetime import UTC, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from tasks.errors import BadInput
from tasks.ledger import append, append_after, newest, newest_number, records
from tasks.store import Store


class Promoter(StrEnum):
    """Who made a version the one that counts."""

    first = "first"  # nothing had been promoted under the name
    rule = "rule"
    person = "person"
    rollback = "rollback"


class Promotion(BaseModel):
    """A version that was made the champion of its name; `run_id` is the run that had registered it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    run_id: str
    by: Promoter
    reason: str
    promoted_at: str


def promote_version(store: Store, name: str, version: str, run_id: str, by: Promoter, reason: str) -> Promotion:
    """Make a version the champion; two at once can't lose one."""
    made = _promotion(name, version, run_id, by, reason)
    append(store, _folder(name), made.model_dump_json(indent=1).encode())
    return made


def promote_over(
    store: Store, beaten: str, name: str, version: str, run_id: str, by: Promoter, reason: str
) -> Promotion:
    """Make a version the champion in place of the one that it was compared with, once.

    Raises:
        BadInput: another version was promoted since they were compared.
    """
    number, now = newest_number(store, _folder(name)), champion(store, name, "promote")
    if now.version == version:
        return now
    made = _promotion(name, version, run_id, by, reason)
    try:
        if now.version == beaten:
            append_after(store, _folder(name), number, made.model_dump_json(indent=1).encode())
            return made
    except FileExistsError:
        now = champion(store, name, "promote")
    raise BadInput(
        "promote", f"version {beaten[:12]} of {name}, with which {version[:12]} was compared, to be the promoted one",
        f"{now.version[:12]}, promoted meanwhile", f"Compare them again: genclust promote {name}.",
    )  # fmt: skip


def promotions(store: Store, name: str) -> list[Promotion]:
    """All promotions of a name, the oldest first."""
    return [Promotion.model_validate_json(record) for record in records(store, _folder(name))]


def find_champion(store: Store, name: str) -> Promotion | None:
    """The promotion that counts, if there is one."""
    last = newest(store, _folder(name))
    return None if last is None else Promotion.model_validate_json(last)


def champion(store: Store, name: str, stage: str) -> Promotion:
    """The promotion that counts; `stage` is who asks, for the error.

    Raises:
        BadInput: nothing was promoted under the name.
    """
    found = find_champion(store, name)
    if found is None:
        known = ", ".join(store.names("models")) or "none"
        remedy = "Fit it first: genclust fit --name. The first version of a name is promoted by itself."
        raise BadInput(stage, f"a promoted model named {name} in {store.root}", f"these: {known}", remedy)
    return found


def roll_back(store: Store, name: str) -> Promotion:
    """Promote the version again that stood before the one that counts.

    Raises:
        BadInput: nothing was promoted under the name, or no other version before.
    """
    now = champion(store, name, "rollback")
    made = promotions(store, name)
    standing = standing_versions(made)
    if len(standing) < 2:
        remedy = "There is nothing to go back to; genclust promotions lists what was promoted."
        raise BadInput("rollback", f"a version of {name} before {now.version[:12]}", "none", remedy)
    before = standing[-2]
    run_id = next(each.run_id for each in reversed(made) if each.version == before)
    return promote_version(store, name, before, run_id, Promoter.rollback, f"back from {now.version[:12]}")


def standing_versions(made: list[Promotion]) -> list[str]:
    """The versions that a further rollback would go through, the promoted one last: each rollback takes one away."""
    standing: list[str] = []
    for each in made:
        if each.by == Promoter.rollback and each.version in standing:
            last = len(standing) - 1 - standing[::-1].index(each.version)
            del standing[last + 1 :]
        elif standing[-1:] != [each.version]:
            standing.append(each.version)
    return standing


def _promotion(name: str, version: str, run_id: str, by: Promoter, reason: str) -> Promotion:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Promotion(name=name, version=version, run_id=run_id, by=by, reason=reason, promoted_at=now)


def _folder(name: str) -> str:
    return f"models/{name}/promotions"
