"""Whatever a payload holds, mapping it gives changes or problems, never an exception."""

import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st

from tests.support.depth import depth

KINDS = """
class Every(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "a"
    f1 = fields.String(data_key="a", allow_none=True)
    f2 = fields.Integer(data_key="b")
    f3 = fields.Decimal(data_key="b", allow_nan=True)
    f4 = fields.Float(data_key="c[0]", allow_nan=True)
    f5 = fields.Boolean(data_key="a > `0`")
    f6 = fields.DateTime(data_key="b")
    f7 = fields.DateTime("timestamp_ms", data_key="c")
    f8 = fields.Raw(data_key="@")
    f9 = Image(data_key="a")
    g1 = MultiImage(data_key="b")
    g2 = MultiReference(data_key="c")
    g3 = Option(data_key="a")
    g4 = Color(data_key="b")
    g5 = Link(data_key="c")
    g6 = fields.Raw(data_key="sum(c[*].a) || ceil(b) || max_by(@.c, &a)")
    g7 = fields.TimeDelta(data_key="a")
    g8 = fields.Integer(data_key="c", pre_load=lambda v: v["a"])
    g9 = fields.Decimal(places=2, data_key="a")
    h1 = MinorUnits(data_key="b")
    h2 = MinorUnits(currency="EUR", data_key="c || a", allow_nan=True)
    h3 = EpochDays(data_key="a", allow_none=True)
    h4 = Timestamp(data_key="b", timezone="Europe/Berlin")
    h5 = Lookup({"5": "five", 1: None}, Option(), data_key="c", other=None, allow_none=True)
    h6 = PlainText(data_key="a")
    h7 = fields.Function(deserialize=lambda v: v["a"], data_key="b")
    h8 = fields.Raw(data_key="parse_json(a) || split(b, a)[0]", allow_none=True)
    h9 = fields.Raw(data_key="from_items(items(@)) || pad_left(a, b) || group_by(c, &a)")

class Lines(Mapping):
    class Meta:
        source, collection, key = "shop", "products", "each.a || event.b"
        each = "c || values(@)"
        when = "!(each.b) || length(each.b)"
        version = "each.c"
    stock = fields.Integer(data_key="each.a")

class Python(Mapping):
    class Meta:
        source, collection = "erp", "products"
        key = lambda payload: payload["a"]["b"]
        when = lambda payload: payload["a"]
        version = lambda payload: payload["c"]
    python = fields.String(data_key="b", allow_none=True)
    @pre_load
    def hook(self, data, **kwargs):
        return {path: value["a"] for path, value in data.items()}
"""

NAMES = st.sampled_from(["a", "b", "c", "url", "fileId", "alt"])
TEXTS = st.sampled_from(["5", "1e999", "2025-01-01T00:00:00Z", "https://x.example/", "\ud800", ""])
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(2**63), 1738573811])
    | st.floats()
    | TEXTS
    | st.text(max_size=5)
)
PAYLOADS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def loaded(mappings):
    return mappings(KINDS)


@bounds(
    max_examples=depth(100, 300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(payload=PAYLOADS)
def test_any_json_is_mapped_or_told_apart(loaded, payload):
    for source in ("erp", "shop"):
        mapped = loaded.changes(source, None, payload, version=None)
        assert not mapped.left or mapped.problems
        for change in mapped.changes:
            assert change.record.encode()
            for field in change.fields:
                json.loads(field.value.encode(), parse_constant=pytest.fail)
        for problem in mapped.problems:
            assert problem.path
            assert problem.message.encode()


def test_a_payload_nested_beyond_the_stack_is_a_problem(loaded):
    deep = {}
    for _ in range(100_000):
        deep = {"a": deep}
    assert loaded.changes("erp", None, deep, version=None).problems
    assert loaded.changes("shop", None, {"c": [deep]}, version=None).problems
