"""The paths of one mapping's fields, prepared once for every payload that is read by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from marshmallow import Schema
from marshmallow.decorators import POST_LOAD, PRE_LOAD, VALIDATES, VALIDATES_SCHEMA

from service.mapping.base import Mapping
from service.mapping.field_bindings import Target
from service.mapping.paths import Path

# What of a Schema has a part in loading, should a user's class replace it.
_LOAD: Final = (
    "load",
    "_do_load",
    "_deserialize",
    "_call_and_store",
    "_invoke_field_validators",
    "dict_class",
)


@dataclass(frozen=True, slots=True)
class FieldPath:
    """
    One path of a mapping, and the fields that it fills.

    Args:
        clears: Null may clear all of them.
        may_clear: Null may clear at least one.
        whole: All of them take whole numbers.
    """

    path: Path
    targets: tuple[Target, ...]
    clears: bool
    may_clear: bool
    whole: bool

    @classmethod
    def of(cls, targets: Sequence[Target]) -> FieldPath:
        clears = [target.clears for target in targets]
        whole = all(target.whole for target in targets)
        return cls(targets[0].path, tuple(targets), all(clears), any(clears), whole)


class Fields:
    """
    The fields of one mapping, prepared for every payload.

    Attributes:
        hooked: A hook may change what is loaded.
        parts: Attribute, path and field of each, if the schema is its fields and nothing else;
            None: it has hooks or methods of its own, which only its ``load`` calls.
    """

    def __init__(self, name: str, schema: Mapping, targets: tuple[Target, ...]) -> None:
        self.name = name
        self.schema = schema
        self.targets = targets
        by_path: dict[str, list[Target]] = {}
        for target in targets:
            by_path.setdefault(target.path.text, []).append(target)
        self.paths = {text: FieldPath.of(found) for text, found in by_path.items()}
        self.alts = tuple((each, each.alt) for each in targets if each.alt is not None)
        self.hooked = bool(schema._hooks[PRE_LOAD] or schema._hooks[POST_LOAD])
        checked = self.hooked or schema._hooks[VALIDATES] or schema._hooks[VALIDATES_SCHEMA]
        own = any(getattr(type(schema), name) is not getattr(Schema, name) for name in _LOAD)
        # A user's __init__ may have set it: then required counts.
        own = own or schema.partial is not True
        fields = schema.load_fields
        self.parts = (
            None
            if checked or own
            else tuple((each.attribute, each.path.text, fields[each.name]) for each in targets)
        )
