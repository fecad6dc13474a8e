"""Records that are only ever added, each a numbered JSON file in a folder of the store; the newest one counts."""

from collections.abc import Iterator

from tasks.store import Store


def append(store: Store, folder: str, content: bytes) -> int:
    """Add a record and give its number; of several at once each gets a number of its own, and none is lost."""
    while True:
        number = newest_number(store, folder) + 1
        try:
            store.create(f"{folder}/{number:06d}.json", content)
        except FileExistsError:
            continue  # somebody else took the number: take the next one
        return number


def append_after(store: Store, folder: str, number: int, content: bytes) -> None:
    """Add the record that follows one with a number.

    Raises:
        FileExistsError: another one followed it already.
    """
    store.create(f"{folder}/{number + 1:06d}.json", content)


def append_once(store: Store, folder: str, run_id: str, content: bytes) -> None:
    """Add the record of a run, unless it has one; a run that is resubmitted comes after others."""
    mark = f"{folder}/of-runs/{run_id}"
    try:
        store.read(mark)
    except FileNotFoundError:
        number = append(store, folder, content)
        store.write(mark, str(number).encode())


def newest_number(store: Store, folder: str) -> int:
    """The number of the newest record, 0 where there is none."""
    return max(map(_number, _files(store, folder)), default=0)


def records(store: Store, folder: str) -> list[bytes]:
    """All records, the oldest first."""
    return [store.read(f"{folder}/{name}") for name in _files(store, folder)]


def newest_first(store: Store, folder: str) -> Iterator[bytes]:
    """All records, the newest first, each read when it is asked for."""
    return (store.read(f"{folder}/{name}") for name in reversed(_files(store, folder)))


def newest(store: Store, folder: str) -> bytes | None:
    """The record that counts, if there is one."""
    number = newest_number(store, folder)
    return store.read(f"{folder}/{number:06d}.json") if number else None


def _files(store: Store, folder: str) -> list[str]:
    return [name for name in store.names(folder) if name.endswith(".json")]  # not those that are being written


def _number(name: str) -> int:
    return int(name.removesuffix(".json"))
