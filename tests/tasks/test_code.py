"""Claims about the digest of sources."""

import ast
from collections.abc import Callable
from typing import Any

import pytest

from tasks import code


@pytest.fixture
def failing_parse(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes the next parses fail as they do on CPython 3.11 when another thread parses as well."""

    def fail(times: int) -> None:
        left, parse = iter(range(times)), ast.parse

        def parse_or_fail(*told: Any) -> ast.Module:
            if next(left, None) is not None:
                raise SystemError("AST constructor recursion depth mismatch (before=51, after=91)")
            return parse(*told)

        monkeypatch.setattr(code.ast, "parse", parse_or_fail)

    return fail


def test_a_parse_that_another_thread_disturbs_is_tried_again(failing_parse: Callable[[int], None]) -> None:
    """A fit once failed for it, in its first stage."""
    expected = code.imports_of(code.ROOT / "tasks" / "stage.py")
    failing_parse(code.TRIES - 1)
    assert code.imports_of(code.ROOT / "tasks" / "stage.py") == expected > {"tasks.code"}


def test_a_parse_that_fails_each_time_is_told(failing_parse: Callable[[int], None]) -> None:
    """And not tried for ever."""
    failing_parse(code.TRIES)
    with pytest.raises(SystemError, match="recursion depth"):
        code.imports_of(code.ROOT / "tasks" / "stage.py")


@pytest.mark.parametrize("stage", ["fit", "generate", "cluster", "score", "probe", "assess", "assign", "challenge"])
def test_a_stage_that_asks_a_model_hangs_on_the_models_code(stage: str) -> None:
    """It runs in another process, which no stage imports."""
    assert code.modules_run(f"tasks.{stage}") > {"tasks.worker", "models.generative", "models.vector_mixture"}


def test_what_a_model_learns_does_not_hang_on_the_code_of_others() -> None:
    """So that a change of one model trains no other anew; what two of them share counts."""
    found = code.modules_run("tasks.fit", without=frozenset({"models.vade", "models.n2d"}))
    assert not found & {"models.vade", "models.n2d", "models.gaussians"}
    assert found > {"models.manifoldgan", "models.teacher", "models.training", "tasks.worker"}
    assert code.code_digest("tasks.fit") != code.code_digest("tasks.fit", without=frozenset({"models.vade"}))
