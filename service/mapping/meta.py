"""
Reads and checks the options of ``Meta``.

- ``source``: the configured source. ``topics``: the topics to take; absent: all.
- ``collection``, and ``key`` or ``item``: path of the record's key, or of its CMS item id.
- ``each``: a list in the payload, one change per element; then every other path of the mapping
  is read from ``{"each": element, "event": payload}``. An absent or null list has no elements.
- ``when``: take the event (the element) only if this is true to JMESPath.
- ``version``: a sequence (whole number) or time (RFC 3339) that overrides the event's own.
- ``allow_slug = True``: a field may write ``slug``.
- ``locale``: the tag of a locale of the site; the mapping writes the item's variant in it.
- ``on_create``: fields, by slug, that are only written when an item is created.
- ``on_delete``: its events mean that the record is gone; what to do with the item.
- ``key``, ``item``, ``each``, ``when`` and ``version`` are JMESPath, or a function of the same
  input (:mod:`service.mapping.functions`).
- ``fetch``, ``object``: the fetcher of the object that a thin notice only names, and its path in
  the notice (:mod:`service.mapping.meta_fetch`). All options but these two and ``topics`` are then
  read from the fetched object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from service.mapping import locales
from service.mapping import meta_fetch as fetching
from service.mapping.discovery import Definition
from service.mapping.functions import called
from service.mapping.path_checks import PathInvalid
from service.mapping.paths import Path, compile_path
from workers.config.settings import Settings
from workers.errors import Problem
from workers.model.nearest import nearest
from workers.model.retirement import WAYS

Way = Literal["archive", "draft", "unpublish", "delete", "keep"]
OURS = ("source", "topics", "collection", "key", "item", "each", "when", "version", "allow_slug",
        "locale", "on_create", "on_delete", "fetch", "object")  # fmt: skip
MARSHMALLOW = ("dateformat", "datetimeformat", "exclude", "fields", "include", "register",
               "timeformat", "unknown")  # fmt: skip


@dataclass(frozen=True, slots=True)
class MetaOptions:
    source: str
    topics: frozenset[str] | None  # None: all
    collection: str
    by: Literal["key", "item"]
    record: tuple[Path, ...]  # one for each part of the key
    each: Path | None = None
    when: Path | None = None
    version: Path | None = None
    allow_slug: bool = False
    fetching: fetching.Fetching | None = None
    on_delete: Way | None = None  # the mapping has no fields then
    locale: str | None = None  # the locale whose variant it writes; None: see `locales`

    def takes(self, topics: Iterable[str | None]) -> bool:
        """Whether the mapping takes an event of any of *topics*."""
        return self.topics is None or not self.topics.isdisjoint(topics)


def given(definition: Definition) -> dict[str, Any]:
    """Return the attributes of ``Meta`` and its base classes."""
    meta: dict[str, Any] = {}
    for base in reversed(getattr(definition.cls.Meta, "__mro__", ())[:-1]):
        meta |= {name: value for name, value in vars(base).items() if not name.startswith("__")}
    return meta


def unknown(definition: Definition) -> Iterable[Problem]:
    for name in given(definition):
        if name not in OURS and name not in MARSHMALLOW:
            expected = f"one of {', '.join(OURS)}"
            near = nearest(name, OURS)
            do = f"write {near}" if near else "remove it"
            yield definition.problem(f"Meta.{name}", "an unknown option", expected, do)


def read(
    definition: Definition,
    settings: Settings,
    fetchers: Mapping[str, Any],
    problems: list[Problem],
) -> MetaOptions | None:
    """Return the options of a mapping; None: they are invalid, see *problems*."""
    meta, count = given(definition), len(problems)
    problems += unknown(definition)
    known = {"source": settings.all_sources, "collection": settings.collections}
    for name, names in known.items():
        problems += _unknown_name(definition, name, meta.get(name), names)
    problems += _topics(definition, meta.get("topics"))
    if not isinstance(meta.get("allow_slug", False), bool):
        found, do = meta["allow_slug"], "write one of them, or leave it out"
        problems.append(definition.problem("Meta.allow_slug", found, "True or False", do))
    problems += _on_delete(definition, meta.get("on_delete"))
    problems += _of_rows(definition, meta, settings)
    problems += locales.unfit(definition, meta, settings)
    by = _by(definition, meta, settings, problems)
    paths = {name: _path(definition, name, meta.get(name), problems) for name in _PATHS}
    record = _parts(definition, by, meta.get(by), problems) if by else ()
    fetches = fetching.read(definition, meta, settings, fetchers, problems)
    if len(problems) > count or by is None:
        return None
    return MetaOptions(
        source=meta["source"],
        topics=None if meta.get("topics") is None else frozenset(meta["topics"]),
        collection=meta["collection"],
        by=by,
        record=record,
        each=paths["each"],
        when=paths["when"],
        version=paths["version"],
        allow_slug=meta.get("allow_slug", False),
        fetching=fetches,
        on_delete=meta.get("on_delete"),
        locale=meta.get("locale"),
    )


_OF_EVENTS = {
    "on_delete": "remove it; what the pull lacks is retired by orphans of the collection",
    "fetch": "remove it; name another url in the pull",
}
_PATHS = ("each", "when", "version")


def _unknown_name(
    definition: Definition, name: str, value: Any, names: Iterable[str]
) -> Iterable[Problem]:
    if not isinstance(value, str) or value not in names:
        found = "nothing" if value is None else repr(value)
        expected = f"one of {', '.join(sorted(names))}" if names else f"a {name}"
        do = f"name it, or add [{name}s.…] to instep.toml"
        yield definition.problem(f"Meta.{name}", found, expected, do)


def _topics(definition: Definition, value: Any) -> Iterable[Problem]:
    if value is None:
        return
    listed = isinstance(value, tuple | list | set | frozenset)
    if not listed or not value or not all(isinstance(topic, str) for topic in value):
        do = "leave it out to take every topic"
        if isinstance(value, str):
            do = f"write ({value!r},) with a comma"
        yield definition.problem("Meta.topics", repr(value), "a tuple of texts", do)


def _on_delete(definition: Definition, value: Any) -> Iterable[Problem]:
    if value is not None and value not in WAYS:
        do = "leave it out unless the events say that a record is gone"
        expected = f"one of {', '.join(WAYS)}"
        yield definition.problem("Meta.on_delete", repr(value), expected, do)


def _of_rows(definition: Definition, meta: dict[str, Any], settings: Settings) -> Iterable[Problem]:
    """Yield a problem for each option that only events have, in a mapping of a pull."""
    for name, do in _OF_EVENTS.items():
        if meta.get("source") in settings.pulls and meta.get(name) is not None:
            found = f"{name}, of rows that are pulled"
            yield definition.problem(f"Meta.{name}", found, "a source that sends events", do)


def _by(
    definition: Definition, meta: dict[str, Any], settings: Settings, problems: list[Problem]
) -> Literal["key", "item"] | None:
    has_key, has_item = meta.get("key") is not None, meta.get("item") is not None
    if has_key == has_item:
        found = "both key and item" if has_key else "neither key nor item"
        expected = "key (of the source's record) or item (the CMS item id)"
        problems.append(definition.problem("Meta", found, expected, "keep one of them"))
        return None
    collection = settings.collections.get(str(meta.get("collection")))
    if has_key and collection is not None and collection.key is None:
        where = f"collections.{collection.name}"
        do = f"set {where}.key in instep.toml to the slug of the field that holds it"
        problems.append(definition.problem("Meta.key", "a key", f"a key in {where}", do))
    return "key" if has_key else "item"


def _parts(
    definition: Definition, name: str, value: Any, problems: list[Problem]
) -> tuple[Path, ...]:
    several = name == "key" and isinstance(value, tuple | list)
    if several and not value:
        problems.append(definition.problem("Meta.key", "no path", "one or more", "name them"))
    paths = (_path(definition, name, each, problems) for each in (value if several else (value,)))
    return tuple(path for path in paths if path is not None)


def _path(definition: Definition, name: str, value: Any, problems: list[Problem]) -> Path | None:
    if value is None:
        return None
    try:
        return compile_path(value) if isinstance(value, str) else called(f"Meta.{name}", value)
    except PathInvalid as error:
        expected = "a JMESPath expression, or a function of the payload"
        problems.append(definition.problem(f"Meta.{name}", error, expected, error.do))
        return None
