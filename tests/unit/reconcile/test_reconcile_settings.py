"""``[collections.NAME.reconcile]``: what fits, and what is said of what does not."""

import pytest

from workers.config.loader import read
from workers.config.settings import Guard, Reconcile

HEAD = """
[destinations.site]
token = "t"

[collections.products]
destination = "site"
id = "c1"
key = "sku"

[collections.products.reconcile]
"""


def draft(tmp_path, text, guard=""):
    path = tmp_path / "instep.toml"
    guard = f"\n[collections.products.guard]\n{guard}" if guard else ""
    path.write_text(HEAD + text + guard)
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
every = "90m"
sql = "sqlite:///shop.db"
query = "SELECT 1"
under = "data.row"
partial = true
"""
    assert settings(tmp_path, text) == Reconcile(
        policy="report",
        fields={"price": "cms wins"},
        orphans="archive",
        every=5400.0,
        sql="sqlite:///shop.db",
        query="SELECT 1",
        under="data.row",
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
        ("retire_percent = true", "retire_percent", "a number, 0 or more"),
        ('every = "1 day"', "every", '"90m", "24h" or "7d"'),
        ('every = "0h"', "every", '"90m", "24h" or "7d"'),
        ('at = "25:00"', "at", "a time of day"),
        ('every = "24h"', "every", "file or sql as well"),
        ('under = "row"', "under", "file or sql as well"),
        ('every = "24h"\nat = "03:00"\nfile = "a.csv"', "at", "either every or at"),
        ('file = "a.csv"\nsql = "sqlite://"\nquery = "q"', "sql", "either file or sql"),
        ('sql = "sqlite://"', "sql", "query as well"),
        ('query = "SELECT 1"', "query", "sql as well"),
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


def test_the_limits_of_the_guard_are_read(tmp_path):
    text = 'at_most = 3\npercent = 1.5\nhalf_from = 5\nwindow = "7d"\ndelay = 2.5'
    found = draft(tmp_path, "", text)
    assert (found.problems, found.settings.warnings) == ((), ())
    assert found.settings.collections["products"].guard == Guard(3, 1.5, 5, 604_800.0, 2.5)


@pytest.mark.parametrize(
    ("text", "where", "expected"),
    [
        ("at_most = 1.5", "at_most", "a whole number of items"),
        ("percent = -1", "percent", "a number, 0 or more"),
        ("half_from = 0", "half_from", "1 or more"),
        ('window = "8d"', "window", "7 days at most"),
        ('window = "soon"', "window", "minutes, hours or days"),
        ("delay = 301", "delay", "seconds, from 0 to 300"),
        ("delay = true", "delay", "seconds, from 0 to 300"),
        ("most = 1", "most", "one of at_most"),
    ],
)
def test_what_does_not_fit_the_guard_is_told_by_its_key(tmp_path, text, where, expected):
    [problem] = draft(tmp_path, "", text).problems
    assert problem.where.endswith(f"collections.products.guard.{where}")
    assert expected in problem.expected


def test_the_old_keys_of_the_guard_hold_and_name_the_new_ones(tmp_path):
    found = draft(tmp_path, "retire_at_most = 3\nretire_percent = 1.5")
    assert found.problems == ()
    assert found.settings.collections["products"].guard == Guard(at_most=3, percent=1.5)
    assert [(w.where.rpartition(".")[2], w.expected) for w in found.settings.warnings] == [
        ("retire_at_most", "at_most in [collections.products.guard]"),
        ("retire_percent", "percent in [collections.products.guard]"),
    ]


def test_where_both_stand_the_new_key_of_the_guard_holds(tmp_path):
    found = draft(tmp_path, "retire_at_most = 3", "at_most = 7")
    assert found.settings.collections["products"].guard == Guard(at_most=7)
