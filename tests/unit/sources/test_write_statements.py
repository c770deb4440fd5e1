"""Statements with bound values, at each kind of database: rows, refusals, and what is away."""

import sqlite3
from datetime import UTC, datetime

import pytest

from workers.errors import (
    ConfigurationInvalid,
    OutgoingDenied,
    OutgoingError,
    OutgoingRefused,
)
from workers.outgoing.sql_address import address
from workers.outgoing.sql_statement import SqlTarget

WHERE = "writeback.shop.sql"
TABLE = "CREATE TABLE told (sku VARCHAR(20) PRIMARY KEY, item VARCHAR(40) NOT NULL, at VARCHAR(40))"
UPDATE = "UPDATE told SET item = :item, at = :at WHERE sku = :key"
AT = datetime(2025, 11, 29, 21, 0, tzinfo=UTC)


def run(url, statement, **values):
    target = SqlTarget(address(url, {}, WHERE), statement)
    with target.connected() as connection:
        return target.execute(connection, {"at": AT, **values})


@pytest.fixture
def lite(tmp_path):
    path = tmp_path / "shop.db"
    sqlite3.connect(path).close()
    return f"sqlite:///{path}"


@pytest.fixture(params=["lite", "postgresql", "mariadb"])
def shop(request):
    url = request.getfixturevalue(request.param)
    run(url, "DROP TABLE IF EXISTS told")
    run(url, TABLE)
    run(url, "INSERT INTO told VALUES ('A-1', '', '')")
    return url


def test_a_row_that_is_there_is_counted_though_it_stays_as_it_is(shop):
    assert run(shop, UPDATE, key="A-1", item="i'1; --") == 1
    assert run(shop, UPDATE, key="A-1", item="i'1; --") == 1
    assert run(shop, UPDATE, key="A-2", item="i2") == 0
    assert run(shop, "DELETE FROM told WHERE item = :item", key="", item="i'1; --") == 1


def test_what_it_refuses_has_its_code(shop):
    with pytest.raises(OutgoingRefused) as raised:
        run(shop, UPDATE, key="A-1", item=None)
    assert raised.value.code
    assert run(shop, UPDATE, key="A-1", item="i1") == 1


def test_several_statements_share_a_connection_and_fail_alone(shop):
    target = SqlTarget(address(shop, {}, WHERE), UPDATE)
    with target.connected() as connection:
        with pytest.raises(OutgoingRefused):
            target.execute(connection, {"key": "A-1", "item": None, "at": AT})
        assert target.execute(connection, {"key": "A-1", "item": "i1", "at": AT}) == 1


def test_a_user_without_the_right_is_denied(postgresql):
    run(postgresql, "DROP TABLE IF EXISTS closed")
    run(postgresql, "CREATE TABLE closed (sku TEXT)")
    run(postgresql, "DROP ROLE IF EXISTS guest")
    run(postgresql, "CREATE ROLE guest LOGIN")
    with pytest.raises(OutgoingDenied):
        run(postgresql.replace("instep@", "guest@"), "DELETE FROM closed WHERE sku = :key", key="")


def test_a_time_is_one_of_the_database(postgresql):
    run(postgresql, "DROP TABLE IF EXISTS times")
    run(postgresql, "CREATE TABLE times (at TIMESTAMPTZ)")
    run(postgresql, "INSERT INTO times VALUES (:at)")
    found = "DELETE FROM times WHERE at = '2025-11-29T21:00:00Z'"
    assert run(postgresql, found) == 1


def test_a_table_that_is_locked_is_away(lite, tmp_path, monkeypatch):
    monkeypatch.setattr("workers.outgoing.sql_statement._CONNECT", {"sqlite": {"timeout": 0.01}})
    run(lite, TABLE)
    other = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(OutgoingError, match="locked"):
        run(lite, UPDATE, key="A-1", item="i1")
    other.close()


def test_a_database_that_is_not_there_names_no_password():
    with pytest.raises(OutgoingError) as raised:
        run("postgresql://u:p4ssw0rd@127.0.0.1:1/shop", UPDATE, key="", item="")
    assert not isinstance(raised.value, OutgoingRefused | OutgoingDenied)
    assert "p4ssw0rd" not in str(raised.value)
    assert not raised.value.sent


@pytest.mark.parametrize("url", ["sqlite:///nowhere.db", "oracle://h/x", "mysql+nodriver://h/x"])
def test_what_cannot_be_used_at_all_says_where(url):
    with pytest.raises(ConfigurationInvalid) as raised:
        SqlTarget(address(url, {}, WHERE), UPDATE)
    assert raised.value.problems[0].where == WHERE


@pytest.mark.parametrize(
    ("error", "kind"),
    [((1045, "no"), OutgoingDenied), ((2003, "away"), OutgoingError), (("odd",), OutgoingError)],
)
def test_a_code_of_mysql_tells_a_refused_user(error, kind):
    import pymysql
    from sqlalchemy.exc import OperationalError

    from workers.outgoing import sql_statement

    where = address("mysql://u@h/db", {}, WHERE)
    inner = pymysql.err.OperationalError(*error)
    assert type(sql_statement._error(OperationalError("", {}, inner), where, sent=True)) is kind
