"""What the measured figures mean, in sentences for somebody who has never heard of them."""

from dataclasses import dataclass
from typing import Any

from tasks.numbers import percent

CALIBRATED = 0.03  # an expected calibration error that a reader need not think about
FAITHFUL = 0.8  # share of what the reference reaches, from which on samples cover the rows well
TOLD_APART = 0.65  # accuracy of a classifier from which on samples are easy to tell from rows
FOUND = {
    True: "There are groups to find.",
    False: "No groups that chance would not make too: the clusters may be pieces of one cloud.",
    None: "Whether these are real groups could not be tested.",
}
SPLITS = {"test": "test rows", "validation": "validation rows"}


@dataclass(frozen=True)
class Verdict:
    """A judgement: `good` is None where nothing could be judged."""

    good: bool | None
    title: str
    text: str


@dataclass(frozen=True)
class Figure:
    """A measured figure: what it is called, its value, what would be ideal, and what it says."""

    title: str
    value: str
    ideal: str
    note: str


def structure_verdict(structure: dict[str, Any]) -> Verdict:
    """Whether there is anything to find."""
    found = structure["found"]
    if found is None:
        return Verdict(None, FOUND[None], structure["reason"])
    compared = (
        f"{structure['surrogates']} tables of as many rows without groups (columns with one peak each, tied to each "
        "other as in the data) were made up and put into clusters by the same rule"
    )
    rows = f"{structure['rows']:,} rows that the model was not trained on"
    figures = (
        f"neighbours share a cluster: {structure['agreement']:.3f} against {structure['surrogate_mean']:.3f} on "
        f"average and {structure['surrogate_high']:.3f} at most; few rows lie between clusters: "
        f"{structure['clearance']:.3f} against {structure['surrogate_clearance_mean']:.3f} and "
        f"{structure['surrogate_clearance_high']:.3f}"
    )
    if found:
        return Verdict(
            True,
            FOUND[True],
            f"{compared}. The clusters of {rows} hold together better than those of every such table ({figures}). "
            "Without groups that would happen in 1 of 100 cases. One cloud that is bent or angular can pass as well: "
            "the map shows whether there are islands.",
        )
    return Verdict(
        False,
        FOUND[False],
        f"{compared}. Some of them hold together as well as the clusters of {rows} ({figures}): the clusters below may "
        "be pieces of one cloud. More rows, other columns or another number of clusters may show more.",
    )


def sample_verdict(metrics: dict[str, float]) -> Verdict:
    """Whether generated rows are like real ones."""
    if "coverage" not in metrics or "c2st_accuracy" not in metrics:
        return Verdict(None, "How good generated rows are could not be measured.", "There are too few test rows.")
    copies = _copies(metrics)
    covers = metrics["coverage"] >= FAITHFUL * metrics["coverage_real"]
    accuracy = metrics["c2st_accuracy"]
    told = f"A classifier tells generated rows from real ones in {percent(accuracy)} of the cases (50% is guessing)."
    if covers and accuracy <= TOLD_APART:
        return Verdict(True, "Generated rows are hard to tell from real ones.", f"{told} {copies}")
    told_apart, leaves_out = "can be told from real ones", "leave out a part of the real ones"
    title = f"Generated rows {told_apart if covers else leaves_out}."
    advice = "Use them to see what a cluster is about, not in place of data."
    return Verdict(False, title, f"{told} {copies} {advice}")


def sample_figures(metrics: dict[str, float]) -> list[Figure]:
    """The figures about samples, each beside what real rows in place of samples reach."""
    notes = {
        "precision": ("Precision", "Share of generated rows that lie where real rows lie."),
        "recall": ("Recall", "Share of real rows that lie where generated rows lie."),
        "density": ("Density", "How densely generated rows lie among real ones; less jumpy than precision."),
        "coverage": ("Coverage", "Share of real rows with a generated row among their nearest."),
    }
    figures = [
        Figure(title, f"{metrics[name]:.3f}", f"{metrics[f'{name}_real']:.3f}", note)
        for name, (title, note) in notes.items()
        if name in metrics
    ]
    if "c2st_accuracy" not in metrics:
        return figures
    classifier = Figure(
        "Classifier", f"{metrics['c2st_accuracy']:.3f}", "0.500", "How often a classifier tells the two apart."
    )
    copied = Figure(
        "Copies",
        percent(metrics["copied_share"]),
        f"at most {percent(metrics['copied_share_bound'])}",
        "Share of generated rows that are nearer to a train row than 99 in 100 new rows are.",
    )
    return [*figures, classifier, copied]


def p_real_verdict(metrics: dict[str, float], split: str) -> Verdict:
    """Whether `p_real` can be taken at its word."""
    error, least = metrics["p_real_ece"], metrics["p_real_ece_perfect"]
    good = error <= max(CALIBRATED, least)
    measured = f"On {SPLITS[split]} and fresh generated rows it is off by {error:.3f} on average"
    limit = f"{measured}; with as few rows even a perfect one would be off by {least:.3f}."
    meaning = "Of the rows with a probability of 70%, about 70 in 100 are real, were both kinds equally common."
    if good:
        return Verdict(True, "The probability of being real can be taken at its word.", f"{meaning} {limit}")
    return Verdict(False, "The probability of being real is only a rank.", f"Rely on its order alone. {limit}")


def outlier_verdict(metrics: dict[str, float], split: str) -> Verdict:
    """Whether outliers come at the rate that was asked for."""
    low, high = percent(metrics["false_alarms_low"]), percent(metrics["false_alarms_high"])
    found, asked = percent(metrics["false_alarms"]), percent(metrics["false_alarm_rate"])
    measured = (
        f"{found} of the {SPLITS[split]} are called outliers; {asked} were asked for, and chance gives {low} to {high}."
    )
    if metrics["false_alarms"] > metrics["false_alarms_high"]:
        return Verdict(
            False, "More rows are odd than chance explains.", f"{measured} They differ from validation rows."
        )
    if metrics["false_alarms"] < metrics["false_alarms_low"]:
        return Verdict(False, "Fewer rows are called odd than were asked for.", measured)
    return Verdict(True, "Outliers come at the rate that was asked for.", measured)


def _copies(metrics: dict[str, float]) -> str:
    if metrics["copied_share"] > metrics["copied_share_bound"]:
        return f"{percent(metrics['copied_share'])} of them are near-copies of train rows: don't give them away."
    return "They are no copies of train rows."
