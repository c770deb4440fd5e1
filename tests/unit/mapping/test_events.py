"""From one event to changes: topics, filters, versions, and problems that hold for all."""

import pytest

TWO = """
    class Stock(Mapping):
        class Meta:
            source, collection, key = "erp", "products", "sku"
            topics = ("stock",)
        stock = fields.Integer(data_key="qty")

    class Name(Mapping):
        class Meta:
            source, collection, key = "erp", "products", "sku"
        name = fields.String()
"""


def names(mapped):
    return [change.mapping for change in mapped.changes]


def test_a_mapping_takes_its_topics_and_without_topics_all(mappings):
    loaded = mappings(TWO)
    payload = {"sku": 1, "qty": 1, "name": "Oak"}
    assert names(loaded.changes("erp", "stock", payload, version=None)) == ["Stock", "Name"]
    assert names(loaded.changes("erp", "other", payload, version=None)) == ["Name"]
    assert names(loaded.changes("erp", None, payload, version=None)) == ["Name"]


def test_an_event_that_no_mapping_takes_is_not_wanted(mappings):
    loaded = mappings(TWO)
    assert not loaded.changes("shop", "stock", {}, version=None).wanted
    assert not loaded.changes("unheard of", "stock", {}, version=None).wanted


def test_a_problem_in_one_mapping_is_no_matter_of_another(mappings):
    mapped = mappings(TWO).changes(
        "erp", "stock", {"sku": 1, "qty": "x", "name": "Oak"}, version=None
    )
    assert names(mapped) == ["Name"]
    assert [problem.path for problem in mapped.problems] == ["qty"]


def test_versions_of_two_kinds_for_one_field_leave_it_out_of_both_mappings(mappings):
    mapped = mappings("""
        class First(Mapping):
            class Meta:
                source, collection, key, version = "erp", "products", "sku", "a"
            stock = fields.Integer()

        class Second(Mapping):
            class Meta:
                source, collection, key, version = "erp", "products", "sku", "b"
            stock = fields.Integer()
            name = fields.String()
    """).changes(
        "erp",
        None,
        {"sku": 1, "a": 5, "b": "2025-01-01T00:00:00Z", "stock": 1, "name": "Oak"},
        version=None,
    )
    assert [field.slug for change in mapped.changes for field in change.fields] == ["name"]
    assert [(out.slug, out.version[0]) for out in mapped.left] == [("stock", "s"), ("stock", "t")]


def test_every_problem_of_an_event_is_told_once(mappings):
    mapped = mappings(TWO).changes("erp", "stock", {"qty": "x", "name": [5]}, version=None)
    assert [problem.path for problem in mapped.problems] == ["sku", "qty", "name"]


def test_problems_that_show_only_after_loading_are_told_with_the_others(one):
    read = one("at = fields.DateTime()\nqty = fields.Integer()\nshown = fields.Raw(data_key='a>b')")
    problems = read({"sku": 1, "at": "2025-01-01", "qty": 1.5, "a": 1, "b": "2"})
    assert sorted(path for path, _ in problems) == ["a>b", "at", "qty"]


@pytest.mark.parametrize("truth", [True, 0, "x", [0], {"a": None}])
def test_what_is_true_to_jmespath_lets_the_event_pass(changes, truth):
    read = changes("name = fields.String()", "key = 'sku'\nwhen = 'on'")
    assert len(read({"sku": 1, "name": "Oak", "on": truth}).changes) == 1


@pytest.mark.parametrize("payload", [{}, {"on": None}, {"on": False}, {"on": ""}, {"on": []}])
def test_what_is_false_to_jmespath_stops_it_before_anything_else_is_read(changes, payload):
    read = changes("name = fields.String()", "key = 'sku'\nwhen = 'on'")
    mapped = read(payload | {"name": 5})
    assert (mapped.changes, mapped.problems, mapped.wanted) == ((), (), True)


def test_a_filter_over_absent_paths_is_still_evaluated(changes):
    read = changes("name = fields.String()", "key = 'sku'\nwhen = '!(data.deleted)'")
    assert len(read({"sku": 1, "name": "Oak"}).changes) == 1


def test_a_filter_that_cannot_be_evaluated_is_a_problem(changes):
    read = changes("name = fields.String()", "key = 'sku'\nwhen = 'qty > `0`'")
    ((problem),) = read({"sku": 1, "name": "Oak", "qty": "5"}).problems
    assert problem.path == "qty > `0`"
    assert "it compares a text with a number" in problem.message


def test_the_version_of_the_event_goes_with_the_change(changes):
    read = changes("name = fields.String()")
    assert read({"sku": 1, "name": "a"}, version="t1").changes[0].version == "t1"
    assert read({"sku": 1, "name": "a"}).changes[0].version is None


def test_the_version_of_the_mapping_beats_it(changes):
    read = changes("name = fields.String()", "key = 'sku'\nversion = 'rev'")
    change = read({"sku": 1, "name": "a", "rev": 5}, version="t1").changes[0]
    assert change.version == "s" + "5".zfill(20)


@pytest.mark.parametrize("payload", [{}, {"rev": None}, {"rev": "5"}, {"rev": 5.5}])
def test_a_mapping_with_a_version_does_without_none(changes, payload):
    read = changes("name = fields.String()", "key = 'sku'\nversion = 'rev'")
    ((problem),) = read(payload | {"sku": 1, "name": "a"}, version="t1").problems
    assert problem.path == "rev"


def test_12_and_the_text_12_are_one_key(changes):
    read = changes("name = fields.String()")
    records = {read({"sku": sku, "name": "a"}).changes[0].record for sku in (12, "12", 12.0)}
    assert records == {"12"}


def test_a_mapping_by_item_id_gives_the_id(changes):
    read = changes("name = fields.String()", "item = 'cms.id'")
    (change,) = read({"cms": {"id": "65f000000000000000000010"}, "name": "a"}).changes
    assert (change.by, change.record) == ("item", "65f000000000000000000010")


def test_an_absent_key_is_a_problem_even_if_nothing_else_is_there(changes):
    ((problem),) = changes("name = fields.String()", "key = 'data.sku'")({}).problems
    assert problem.path == "data.sku"
    assert problem.message.startswith("absent; expected ")


def test_two_mappings_of_one_field_give_the_later_ones_value(mappings):
    mapped = mappings("""
        class First(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
            name = fields.String(data_key="a")
            stock = fields.Integer()

        class Second(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
            name = fields.String(data_key="b")
    """).changes("erp", None, {"sku": 1, "a": "old", "b": "new", "stock": 5}, version=None)
    assert [(c.mapping, [(f.slug, f.value) for f in c.fields]) for c in mapped.changes] == [
        ("First", [("stock", "5")]),
        ("Second", [("name", '"new"')]),
    ]
