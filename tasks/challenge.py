"""Stage challenge, never skipped: a registered version against the promoted one, on test rows of both periods."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from prefect import get_run_logger
from prefect.artifacts import create_table_artifact

from models.numbering import NO_CLUSTER, likeliest
from models.promotion_rule import Measured, apply_rule
from models.settings import PromotionSettings
from models.succession import agreement, division, empty_share, vanished_share
from tasks.answers import Answers, ask, finite
from tasks.artifact_key import artifact_key
from tasks.bundle import Bundle, cluster_ids_of, read_bundle
from tasks.challenge_result import ChallengeResult
from tasks.errors import BadInput
from tasks.lineage import first_unused_id
from tasks.loading import Draw
from tasks.process import ModelProcess
from tasks.promotions import champion, promotions
from tasks.readable import differences, encode_readable
from tasks.registry import Registration, find_registration, newest_registration
from tasks.stage import stage
from tasks.store import Artifact, Store

FEWEST_ROWS = 40  # below them shares mean nothing
SEED = 0  # of the choice among test rows


@stage(name="challenge")
def challenge(
    name: str, version: str | None, settings: PromotionSettings, store: str, process: ModelProcess
) -> ChallengeResult:
    """Compare a version, by default that of the newest registration, with the promoted one; publish the conditions."""
    log = get_run_logger()
    found = against_champion(Store(store), name, version, settings, process)
    for line in found.lines():
        log.info("%s: champion %s, challenger %s, needed %s: holds: %s", *line.values())
    log.info("%s %s against %s: %s", name, found.challenger[:12], found.champion[:12], found.reason)
    if found.criteria:
        create_table_artifact(found.lines(), key=artifact_key(name, "promotion"), description=found.reason)
    return found


def against_champion(
    store: Store, name: str, version: str | None, settings: PromotionSettings, process: ModelProcess
) -> ChallengeResult:
    """How a version does against the promoted one.

    Raises:
        BadInput: an unknown name or version, or a version whose ids follow another one than the promoted.
    """
    promoted = champion(store, name, "promote")
    challenger = _registration(store, name, version)
    facts = {"name": name, "challenger": challenger.version, "champion": promoted.version, "run_id": challenger.run_id}
    if challenger.version == promoted.version:
        return ChallengeResult(**facts, criteria=(), reason="it is the promoted version already")
    refuse_stale_ids(store, name, promoted.version, challenger)
    periods = [_registration(store, name, promoted.version), challenger]
    bundles = [read_bundle(store, name, process, each.version) for each in periods]
    found = measure(bundles, unseen_rows(store, periods, settings.max_rows))
    if isinstance(found, str):
        return ChallengeResult(**facts, criteria=(), reason=f"the two can't be compared: {found}")
    criteria = tuple(apply_rule(found, settings))
    failed = [each.name for each in criteria if not each.holds]
    reason = f"the rule says no: {', '.join(failed)}" if failed else "all conditions of the rule hold"
    return ChallengeResult(**facts, criteria=criteria, reason=reason)


def refuse_stale_ids(store: Store, name: str, promoted: str, challenger: Registration) -> None:
    """Refuse a version whose cluster ids could mean other groups than the promoted line's.

    Ids are right if they follow the promoted version and no other version took the new ones meanwhile, or if they
    were promoted before.
    """
    if challenger.version in {each.version for each in promotions(store, name)}:
        return
    lineage = challenger.summary.get("lineage") or {"predecessor": None}  # older summaries have none
    if lineage["predecessor"] == promoted:
        made_new = cluster_ids_of(store, name, challenger.version).max(initial=-1) >= lineage["next_id"]
        if not made_new or lineage["next_id"] == first_unused_id(store, name):
            return
    raise BadInput(
        "promote", f"cluster ids that follow the promoted version {promoted[:12]}",
        f"version {challenger.version[:12]}, made when {(lineage['predecessor'] or 'none')[:12]} was promoted",
        "Fit it again: genclust fit. Nothing is trained anew.",
    )  # fmt: skip


def unseen_rows(store: Store, periods: list[Registration], limit: int) -> list[pa.Table]:
    """At most `limit` random test rows of each period; a row of both counts in the later one."""
    tables = [_split_rows(store, each.artifacts["rows"], "test", limit) for each in periods]
    earlier, later = tables
    again = pc.is_in(earlier["row_id"], value_set=later["row_id"].combine_chunks())
    return [earlier.filter(pc.invert(again)), later]


def measure(bundles: list[Bundle], periods: list[pa.Table]) -> Measured | str:
    """What the rule judges, of champion and challenger, on the rows of both periods; or why it can't be measured."""
    for bundle in bundles:
        for table in periods:
            if unfit := differences(bundle.encoding, table):
                return f"rows don't fit version {bundle.version[:12]} ({'; '.join(unfit)})"
    read = [_read_by_both(bundles, table) for table in periods]  # of each period, the vectors of each bundle
    spaces = [np.concatenate(vectors) for vectors in zip(*read, strict=True)]
    if len(spaces[0]) < FEWEST_ROWS or not len(read[1][1]):
        return f"both read {len(spaces[0])} test rows, of at least {FEWEST_ROWS}"
    answers = [ask(bundle, finite(x)) for bundle, x in zip(bundles, spaces, strict=True)]
    before, after = (_labels(bundle, each) for bundle, each in zip(bundles, answers, strict=True))
    rate, own = bundles[1].settings["scoring"]["outlier_rate"], len(read[1][1])
    outliers = [(each.p_value[-own:] <= rate).mean() for each in answers]
    return Measured(
        division=(division(spaces, before), division(spaces, after)),
        outliers=(float(outliers[0]), float(outliers[1])),
        outlier_rate=rate,
        rows=own,
        vanished=vanished_share(before, after),
        empty=empty_share(after, bundles[1].cluster_ids),
        agreement=agreement(before, after),
    )


def _registration(store: Store, name: str, version: str | None) -> Registration:
    """The newest registration of a version, or of all."""
    if version is None:
        return newest_registration(store, name, "promote")
    found = find_registration(store, name, version)
    if found is None:
        known = ", ".join(store.names(f"models/{name}/versions")) or "none"
        raise BadInput("promote", f"a registered version of {name}", version, f"It has these: {known}.")
    return found


def _split_rows(store: Store, rows: Artifact, split: str, limit: int) -> pa.Table:
    count = sum(pc.sum(pc.equal(table["split"], split)).as_py() or 0 for table in store.tables(rows, ["split"]))
    draw = Draw(count, limit, SEED)
    return pa.concat_tables(
        [table.take(draw.places(pc.equal(table["split"], split).to_numpy())) for table in store.tables(rows)]
    )


def _read_by_both(bundles: list[Bundle], table: pa.Table) -> list[np.ndarray]:
    """The vectors (rows, width) that each bundle makes of the rows that both can read."""
    made = [encode_readable(bundle.encoding, table) for bundle in bundles]
    both = np.logical_and.reduce([readable for _, readable in made])
    return [x[both[readable]] for x, readable in made]


def _labels(bundle: Bundle, answers: Answers) -> np.ndarray:
    """The stable id of each row's cluster (rows,), NO_CLUSTER for none."""
    places = likeliest(answers.probabilities)
    return np.where(places == NO_CLUSTER, NO_CLUSTER, bundle.cluster_ids[places])
