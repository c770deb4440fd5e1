"""What holds for every kind of fetcher in the registry."""

import json
from pathlib import Path

import pytest

from service.fetchers import KINDS, build
from service.fetchers.base import Fetched
from service.mapping.paths import compile_path
from service.senders import SENDERS
from tests.support.fetched_systems import GOOD, NOTICES, TOKEN, every_kind, fetcher, system
from workers.config.settings import Fetcher
from workers.errors import ConfigurationInvalid

VECTORS = Path(__file__).parents[2] / "vectors"
PAGE = Path(__file__).parents[3] / "service/docs/fetching.md"
# What is found in each recorded notice, by the name of its vector.
NAMED = {
    "airtable-payloads": {"ping": "achN4yW8cP1sDf6Gh"},
    "bigcommerce-product": {"sku-inventory-updated": 311},
    "square-changes": {"catalog-version-updated": "ML9QW3ER7TY1U"},
    "square-object": {"inventory-count-updated": ["K7PX2NQ4VARLW", "K7PX2NQ4VARLW"]},
    "stripe-object": {
        "product-updated": "prod_TzK81nQw0vLr2P",
        "price-updated": "price_1TqPaa9Lk0aWnXe7B",
    },
}


def recorded(sender):
    """Return the body of each recorded notice of *sender*, by the name of its vector."""
    file = json.loads((VECTORS / f"{sender}.json").read_text(encoding="utf-8"))
    vectors = (file, *file["variants"])
    return {each["name"]: json.loads(each["request"]["body"]) for each in vectors}


def problems(given):
    with pytest.raises(ConfigurationInvalid) as caught:
        build(given)
    return {each.where: each for each in caught.value.problems}


@pytest.mark.parametrize("kind", every_kind())
def test_a_kind_reads_its_object_with_the_smallest_configuration(kind):
    with system(GOOD[kind]) as server:
        found = fetcher(kind, server.url)(NOTICES[kind])
    payloads = found.payloads if isinstance(found, Fetched) else (found,)
    assert len(server.requests) == 1
    assert all(isinstance(each, dict) for each in payloads)


@pytest.mark.parametrize("kind", every_kind())
def test_a_slash_at_the_end_of_the_address_does_not_double(kind):
    with system(GOOD[kind]) as server:
        fetcher(kind, server.url + "/")(NOTICES[kind])
    assert server.requests[0].target.startswith("/")
    assert not server.requests[0].target.startswith("//")


@pytest.mark.parametrize("kind", every_kind())
def test_the_system_is_the_real_one_unless_the_configuration_says_so(kind):
    assert fetcher(kind).api.root == KINDS[kind].base_url
    assert KINDS[kind].base_url.startswith("https://")


@pytest.mark.parametrize("kind", every_kind())
def test_the_token_is_in_no_repr(kind):
    made = fetcher(kind, "http://a.example")
    assert TOKEN not in repr(made)
    assert TOKEN not in repr(Fetcher("it", kind, TOKEN))


@pytest.mark.parametrize("kind", every_kind())
def test_every_key_is_told_that_is_missing_unknown_or_wrong(kind):
    required = {key for key, field in KINDS[kind].options().fields.items() if field.required}
    wrong = dict.fromkeys(set(KINDS[kind].options().fields) - required, 7)
    found = problems(Fetcher("it", kind, "", "ftp://a.example", wrong | {"nonsense": 1}))
    keys = {"token", "base_url", "nonsense"} | required | set(wrong)
    assert set(found) == {f"fetchers.it.{key}" for key in keys}
    assert all(each.found and each.expected for each in found.values())
    assert all(found[f"fetchers.it.{key}"].found == "nothing" for key in required)
    assert kind in found["fetchers.it.nonsense"].found


@pytest.mark.parametrize("token", ["", " ", "to ken", "tok\nen", "tokén"])
def test_a_token_that_no_header_takes_is_told_and_not_shown(token):
    found = problems(Fetcher("it", "square-object", token))
    assert set(found) == {"fetchers.it.token"}
    assert not token.strip() or token not in str(found["fetchers.it.token"])


def test_an_unknown_kind_is_told_with_the_known_ones():
    problem = problems(Fetcher("it", "shopify-product", TOKEN))["fetchers.it.kind"]
    assert problem.found == "'shopify-product'"
    assert all(kind in problem.expected for kind in KINDS)


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [(kind, *pair) for kind, named in NAMED.items() for pair in named.items()],
)
def test_the_expression_finds_the_object_in_the_recorded_notices(kind, name, expected):
    notice = recorded(KINDS[kind].sender)[name]
    assert compile_path(fetcher(kind).object).evaluate(notice) == expected


@pytest.mark.parametrize("kind", every_kind())
def test_a_kind_is_of_a_sender_and_its_recorded_notices_are_covered(kind):
    assert KINDS[kind].sender in SENDERS
    assert NAMED[kind]


@pytest.mark.parametrize("kind", every_kind())
def test_a_notice_of_another_system_names_nothing_or_something(kind):
    path = compile_path(fetcher(kind).object)
    for payload in ({}, [], None, "text", {"data": {}}, {"data": None}):
        assert not path.evaluate(payload)


@pytest.mark.parametrize("kind", every_kind())
def test_every_kind_is_documented_with_its_keys(kind):
    rows = PAGE.read_text(encoding="utf-8").splitlines()
    row = next((line for line in rows if line.startswith(f"| `{kind}` ")), "")
    assert row
    assert all(f"`{key}`" in row for key in KINDS[kind].options().fields)
