"""``[collections.NAME.reconcile]``: what fits, and what is said of what does not."""

import pytest

from workers.loading import read
from workers.settings import Reconcile

HEAD = """
[destinations.site]
token = "t"

[collections.products]
destination = "site"
id = "c1"
key = "sku"

[collections.products.reconcile]
"""


def draft(tmp_path, text):
    path = tmp_path / "instep.toml"
    path.write_text(HEAD + text)
    return read({"INSTEP_CONFIG": str(path)})


def settings(tmp_path, text):
    found = draft(tmp_path, text)
    assert not found.problems
    return found.settings.collections["products"].reconcile


def test_every_key_is_read(tmp_path):
    text = """
policy = "report"
fields = {price = "cms wins"}
orphans = "archive"
retire_at_most = 3
retire_percent = 1.5
every = "90m"
sql = "sqlite:///shop.db"
query = "SELECT 1"
partial = true
"""
    assert settings(tmp_path, text) == Reconcile(
        policy="report",
        fields={"price": "cms wins"},
        orphans="archive",
        retire_at_most=3,
        retire_percent=1.5,
        every=5400.0,
        sql="sqlite:///shop.db",
        query="SELECT 1",
        partial=True,
    )


def test_without_a_table_the_source_wins_and_orphans_are_told(tmp_path):
    assert settings(tmp_path, "") == Reconcile("source wins", orphans="report")


@pytest.mark.parametrize(
    ("text", "where", "expected"),
    [
        ('policy = "newest"', "policy", '"source wins" or "cms wins" or "report"'),
        ('fields = {price = "never"}', "fields", "a table of slugs"),
        ('orphans = "burn"', "orphans", '"report" or "archive"'),
        ("retire_at_most = -1", "retire_at_most", "a whole number of items"),
        ('every = "1 day"', "every", '"90m", "24h" or "7d"'),
        ('every = "0h"', "every", '"90m", "24h" or "7d"'),
        ('at = "25:00"', "at", "a time of day"),
        ('every = "24h"', "every", "file or sql beside it"),
        ('every = "24h"\nat = "03:00"\nfile = "a.csv"', "at", "one of every and at"),
        ('file = "a.csv"\nsql = "sqlite://"\nquery = "q"', "sql", "one of file and sql"),
        ('sql = "sqlite://"', "sql", "query beside it"),
        ('query = "SELECT 1"', "query", "sql beside it"),
        ('orphan = "report"', "orphan", "one of policy"),
    ],
)
def test_what_does_not_fit_is_told_by_its_key(tmp_path, text, where, expected):
    problems = draft(tmp_path, text).problems
    told = [(p.where.rpartition(": ")[2], p.expected) for p in problems]
    assert any(
        place == f"collections.products.reconcile.{where}" and expected in words
        for place, words in told
    ), told


def test_the_address_of_a_database_is_never_shown(tmp_path):
    found = draft(tmp_path, 'sql = "postgresql://me:hunter2@db/shop"\nquery = 5')
    assert "hunter2" not in "\n".join(map(str, found.problems)) + repr(found.settings)
