"""The promises about who imports whom."""

import subprocess
import sys
from pathlib import Path

import pytest

from tasks.code import ROOT, imports_of

LEVELS = {"models": 0, "tasks": 1, "flows": 2}
STAGES = {
    "ingest", "fit", "generate", "score", "cluster", "probe", "assess", "evaluate", "explain", "report", "register",
    "challenge", "promote", "assign", "record", "detect_drift", "judge", "compare",
}  # fmt: skip
SOURCES = sorted(path for level in LEVELS for path in (ROOT / level).rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    """flows -> tasks -> models -> nothing of ours."""
    level = LEVELS[path.parent.name]
    upward = {name for name in imports_of(path) if LEVELS[name.split(".")[0]] > level}
    assert upward == set()


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_stages_do_not_import_each_other(stage: str) -> None:
    """A stage knows artifacts, not the stages that made them."""
    others = {f"tasks.{other}" for other in STAGES - {stage}}
    assert imports_of(ROOT / "tasks" / f"{stage}.py") & others == set()


def test_models_know_no_file_and_no_prefect() -> None:
    """The mathematics can be used without the product around it."""
    for path in (ROOT / "models").glob("*.py"):
        assert "prefect" not in path.read_text()


def test_importing_the_flows_leaves_tensorflow_out() -> None:
    """Its import takes seconds, and only the child process may hold it."""
    code = "import sys, flows.fit_clusters, flows.cli; print('tensorflow' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_a_model_without_networks_leaves_tensorflow_out() -> None:
    """In the child process too: k-means of a table answers after a third of the time."""
    code = (
        "import sys; from tasks.worker import build_model, DataShape; from models.model_settings import KMeansSettings;"
        "build_model(KMeansSettings(), DataShape(2, image=False), 2, 0).sample(3, None, 0);"
        "print({'tensorflow', 'keras'} & sys.modules.keys())"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_the_command_line_starts_without_what_only_commands_need() -> None:
    """Help, and an error in a setting, wait for no heavy library."""
    heavy = {"prefect", "scipy", "sklearn", "pandas", "tensorflow", "matplotlib"}
    code = f"import sys, flows.cli; print(sorted({heavy} & sys.modules.keys()))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_no_file_in_flows_shadows_a_package() -> None:
    """`flows/` comes first on the path of a deployment."""
    names = {path.stem for path in (ROOT / "flows").glob("*.py")} - {"__init__"}
    assert names & {"tasks", "models", "tests", *sys.stdlib_module_names} == set()


def test_nothing_is_unpickled() -> None:
    """No source imports a pickle module or asks a library to unpickle."""
    forbidden = ("import pickle", "import joblib", "import dill", "cloudpickle", "allow_pickle=" + "True")
    for path in SOURCES:
        assert not any(word in path.read_text() for word in forbidden), path
