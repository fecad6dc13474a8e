"""Which sources a stage runs, so that a change of code makes its artifacts anew."""

import ast
import hashlib
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TRIES = 10  # to parse a file
LIBRARIES = (
    "numpy", "scipy", "scikit-learn", "pyarrow", "tensorflow", "keras", "umap-learn", "pynndescent", "numba"
)  # fmt: skip
STARTED = {"tasks.process": "tasks.worker"}  # what a module runs in a process of its own, without importing it


@cache
def code_digest(*modules: str, without: frozenset[str] = frozenset()) -> str:
    """Digest of our own modules that these run, imported directly or not; comments and layout don't count.

    Those `without` which it is known to do don't count either, nor what they alone import.
    """
    sources = {name: ast.dump(_parse(_path(name))) for name in sorted(modules_run(*modules, without=without))}
    return hashlib.sha256(repr(sorted(sources.items())).encode()).hexdigest()


@cache
def library_versions() -> dict[str, str]:
    """Versions of the libraries whose numbers end up in artifacts."""
    return {name: version(name) for name in LIBRARIES}


def modules_run(*modules: str, without: frozenset[str] = frozenset()) -> set[str]:
    """Names of our own modules that these run, themselves included."""
    seen: set[str] = set()
    todo = list(modules)
    while todo:
        name = todo.pop()
        if name not in seen | without:
            seen.add(name)
            todo += imports_of(_path(name)) | {STARTED.get(name, name)}
    return seen


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


def _path(module: str) -> Path:
    return ROOT / (module.replace(".", "/") + ".py")
