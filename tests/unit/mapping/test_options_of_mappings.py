"""``Meta``: every option that cannot be meant is refused, by file, class and option."""

import pytest

GOOD = {"source": "'erp'", "collection": "'products'", "key": "'sku'"}


@pytest.fixture
def meta(refused):
    """Returns the problems of one mapping whose Meta differs from a good one."""

    def make(**options):
        lines = [f"{name} = {text}" for name, text in (GOOD | options).items() if text]
        body = "\n".join(f"                {line}" for line in lines)
        return refused(
            f"""
        class One(Mapping):
            class Meta:
{body}
            name = fields.String()
    """
        )

    return make


@pytest.mark.parametrize(
    ("options", "where", "said"),
    [
        ({"source": "'epr'"}, "Meta.source", "found 'epr', expected one of erp, shop"),
        ({"source": "5"}, "Meta.source", "found 5"),
        ({"collection": "'shoes'"}, "Meta.collection", "expected one of pages, products"),
        ({"collection": ""}, "Meta.collection", "found nothing"),
        ({"key": ""}, "Meta", "neither key nor item"),
        ({"item": "'id'"}, "Meta", "both key and item"),
        ({"collection": "'pages'"}, "Meta.key", "set collections.pages.key in instep.toml"),
        ({"key": "'a b'"}, "Meta.key", "a JMESPath expression"),
        ({"each": "'rows['"}, "Meta.each", "a JMESPath expression"),
        ({"when": "'!data.hidden'"}, "Meta.when", "found '!data.hidden'"),
        ({"when": "'!data.hidden.x'"}, "Meta.when", "write !(data.hidden.x)"),
        ({"version": "5"}, "Meta.version", "found int 5"),
        ({"topics": "('stock.changed')"}, "Meta.topics", "write ('stock.changed',) with a comma"),
        ({"topics": "()"}, "Meta.topics", "leave it out to take every topic"),
        ({"topics": "(1,)"}, "Meta.topics", "a tuple of texts"),
        ({"allow_slug": "'yes'"}, "Meta.allow_slug", "expected True or False"),
        ({"colection": "'products'"}, "Meta.colection", "an unknown option"),
        ({"many": "True"}, "Meta.many", "an unknown option"),
    ],
    ids=repr,
)
def test_an_option_that_cannot_be_meant_is_refused(meta, options, where, said):
    (problem,) = meta(**options)
    assert problem.startswith(f"mappings.py: One.{where}: found ")
    assert said in problem


def test_options_may_come_from_a_class_that_is_no_mapping_itself(mappings):
    loaded = mappings("""
        class Base(Mapping):
            class Meta:
                collection, key = "products", "sku"

        class One(Base):
            class Meta(Base.Meta):
                source = "erp"
            name = fields.String()
    """)
    assert [rule.name for rule in loaded.rules] == ["One"]


def test_a_misspelt_source_is_not_taken_for_a_base_class(refused):
    problems = refused("""
        class One(Mapping):
            class Meta:
                sorce, collection, key = "erp", "products", "sku"
            name = fields.String()
    """)
    assert any(problem.startswith("mappings.py: One.Meta.sorce: ") for problem in problems)


def test_options_of_marshmallow_that_shape_fields_work(mappings):
    loaded = mappings("""
        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
                dateformat = "%d.%m.%Y"
                exclude = ("name",)
            day = fields.Date()
            name = fields.String()
    """)
    payload = {"sku": 1, "day": "03.02.2025", "name": "Oak"}
    ((change),) = loaded.changes("erp", None, payload, version=None).changes
    assert [field.value for field in change.fields] == ['"2025-02-03T00:00:00.000Z"']


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("fields.Nested(Mapping)", "read its parts with paths"),
        ("fields.Pluck(Mapping, 'x')", "read its parts with paths"),
        ("fields.Dict()", "read its parts with paths"),
        ("fields.Tuple((fields.Integer(),))", "MultiReference"),
        ("fields.List(fields.Dict())", "read its parts with paths"),
        ("fields.Constant(5)", "data_key="),
        ("fields.NaiveDateTime()", "AwareDateTime"),
        ("fields.String(load_default='')", "load_default"),
        ("fields.String(load_default=None)", "load_default"),
        ("fields.String(dump_only=True)", "dump_only"),
        ("fields.Method('x')", "dump_only"),
        ("fields.String(data_key='a b')", "data_key 'a b'"),
        ("fields.String(data_key='!a.b')", "write !(a.b)"),
        ("fields.String(data_key='')", "empty"),
    ],
)
def test_a_field_that_cannot_fill_a_cms_field_is_refused(refused, field, said):
    (problem,) = refused(f"""
        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
            name = {field}
    """)
    assert problem.startswith("mappings.py: One.name: found ")
    assert said in problem


def test_a_mapping_without_fields_is_refused(refused):
    (problem,) = refused("""
        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
    """)
    assert problem.startswith("mappings.py: One: found no fields")


def test_a_schema_that_marshmallow_cannot_make_is_refused(refused):
    (problem,) = refused("""
        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
                exclude = ("nmae",)
            name = fields.String()
    """)
    assert problem.startswith("mappings.py: One: found ValueError: ")
