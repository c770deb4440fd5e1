"""Rows: records of a snapshot, mapped by the mappings of the source's live events."""

import json
import textwrap

import pytest

from service.mapping.load import load
from service.reconcile.snapshot.mapping_choice import chosen
from service.reconcile.snapshot.rows import Rows
from tests.support.snapshot_files import NOW, source
from workers.config.settings import Collection, Destination, Settings, Source, StoreSettings
from workers.errors import ConfigurationInvalid, SnapshotInvalid
from workers.model.changes import time_version

STOCK = """
class Stock(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "data.sku"
        topics = ("stock.changed",)

    stock = fields.Integer(data_key="data.qty")
    in_stock = fields.Boolean(data_key="data.qty > `0`")
"""
NAMED = """
class Named(Mapping):
    class Meta:
        source, collection, key, version = "erp", "products", "sku", "rev"
        topics = ("product.updated",)
        when = "state == 'on'"

    name = fields.String()
"""


@pytest.fixture
def mappings(tmp_path):
    def make(*classes):
        head = "from marshmallow import fields, pre_load\nfrom service.mapping import Mapping\n"
        (tmp_path / "m.py").write_text(head + "".join(textwrap.dedent(each) for each in classes))
        return load(
            Settings(
                path=tmp_path / "instep.toml",
                store=StoreSettings(),
                destinations={"site": Destination("site", "v2", "token")},
                collections={
                    "products": Collection("products", "site", "65f0", key="sku"),
                    "pages": Collection("pages", "site", "65f1"),
                },
                sources={"erp": Source("erp", "hmac"), "shop": Source("shop", "shopify")},
                mappings=("m.py",),
            )
        )

    return make


@pytest.fixture
def rows(mappings):
    """Returns the Rows of a snapshot by the mappings of collection products."""

    def make(classes, content, form="csv", topic=None, **shape):
        by = chosen(mappings(*classes), "products", topic=topic)
        return Rows(source(content, form, **shape), by)

    return make


def told(row):
    return [
        (change.record, {field.slug: json.loads(field.value) for field in change.fields})
        for change in row.changes
    ]


def test_flat_columns_under_a_name_are_the_payload_of_the_live_event(rows):
    read = rows([STOCK], "sku,qty\nA-1,4\n007,0\n", under="data")
    assert [told(row) for row in read] == [
        [("A-1", {"stock": 4, "in-stock": True})],
        [("007", {"stock": 0, "in-stock": False})],
    ]
    assert (read.count, read.skipped, read.bad) == (2, 0, 0)


def test_without_a_version_of_its_own_a_record_has_none(rows):
    made = rows([STOCK], "data.sku,data.qty\nA,4\n")
    (row,) = made
    assert row.changes[0].version is None
    assert made.version == time_version(NOW)


def test_the_version_of_the_record_itself_counts(rows):
    (row,) = rows([NAMED], "sku,rev,state,name\nA,12,on,Desk\n")
    assert row.changes[0].version == f"s{12:020d}"


def test_a_record_that_no_mapping_takes_is_skipped_and_still_names_its_key(rows):
    read = rows([NAMED], "sku,rev,state,name\nA,1,off,x\nB,1,on,y\n")
    first, second = read
    assert (first.skipped, first.changes, first.records) == (True, (), ("A",))
    assert (second.skipped, second.records) == (False, ("B",))
    assert (read.count, read.skipped) == (2, 1)


def test_a_record_without_a_mapped_field_is_not_skipped_and_names_its_key(rows):
    (row,) = rows([STOCK], '{"data": {"sku": "A"}}', "jsonl")
    assert (row.skipped, row.changes, row.records) == (False, (), ("A",))


def test_nothing_is_used_of_a_record_with_problems_but_its_key(rows):
    read = rows([STOCK], "data.sku,data.qty\nA,many\nB,2\n,3\n")
    bad, good, nameless = read
    assert (bad.number, bad.changes, bad.records) == (2, (), ("A",))
    assert [problem.path for problem in bad.problems] == ["data.qty > `0`", "data.qty"]
    assert told(good) == [("B", {"stock": 2, "in-stock": True})]
    assert nameless.records == ()
    assert (read.count, read.bad) == (3, 2)


def test_every_key_of_a_record_with_elements_is_named(rows):
    each = """
    class Each(Mapping):
        class Meta:
            source, collection, key, each = "erp", "products", "each.sku", "variants"

        stock = fields.Integer(data_key="each.qty")
    """
    records = [{"variants": [{"sku": "A", "qty": 1}, {"sku": "B", "qty": "x"}]}, {"variants": []}]
    row, empty = rows([each], json.dumps(records), "json")
    assert row.records == ("A", "B")
    assert row.changes == ()
    assert empty.skipped


def test_a_mapping_that_fails_is_a_problem_of_its_record(rows):
    failing = (
        STOCK + "\n    @pre_load\n    def fail(self, data, **_):\n        raise KeyError('x')\n"
    )
    (row,) = rows([failing], "data.sku,data.qty\nA,4\n")
    assert row.problems
    assert row.records == ("A",)


def test_an_empty_snapshot_has_no_rows(rows):
    read = rows([STOCK], "data.sku,data.qty\n")
    assert list(read) == []
    assert read.count == 0


def test_columns_that_stand_elsewhere_are_told_with_what_to_do(rows):
    with pytest.raises(SnapshotInvalid) as caught:
        list(rows([STOCK], "sku,qty\nA,1\nB,2\n"))
    assert str(caught.value) == (
        "standard input: found no data.sku in 2 records, whose columns are sku, qty, "
        "expected data.sku, which Stock (m.py) reads; put the records under it with --under data, "
        'or by under = "data" in the table reconcile of the collection'
    )


def test_a_mapping_of_another_topic_is_told_to_be_left_out(rows):
    with pytest.raises(SnapshotInvalid, match=r"leave Stock out with --topic product\.updated"):
        list(rows([NAMED, STOCK], "sku,rev,state,name\nA,1,on,Desk\n"))


def test_a_topic_chooses_the_mappings(rows):
    (row,) = rows([NAMED, STOCK], "sku,rev,state,name\nA,1,on,Desk\n", topic="product.updated")
    assert told(row) == [("A", {"name": "Desk"})]


def test_a_when_that_no_record_has_anything_for_is_told(rows):
    with pytest.raises(SnapshotInvalid, match="found no state == 'on' in 1 records"):
        list(rows([NAMED], "sku,rev,name\nA,1,Desk\n"))


def test_a_when_that_holds_for_none_is_no_error(rows):
    (row,) = rows([NAMED], "sku,rev,state,name\nA,1,off,Desk\n")
    assert row.skipped


def test_all_mappings_of_the_source_apply(rows):
    (row,) = rows([NAMED, STOCK], "sku,rev,state,name,data.sku,data.qty\nA,1,on,Desk,A,4\n")
    assert told(row) == [("A", {"name": "Desk"}), ("A", {"stock": 4, "in-stock": True})]


def test_mappings_of_two_sources_need_the_source(mappings):
    loaded = mappings(NAMED, NAMED.replace('"erp"', '"shop"').replace("Named", "Other"))
    with pytest.raises(
        ConfigurationInvalid, match=r"erp and shop all have mappings .* with --source"
    ):
        chosen(loaded, "products")
    assert [rule.name for rule in chosen(loaded, "products", source="shop").rules] == ["Other"]


@pytest.mark.parametrize(
    "asked",
    [
        {"collection": "pages"},
        {"collection": "products", "source": "shop"},
        {"collection": "products", "topic": "other"},
    ],
)
def test_without_a_mapping_there_is_nothing_to_read_by(mappings, asked):
    with pytest.raises(ConfigurationInvalid, match="mappings: found none"):
        chosen(mappings(STOCK), **asked)


def test_the_choice_says_how_items_are_addressed(mappings):
    by = chosen(mappings(STOCK), "products")
    assert (by.source, by.collection, by.by) == ("erp", "products", "key")


WHOLE = """
class Whole(Mapping):
    class Meta:
        source, collection, key, version = "erp", "products", "sku", "rev"

    plain = fields.Integer(data_key="qty")
    strict = fields.Integer(strict=True, data_key="qty")
    made = fields.Integer(strict=True, data_key="qty || `0`")
"""


def test_a_whole_number_of_a_spreadsheet_is_one(rows):
    read = rows([WHOLE], "sku,rev,qty\nA,7.0,5.0\nB,7,5\n007.0,7,-5.00\n")
    five = dict.fromkeys(("plain", "strict", "made"), 5)
    minus = dict.fromkeys(five, -5)
    read = list(read)
    assert [row.problems for row in read] == [(), (), ()]
    assert [told(row) for row in read] == [[("A", five)], [("B", five)], [("007.0", minus)]]


def test_a_part_of_a_number_is_no_whole_one(rows):
    (row,) = rows([WHOLE], "sku,rev,qty\nA,7,5.5\n")
    assert {problem.path for problem in row.problems} == {"qty", "qty || `0`"}
