"""The reconciles of collections with a schedule, before their first run and after it."""

from datetime import UTC, datetime

import pytest

from service.operate.reconcile_list import list_reconciles
from service.operate.scope import Scope, scope_of
from service.reconcile.state.past_runs import note_end, note_turn
from tests.support.api_rig import TOML, Rig

TIMED = """
[collections.products.reconcile]
every = "6h"
file = "products.csv"
[collections.orders.reconcile]
at = "03:30"
file = "orders.csv"
"""


@pytest.fixture
def rig(tmp_path, store_socket, store):  # noqa: ARG001  # an empty one
    toml = TOML.replace("[sources.erp]", f"{TIMED}[sources.erp]")
    rig = Rig(tmp_path, store_socket, toml=toml)
    yield rig
    rig.close()


def listed(rig, **options):
    scope = scope_of(rig.configuration, ())
    return list_reconciles(rig.context, scope=scope, **{"limit": 50} | options)


def test_one_that_never_ran_has_its_schedule_and_is_due(rig):
    orders, products = listed(rig).items
    assert (products["schedule"], orders["schedule"]) == (
        {"every": 21_600.0, "at": None},
        {"every": None, "at": "03:30"},
    )
    assert products["state"] == orders["state"] == "never"
    assert datetime.fromisoformat(products["next"]) <= datetime.now(UTC)
    assert datetime.fromisoformat(orders["next"]) > datetime.now(UTC)
    assert (products["ended"], products["differences"], products["held"]) == (None, None, [])
    assert rig.context.report.status()["collections"].keys() == {"orders", "products"}
    assert not any("reconcile" in each["name"] for each in rig.get("/api/status").json["notices"])


def test_the_next_follows_the_last(rig):
    client = rig.context.steps.client
    note_turn(client, "products", 1)
    note_end(client, "products", 0, "all in step", {"changed": 0}, state="done", compared=(5, 5))
    (_, products) = listed(rig).items
    assert (products["state"], products["differences"], products["tries"]) == ("done", 0, 1)
    assert (products["records"], products["items"]) == (5, 5)
    assert datetime.fromisoformat(products["next"]) > datetime.now(UTC)


def test_they_go_on_by_their_cursor_and_stay_in_their_scope(rig):
    first = listed(rig, limit=1)
    rest = listed(rig, limit=1, cursor=first.next)
    names = [each["collection"] for page in (first, rest) for each in page.items]
    assert (names, rest.next) == (["orders", "products"], None)
    scope = Scope(False, frozenset({"shop"}), frozenset({"orders"}), frozenset())
    (only,) = list_reconciles(rig.context, scope=scope, limit=50).items
    assert only["collection"] == "orders"
