"""Values that are made fast: equal and hashed as frozen ones, changed by nothing but a copy."""

from dataclasses import asdict, dataclass, field, replace

from workers.model.values import value_class


@value_class
class Fast:
    name: str
    parts: tuple = ()
    notes: dict = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Frozen:
    name: str
    parts: tuple = ()
    notes: dict = field(default_factory=dict, compare=False)


def test_a_value_is_equal_and_hashed_by_its_fields_as_a_frozen_one():
    one, same, other = Fast("a", (1,)), Fast("a", (1,), {"b": 2}), Fast("a", (2,))
    assert one == same != other
    assert len({one, same, other}) == 2
    assert hash(one) == hash(Frozen("a", (1,)))
    assert repr(one) == repr(Frozen("a", (1,))).replace("Frozen", "Fast")


def test_a_value_has_no_place_for_anything_else_and_is_copied_by_its_fields():
    assert Fast.__slots__ == ("name", "parts", "notes")
    assert replace(Fast("a"), parts=(3,)) == Fast("a", (3,))
    assert asdict(Fast("a")) == asdict(Frozen("a"))
