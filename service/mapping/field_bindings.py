"""The fields of a mapping: which path fills which CMS field, and how its value is written."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from typing import Any

from marshmallow import fields, missing

from service.mapping import coercion, serializers
from service.mapping.base import Mapping
from service.mapping.discovery import Definition
from service.mapping.path_checks import PathInvalid
from service.mapping.paths import Path, compile_path
from workers.config.settings import Collection
from workers.errors import Problem
from workers.webflow.item_keys import parted

FLAGS = frozenset({"_archived", "_draft"})
SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
Field = fields.Field[Any]
Collections = Map[str, Collection]


@dataclass(frozen=True, slots=True)
class Target:
    """One CMS field that a mapping writes."""

    name: str  # in the class
    attribute: str  # in the loaded data
    path: Path
    slug: str
    type: str  # a name of workers.fields.types.TYPES
    write: serializers.Write
    clears: bool  # null may clear it
    to: str | None = None  # the collection whose keys it takes
    on_create: bool = False  # only written when the item is created
    whole: bool = False  # it takes whole numbers
    alt: Path | None = None  # of the alternative text of its files


def slug_of(name: str, field: Field) -> str:
    """Return the slug of the CMS field that *field* writes."""
    if field.attribute:
        return str(field.attribute)
    return name[:1] + name[1:].replace("_", "-")


def read(
    definition: Definition,
    allow_slug: bool,
    problems: list[Problem],
    *,
    on_create: Container[str] = (),
    retires: bool = False,
) -> tuple[Mapping, tuple[Target, ...]] | None:
    """
    Return the schema and its targets, but for fields with *problems*; None: no schema can be made.

    Args:
        on_create: Slugs of the fields that are only written when an item is created.
        retires: The mapping retires records, and writes no fields.
    """
    declared = definition.cls._declared_fields
    unfit = list(_doubled(definition, declared))
    for name, field in declared.items():
        unfit += _unfit(definition, name, field)
        slug = slug_of(name, field)
        unfit += _unfit_slug(definition, name, slug, allow_slug or slug in on_create)
        unfit += _unfit_flag(definition, name, field)
    paths = dict(_paths(definition, declared, unfit))
    alts = dict(_alts(definition, declared, unfit))
    problems += (*unfit, *_unfit_number(definition, declared, retires))
    places = {each.where for each in unfit}
    left = [name for name in declared if f"{definition}.{name}" in places]
    try:
        schema = definition.cls(exclude=left) if left else definition.cls()
    except Exception as error:
        if not unfit:
            found = f"{type(error).__name__}: {error}"
            expected = "a schema that marshmallow can create"
            problems.append(Problem(str(definition), found, expected, "correct the class"))
        return None
    fields_ = schema.load_fields.items()
    own = (_target(name, field, paths[name], alts.get(name)) for name, field in fields_)
    return schema, tuple(replace(each, on_create=each.slug in on_create) for each in own)


def _unfit_number(
    definition: Definition, declared: dict[str, Field], retires: bool
) -> Iterator[Problem]:
    if retires and declared:
        found = f"the field {next(iter(declared))} beside Meta.on_delete"
        expected = "no fields: the event says that the record is gone"
        do = "map fields in another mapping, or remove Meta.on_delete"
        yield Problem(str(definition), found, expected, do)
    elif not declared and not retires:
        do = "name the CMS fields that it writes, or set Meta.on_delete"
        yield Problem(str(definition), "no fields", "at least one field", do)


def _target(name: str, field: Field, path: Path, alt: Path | None) -> Target:
    coercion.adapt(field)
    slug = slug_of(name, field)
    type_ = "flag" if slug in FLAGS else serializers.type_of(field)
    attribute = field.attribute or name
    return Target(
        name,
        attribute,
        path,
        slug,
        type_,
        serializers.writer(field),
        bool(field.allow_none),
        serializers.referred(field),
        whole=type(field) is fields.Integer,
        alt=alt,
    )


def counted(target: Target, collections: Collections) -> Target:
    """Return *target*; one for composite keys is made to take lists of that many parts only."""
    referred = collections.get(target.to) if target.to is not None else None
    parts = len(referred.keys) if referred is not None else 0
    if parts < 2:
        return target

    def write(value: Any) -> Any:
        for key in value if isinstance(value, list) else (value,):
            if len(parted(key)) != parts:
                raise ValueError(f"is no key of {target.to}, which has {parts} parts")
        return target.write(value)

    return replace(target, write=write)


def _paths(
    definition: Definition, declared: dict[str, Field], problems: list[Problem]
) -> Iterator[tuple[str, Path]]:
    for name, field in declared.items():
        if field.data_key is None:
            yield name, Path(name, (name,))
            continue
        yield from _compiled(definition, name, "data_key", field.data_key, problems)


def _alts(
    definition: Definition, declared: dict[str, Field], problems: list[Problem]
) -> Iterator[tuple[str, Path]]:
    for name, field in declared.items():
        if (path := getattr(field, "alt", None)) is not None:
            yield from _compiled(definition, name, "alt", path, problems)


def _compiled(
    definition: Definition, name: str, option: str, path: str, problems: list[Problem]
) -> Iterator[tuple[str, Path]]:
    try:
        yield name, compile_path(path)
    except PathInvalid as error:
        found = f"{option} {error}"
        problems.append(definition.problem(name, found, "a JMESPath expression", error.do))


def _doubled(definition: Definition, declared: dict[str, Field]) -> Iterator[Problem]:
    names: dict[str, str] = {}
    for name, field in declared.items():
        first = names.setdefault(slug_of(name, field), name)
        if first != name:
            found = f"slug {slug_of(name, field)}, which {first} writes too"
            yield definition.problem(name, found, "one field per slug", "remove one of them")


def _unfit(definition: Definition, name: str, field: Field) -> Iterator[Problem]:
    kind = f"fields.{type(field).__name__}"
    if (instead := serializers.refusal(field)) is not None:
        yield definition.problem(name, kind, "a field that holds one CMS value", instead)
    elif field.load_default is not missing:
        do = "leave it out: a field that a payload lacks is not changed"
        yield definition.problem(name, "load_default", "no default", do)
    if not isinstance(field.attribute, str | None):
        found = f"attribute {field.attribute!r}"
        yield definition.problem(name, found, "a slug as text", "write the slug, or leave it out")
    if field.dump_only:
        found, do = f"{kind} with dump_only", "remove dump_only"
        yield definition.problem(name, found, "a field that can be loaded", do)


def _unfit_slug(
    definition: Definition, name: str, slug: str, allow_slug: bool
) -> Iterator[Problem]:
    if slug == "slug" and not allow_slug:
        do = "a new slug breaks every link to the old one; set Meta.allow_slug = True to accept it"
        yield definition.problem(name, "the field slug", "another field", do)
    if slug not in FLAGS and SLUG.fullmatch(slug) is None:
        expected = f"letters, digits, - and _, or one of {', '.join(sorted(FLAGS))}"
        yield definition.problem(
            name, f"slug {slug!r}", expected, "write the slug as the CMS has it"
        )


def _unfit_flag(definition: Definition, name: str, field: Field) -> Iterator[Problem]:
    slug = slug_of(name, field)
    if slug in FLAGS and (not isinstance(field, fields.Boolean) or field.allow_none):
        none = " with allow_none" if field.allow_none else ""
        found = f"fields.{type(field).__name__}{none}"
        expected = f"fields.Boolean for {slug}, which is never null"
        yield definition.problem(name, found, expected, "make it a fields.Boolean()")
