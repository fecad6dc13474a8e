"""What every stage has in common: retries for what may pass, a key, and the mark of a stage that had nothing to do."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Completed
from prefect.tasks import Task, exponential_backoff

from tasks.code import code_digest, library_versions
from tasks.errors import Interrupted
from tasks.store import Artifact, Attempt, Store

Artifacts = dict[str, Artifact]
P = ParamSpec("P")
R = TypeVar("R")


def may_pass(task: Task[Any, Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether a failure is worth a retry: storage, network or a killed child; never bad input or a bug."""
    try:
        state.result()
    except (Interrupted, OSError) as error:
        return not isinstance(error, FileNotFoundError | PermissionError)
    except BaseException:  # noqa: BLE001 - a predicate: the error itself stays in the state
        return False
    return False


def cached(artifacts: Artifacts) -> Any:
    """The state of a stage whose artifacts the store has already; the UI shows it as Cached."""
    return Completed(name="Cached", message="The store has it already.", data=artifacts)


def once(store: Store, name: str, write: Callable[[Attempt], None], /, **decides: Any) -> Artifacts:
    """Artifacts of the stage `tasks.<name>`: the store's, as `cached`, or what `write` adds to a new attempt."""
    key = stage_key(store, name, **decides)
    found = store.find(name, key)
    if found:
        return cached(found)
    with store.attempt(name, key) as attempt:
        write(attempt)
        return attempt.commit()


def stage_key(store: Store, name: str, /, **decides: Any) -> str:
    """The key of `decides` (JSON values, settings), the code of the stage `tasks.<name>` and the numeric libraries."""
    return store.key(name, code=code_digest(f"tasks.{name}"), libraries=library_versions(), **decides)


def stage(name: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """A Prefect task that is retried for what may pass and whose results lie in the store alone."""
    made = task(
        name=name,
        retries=3,
        retry_delay_seconds=exponential_backoff(backoff_factor=2),
        retry_jitter_factor=0.5,
        retry_condition_fn=may_pass,
        cache_policy=NO_CACHE,
    )
    return cast("Callable[[Callable[P, R]], Task[P, R]]", made)
