"""Ids of fields and of options: each collection has its own."""

import json

import pytest

from service.sandbox.options import SandboxOptions, open_site
from service.sandbox.seeds.samples import FIELDS, PRODUCTS

KIND = {"slug": "kind", "type": "Option", "options": ["Old", "New"]}


def fields(client, collection):
    found = client.call("GET", client.base.replace(PRODUCTS, collection)).json()
    return {one["slug"]: one for one in found["fields"]}


def ids(fields):
    """The ids of the fields and of their options."""
    options = [
        option["id"]
        for one in fields.values()
        for option in (one.get("validations") or {}).get("options", ())
    ]
    return [one["id"] for one in fields.values()] + options


@pytest.fixture
def make(v2):
    """Makes a collection with a field of options; returns its id."""
    order = {"fields": [KIND, {"slug": "size", "type": "Number"}]}
    return lambda: v2.control("POST", "/collections", order)["id"]


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_no_two_collections_share_an_id_of_a_field_or_an_option(request, api, make):
    client = request.getfixturevalue(api)
    first, second = fields(client, make()), fields(client, make())
    assert first.keys() == second.keys() >= {"name", "slug", "kind", "size"}
    both = ids(first) + ids(second)
    assert len(set(both)) == len(both)
    assert {len(one) for one in both} == {32}


def test_both_versions_show_the_same_ids(v1, v2, make):
    made = make()
    old, new = fields(v1, made), fields(v2, made)
    assert {slug: old[slug]["id"] for slug in new} == {slug: new[slug]["id"] for slug in new}


def test_the_products_have_the_same_ids_on_every_start():
    shown = [
        [
            one.as_v2()
            for one in open_site(SandboxOptions(products=0)).collection(PRODUCTS).fields.values()
        ]
        for _ in range(2)
    ]
    assert shown[0] == shown[1]
    assert len(shown[0]) == len(FIELDS) + 2


def test_a_field_that_is_made_anew_is_another_one(v2, make):
    made = make()
    before = fields(v2, made)["kind"]
    v2.control("POST", "/schema", {"collection": made, "remove": ["kind"], "add": [KIND]})
    after = fields(v2, made)["kind"]
    assert not set(ids({"kind": before})) & set(ids({"kind": after}))


def test_a_field_that_is_changed_keeps_its_id_and_its_options(v2, make):
    made = make()
    before = fields(v2, made)["kind"]
    path = f"{v2.base.replace(PRODUCTS, made)}/fields/{before['id']}"
    assert v2.call("PATCH", path, {"displayName": "Sort"}).status_code == 200
    after = fields(v2, made)["kind"]
    assert after == before | {"displayName": "Sort"}


def test_a_field_without_a_help_text_shows_none(v2, make):
    made = make()
    assert fields(v2, made)["kind"]["helpText"] is None
    path = f"{v2.base.replace(PRODUCTS, made)}/fields"
    order = {"type": "Number", "displayName": "Weight", "helpText": "In kg"}
    assert v2.call("POST", path, order).json()["helpText"] == "In kg"
    assert fields(v2, made)["weight"]["helpText"] == "In kg"


@pytest.fixture
def planted(tmp_path):
    """Starts from a seed with one field of options; returns that field as it is shown."""

    def planted(**field):
        kind = {"slug": "kind", "type": "Option", **field}
        seed = {"slug": "desks", "fields": [kind], "items": [{"fieldData": ITEM}]}
        path = tmp_path / "seed.json"
        path.write_text(json.dumps(seed))
        (made,) = open_site(SandboxOptions(seeds=(path,))).collections.values()
        (item,) = made.items.values()
        options = made.fields["kind"].options
        assert options[item.staged.fields["kind"]] == "New"
        return made.fields["kind"].as_v2()

    return planted


ITEM = {"name": "Oak desk", "kind": "New"}
NAMES = {"options": [{"name": "Old"}, {"name": "New"}]}


@pytest.mark.parametrize("key", ["validations", "metadata"])
def test_options_of_a_seed_without_ids_get_them(planted, key):
    options = planted(**{key: NAMES})["validations"]["options"]
    assert [one["name"] for one in options] == ["Old", "New"]
    assert len({one["id"] for one in options}) == 2


def test_ids_of_a_seed_are_kept(planted):
    options = [{"id": "a" * 32, "name": "Old"}, {"id": "b" * 32, "name": "New"}]
    shown = planted(id="c" * 32, validations={"options": options})
    assert (shown["id"], shown["validations"]["options"]) == ("c" * 32, options)
