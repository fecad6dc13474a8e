"""What can be said of the container files without a container."""

import json
import re

from tasks.code import ROOT

DEPLOY = ROOT / "docs" / "deploy"


def test_the_image_copies_what_exists() -> None:
    """Files that pip reads, and the packages."""
    lines = re.findall(r"^COPY (.+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    sources = " ".join(lines).split()
    assert {"pyproject.toml", "requirements.lock", "prefect.yaml", "flows", "tasks", "models"} <= set(sources)
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_the_pool_defines_every_variable_that_its_jobs_use() -> None:
    """A misspelt one would stay in the manifest as it is; `command` to `annotations` come from the run."""
    template = json.loads((DEPLOY / "kubernetes-pool.json").read_text())
    used = set(re.findall(r"{{ (\w+) }}", json.dumps(template["job_configuration"])))
    assert used - set(template["variables"]["properties"]) == set()
