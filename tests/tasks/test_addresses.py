"""Claims about addresses."""

import pytest

from tasks.addresses import file_name, refuse_password
from tasks.errors import BadInput
from tasks.listing import listed
from tasks.store import Store


@pytest.mark.parametrize(
    "address",
    ["ftp://ann:secret@host:21/x.csv", "https://:secret@host/x.csv", "simplecache::ftp://ann:secret@host/x.csv"],
)
def test_an_address_with_a_password_is_refused_without_telling_it(address: str) -> None:
    """Prefect and reports would keep it."""
    for use in (lambda: refuse_password(address, "source"), lambda: listed(address), lambda: Store(address)):
        with pytest.raises(BadInput, match="an address without a password; found one of host") as refused:
            use()
        assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "address", ["s3://bucket/a@b:c/x.csv", "ftp://ann@host/x.csv", "folder/a:b@c.csv", "https://host:8080/x.csv"]
)
def test_other_addresses_are_fine(address: str) -> None:
    """A colon or an at sign elsewhere is no password."""
    refuse_password(address, "source")


@pytest.mark.parametrize(
    ("path", "name"),
    [("https://host/a/x.csv?sig=abc.def", "x.csv"), ("/tmp/what?.csv", "what?.csv"), ("bucket/x.csv", "x.csv")],
)
def test_the_query_of_a_web_address_is_no_part_of_the_name(path: str, name: str) -> None:
    """A signature would hide the ending, and be shown."""
    assert file_name(path) == name


def test_an_address_of_no_known_kind_is_refused() -> None:
    """With what was found."""
    with pytest.raises(BadInput, match="store: expected an address that can be opened; found foo://bar: Protocol"):
        Store("foo://bar")
