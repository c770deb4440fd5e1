"""Python in the place of JMESPath: key, item, each, when and version."""

import json

import pytest

NAME = "name = fields.String()"


def test_a_function_of_the_payload_makes_the_key(changes):
    meta = "key = lambda payload: payload['gid'].rsplit('/', 1)[-1]"
    (change,) = changes(NAME, meta)({"gid": "gid://shop/Variant/45", "name": "Oak"}).changes
    assert change.record == "45"


def test_a_function_may_be_written_in_meta(changes):
    for decorator in ("", "@staticmethod\n"):
        meta = f"{decorator}def key(payload):\n    return payload['a'] + '-' + payload['b']"
        assert changes(NAME, meta)({"a": "x", "b": "y", "name": "Oak"}).changes[0].record == "x-y"


def test_a_key_may_have_functions_among_its_parts(changes):
    meta = "key = ('a', lambda payload: payload['b'].upper())"
    assert changes(NAME, meta)({"a": "x", "b": "y", "name": "Oak"}).changes[0].record == "x|Y"


def test_a_function_makes_the_item_id(changes):
    read = changes(NAME, "item = lambda payload: payload['url'].split('/')[-1]")
    (change,) = read({"url": "/items/65f0", "name": "Oak"}).changes
    assert (change.by, change.record) == ("item", "65f0")


@pytest.mark.parametrize(("stock", "count"), [("5", 1), ("0", 0)])
def test_a_function_filters(changes, stock, count):
    read = changes(NAME, "key = 'sku'\nwhen = lambda payload: int(payload['stock'])")
    assert len(read({"sku": 1, "name": "Oak", "stock": stock}).changes) == 1
    read = changes(NAME, "key = 'sku'\nwhen = lambda payload: int(payload['stock']) > 0")
    assert len(read({"sku": 1, "name": "Oak", "stock": stock}).changes) == count


@pytest.mark.parametrize(
    ("result", "version"),
    [
        ("7", "s" + "7".zfill(20)),
        ("'2025-02-03T09:10:11Z'", "t01738573811000000"),
        ("datetime.datetime(2025, 2, 3, 9, 10, 11, tzinfo=datetime.UTC)", "t01738573811000000"),
    ],
)
def test_a_function_makes_the_version(changes, result, version):
    read = changes(NAME, f"key = 'sku'\nversion = lambda payload: {result}")
    assert read({"sku": 1, "name": "Oak"}).changes[0].version == version


def test_a_function_takes_the_event_apart(changes):
    body = "stock = fields.Integer(data_key='each.qty')"
    meta = """
        each = lambda payload: tuple(payload["by_sku"].items())
        key = "each[0]"
    """
    read = changes("stock = fields.Integer(data_key='each[1]')", meta)
    mapped = read({"by_sku": {"a": 1, "b": 2}})
    assert [c.record for c in mapped.changes] == ["a", "b"]
    read = changes(
        body, "each = 'lines'\nkey = lambda root: root['event']['p'] + root['each']['s']"
    )
    assert read({"p": "x", "lines": [{"s": "1", "qty": 5}]}).changes[0].record == "x1"


@pytest.mark.parametrize("option", ["key", "when", "version", "each"])
def test_what_a_function_raises_is_a_problem_with_its_name(mappings, option):
    meta = {"key": "'sku'"} | {option: "wrong"}
    lines = "; ".join(f"{name} = {value}" for name, value in meta.items())
    mapped = mappings(f"""
        def wrong(payload):
            return payload["none"]

        class One(Mapping):
            class Meta:
                source, collection = "erp", "products"
                {lines}
            name = fields.String()
    """).changes("erp", None, {"sku": 1, "name": "Oak"}, version=None)
    assert mapped.changes == ()
    assert [(problem.path, problem.message) for problem in mapped.problems] == [
        ("wrong()", "wrong() raised KeyError: 'none'")
    ]


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        ("key = lambda payload: None", "expected text of 1 to 256 characters"),
        ("key = lambda payload: ['a']", "found a list; expected text"),
        ("key = lambda payload: float('nan')", "found NaN; expected a finite number"),
        ("item = lambda payload: 'no id!'", "expected an item id"),
        ("key = 'sku'\nversion = lambda payload: 'soon'", "expected a whole number"),
        ("key = 'sku'\nversion = lambda payload: datetime.datetime(2025, 1, 1)", "without offset"),
        ("key = 'sku'\neach = lambda payload: {'a': 1}", "found an object; expected a list"),
    ],
)
def test_the_result_of_a_function_is_checked_like_that_of_a_path(changes, meta, said):
    ((problem),) = changes(NAME, meta)({"sku": 1, "name": "Oak"}).problems
    assert said in problem.message
    assert "lambda" in problem.path


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("key = 5", "int 5"),
        ("key = classmethod(lambda cls, payload: 1)", "classmethod"),
        ("key = str", "type"),
        ("key = lambda: 1", "Meta.key = lambda()"),
        ("key = lambda payload, more: 1", "Meta.key = lambda(payload, more)"),
        ("async def key(payload): return 1", "key(), which is async"),
        ("key = 'sku'; each = lambda payload: (yield)", "which is async or a generator"),
    ],
)
def test_what_is_no_function_of_the_payload_is_refused(refused, line, found):
    (problem,) = refused(f"""
        class One(Mapping):
            class Meta:
                source, collection = "erp", "products"
                {line}
            name = fields.String()
    """)
    assert found in problem
    assert "a JMESPath expression, or a function of the payload" in problem


def test_functions_and_methods_of_marshmallow_get_the_value_of_the_path(one):
    read = one("""
        price = fields.Function(deserialize=lambda cents: cents / 100, data_key="d.cents")
        name = fields.Method(deserialize="title", data_key="d.name", allow_none=True)
        def title(self, value):
            return value.title() or None
    """)
    assert read({"sku": 1, "d": {"cents": 1999, "name": "oak"}}) == {"price": 19.99, "name": "Oak"}
    assert read({"sku": 1, "d": {"name": ""}}) == {"name": None}
    ((path, message),) = read({"sku": 1, "d": {"cents": "x"}})
    assert path == "d.cents"
    assert message.startswith("TypeError: ")


@pytest.mark.parametrize("kind", ["fields.Function({})", "fields.Method({})"])
def test_functions_and_methods_without_deserialize_hand_the_value_on(one, kind):
    assert one(f"x = {kind.format('')}")({"sku": 1, "x": {"a": 1}}) == {"x": {"a": 1}}


def test_functions_and_methods_may_serialize_too(one):
    read = one("""
        x = fields.Function(lambda value: 1 / 0, lambda value: value + 1)
        y = fields.Method("never", "doubled")
        def never(self, value):
            raise KeyError
        def doubled(self, value):
            return value * 2
    """)
    assert read({"sku": 1, "x": 1, "y": 2}) == {"x": 2, "y": 4}


def test_a_field_of_the_users_own_works_as_marshmallow_says(mappings):
    loaded = mappings("""
        class Cents(fields.Field):
            def _deserialize(self, value, attr, data, **kwargs):
                if value < 0:
                    raise ValidationError("below zero")
                return value / 100

        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
            price = Cents()
            old = Cents(allow_none=True)
    """)
    payload = {"sku": 1, "price": 1999, "old": ""}
    (change,) = loaded.changes("erp", None, payload, version=None).changes
    assert [field.value for field in change.fields] == ["19.99", "null"]
    ((problem),) = loaded.changes("erp", None, {"sku": 1, "price": -1}, version=None).problems
    assert (problem.path, problem.message) == ("price", "below zero; found -1")


def test_pre_load_sees_the_values_by_path(changes):
    mapped = changes("""
        price = fields.Float(data_key="d.price")
        @pre_load
        def comma(self, data, **kwargs):
            assert set(data) <= {"d.price"}
            return {path: value.replace(",", ".") for path, value in data.items()}
    """)({"sku": 1, "d": {"price": "19,99", "more": 1}})
    assert [json.loads(f.value) for f in mapped.changes[0].fields] == [19.99]
