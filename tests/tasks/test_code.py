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
