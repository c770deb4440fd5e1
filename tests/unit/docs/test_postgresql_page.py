"""The SQL of the page, run by a real PostgreSQL; pg_net alone is stood in for."""

import json
from datetime import UTC, datetime

import psycopg
import pytest
from click.testing import CliRunner

from service.cli import main
from service.config.build import build
from service.senders.configured_sender import Request
from tests.support import cookbook, databases

# The signature of pg_net, and the bytes that it sends: the text of the jsonb.
PG_NET = """
CREATE EXTENSION pgcrypto;
CREATE SCHEMA net;
CREATE TABLE net.sent (nr serial, body bytea, headers jsonb);
CREATE FUNCTION net.http_post(
  url text, body jsonb DEFAULT '{}', params jsonb DEFAULT '{}', headers jsonb DEFAULT '{}',
  timeout_milliseconds int DEFAULT 5000
) RETURNS bigint LANGUAGE sql AS $$
  INSERT INTO net.sent (body, headers) VALUES (convert_to(body::text, 'UTF8'), headers);
  SELECT 1::bigint;
$$;
CREATE TABLE products (id int PRIMARY KEY, sku text, title text, price numeric(10,2), qty int);
"""
(RECIPE,) = (recipe for recipe in cookbook.recipes() if recipe.page == "postgresql")
PAGE = (cookbook.PAGES / "postgresql.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def server():
    if databases.POSTGRESQL is None:
        pytest.skip("no PostgreSQL on this machine")
    with databases.postgresql() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            named = "SELECT count(*) FROM pg_available_extensions WHERE name = 'pgcrypto'"
            if connection.execute(named).fetchone() == (0,):
                pytest.skip("no pgcrypto on this machine")
            connection.execute(PG_NET)
            connection.execute(cookbook.joined("sql", cookbook.blocks(PAGE)))
        yield url


@pytest.fixture
def connect(server):
    """Opens connections to a table without rows of which nothing has been told."""
    opened = []

    def make():
        opened.append(psycopg.connect(server))
        return opened[-1]

    with psycopg.connect(server) as connection:
        connection.execute("TRUNCATE products")  # tells nobody: it is no DELETE of a row
        connection.execute("TRUNCATE net.sent")
    yield make
    for connection in opened:
        connection.close()


def sent(connection):
    query = "SELECT body, headers FROM net.sent ORDER BY nr"
    return [(bytes(body), headers) for body, headers in connection.execute(query)]


def test_rows_are_told_signed_and_mapped(connect, tmp_path):
    database = connect()
    database.execute("INSERT INTO products VALUES (88, 'STL-BIR-02', 'Björk ✓', 129.00, 5)")
    database.execute("UPDATE products SET qty = 4, price = 119.5 WHERE id = 88")
    database.execute("DELETE FROM products WHERE id = 88")
    database.commit()
    RECIPE.write(tmp_path)
    environ = {"INSTEP_CONFIG": str(tmp_path / "instep.toml"), "REDIS_URL": ""}
    sender = build(environ).senders["database"]
    written = []
    for body, headers in sent(database):
        lower = {name.lower(): value for name, value in headers.items()}
        sender.prove(Request(lower, body), now=datetime.now(UTC))
        done = CliRunner().invoke(
            main, ["preview", "database", "-", "--json"], input=body, env=environ
        )
        (change,) = json.loads(done.stdout)["changes"]
        written.append((change["key"], change.get("retire"), change["fields"]))
    name = "Björk ✓"
    assert written == [
        ("STL-BIR-02", None, {"name": name, "price": 129, "stock": 5}),
        ("STL-BIR-02", None, {"name": name, "price": 119.5, "stock": 4}),
        ("STL-BIR-02", "archive", {}),
    ]


def test_the_later_change_of_a_row_has_the_later_time_whichever_transaction_began_first(connect):
    first, second = connect(), connect()
    second.execute("INSERT INTO products (id, sku, qty) VALUES (88, 'STL-BIR-02', 5)")
    second.commit()
    first.execute("SELECT now()")
    second.execute("UPDATE products SET qty = 4")
    second.commit()
    first.execute("UPDATE products SET qty = 3")
    first.commit()
    told = [json.loads(body) for body, _ in sent(second)]
    assert [each["row"]["qty"] for each in told] == [5, 4, 3]
    times = [datetime.fromisoformat(each["at"]) for each in told]
    assert times == sorted(times)
    assert len(set(times)) == 3
