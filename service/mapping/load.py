"""From the names in instep.toml to valid mappings, or to every problem at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from service.mapping import field_bindings, meta, on_create
from service.mapping.compiled import Rule
from service.mapping.conflicts import conflicts
from service.mapping.discovery import Definition, definitions
from service.mapping.meta_fetch import clashes
from service.mapping.registry import Mapped as Mapped
from service.mapping.registry import Mappings as Mappings
from service.mapping.topics import KnownTopics, never_sent
from workers.config.settings import Settings
from workers.errors import MappingsInvalid, Problem
from workers.webflow.site import in_locale

_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


def load(
    settings: Settings,
    fetchers: Mapping[str, Any] = _NONE,
    topics: Mapping[str, KnownTopics | None] = _NONE,
    unread: list[Problem] | None = None,
) -> Mappings:
    """
    Return the mappings that ``settings.mappings`` name; each schema is created once.

    Args:
        fetchers: Those of *settings* that are valid (``service.fetchers``), by name.
        topics: The known topics of each source's sender, by name of the source.
        unread: Takes every problem: what can be read is returned; None: they are raised.

    Raises:
        MappingsInvalid: Holds every problem of every file, by file, class and field.
    """
    problems: list[Problem] = []
    rules: list[Rule] = []
    bases: list[Definition] = []
    for name in dict.fromkeys(settings.mappings):
        rules += _rules(name, settings, fetchers, problems, bases)
    problems += conflicts(rules, settings.collections, whole=not problems)
    problems += on_create.contradictions(rules)
    problems += clashes(rules, settings)
    problems += never_sent(rules, topics, settings)
    if problems and unread is None:
        raise MappingsInvalid(problems)
    if unread is not None:
        unread += problems
    schemas = tuple(type(rule.schema) for rule in rules)
    unused = [str(each) for each in bases if not _is_base(each, schemas)]
    return Mappings(rules, unused, whole=not problems)


def _is_base(definition: Definition, schemas: tuple[type, ...]) -> bool:
    return any(issubclass(schema, definition.cls) for schema in schemas)


def _rules(
    name: str,
    settings: Settings,
    fetchers: Mapping[str, Any],
    problems: list[Problem],
    bases: list[Definition],
) -> list[Rule]:
    """Return the rules in the file *name*; add its classes without a source to *bases*."""
    count = len(problems)
    found = definitions(name, settings.path.parent, problems)
    used = [each for each in found if meta.given(each).get("source") is not None]
    for base in (each for each in found if each not in used):
        problems += meta.unknown(base)
        bases.append(base)
    if not used and len(problems) == count:
        expected = "a subclass of service.mapping.Mapping with Meta.source"
        problems.append(Problem(name, "no mapping", expected, "define one, or remove the name"))
    rules = (_rule(definition, settings, fetchers, problems) for definition in used)
    return [rule for rule in rules if rule is not None]


def _rule(
    definition: Definition,
    settings: Settings,
    fetchers: Mapping[str, Any],
    problems: list[Problem],
) -> Rule | None:
    read = meta.read(definition, settings, fetchers, problems)
    allow_slug = read.allow_slug if read else bool(meta.given(definition).get("allow_slug"))
    retires = meta.given(definition).get("on_delete") is not None
    created = on_create.read(definition, meta.given(definition).get("on_create"), problems)
    fields = field_bindings.read(
        definition, allow_slug, problems, on_create=created, retires=retires
    )
    if read is None or fields is None:
        return None
    schema, own = fields
    own = tuple(field_bindings.counted(target, settings.collections) for target in own)
    if read.locale is not None:
        own = tuple(replace(each, slug=in_locale(each.slug, read.locale)) for each in own)
    return Rule(definition.cls.__name__, definition.file, read, schema, own)
