"""Mappings whose events say that a record is gone."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from service.mapping.load import load
from service.operate.previews import shown

WAYS = ["archive", "draft", "unpublish", "delete", "keep"]
GONE = """
    class Gone(Mapping):
        class Meta:
            source, collection, key = "shop", "products", "{key}"
            {more}
            on_delete = "{way}"
"""
STOCK = """
    class Stock(Mapping):
        class Meta:
            source, collection, key = "shop", "products", "id"
        stock = fields.Integer()
"""


def text(way="delete", key="id", more="topics = ('products/delete',)"):
    return GONE.format(way=way, key=key, more=more)


def said(mapped):
    return [(each.record, each.retire, each.fields, each.version) for each in mapped.changes]


@pytest.mark.parametrize("way", WAYS)
def test_an_event_of_such_a_mapping_retires_its_record(mappings, way):
    mapped = mappings(text(way)).changes("shop", "products/delete", {"id": 632}, version="t1")
    assert said(mapped) == [("632", way, (), "t1")]


def test_a_mapping_of_fields_retires_nothing(mappings):
    mapped = mappings(STOCK).changes("shop", "any", {"id": 1, "stock": 2}, version=None)
    assert [change.retire for change in mapped.changes] == [None]


def test_other_topics_and_what_when_leaves_out_do_not(mappings):
    loaded = mappings(text(more="when = \"op == 'd'\""))
    assert not loaded.changes("shop", "any", {"id": 1, "op": "u"}, version=None).changes
    assert loaded.changes("shop", "any", {"id": 1, "op": "d"}, version=None).changes
    loaded = mappings(text())
    assert not loaded.changes("shop", "products/update", {"id": 1}, version=None).changes


@pytest.mark.parametrize(
    ("more", "key", "payload", "version"),
    [
        ("topics = ('products/delete',)", "id", {"id": 788032119674292922}, None),
        ("when = \"op == 'd'\"", "before.sku",
         {"op": "d", "before": {"sku": "P-1"}, "after": None, "ts_ms": 17e11}, None),
        ("when = \"type == 'DELETE'\"", "old_record.sku",
         {"type": "DELETE", "record": None, "old_record": {"sku": "P-1"}}, None),
        ("version = 'rev'", "id", {"id": "P-1", "rev": 7}, "s00000000000000000007"),
    ],
    ids=["shopify", "debezium", "supabase", "a sequence"],
)  # fmt: skip
def test_the_deletions_of_several_senders(mappings, more, key, payload, version):
    loaded = mappings(text(key=key, more=more))
    mapped = loaded.changes("shop", "products/delete", payload, version=None)
    assert mapped.problems == ()
    assert [(each.retire, each.version) for each in mapped.changes] == [("delete", version)]


def test_each_retires_one_record_per_element(mappings):
    loaded = mappings(text(key="each.sku", more="each = 'items'"))
    payload = {"items": [{"sku": "a"}, {"sku": "b"}]}
    mapped = loaded.changes("shop", None, payload, version=None)
    assert [record for record, *_ in said(mapped)] == ["a", "b"]


def test_without_its_key_the_event_is_a_problem(mappings):
    mapped = mappings(text()).changes("shop", "products/delete", {}, version=None)
    assert [problem.path for problem in mapped.problems] == ["id"]


def test_a_mapping_of_fields_may_take_the_same_event(mappings):
    loaded = mappings(STOCK + text())
    mapped = loaded.changes("shop", "products/delete", {"id": 1, "stock": 2}, version=None)
    assert [(each.mapping, each.retire) for each in mapped.changes] == [
        ("Stock", None),
        ("Gone", "delete"),
    ]


@pytest.mark.parametrize("way", ["Delete", "remove", "", "yes"])
def test_another_word_is_refused_at_load(refused, way):
    (problem,) = refused(text(way))
    assert problem.startswith("mappings.py: Gone.Meta.on_delete: found")
    assert "one of archive, draft, unpublish, delete, keep" in problem


def test_fields_beside_it_are_refused_at_load(refused):
    (problem,) = refused(text() + "        stock = fields.Integer()\n")
    assert problem.startswith("mappings.py: Gone: found the field stock beside Meta.on_delete")


def test_without_a_key_or_an_item_it_is_refused_as_any_mapping(refused):
    (problem,) = refused(text().replace('collection, key = "shop", "products", "id"',
                                        'collection = "shop", "products"'))  # fmt: skip
    assert "neither key nor item" in problem


def test_it_creates_nothing_and_needs_no_name(settings, tmp_path):
    head = "from marshmallow import fields\nfrom service.mapping import Mapping\n"
    found = settings({"mappings.py": ""})
    Path(tmp_path / "mappings.py").write_text(head + text().replace("\n    ", "\n"))
    products = replace(found.collections["products"], missing="create")
    loaded = load(replace(found, collections={**found.collections, "products": products}))
    assert len(loaded.rules) == 1


def test_a_preview_says_how_it_is_retired(mappings):
    loaded = mappings(text("archive"))
    (change,) = loaded.changes("shop", "products/delete", {"id": 1}, version=None).changes
    assert json.loads(json.dumps(shown(change))) == {
        "mapping": "Gone",
        "collection": "products",
        "key": "1",
        "item": None,
        "fields": {},
        "version": None,
        "retire": "archive",
    }
