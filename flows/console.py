"""What the command line prints."""

from collections.abc import Iterator

from pydantic import ValidationError

from models.settings import NAME_FORM
from tasks.inspection import Inspection
from tasks.registry import Registration
from tasks.store import Store
from tasks.verdicts import FOUND

SHOWN_COLUMNS = 40


def setting_lines(error: ValidationError) -> Iterator[str]:
    """What is wrong with each setting: its option, what was expected, and what was found."""
    for each in error.errors():
        option = ".".join(map(str, each["loc"][1:]))
        is_name = each["type"] == "string_pattern_mismatch"  # no other setting has a form
        expected = f"to be {NAME_FORM}" if is_name else each["msg"].replace("Input should be", "to be")
        found = f"{each['input']!r}. The command's --help lists all settings."
        yield f"settings: expected {option} {expected}; found {found}"


def registration_lines(found: Registration, store: str) -> Iterator[str]:
    """Sizes, metrics, and where report and assignments lie."""
    summary = found.summary
    yield (
        f"\n{found.name}: {summary['rows']:,} rows in {summary['clusters']} clusters, "
        f"{summary['outliers']:,} outliers, {summary['rejected']:,} rejected"
    )
    yield f"{FOUND[summary['structure']['found']]}\n"
    yield f"{'cluster':>8} {'rows':>9} {'share':>7} {'probability':>12}"
    for entry in summary["per_cluster"]:
        name = "none" if entry["cluster"] is None else entry["cluster"]
        probability = entry["mean_probability"]
        shown = "" if probability is None else f"{probability:.3f}"
        yield f"{name:>8} {entry['rows']:>9,} {entry['share']:>7.1%} {shown:>12}"
    kept = Store(store)
    yield from metric_lines(kept.table(found.artifacts["metrics"]).to_pylist())
    yield from metric_lines(kept.table(found.artifacts["sample_metrics"]).to_pylist())
    yield f"\nreport       {found.report}"
    yield f"assignments  {kept.uri(found.artifacts['assignments'].uri)}"
    yield f"export       genclust export {found.name} {found.name}.csv --store {store}"


def metric_lines(rows: list[dict[str, str | float]]) -> Iterator[str]:
    """The metrics as a table, a split a column."""
    splits = list(dict.fromkeys(row["split"] for row in rows))
    values = {(row["name"], row["split"]): row["value"] for row in rows}
    yield "\n" + " ".join([f"{'metric':<18}", *(f"{split:>11}" for split in splits)])
    for name in dict.fromkeys(row["name"] for row in rows):
        cells = (values.get((name, split)) for split in splits)
        yield " ".join([f"{name:<18}", *(" " * 11 if cell is None else f"{cell:>11.4g}" for cell in cells)])


def inspection_lines(found: Inspection, seconds: dict[str, float], counts: bool) -> Iterator[str]:
    """What would be used, rejected and scaled how, and how long the training would take.

    `counts` says that the number of clusters would have to be found, whose time isn't among the seconds.
    """
    splits = ", ".join(f"{rows:,} {split}" for split, rows in found.splits.items())
    yield f"{found.rows:,} rows in {len(found.files)} file(s); accepted {found.accepted:,}: {splits}\n"
    for reason, rejection in found.rejected.items():
        yield f"rejected {rejection.count:,} rows: {reason}; the first: {rejection.example}"
    if found.image_shape:
        yield f"each row is an image of {' x '.join(map(str, found.image_shape))}\n"
    yield f"{'used column':<30} {'kind':<10} {'type':<8} {'width':>6} {'scaling':<9} range"
    for used in found.used[:SHOWN_COLUMNS]:
        extent = f"{used.low:g} to {used.high:g}"
        if used.missing:
            extent += f"; {used.missing:,} missing, imputed: {used.imputation.replace('_', ' ')}"
        yield f"{used.name:<30} {used.kind:<10} {used.type:<8} {used.width:>6} {used.scaling:<9} {extent}"
    if len(found.used) > SHOWN_COLUMNS:
        yield f"... and {len(found.used) - SHOWN_COLUMNS} more"
    for unused in found.unused:
        yield f"{unused.name:<30} not used: {unused.reason}"
    parts = ", ".join(f"{phase} {value:.0f} s" for phase, value in seconds.items())
    more = ", and some more to find the number of clusters" if counts else ""
    yield f"\ntraining would take up to {sum(seconds.values()):.0f} s on this machine ({parts}){more}"
