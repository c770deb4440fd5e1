"""``Meta.fetch`` and ``Meta.object``: what is refused at the start, and what a notice asks for."""

from dataclasses import replace

import pytest

from service.mapping.load import load
from workers.config.settings import Fetcher
from workers.errors import ConfigurationInvalid

HEAD = """
from marshmallow import fields
from service.mapping import Mapping

def product(event):
    return {"sku": event.object}

def other(event):
    return {}

async def late(event):
    return {}

def two(event, more):
    return {}
"""


class Api:
    object = "data.id"

    def __call__(self, notice):
        return {}


def mapping(name="One", *, source="erp", field="name", **meta):
    options = {"source": repr(source), "collection": "'products'", "key": "'sku'"} | meta
    lines = [f"        {key} = {text}" for key, text in options.items()]
    head = [f"class {name}(Mapping):", "    class Meta:"]
    return "\n".join(["", *head, *lines, f"    {field} = fields.Raw()", ""])


@pytest.fixture
def loaded(settings):
    """Loads mappings beside a configured fetcher "shop-api"; *broken*: it could not be built."""

    def make(*texts, broken=False, head=HEAD):
        given = settings({f"m{number}.py": head + text for number, text in enumerate(texts)})
        known = {"shop-api": Fetcher("shop-api", "kind", "t")}
        return load(replace(given, fetchers=known), {} if broken else {"shop-api": Api()})

    return make


@pytest.fixture
def refused(loaded):
    def make(*texts, **options):
        with pytest.raises(ConfigurationInvalid) as caught:
            loaded(*texts, **options)
        return [str(problem) for problem in caught.value.problems]

    return make


@pytest.mark.parametrize(
    ("options", "where", "said"),
    [
        ({"fetch": "'shop-ipa'"}, "Meta.fetch", "found 'shop-ipa', expected one of shop-api"),
        ({"fetch": "5"}, "Meta.fetch", "found int, expected the name of a [fetchers.NAME]"),
        ({"fetch": "product"}, "Meta.object", "found nothing, expected the JMESPath of"),
        ({"fetch": "two", "object": "'id'"}, "Meta.fetch", "found two(event, more)"),
        ({"fetch": "late", "object": "'id'"}, "Meta.fetch", "found async late"),
        ({"fetch": "lambda: 1", "object": "'id'"}, "Meta.fetch", "expected the name of a"),
        ({"fetch": "product", "object": "'a b'"}, "Meta.object", "a JMESPath expression"),
        ({"fetch": "'shop-api'", "object": "7"}, "Meta.object", "a JMESPath expression"),
        ({"object": "'data.id'"}, "Meta.object", "expected Meta.fetch as well"),
    ],
)
def test_what_cannot_be_meant_is_refused(refused, options, where, said):
    (problem,) = refused(mapping(**options))
    assert problem.startswith(f"m0.py: One.{where}: ")
    assert said in problem


def test_a_fetcher_that_could_not_be_built_is_told_once_and_not_here(loaded, refused):
    loaded(mapping(fetch="'shop-api'"), broken=True)
    assert len(refused(mapping(fetch="'shop-api'", key="'a b'"), broken=True)) == 1


def test_a_configured_fetcher_knows_its_object_and_a_mapping_may_name_another(loaded):
    (rule,) = loaded(mapping(fetch="'shop-api'")).rules
    assert rule.options.fetching.object.text == "data.id"
    (rule,) = loaded(mapping(fetch="'shop-api'", object="'id'")).rules
    assert rule.options.fetching.object.text == "id"


def test_the_fetchers_that_mappings_use_are_known_by_name(loaded):
    used = loaded(
        mapping(fetch="product", object="'id'"),
        mapping("Two", source="shop", field="size", fetch="'shop-api'"),
    ).fetchers
    assert set(used) == {"product", "shop-api"}
    assert isinstance(used["shop-api"], Api)


def test_a_function_in_meta_is_known_by_its_qualified_name(loaded):
    text = mapping(fetch="staticmethod(lambda event: {})", object="'id'")
    assert list(loaded(text).fetchers) == ["One.Meta.<lambda>"]


def test_mappings_may_share_a_function_by_deriving_their_meta(loaded):
    text = mapping(fetch="product", object="'id'")
    text += "class Two(One):\n    class Meta(One.Meta):\n        collection = 'pages'\n"
    text += "        item = 'id'\n        key = None\n"
    assert list(loaded(text).fetchers) == ["product"]


def test_two_functions_of_one_name_are_refused(refused):
    text = mapping(fetch="product", object="'id'")
    (problem,) = refused(text, mapping("Two", field="size", fetch="product", object="'id'"))
    assert problem.startswith("m1.py: Two.Meta.fetch: found a function product, while One (m0.py)")


def test_a_function_with_the_name_of_a_configured_fetcher_is_refused(refused):
    rename = "product.__qualname__ = 'shop-api'\n"
    (problem,) = refused(rename + mapping(fetch="product", object="'id'"))
    assert "found a function shop-api, while [fetchers] of instep.toml has another" in problem


def test_mappings_of_a_source_that_share_a_fetcher_name_one_object(refused, loaded):
    first = mapping(fetch="product", object="'id'")
    second = mapping("Two", field="size", fetch="product", object="'parent'")
    (problem,) = refused(first + second)
    assert problem.startswith("m0.py: Two.Meta.object: found parent, while One (m0.py) has id")
    loaded(first + second.replace("'erp'", "'shop'"))


@pytest.fixture
def two(loaded):
    """One mapping that has its object fetched, and one that maps the notice."""
    return loaded(
        mapping(fetch="product", object="data.id".__repr__(), topics="('changed',)")
        + mapping("Whole", field="size", topics="('changed', 'sized')", key="'data.id'")
    )


def test_an_event_asks_for_its_object_beside_what_it_changes_itself(two):
    mapped = two.changes("erp", "changed", {"data": {"id": 7}, "size": 3}, version=None)
    assert [(fetch.fetcher, fetch.object) for fetch in mapped.fetches] == [("product", "7")]
    assert [change.mapping for change in mapped.changes] == ["Whole"]


def test_the_topic_chooses(two):
    assert two.changes("erp", "sized", {"data": {"id": 7}}, version=None).fetches == ()
    assert two.changes("erp", "sized", {"data": {"id": 7}}, version=None).wanted
    assert not two.changes("erp", "other", {}, version=None).wanted


@pytest.mark.parametrize("data", [{}, {"id": ""}, {"id": "x" * 257}, {"id": True}, {"id": [[1]]}])
def test_what_cannot_name_an_object_is_a_problem_and_nothing_is_fetched(loaded, data):
    mappings = loaded(mapping(fetch="product", object="'data.id'"))
    mapped = mappings.changes("erp", "t", {"data": data}, version=None)
    assert [problem.path for problem in mapped.problems] == ["data.id"]
    assert (mapped.fetches, mapped.wanted) == ((), True)


def test_a_list_names_several_objects_each_asked_for_once(loaded):
    made = loaded(mapping(fetch="product", object="'rows[].id'"))
    rows = [{"id": name} for name in ("a" * 256, "b" * 256, 7, "a" * 256)]
    found = made.changes("erp", None, {"rows": rows}, version=None)
    assert [each.object for each in found.fetches] == ["a" * 256, "b" * 256, "7"]
    assert not found.problems


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "found a list of 0; expected 1 to 100 objects to fetch"),
        ([{"id": 1}] * 101, "found a list of 101"),
        ([{"id": 1}, {"id": True}], "found true; expected text of 1 to 256"),
    ],
)
def test_a_list_that_names_no_objects_is_a_problem_and_nothing_is_fetched(loaded, rows, said):
    made = loaded(mapping(fetch="product", object="'rows[].id'"))
    found = made.changes("erp", None, {"rows": rows}, version=None)
    assert found.fetches == ()
    (problem,) = found.problems
    assert (problem.path, problem.message.startswith(said)) == ("rows[].id", True)


def test_an_event_with_a_problem_in_another_mapping_asks_for_nothing(two):
    mapped = two.changes("erp", "changed", {"data": {"id": 1.5}}, version=None)
    assert mapped.problems
    assert (mapped.fetches, mapped.changes) == ((), ())


def test_an_object_that_two_mappings_name_is_asked_for_once(loaded):
    text = mapping(fetch="product", object="'id'")
    text += mapping("Two", field="size", fetch="product", object="'id'")
    assert len(loaded(text).changes("erp", "t", {"id": 1}, version=None).fetches) == 1


def test_what_was_fetched_is_read_by_key_each_when_and_version(loaded):
    text = mapping(
        fetch="product",
        object="'id'",
        key="'each.sku'",
        each="'rows'",
        when="'each.shown'",
        version="'each.n'",
        field="name",
    ).replace("fields.Raw()", "fields.Raw(data_key='each.name')")
    rows = [{"sku": "a", "name": "A", "n": 3, "shown": True}, {"sku": "b", "shown": False}]
    mapped = loaded(text).fetched("erp", "product", ["t"], {"rows": rows}, version="t1")
    (change,) = mapped.changes
    assert (change.record, change.version) == ("a", f"s{3:020}")


def test_only_mappings_of_that_source_fetcher_and_topics_map_what_was_fetched(loaded):
    mappings = loaded(
        mapping("A", fetch="product", object="'id'", topics="('a',)")
        + mapping("B", field="size", fetch="product", object="'id'", topics="('b',)")
        + mapping("C", field="weight", fetch="other", object="'id'")
        + mapping("D", field="color", source="shop", fetch="product", object="'id'")
        + mapping("E", field="depth")
    )
    payload = {"sku": 1, "name": 1, "size": 1, "weight": 1, "color": 1, "depth": 1}

    def mapped(fetcher, topics):
        found = mappings.fetched("erp", fetcher, topics, payload, version="t1")
        return [change.mapping for change in found.changes]

    assert mapped("product", ["a"]) == ["A"]
    assert mapped("product", ["a", "b"]) == ["A", "B"]
    assert mapped("product", ["x"]) == []
    assert mapped("other", []) == ["C"]
    assert mapped(None, None) == ["A", "B", "C"]
