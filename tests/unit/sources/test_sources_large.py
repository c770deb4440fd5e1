"""
A snapshot of 100 MB in bounded memory, from a file or a table; with --full from database servers
and of 100,000 rows, too.
"""

import json
import subprocess
import sys

import pytest
import sqlalchemy

from tests.support.depth import depth
from workers.outgoing.sql_address import address

ROWS = 100_000
WIDE_ROWS, WIDTH = 4_000, 26  # as many bytes as ROWS, in a tenth of the time
PROMISED = 300  # MB
# What is read row by row takes 25 to 50 MB; the whole, held in memory, more than this.
STREAMED = 100  # MB
TEXT = "Made of solid oak, oiled by hand, and delivered with its tools and a spare screw. " * 12
WIDE_TEXT = TEXT * WIDTH
FILE_ROWS, FILE_TEXT = depth((WIDE_ROWS, WIDE_TEXT), (ROWS, TEXT))
# By each database itself: a row as the files have it.
COLUMNS = "{} AS sku, {n} AS rev, {n} % 1000 + 0.99 AS price, {n} % 7 AS qty, '{text}' AS text"
NUMBERS = f"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {WIDE_ROWS})"  # noqa: S608
FILLED = {
    "sqlite": ("printf('A-%06d', n)", "n", f"({NUMBERS} SELECT n FROM s)"),  # noqa: S608
    "postgresql": ("'A-' || lpad(n::text, 6, '0')", "n", f"generate_series(1, {WIDE_ROWS}) AS n"),
    "mariadb": ("concat('A-', lpad(seq, 6, '0'))", "seq", f"seq_1_to_{WIDE_ROWS}"),
}


def records(rows):
    for n in range(1, rows + 1):
        yield f"A-{n:06}", n, f"{n % 1000}.99", n % 7


def write_csv(path):
    with path.open("w") as file:
        file.write("sku,rev,price,qty,text\n")
        for sku, rev, price, qty in records(FILE_ROWS):
            file.write(f'{sku},{rev},{price},{qty},"{FILE_TEXT}"\n')


def write_json(path):
    with path.open("w") as file:
        before = "["
        for sku, rev, price, qty in records(WIDE_ROWS):
            fields = f'"sku": "{sku}", "rev": {rev}, "price": {price}, "qty": {qty}'
            file.write(f'{before}{{{fields}, "text": "{WIDE_TEXT}"}}')
            before = ",\n"
        file.write("]")


@pytest.fixture
def read(tmp_path):
    """Reads a snapshot in a process of its own and says what that took."""

    def run(*source):
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "tests.support.large_snapshot", str(tmp_path), *source],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        print(source[0], done.stdout)  # noqa: T201
        return json.loads(done.stdout)

    return run


def check(took, rows):
    assert (took["rows"], took["changes"], took["bad"]) == (rows, rows, 0)
    assert took["peak_mb"] < STREAMED < PROMISED


@pytest.mark.parametrize(
    ("name", "write", "rows"), [("a.csv", write_csv, FILE_ROWS), ("a.json", write_json, WIDE_ROWS)]
)
def test_a_file_of_100_mb_is_read_in_bounded_memory(tmp_path, read, name, write, rows):
    write(tmp_path / name)
    assert (tmp_path / name).stat().st_size > 95 * 2**20
    check(read(str(tmp_path / name)), rows)


# Of a server the rows come as of a file: one at a time.
@pytest.mark.parametrize(
    "database",
    ["sqlite", *(pytest.param(each, marks=pytest.mark.full) for each in ("postgresql", "mariadb"))],
    indirect=True,
)
def test_a_table_of_100_mb_is_read_in_bounded_memory(request, database, read):
    key, n, numbers = FILLED[request.node.callspec.params["database"]]
    columns = COLUMNS.format(key, n=n, text=WIDE_TEXT)
    engine = sqlalchemy.create_engine(address(database, {}).url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        plain = connection.execution_options(no_parameters=True)
        fill = f"CREATE TABLE large AS SELECT {columns} FROM {numbers}"  # noqa: S608
        plain.exec_driver_sql(fill)
    check(read(database, "SELECT * FROM large"), WIDE_ROWS)
