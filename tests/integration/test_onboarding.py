"""From a site and deliveries to a mapping, by command and by the console; and a trial delivery."""

import json
import threading
import time

import pytest
from click.testing import CliRunner
from werkzeug.serving import make_server

from service.cli import main
from service.run import registry
from service.sandbox.seeds.samples import seed_products
from service.sandbox.server import start, stop
from service.sandbox.site.site import Site
from tests.support.api_rig import TOML, Rig
from tests.support.console import Console, words
from workers.store.compression import Packer

MORE = """
[sources.shopify]
sender = "shopify"
secrets = ["shop-secret"]
[sources.own]
sender = "hmac"
secrets = ["own-secret"]
header = "X-Signature"
topic = "type"
[pulls.feed]
url = "http://127.0.0.1:1/products"
items = "data"
"""
PRODUCT = {"id": "1", "topic": "stock", "sku": "P-0001", "qty": 5, "title": "Oak lamp"}


@pytest.fixture(scope="module")
def application(tmp_path_factory, store_socket):
    site = Site(token="t0ken-of-the-site", requests_per_minute=600, now=time.time)
    seed_products(site, 3)
    cms = start(site)
    folder = tmp_path_factory.mktemp("onboarding")
    rig = Rig(folder, store_socket, url=cms.url, toml=TOML + MORE)
    yield rig
    rig.close()
    stop(site, cms)


@pytest.fixture
def rig(application, store):
    assert store.dbsize() == 0
    application.context.outbox._packer = Packer()
    return application


@pytest.fixture
def console(rig):
    return Console(rig)


@pytest.fixture
def run(rig):
    def _run(*arguments, env=None, **options):
        environ = rig.environ | (env or {})
        return CliRunner().invoke(main, [*arguments], env=environ, **options)

    return _run


@pytest.fixture
def web(rig):
    """The address of the application, by HTTP."""
    server = make_server("127.0.0.1", 0, rig.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def suggested(console, name="admin", source="erp", collection="products", **form):
    someone = console.person(name)
    return someone.post(f"/sources/{source}/suggestion", collection=collection, **form)


def test_the_newest_kept_delivery_of_each_topic_is_taken(run, rig):
    rig.deliver(**PRODUCT)
    result = run("suggest", "erp", "--collection", "products")
    assert result.exit_code == 0, result.output
    assert "Suggested from the newest deliveries of erp" in result.stdout
    assert 'topics = ("stock",)' in result.stdout
    assert 'key = "sku"' in result.stdout
    assert 'name = fields.String(data_key="title")' in result.stdout
    assert 'stock = fields.Integer(data_key="qty")' in result.stdout


def test_a_delivery_that_no_mapping_takes_shows_its_topic_too(run, web):
    """So the first mapping of a source can be suggested from what came before it."""
    result = run("trigger", "shopify", "products/update", "--url", web)
    assert "No mapping uses it" in result.stdout
    result = run("suggest", "shopify", "--collection", "products")
    assert result.exit_code == 0, result.output
    assert "Suggested from the newest deliveries of shopify" in result.stdout
    assert 'topics = ("products/update",)' in result.stdout


def test_where_none_is_kept_the_samples_that_ship_are_taken(run):
    result = run("suggest", "shopify", "--collection", "products")
    assert result.exit_code == 0, result.output
    assert "No delivery of shopify is kept" in result.stderr
    assert "samples of shopify, not from your system" in result.stdout


def test_without_a_store_they_are_taken_too(run):
    asked = ("suggest", "shopify", "--collection", "products")
    result, away = run(*asked), run(*asked, env={"REDIS_URL": "redis://127.0.0.1:1"})
    assert away.exit_code == 0, away.output
    assert "The store does not run here" in away.stderr
    assert away.stdout == result.stdout


def test_of_an_own_system_no_sample_ships(run):
    result = run("suggest", "own", "--collection", "products")
    assert result.exit_code == 1
    assert "give SAMPLE, a file with the body of one" in result.output


def test_a_sample_needs_the_site_alone(run):
    payload = json.dumps({"type": "x", "code": "P-0001", "sku": "P-0001", "price": "9.90"})
    result = run("suggest", "own", "-", "--collection", "products", input=payload)
    assert result.exit_code == 0, result.output
    assert 'topics = ("x",)' in result.stdout
    assert 'price = fields.Decimal(data_key="price")' in result.stdout


def test_an_answer_of_an_api_that_is_pulled_is_a_sample(run):
    asked = ("suggest", "feed", "-", "--collection", "products")
    answer = json.dumps({"data": [{"sku": "P-0001", "price": "9.90"}]})
    result = run(*asked, input=answer)
    assert result.exit_code == 0, result.output
    assert "Suggested from an answer of feed" in result.stdout
    assert "topics" not in result.stdout
    result = run(*asked, input='{"data": []}')
    assert result.exit_code == 1
    assert "no record in the answer of feed" in result.output
    result = run(*asked, input='{"records": []}')
    assert result.exit_code == 1
    assert "nothing at data, expected a list" in result.output


def test_a_topic_that_is_in_no_payload_is_asked_for(run):
    payload = json.dumps({"id": 1, "title": "Oak", "variants": [{"sku": "P-0001"}]})
    result = run("suggest", "shopify", "-", "--collection", "products", input=payload)
    assert result.exit_code == 0, result.output
    assert "No topic is known: --topic says which one, as --header of x-shopify" in result.stderr
    assert "topics" not in result.stdout
    more = ("--topic", "products/update")
    result = run("suggest", "shopify", "-", "--collection", "products", *more, input=payload)
    assert 'topics = ("products/update",)' in result.stdout


@pytest.mark.parametrize(
    ("arguments", "payload", "code", "told"),
    [
        (("shop", "-", "--collection", "products"), "{}", 2, "a source of instep.toml"),
        (("erp", "-", "--collection", "product"), '{"id": 1}', 2, "a collection of instep.toml"),
        (("erp", "-", "--collection", "products"), "{", 1, "the payload: the body is not JSON"),
        (("erp", "-", "--collection", "products"), '{"a": {}}', 1, "could be the key (sku)"),
        (("erp", "-", "--collection", "orders"), '{"id": 1}', 1, "status 401"),
    ],
)
def test_what_cannot_be_suggested_is_told(run, arguments, payload, code, told):
    result = run("suggest", *arguments, input=payload)
    assert result.exit_code == code, result.output
    assert told in result.output


def test_the_console_suggests_from_what_is_kept(console, rig):
    rig.deliver(**PRODUCT)
    assert "Suggest a mapping" in console.person().page("/sources/erp")
    assert "one call" in console.person().page("/sources/erp/suggestion")
    answer = suggested(console)
    assert answer.status_code == 200, answer.text
    assert "stock = fields.Integer(data_key=&#34;qty&#34;)" in answer.text
    assert "Nothing was changed" in answer.text


def test_the_console_suggests_from_a_pasted_payload(console):
    body = json.dumps({"id": "9", "topic": "price", "sku": "P-0002", "price": 3})
    answer = suggested(console, body=body, headers="X-Any: thing")
    assert "price = fields.Decimal(data_key=&#34;price&#34;)" in answer.text
    assert "P-0002" in answer.text


def test_the_console_suggests_from_samples_that_ship(console):
    assert "samples of shopify, not from your system" in suggested(console, source="shopify").text


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"collection": "none"}, "a collection (orders, products)"),
        ({"body": "{"}, "no event in the payload"),
        ({"body": "{}", "headers": "no colon"}, "a line such as X-Topic: value"),
        ({"collection": "orders", "body": '{"number": "1"}'}, "status 401"),
    ],
)
def test_the_console_tells_what_is_wrong(console, form, told):
    answer = suggested(console, **form)
    assert answer.status_code == 400
    assert told in words(answer.text)


def test_who_views_asks_no_site(console):
    assert suggested(console, "viewer").status_code == 403
    assert 'the role "operate"' not in suggested(console).text
    page = console.person("viewer").page("/sources/erp/suggestion")
    assert "Suggest a mapping</button>" not in page


def test_the_console_shows_own_sources_and_collections_alone(console):
    assert suggested(console, "clerk").status_code == 404
    page = console.person("clerk").page("/sources/till/suggestion")
    assert "<option>orders</option>" in page
    assert "products" not in words(page)


def test_a_trigger_is_taken_and_tells_what_it_leads_to(run, web, rig):
    changes = ("--set", "sku=P-0002", "--set", "qty=9")
    result = run("trigger", "erp", "stock", *changes, "--url", web)
    # Of a system of its own: id and topic stand where the source reads them.
    assert result.exit_code == 0, result.output
    assert 'webhooks/erp: 200 {"status":"kept"}' in result.stdout
    assert "Stock: stock of P-0002" in result.stdout
    assert "See: instep why products P-0002" in result.stdout
    again = run("trigger", "erp", "stock", *changes, "--url", web)
    assert '"kept"' in again.stdout  # a new event, no repeat
    assert rig.context.report.status()["sources"]["erp"]["deliveries"] == 2


def test_a_trigger_that_no_mapping_takes_says_so(run, web):
    result = run("trigger", "shopify", "products/update", "--url", web)
    assert result.exit_code == 0, result.output
    assert "No mapping uses it" in result.stdout


def test_a_trigger_that_is_refused_fails(run, web):
    result = run("trigger", "erp", "stock", "--url", f"{web}/other")
    assert result.exit_code == 1
    assert "404" in result.stdout
    assert "instep reload" in result.stderr


def test_a_trigger_goes_to_what_runs_here(run, web, rig):
    data = rig.context.settings.store.data
    with registry.registered(data, "web", web.removeprefix("http://")):
        result = run("trigger", "erp", "stock")
    assert f"POST {web}/webhooks/erp: 200" in result.stdout


def test_a_trigger_without_an_answer_fails(run):
    result = run("trigger", "erp", "stock", "--url", "http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "no answer (ConnectionError); is it running? instep up" in result.stderr


def test_a_trigger_can_be_printed(run):
    result = run("trigger", "shopify", "products/delete", "--print")
    assert json.loads(result.stdout) == {"id": 8812340556121}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("shop", "x"), "a source of instep.toml"),
        (("shopify", "x"), "expected one of products/create"),
        (("shopify", "products/update", "--set", "title"), "expected PATH=VALUE"),
        (("shopify", "products/update", "--set", "a b=1"), "a path such as data.price"),
    ],
)
def test_what_cannot_be_triggered_is_told(run, arguments, told):
    result = run("trigger", *arguments)
    assert result.exit_code == 2
    assert told in result.output
