"""check: what it asks the site for, how often, and what it says that it could not look at."""

import json
import time
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import main
from service.operate import check_items, check_store
from service.operate.check_secrets import unfilled
from service.sandbox.control.orders import arm, order_of
from service.sandbox.seeds.samples import PRODUCTS, fill, product_id, seed_products
from service.sandbox.server import start, stop
from service.sandbox.site.columns import drop_field
from service.sandbox.site.site import Site
from workers.config.settings import Settings, Source, StoreSettings
from workers.errors import StoreUnavailable
from workers.store import keys

TOML = """
mappings = ["mappings.py"]
[destinations.site]
api = "{api}"
token = "t0ken"
base_url = "{url}"
live = {live}
[collections.products]
destination = "site"
id = "{id}"
key = "sku"
locales = "primary"
[sources.erp]
sender = "bearer"
secrets = ["f7c3bc1d808e0473"]
"""
MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping
class Stock(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "sku"
    stock = fields.Integer()
"""


@pytest.fixture
def site():
    made = Site(token="t0ken", requests_per_minute=600, now=time.time)
    made.locales = None
    server = start(made)
    made.url, made.add = server.url, lambda: None
    yield made
    stop(made, server)


@pytest.fixture
def check(tmp_path, site):
    """Run ``instep check`` on a site of so many products; returns exit code and JSON."""

    def _check(products=3, *, api="v2", live="true", **environ):
        seed_products(site, products)
        site.add()
        path = tmp_path / "instep.toml"
        path.write_text(TOML.format(url=site.url, id=PRODUCTS, api=api, live=live))
        (tmp_path / "mappings.py").write_text(MAPPINGS)
        env = {"INSTEP_CONFIG": str(path), "INSTEP_DATA": str(tmp_path / "data"), "REDIS_URL": ""}
        result = CliRunner().invoke(main, ["check", "--json"], env=env | environ)
        return result.exit_code, json.loads(result.stdout)

    return _check


def places(found):
    return [each["where"].rpartition(": ")[2] for each in found["problems"]]


def said(found, word):
    return [note for note in found["notes"] if word in note]


@pytest.mark.parametrize(("api", "calls"), [("v2", 4), ("v1", 3)])
def test_schema_token_site_and_items_are_asked_for_once(check, site, api, calls):
    code, found = check(api=api)
    assert (code, found["problems"]) == (0, [])
    assert site.calls.routes.total() == calls
    assert said(found, "3 items")


def test_items_are_not_read_where_they_can_have_no_key(check, site):
    site.add = lambda: drop_field(
        site, site.collections[PRODUCTS], site.collections[PRODUCTS].fields["sku"]
    )
    code, found = check()
    assert (code, places(found)) == (1, ["collections.products.key"])
    assert site.calls.routes.total() == 3


def test_its_calls_are_counted_by_kind_and_against_the_budget(check, store, store_socket):
    check(REDIS_URL=f"unix://{store_socket}")
    counted = json.dumps([store.hgetall(key) for key in store.keys("instep:metrics*")])
    assert all(f"{kind}:200" in counted for kind in ("schema", "site", "list"))
    assert store.keys("instep:budget:*")


@pytest.mark.parametrize("api", ["v1", "v2"])
@pytest.mark.parametrize(("live", "told"), [("true", ["destinations.site.live"]), ("false", [])])
def test_a_site_that_was_never_published_is_told_by_both_apis(check, site, api, live, told):
    site.add = lambda: setattr(site, "published", None)
    code, found = check(api=api, live=live)
    assert (code, places(found)) == (len(told), told)


def test_of_many_items_the_keys_of_a_thousand_are_compared(check):
    code, found = check(1001)
    assert (code, found["problems"]) == (0, [])
    assert said(found, "1001 items, of which the keys of 1000 were compared")


def test_items_without_a_key_are_counted(check, site):
    site.add = lambda: fill(site, site.collections[PRODUCTS], [{"name": "A", "slug": "a"}])
    _, found = check(2)
    assert said(found, "3 items; 1 have no key in sku")


def test_a_token_that_tells_no_scopes_and_may_not_read_the_site_is_noted(check, site):
    arm(site.faults, order_of("status=403,code=forbidden,path=/v2/token/introspect"))
    arm(site.faults, order_of("status=403,code=missing_scopes,path=/v2/sites"))
    code, found = check()
    assert (code, found["problems"]) == (0, [])
    assert said(found, "scopes not checked, as the token does not tell them (status 403)")
    assert said(found, "its site could not be read (status 403 missing_scopes)")


@pytest.mark.parametrize(
    "path", ["/v2/token/introspect", "/v2/sites", f"/v2/collections/{PRODUCTS}/items"]
)
def test_an_answer_that_never_comes_is_one_finding_and_ends_the_check_of_it(check, site, path):
    arm(site.faults, order_of(f"reset-before,path={path}"))
    code, found = check()
    assert (code, places(found)) == (1, ["destinations.site.base_url"])
    assert "the rest of this destination was not checked" in found["problems"][0]["do"]


def test_items_that_cannot_be_read_are_noted(check, site):
    arm(site.faults, order_of(f"status=500,path=/v2/collections/{PRODUCTS}/items"))
    code, found = check()
    assert (code, found["problems"]) == (0, [])
    assert said(found, "its items could not be read (status 500)")


def duplicates(count):
    return {f"K-{n}": ["1", "2"] for n in range(count)} | {"alone": ["3"]}


def test_of_many_keys_that_are_there_twice_ten_are_named():
    found = [*check_items.duplicates("products", duplicates(12))]
    assert len(found) == 11
    assert found[-1].found == "12 such keys in all"
    assert len([*check_items.duplicates("products", duplicates(10))]) == 10


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("field", "message", "found"),
    [
        ("full", "allowed on your current plan", "3 items, and no room for more: allowed on"),
        ("closed", "The site is not published", "The site is not published"),
    ],
)
def test_what_the_cms_has_told_of_a_collection_is_told(
    check, store, store_socket, field, message, found
):
    store.hset(keys.collection("products"), field, message)
    url = f"unix://{store_socket}"
    problems = [
        each for each in check(REDIS_URL=url)[1]["problems"] if "collection " in each["where"]
    ]
    assert [each["found"].startswith(found) for each in problems] == [True]


def test_a_store_that_goes_away_meanwhile_is_one_finding(check, store_socket, store, monkeypatch):
    def gone(*_):
        raise StoreUnavailable("no answer")

    monkeypatch.setattr(check_items, "waits", gone)
    code, found = check(REDIS_URL=f"unix://{store_socket}")
    assert code == 1
    assert places(found).count("store") == 1
    assert store.ping()


@pytest.mark.parametrize(
    ("store", "found"),
    [(1000.0, None), (1059.0, None), (1062.0, "62 s ahead of"), (100.0, "900 s behind")],
)
def test_clocks_that_differ_by_more_than_a_minute_are_warned_of(store, found):
    told = [each.found for each in check_store.clock(store, 1000.0)]
    assert [each.startswith(found) for each in told] == [True] * (found is not None)


@pytest.mark.parametrize(
    ("secret", "word"),
    [
        ("your-webhook-secret", "placeholder"),
        ("YOUR_SECRET_HERE", "placeholder"),
        ("change me", "placeholder"),
        ("changeme", "placeholder"),
        ("xxxxxxxx", "placeholder"),
        ("<secret>", "placeholder"),
        ("TODO", "placeholder"),
        ("secret", "placeholder"),
        ("...", "placeholder"),
        ("$ERP_SECRET", "placeholder"),
        ("s3cret\n", "blanks"),
        ("shop:password", "placeholder"),
        ("shop:6f1ed002ab55", None),
        ("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", None),
        ("shpss_5d41402abc4b2a76", None),
        ("secretly-long-passphrase", None),
        ("s", None),
    ],
)
def test_secrets_that_were_never_filled_in_are_named(secret, word):
    sender, secret = ("basic", secret) if secret.startswith("shop:") else ("bearer", secret)
    source = Source("erp", sender, (secret,))
    settings = Settings(Path("instep.toml"), StoreSettings(), {}, {}, {"erp": source})
    found = [each.found for each in unfilled(settings)]
    assert [word in each for each in found] == [True] * (word is not None)
    assert secret == "secret" or secret not in str(found)


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_of_items_with_one_key_the_oldest_is_the_one_that_is_written(check, site, api):
    def again():
        made = {"name": "Copy", "slug": "copy", "sku": "P-0001"}
        fill(site, site.collections[PRODUCTS], [made], ids=["65f0000000000000000000aa"])
        copy = site.collections[PRODUCTS].items["65f0000000000000000000aa"]
        copy.created += timedelta(days=1)

    site.add = again
    (warning,) = check(api=api)[1]["problems"]
    assert warning["level"] == "warning"
    assert warning["do"].endswith(f"{product_id(1)} is written")


def test_a_site_that_is_not_found_is_noted(check, site):
    listed = {"sites": [{"id": "a", "lastPublished": "2025"}, {"id": "b", "lastPublished": "2025"}]}
    order = {
        "fault": "status",
        "status": 200,
        "body": json.dumps(listed),
        "match": {"path": "/v2/sites"},
    }
    arm(site.faults, order)
    code, found = check()
    assert (code, found["problems"]) == (0, [])
    assert said(found, "Collection products: its site was not found")
