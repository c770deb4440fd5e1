"""Labels that a mapping can send and the CMS field does not offer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from marshmallow import fields, validate
from marshmallow.decorators import POST_LOAD, PRE_LOAD

from service.mapping import coercion
from service.mapping.lookup import Lookup
from workers.errors import Problem
from workers.model.nearest import nearest
from workers.webflow.site import field_of

if TYPE_CHECKING:
    from service.mapping.compiled import Rule
    from service.mapping.paths import Path
    from workers.webflow.schema import Schema


def unknown_labels(rule: Rule, schema: Schema) -> Iterator[Problem]:
    """Yield an error for each label that *rule* names and its field has no option for."""
    if rule.schema._hooks[POST_LOAD]:
        return
    for target in rule.targets:
        slug = field_of(target.slug)
        field = rule.schema.load_fields[target.name]
        if target.type != "option" or schema.kind(slug)[0] != "Option" or field.post_load:
            continue
        names = [each["name"] for each in schema.options(slug)]
        known = {*names, *(each["id"] for each in schema.options(slug))}
        for label in dict.fromkeys(_labels(rule, target.path, field)):
            if label not in known:
                yield _problem(rule, target.name, slug, label, names)


def _problem(rule: Rule, part: str, slug: str, label: str, names: Iterable[str]) -> Problem:
    near = nearest(label, names)
    do = f"{f'write {near!r}' if near else 'correct it'}, or add the option in the CMS"
    expected = f"one of {', '.join(map(repr, names)) or 'none: the field has no options'}"
    return rule.problem(part, f"{label!r}, which is no option of {slug}", expected, do)


def _labels(rule: Rule, path: Path, field: fields.Field[Any]) -> Iterator[str]:
    """Yield the labels that are written in the mapping; the others come with the deliveries."""
    if isinstance(field, Lookup):
        others = () if field.other is Lookup._NONE else (field.other,)
        yield from _texts((*field.table.values(), *others))
        return
    for check in field.validators:
        if isinstance(check, validate.OneOf):
            yield from _texts(check.choices)
    own = [each for each in field.pre_load if getattr(each, "__module__", "") != coercion.__name__]
    if path.expression is not None and not (own or rule.schema._hooks[PRE_LOAD]):
        yield from _texts(results(path.expression.parsed))


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            yield str(value)


def results(node: dict[str, Any]) -> Iterator[Any]:
    """
    Yield the constants that the parsed expression *node* may have as its result.

    https://jmespath.org/specification.html
    """
    kind, children = node["type"], node["children"]
    if kind == "literal":
        yield node["value"]
    elif kind in ("and_expression", "pipe"):
        yield from results(children[-1])  # the left side of && only if it is false
    elif kind == "or_expression" or (kind == "function_expression" and node["value"] == "not_null"):
        for child in children:
            yield from results(child)
