"""Which sources a stage runs, so that a change of code makes its artifacts anew."""

import ast
import hashlib
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TRIES = 10  # to parse a file
LIBRARIES = ("numpy", "scipy", "scikit-learn", "pyarrow", "tensorflow", "keras", "umap-learn")


@cache
def code_digest(*modules: str) -> str:
    """Digest of our own modules that these import, directly or not; comments and layout don't count."""
    sources = {name: ast.dump(_parse(_path(name))) for name in sorted(_closure(modules))}
    return hashlib.sha256(repr(sorted(sources.items())).encode()).hexdigest()


@cache
def library_versions() -> dict[str, str]:
    """Versions of the libraries whose numbers end up in artifacts."""
    return {name: version(name) for name in LIBRARIES}


def imports_of(path: Path) -> set[str]:
    """Names of the modules of ours that a source file imports."""
    found = set()
    for node in ast.walk(_parse(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.split(".")[0] in ("flows", "tasks", "models") and _path(name).exists()}


def _parse(path: Path) -> ast.Module:
    """Syntax tree of a file.

    CPython 3.11 counts the depth of the trees of all threads together, and refuses one (SystemError) if another thread
    parses while a finalizer runs (github.com/python/cpython/issues/106905). Prefect parses too.
    """
    source = path.read_text()
    for _ in range(TRIES - 1):
        with suppress(SystemError):
            return ast.parse(source)
    return ast.parse(source)


def _closure(modules: tuple[str, ...]) -> set[str]:
    seen: set[str] = set()
    todo = list(modules)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += imports_of(_path(name))
    return seen


def _path(module: str) -> Path:
    return ROOT / (module.replace(".", "/") + ".py")
