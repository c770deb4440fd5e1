"""preview of a source that is pulled: its first records, from its API or an answer of it."""

import json

import pytest
from click.testing import CliRunner

from service.cli import main
from tests.support.paged_api import PagedApi, product, products, serve

TOML = """
mappings = ["mappings.py"]
[destinations.site]
token = "t0ken"
[collections.products]
destination = "site"
id = "65f000000000000000000001"
key = "sku"
[collections.stands]
destination = "site"
id = "65f000000000000000000002"
key = "sku"
[pulls.feed]
url = "{url}/products"
items = "data"
[pulls.unread]
url = "{url}/unread"
"""
MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping

class Product(Mapping):
    class Meta:
        source, collection, key = "feed", "products", "sku"

    stock = fields.Integer(data_key="qty")
"""


@pytest.fixture
def preview(tmp_path):
    (tmp_path / "mappings.py").write_text(MAPPINGS)

    def _preview(*arguments, url="http://127.0.0.1:1", text=None):
        (tmp_path / "instep.toml").write_text(TOML.format(url=url))
        config = str(tmp_path / "instep.toml")
        env = {"INSTEP_CONFIG": config, "INSTEP_DATA": str(tmp_path), "REDIS_URL": ""}
        return CliRunner().invoke(main, ["preview", *arguments], env=env, input=text)

    return _preview


def test_its_api_is_asked_once_for_the_first_records(preview):
    api = PagedApi(products(9), page="")
    with serve(api) as server:
        result = preview("feed", "--json", url=server.url)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)["changes"]
    assert [(each["key"], each["after"]) for each in told] == [
        (f"P-000{n}", {"stock": n}) for n in (1, 2, 3)
    ]
    assert api.calls == 1


def test_a_captured_answer_or_one_record_asks_nothing(preview):
    answer = json.dumps({"data": [product(1), product(2, qty="many")]})
    result = preview("feed", "-", text=answer)
    assert result.exit_code == 1
    assert "Product: products, key P-0001" in result.output
    assert 'Problem at qty: record 2: Not a valid integer; found "many"' in result.output
    result = preview("feed", "-", "--fetched", text=json.dumps(product(7)))
    assert result.exit_code == 0, result.output
    assert "Product: products, key P-0007" in result.output


def test_what_one_collection_cannot_read_keeps_nothing_from_another(preview, tmp_path):
    with (tmp_path / "mappings.py").open("a") as file:
        file.write(
            """

class Stand(Mapping):
    class Meta:
        source, collection, key = "feed", "stands", "sku"

    name = fields.String(data_key="title")
"""
        )
    found = preview(
        "feed", "-", "--fetched", "--json", text='{"sku": "A", "qty": "x", "title": "B"}'
    )
    assert found.exit_code == 1
    told = json.loads(found.stdout)
    assert [(each["collection"], each["after"]) for each in told["changes"]] == [
        ("stands", {"name": "B"})
    ]
    assert [each["path"] for each in told["problems"]] == ["qty"]


def test_where_no_mapping_reads_it_that_is_said(preview):
    result = preview("unread", "-", "--fetched", text="{}")
    assert "No mapping uses this payload: none has the source unread" in result.output


def test_an_api_that_refuses_is_told(preview):
    with serve(PagedApi([], page="", each=lambda _: (404, {}, b"moved"))) as server:
        result = preview("feed", url=server.url)
    assert (result.exit_code, result.output) == (1, "the source answers 404: moved\n")


@pytest.mark.parametrize(
    ("arguments", "text", "code", "said"),
    [
        (("feed", "-"), "{}", 1, "found nothing at data, expected a list"),
        (("feed", "-"), '{"data": []}', 1, "no record in the answer of feed"),
        (("feed", "-", "--fetched"), "{", 1, "expected a record as JSON; give one record"),
        (("erp",), None, 2, "Missing argument 'FILE'"),
        (("erp", "-"), "{}", 2, "expected a source of instep.toml"),
    ],
)
def test_what_cannot_be_shown_is_told(preview, arguments, text, code, said):
    result = preview(*arguments, text=text)
    assert result.exit_code == code, result.output
    assert said in result.output
