"""What an address of a database means."""

from typing import Any

import pytest

from stt_web.core.database_url import read_database_url
from stt_web.core.env import BadSettingError


def read(url: str) -> dict[str, Any]:
    return dict(read_database_url(url))


def test_parts_are_unquoted_and_what_libpq_takes_is_passed_on() -> None:
    read_url = read(
        "postgresql://a%40b:p%2Fw@db.example:5433/name?sslmode=verify-full&sslrootcert=%2Fca.pem"
        "&options=-c%20statement_timeout%3D5s"
    )
    assert [read_url[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        "a@b",
        "p/w",
        "db.example",
        "5433",
        "name",
    ]
    options = read_url["OPTIONS"]
    assert (options["sslmode"], options["sslrootcert"]) == ("verify-full", "/ca.pem")
    assert options["connect_timeout"] == "5"
    assert "idle_in_transaction_session_timeout" in options["options"]
    assert options["options"].endswith("-c statement_timeout=5s")


def test_a_timeout_of_ones_own_counts() -> None:
    assert read("postgres://h/n?connect_timeout=9")["OPTIONS"]["connect_timeout"] == "9"


def test_a_socket_and_several_hosts() -> None:
    assert read("postgresql:///n?host=/run/postgresql")["HOST"] == "/run/postgresql"
    several = read("postgresql://one:1,two:2/n?target_session_attrs=read-write")
    assert (several["HOST"], several["PORT"]) == ("one,two", "1,2")


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("postgresql://u:hunter2@h/n?slmode=require", "slmode"),
        ("postgresql://u:hunter2%zz@h/n", "%XX"),
        ("postgresql://u:pa/x?hunter2@h/n", "%XX"),
        ("postgresql://u:hunter2/x@h/n", "%XX"),
        ("mysql://u:hunter2@h/n", "postgresql://"),
    ],
)
def test_what_is_not_understood_is_refused_without_its_password(url: str, named: str) -> None:
    with pytest.raises(BadSettingError) as refused:
        read(url)
    assert named in str(refused.value)
    assert "hunter2" not in str(refused.value)
