"""Claims about the command line, run as a person does; without a server, but where it is said."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from prefect.settings import PREFECT_API_URL
from pydantic_settings import CliApp

from flows.cli import Genclust
from flows.console import inspection_lines
from models.settings import EncodingSettings, SourceSettings
from tasks import estimate
from tasks.digits import write_digits
from tasks.ingest import inspect_source
from tests.flows.running import GENCLUST, PATIENCE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands run, with a database of Prefect's own."""
    return tmp_path_factory.mktemp("cli")


def genclust(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A command, ended, with more in its environment."""
    env = environment(folder) | more
    return subprocess.run([GENCLUST, *words], cwd=folder, env=env, capture_output=True, text=True)


def environment(folder: Path) -> dict[str, str]:
    """Without a server, and with a home in the folder."""
    env = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    return env | {"PREFECT_HOME": str(folder / "prefect"), "COLUMNS": "200"}


@pytest.fixture
def server(prefect_server: None) -> dict[str, str]:
    """How a command is told of a server that is there."""
    return {"PREFECT_API_URL": str(PREFECT_API_URL.value())}


@pytest.fixture(scope="module")
def fitted(folder: Path) -> subprocess.CompletedProcess[str]:
    """A fit of the embedded digits without a training."""
    return genclust(folder, "fit", "digits", "--clusters", "10", "--name", "digits", "--model", "kmeans")


def test_fit_shows_a_final_summary(fitted: subprocess.CompletedProcess[str]) -> None:
    """Sizes, metrics and paths."""
    assert fitted.returncode == 0, fitted.stderr
    assert "digits: 1,797 rows in 10 clusters" in fitted.stdout
    assert "acc " in fitted.stdout
    assert "report       store/models/digits/report.html" in fitted.stdout


def test_who_reads_no_further_gets_no_traceback(folder: Path, fitted: subprocess.CompletedProcess[str]) -> None:
    """As `genclust clusters digits | head -1` does."""
    assert fitted.returncode == 0
    reader, writer = os.pipe()
    os.close(reader)
    words = [GENCLUST, "clusters", "digits"]
    ended = subprocess.run(words, cwd=folder, env=environment(folder), stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (128 + signal.SIGPIPE, "")


def test_a_fit_shows_progress_and_leaves_nothing_running_when_told_to_end(tmp_path: Path, folder: Path) -> None:
    """Progress on stderr while it works; then neither its child nor the temporary server is left."""
    words = [GENCLUST, "fit", "digits", "--clusters", "10", "--model", "gan", "--training.check-every", "20"]
    words += ["--gan.steps", "900"]  # too few for XLA
    with subprocess.Popen(words, cwd=tmp_path, env=environment(folder), stderr=subprocess.PIPE, text=True) as fit:
        assert fit.stderr is not None
        assert any("adversarial 20 of 900 steps" in line for line in fit.stderr)
        started = psutil.Process(fit.pid).children(recursive=True)
        assert any("uvicorn" in process.cmdline() for process in started)
        fit.terminate()
        fit.wait(PATIENCE)
    _, left = psutil.wait_procs(started, timeout=PATIENCE)
    for process in left:
        process.kill()
    assert left == []
    assert fit.returncode == 143


def test_export_writes_the_assignments(fitted: subprocess.CompletedProcess[str], folder: Path) -> None:
    """One row for each row of the source."""
    found = genclust(folder, "export", "digits", "out.parquet")
    assert found.stdout == "1,797 rows written to out.parquet\n"
    table = pd.read_parquet(folder / "out.parquet")
    assert list(table.columns[:4]) == ["id", "image", "label", "row_id"]
    assert len(table) == 1797


def test_explain_tells_why_a_row_is_in_its_cluster(fitted: subprocess.CompletedProcess[str], folder: Path) -> None:
    """Its cluster and the runner-up, rows like it, and its picture beside the means of both."""
    found = genclust(folder, "explain", "digits", "7")
    assert found.returncode == 0, found.stderr
    assert found.stderr == ""
    assert "digits: row 7 (" in found.stdout
    assert found.stdout.count("nearest typical rows of") == 2
    assert "this row           mean of" in found.stdout


def test_explain_refuses_an_unknown_row_in_one_line(fitted: subprocess.CompletedProcess[str], folder: Path) -> None:
    """With ids that look alike."""
    found = genclust(folder, "explain", "digits", "99997")
    assert found.returncode == 1
    assert found.stderr == (
        "genclust: explain: expected the id of one of 1,797 accepted rows; found 99997. Did you mean 999 or 997?\n"
    )


def test_check_tells_what_would_be_used_and_how_long_it_takes(folder: Path) -> None:
    """Nothing is fitted and nothing is written."""
    rows = pd.DataFrame({"a": np.arange(100) / 2, "b": [f"t{i}" for i in range(100)], "c": [None, *range(99)]})
    rows.to_csv(folder / "rows.csv", index=False)
    found = genclust(folder, "check", "rows.csv", "--clusters", "3", "--model", "kmeans")
    assert found.returncode == 0, found.stderr
    assert "rejected 1 rows: missing cell: c" in found.stdout
    assert "not used: text, such as 't0'" in found.stdout
    assert "training would take up to" in found.stdout


def test_check_tells_that_rows_are_taken_for_images(tmp_path: Path) -> None:
    """And of which shape."""
    write_digits(tmp_path / "digits.parquet")
    settings = SourceSettings(id_column="id", label_column="label")
    found = inspect_source(str(tmp_path / "digits.parquet"), settings, EncodingSettings())
    assert "each row is an image of 8 x 8\n" in list(inspection_lines(found, {}, counts=False))


@pytest.mark.parametrize(("clusters", "counts"), [("auto", True), ("10", False)])
def test_finding_the_number_of_clusters_is_told_where_it_would_be_done(
    clusters: str, counts: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a number that is given there is nothing to find."""
    monkeypatch.setattr(estimate, "training_seconds", lambda *_: {"student": 3.0})  # which takes minutes
    CliApp.run(Genclust, cli_args=["check", "digits", "--clusters", clusters])
    *_, last = capsys.readouterr().out.splitlines()
    assert last.startswith("training would take up to 3 s on this machine (student 3 s)")
    assert ("to find the number of clusters" in last) == counts


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--clusters", "1"], "expected clusters to be greater than or equal to 2; found '1'"),
        (["--clusters", "3", "--nonsense", "4"], "unrecognized arguments: --nonsense 4"),
        (["--clusters", "3", "--gan.steps", "0"], "expected gan.steps to be greater than or equal to 1; found '0'"),
        (["--clusters", "3", "--name", "../x"], "expected name to be lower-case letters, digits, - and _"),
        (["--clusters", "3", "--model", "spectral"], "model"),
    ],
)
def test_a_bad_setting_is_refused_at_once(words: list[str], message: str, folder: Path) -> None:
    """Before any server starts; the message names the setting."""
    found = genclust(folder, "fit", "digits", *words)
    assert found.returncode != 0
    assert message in found.stderr
    assert "Traceback" not in found.stderr


def test_bad_input_ends_with_one_clear_line_and_a_status(folder: Path) -> None:
    """What it is about, expected, found, remedy."""
    found = genclust(folder, "fit", "nothing.csv", "--clusters", "3")
    assert found.returncode == 1
    *before, last = found.stderr.strip().splitlines()
    assert not any(line.startswith("Traceback") for line in before)
    assert last == (
        "genclust: source: expected files at nothing.csv; found none. Check the path, or name another source."
    )


SENDING = """
import logging
from flows.quiet import be_quiet
be_quiet()
from prefect.events.worker import EventsWorker
from prefect.logging.configuration import setup_logging
from prefect.logging.handlers import APILogWorker
setup_logging()
for sender in (EventsWorker, APILogWorker):
    logging.getLogger(sender.__name__).warning("Still processing items: 3 items remaining...")
logging.getLogger("prefect").warning("heard")
"""


def test_what_prefect_is_still_sending_at_the_end_is_not_told(folder: Path) -> None:
    """On a slow machine it came after the error; Prefect's other warnings are heard."""
    found = subprocess.run([sys.executable, "-c", SENDING], env=environment(folder), capture_output=True, text=True)
    assert found.returncode == 0
    assert "heard" in found.stderr
    assert "Still processing" not in found.stderr


def test_clusters_are_listed_and_named(fitted: subprocess.CompletedProcess[str], folder: Path) -> None:
    """By id; a name stays, and an edit of an unknown cluster is refused in one line."""
    assert genclust(folder, "clusters", "digits", "rename", "3", "round ones").returncode == 0
    found = genclust(folder, "clusters", "digits")
    assert found.returncode == 0, found.stderr
    assert found.stdout.count("\n") == 11
    assert "  round ones\n" in found.stdout
    refused = genclust(folder, "clusters", "digits", "dismiss", "11")
    assert (refused.returncode, refused.stderr) == (
        1, "genclust: clusters: expected a cluster of digits; found 11. It has these: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9.\n",
    )  # fmt: skip


def test_promotions_are_listed_and_the_first_one_has_nothing_before_it(
    fitted: subprocess.CompletedProcess[str], folder: Path
) -> None:
    """The first version of a name is promoted by itself."""
    found = genclust(folder, "promotions", "digits")
    assert found.returncode == 0, found.stderr
    assert found.stdout.endswith("  first     the first version of its name\n")
    refused = genclust(folder, "rollback", "digits")
    assert refused.returncode == 1
    assert refused.stderr.startswith("genclust: rollback: expected a version of digits before ")


def test_assign_labels_rows_and_assigned_writes_them(
    fitted: subprocess.CompletedProcess[str], folder: Path, server: dict[str, str]
) -> None:
    """By the version that was promoted, at a server; rows of the fit get what the fit said."""
    found = genclust(folder, "assign", "digits", "digits", **server)
    assert found.returncode == 0, found.stderr
    assert "digits: 1,797 rows assigned by version" in found.stdout
    assert genclust(folder, "assigned", "digits", "new.csv").stdout == "1,797 rows written to new.csv\n"
    assert genclust(folder, "export", "digits", "known.csv").returncode == 0
    new, known = (pd.read_csv(folder / name).set_index("row_id") for name in ("new.csv", "known.csv"))
    assert (new["cluster"] == known.loc[new.index, "cluster"]).all()


def test_compare_prints_a_leaderboard_and_how_to_go_on(folder: Path, server: dict[str, str]) -> None:
    """Two quick models of the embedded digits, ranked at a server; the page is where it says."""
    words = ["--models", "kmeans", "--models", "gaussian_mixture", "--seeds", "1", "--name", "race"]
    found = genclust(folder, "compare", "digits", *words, **server)
    assert found.returncode == 0, found.stderr
    lines = found.stdout.strip().splitlines()
    assert lines[0] == "race: 2 contestants, ranked without labels"
    assert lines[2].split()[:3] == ["place", "model", "settings"]
    assert [line.split()[0] for line in lines[3:5]] == ["1", "2"]
    assert lines[-1].startswith("go on     genclust fit digits ")
    assert (folder / lines[-2].split()[1]).stat().st_size > 5_000
