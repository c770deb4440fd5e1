"""The databases that snapshots are read from: each starts once, where a test asks for it."""

import sqlite3

import pytest

from tests.support import databases


@pytest.fixture(scope="session")
def postgresql():
    if databases.POSTGRESQL is None:
        pytest.skip("no PostgreSQL on this machine")
    with databases.postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb():
    if databases.MARIADB is None:
        pytest.skip("no MariaDB on this machine")
    with databases.mariadb() as url:
        yield url


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory):
    path = tmp_path_factory.mktemp("sqlite") / "shop.db"
    sqlite3.connect(path).close()
    path.touch()
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database(request):
    """Each of the three in turn."""
    return request.getfixturevalue(request.param)
