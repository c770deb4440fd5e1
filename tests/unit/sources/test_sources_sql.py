"""SQL as a source of records: real databases, what is read of them, and what is refused."""

import contextlib
import datetime
import gc
import io
import sqlite3
import uuid
import warnings
from decimal import Decimal

import pytest
import sqlalchemy

from service.config.build import Configuration
from service.mapping.registry import Mappings
from service.reconcile.options import ReconcileOptions
from service.reconcile.snapshot import choice
from service.reconcile.snapshot.records import Shape
from service.reconcile.snapshot.sql import SqlRecords
from service.reconcile.snapshot.sql_values import payload_value
from service.reconcile.time_limit import TimeLimit, watched
from tests.support.databases import PASSWORD
from tests.support.snapshot_files import NOW
from workers.config.settings import Collection, Reconcile, Settings, StoreSettings
from workers.errors import ConfigurationInvalid, SnapshotInvalid
from workers.outgoing.sql_address import address


def source(url, query, environ=None, **shape):
    return SqlRecords(url, query, now=NOW, environ=environ or {}, shape=Shape(**shape))


def read(url, query, **shape):
    return [record for _, record in source(url, query, **shape)]


def do(url, *statements):
    """Run *statements* as the owner of the database."""
    engine = sqlalchemy.create_engine(address(url, {}).url, poolclass=sqlalchemy.pool.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_a_row_is_a_record_of_its_columns(database):
    query = "SELECT 'A' AS sku, 3 AS qty, NULL AS note UNION ALL SELECT 'B', 4, 'x'"
    records = source(database, query)
    assert list(records) == [
        (1, {"sku": "A", "qty": 3, "note": None}),
        (2, {"sku": "B", "qty": 4, "note": "x"}),
    ]
    assert (records.as_of, records.word, records.unit) == (NOW, "row", "rows")
    assert (records.size, records.read) == (None, 2)


def test_a_column_named_as_a_path_is_one(database):
    quote = "`" if database.startswith("mysql") else '"'
    query = f"SELECT 'A' AS {quote}data.sku{quote}, 3 AS {quote}data.stock.qty{quote}"
    assert read(database, query) == [{"data": {"sku": "A", "stock": {"qty": 3}}}]


def test_records_may_be_put_under_a_name(database):
    assert read(database, "SELECT 1 AS a", under="data") == [{"data": {"a": 1}}]


def test_colons_and_percents_are_the_query_s_own(database):
    query = "SELECT ':name %s %(x)s 100%' AS a WHERE 'ab' LIKE 'a%'"
    assert read(database, query) == [{"a": ":name %s %(x)s 100%"}]


def test_no_row_is_no_error(database):
    assert read(database, "SELECT 1 AS a WHERE 1 = 0") == []


def test_two_columns_of_one_name_are_refused(database):
    with pytest.raises(SnapshotInvalid, match="the query: found two columns named 'a'"):
        read(database, "SELECT 1 AS a, 2 AS a")


def test_an_unknown_table_is_told_in_the_words_of_the_database(database):
    with pytest.raises(SnapshotInvalid, match=r"nowhere.*correct the query or the URL"):
        read(database, "SELECT * FROM nowhere")


@pytest.mark.parametrize("statement", ["DELETE FROM kept", "INSERT INTO kept VALUES (2)"])
def test_nothing_can_be_written(database, statement):
    do(database, "CREATE TABLE IF NOT EXISTS kept (n int)", "DELETE FROM kept")
    do(database, "INSERT INTO kept VALUES (1)")
    with pytest.raises(SnapshotInvalid):
        read(database, statement)
    assert read(database, "SELECT n FROM kept") == [{"n": 1}]


@pytest.mark.parametrize(
    ("kind", "query", "said"),
    [
        ("sqlite", "INSERT INTO kept VALUES (2) RETURNING n", "attempt to write a readonly"),
        ("mariadb", "INSERT INTO kept VALUES (2) RETURNING n", "in a READ ONLY transaction"),
        ("postgresql", "SELECT nextval('counted')", "in a read-only transaction"),
    ],
)
def test_nor_can_a_query_that_returns_rows_write(request, kind, query, said):
    url = request.getfixturevalue(kind)
    do(url, "CREATE TABLE IF NOT EXISTS kept (n int)")
    if kind == "postgresql":
        do(url, "CREATE SEQUENCE counted")
    with pytest.raises(SnapshotInvalid, match=said):
        read(url, query)


@pytest.mark.parametrize(
    ("kind", "query", "level"),
    [
        ("postgresql", "SELECT current_setting('transaction_isolation') AS a", "repeatable read"),
        ("mariadb", "SELECT @@tx_isolation AS a", "REPEATABLE-READ"),
    ],
)
def test_the_transaction_is_one_snapshot(request, kind, query, level):
    assert read(request.getfixturevalue(kind), query) == [{"a": level}]


def test_a_connection_is_closed_when_reading_stops_half_way(postgresql):
    records = iter(source(postgresql, "SELECT generate_series(1, 5000) AS n"))
    next(records)
    count = "SELECT count(*) AS n FROM pg_stat_activity WHERE backend_type = 'client backend'"
    assert read(postgresql, count) == [{"n": 2}]
    records.close()
    assert read(postgresql, f"{count} AND pg_backend_pid() <> pid AND state = 'active'") == [
        {"n": 0}
    ]


def test_a_query_that_fails_half_way_is_refused_at_its_row(postgresql):
    query = "SELECT 10 / (2500 - n) AS x FROM generate_series(1, 5000) AS n"
    with pytest.raises(SnapshotInvalid, match=r"row [0-9]{4}: found division by zero"):
        read(postgresql, query)


def test_a_snapshot_sees_nothing_that_is_written_while_it_is_read(postgresql):
    do(postgresql, "CREATE TABLE seen AS SELECT generate_series(1, 3000) AS n")
    records = iter(source(postgresql, "SELECT n, (SELECT max(n) FROM seen) AS m FROM seen"))
    next(records)
    do(postgresql, "INSERT INTO seen VALUES (9999)")
    assert {record["m"] for _, record in records} == {3000}


TYPES = """SELECT 19.90::numeric(10,2) AS price, 5.00::numeric AS whole, 1.5::float8 AS ratio,
    12345678901234567890.12::numeric AS exact, true AS shown, 'a'::bytea AS raw,
    '2026-05-12 11:30:00.25+02'::timestamptz AS at, '2026-05-12 11:30'::timestamp AS naive,
    '2026-05-12'::date AS day, '11:30'::time AS hour, interval '90 minutes' AS spell,
    '{"a": [1, 1.5, null]}'::jsonb AS doc, array['x', null] AS tags, array[1.10::numeric] AS nums,
    '00000000-0000-0000-0000-000000000001'::uuid AS id, '10.0.0.1'::inet AS ip"""


def test_the_types_of_postgresql_as_json_has_them(postgresql):
    assert read(postgresql, TYPES) == [
        {
            "price": 19.9,
            "whole": 5,
            "ratio": 1.5,
            "exact": Decimal("12345678901234567890.12"),
            "shown": True,
            "raw": "YQ==",
            "at": "2026-05-12T09:30:00.250000+00:00",
            "naive": "2026-05-12T11:30:00",
            "day": "2026-05-12",
            "hour": "11:30:00",
            "spell": 5400,
            "doc": {"a": [1, 1.5, None]},
            "tags": ["x", None],
            "nums": [1.1],
            "id": "00000000-0000-0000-0000-000000000001",
            "ip": "10.0.0.1",
        }
    ]


def test_a_type_that_json_has_no_value_for_is_refused_by_column(postgresql):
    with pytest.raises(SnapshotInvalid, match=r"row 1, column r: found a Range.*cast it to text"):
        read(postgresql, "SELECT int4range(1, 5) AS r")


def test_the_types_of_mariadb_as_json_has_them(mariadb):
    query = """SELECT CAST(19.90 AS decimal(10,2)) AS price, DATE '2026-05-12' AS day,
        TIMESTAMP '2026-05-12 11:30:00' AS at, TIME '01:30:00' AS spell, x'61' AS raw,
        'ä€😀' AS t"""
    assert read(mariadb, query) == [
        {
            "price": 19.9,
            "day": "2026-05-12",
            "at": "2026-05-12T11:30:00",
            "spell": 5400,
            "raw": "YQ==",
            "t": "ä€😀",
        }
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("1e3"), 1000),
        (Decimal("-0.00"), 0),
        (Decimal("0.1"), 0.1),
        (Decimal("0.12345678901234567890"), Decimal("0.12345678901234567890")),
        (datetime.timedelta(milliseconds=1500), 1.5),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (memoryview(b"ab"), "YWI="),
        (datetime.datetime(1800, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(seconds=99))),
         "1799-12-31T23:58:21+00:00"),
    ],
)  # fmt: skip
def test_values_as_json_has_them(value, expected):
    found = payload_value(value)
    assert (found, type(found)) == (expected, type(expected))


def test_a_missing_password_and_a_wrong_one_are_never_told(postgresql):
    do(postgresql, f"CREATE USER checked PASSWORD '{PASSWORD}'")
    quoted = PASSWORD.replace("+", "%2B").replace("/", "%2F")
    right = postgresql.replace("instep@", f"checked:{quoted}@")
    assert read(right, "SELECT 1 AS a") == [{"a": 1}]
    with pytest.raises(SnapshotInvalid, match="password authentication failed") as caught:
        read(right.replace("gh3im", "wr0ng-one"), "SELECT 1 AS a")
    assert "wr0ng" not in str(caught.value) + repr(caught.value.problem)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "message",
    [
        f"cannot connect to postgresql://u:{PASSWORD}@host/db",
        "cannot connect to postgresql://u:gh3im%2Bw0rt%2Fx@host/db",
        f"invalid dsn: password='{PASSWORD}' host=h",
        "invalid dsn: password=gh3im host=h",
    ],
)
def test_what_a_driver_says_is_told_without_the_password(message):
    where = address("postgresql://u:gh3im%2Bw0rt%2Fx@host/db", {})
    told = where.scrubbed(ValueError(message))
    assert "gh3im" not in told
    assert "***" in told
    assert "gh3im" not in f"{where} {where!r}"


def test_a_short_password_keeps_the_whole_message_back():
    where = address("postgresql://u:db@host/db", {})
    assert where.scrubbed(ValueError("no database db")) == "ValueError"


def test_an_address_may_come_from_the_environment():
    environ = {"DB": "postgresql://u:p%40ss@host:5433/shop", "PW": "s3cret"}
    assert str(address("${DB}", environ)) == "postgresql://host:5433/shop"
    assert address("postgresql://u:${PW}@h/d", environ).url.password == "s3cret"
    with pytest.raises(ConfigurationInvalid, match=r"--sql: URL: found \$\{NONE\}, which is not"):
        address("${NONE}", environ)


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgresql://h/d", "postgresql+psycopg"),
        ("postgres://h/d", "postgresql+psycopg"),
        ("mysql://h/d", "mysql+pymysql"),
        ("mariadb://h/d", "mariadb+pymysql"),
        ("postgresql+psycopg2://h/d", "postgresql+psycopg2"),
        ("sqlite://", "sqlite"),
    ],
)
def test_a_driver_of_ours_is_used_unless_another_is_named(url, driver):
    assert address(url, {}).url.drivername == driver


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("s3cret", "found something that is not a", id="no address"),
        pytest.param("postgresql://u:s3cret@h:x/d", "found something that is not a", id="port"),
        pytest.param("sqlite:////none/x.db", "found no file /none/x.db", id="no file"),
        pytest.param("db2://u:s3cret@h/d", "found db2://, for which no", id="unknown"),
        pytest.param("postgresql+psycopg2://u:s3cret@h/d",
                     "found the driver psycopg2 not installed, expected the driver psycopg2; "
                     "install psycopg2, or use postgresql:// and pip install "
                     "'instep[postgresql]'",
                     id="no driver"),
        pytest.param("postgresql://u:s3cret@word@h/d", "found an @ in", id="@ before host"),
        pytest.param("mysql://u:x@h/d@s3cret", "found an @ in", id="@ behind"),
        pytest.param("mysql://u:s3c@ret/s3cret@h/d", "found an @ in", id="@ and a slash"),
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_read_is_refused_without_its_secret(url, said):
    with pytest.raises(ConfigurationInvalid) as caught:
        source(url, "SELECT 1")
    assert said in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "extra"),
    [
        ("sqlite://", "sql"),
        ("postgresql://h/d", "postgresql"),
        ("mysql+pymysql://h/d", "mysql"),
        ("${DB}", "postgresql"),
    ],
)
def test_without_sqlalchemy_the_command_that_brings_it_is_told(monkeypatch, url, extra):
    monkeypatch.setitem(__import__("sys").modules, "sqlalchemy.engine", None)
    with pytest.raises(ConfigurationInvalid, match=rf"run pip install 'instep\[{extra}\]'"):
        source(url, "SELECT 1", {"DB": "postgres://h/d"})


def test_a_file_of_sqlite_may_have_an_at_in_its_name(tmp_path):
    (tmp_path / "a@b.db").touch()
    assert read(f"sqlite:///{tmp_path}/a@b.db", "SELECT 1 AS a") == [{"a": 1}]


def test_bits_of_mysql_are_numbers(mariadb):
    do(mariadb, "CREATE OR REPLACE TABLE bits (a bit(1), b bit(1), c bit(12), d blob)")
    do(mariadb, "INSERT INTO bits VALUES (b'1', NULL, 2049, x'61')")
    assert read(mariadb, "SELECT * FROM bits") == [{"a": 1, "b": None, "c": 2049, "d": "YQ=="}]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("'infinity'::timestamptz", "infinity"),
        ("'-infinity'::date", "-infinity"),
        ("'infinity'::timestamp", "infinity"),
        ("'20000-01-01'::date", "20000-01-01"),
    ],
)
def test_a_time_that_python_does_not_have_is_told_by_column_and_row(postgresql, value, said):
    query = (
        f"SELECT n, CASE WHEN n = 1500 THEN {value} ELSE '2026-05-12' END AS until"  # noqa: S608
        " FROM generate_series(1, 3000) AS n"
    )
    with pytest.raises(
        SnapshotInvalid, match=f"row 1500, column until: found {said}, which is out of"
    ):
        read(postgresql, query)


def test_a_statement_of_postgresql_has_five_minutes_unless_the_address_says_otherwise(postgresql):
    query = "SELECT current_setting('statement_timeout') AS a"
    assert read(postgresql, query) == [{"a": "5min"}]
    own = f"{postgresql}&options=-c%20statement_timeout%3D50"
    with pytest.raises(SnapshotInvalid, match="statement timeout"):
        read(own, "SELECT pg_sleep(60)")


def test_the_driver_of_mysql_stops_reading_after_five_minutes_unless_the_address_says_so(mariadb):
    assert address(mariadb, {}).arguments["read_timeout"] == 300
    with pytest.raises(SnapshotInvalid, match="timed out"):
        read(f"{mariadb}&read_timeout=1", "SELECT SLEEP(60)")


def test_another_driver_is_given_no_argument_that_it_may_not_know():
    assert "read_timeout" not in address("mysql+mysqlconnector://h/d", {}).arguments


HANGS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n "
    "WHERE i < 0",
    "postgresql": "SELECT pg_sleep(60)",
    "mariadb": "SELECT SLEEP(60)",
}


def test_a_query_that_hangs_is_ended_where_the_run_is(request, database):
    kind = request.node.callspec.params["database"]
    limit = TimeLimit(0.05)
    with warnings.catch_warnings():
        # SQLAlchemy leaves the cursor of a query that KeyboardInterrupt has ended to the collector.
        warnings.simplefilter("ignore", ResourceWarning)
        with pytest.raises((SnapshotInvalid, KeyboardInterrupt)), watched(limit, lambda _: None):
            read(database, HANGS[kind])
        gc.collect()
    assert "no progress" in limit.words


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, {"row": {"sku": "A"}}),
        ({"under": "data"}, {"data": {"sku": "A"}}),
        ({"sql": ("sqlite:///{}", "SELECT sku FROM p")}, {"sku": "A"}),
    ],
)
def test_what_the_configuration_reads_stands_where_it_says(tmp_path, given, found):
    path = tmp_path / "shop.db"
    with contextlib.closing(sqlite3.connect(path)) as made, made:
        made.execute("CREATE TABLE p AS SELECT 'A' AS sku")
    own = Reconcile(sql=f"sqlite:///{path}", query="SELECT sku FROM p", under="row")
    collection = Collection("products", "site", "c", key="sku", reconcile=own)
    if "sql" in given:
        given = {"sql": (given["sql"][0].format(path), given["sql"][1])}
    configuration = Configuration(
        Settings(tmp_path / "instep.toml", StoreSettings(data=tmp_path), {}, {}, {}),
        {},
        Mappings([]),
    )
    options = ReconcileOptions("products", **given)
    records = choice.opened(configuration, collection, options, io.BytesIO())
    assert [payload for _, payload in records] == [found]
