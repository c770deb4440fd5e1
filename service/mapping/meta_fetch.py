"""
``Meta.fetch`` and ``Meta.object``: the fetcher for the object that a thin notice only names.

``fetch`` is the name of a ``[fetchers.NAME]`` of instep.toml, or a function of the mappings file,
which is then known by its qualified name; ``object`` is JMESPath in the notice.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from service.mapping.functions import require_one_argument
from service.mapping.path_checks import PathInvalid
from service.mapping.paths import Path, compile_path
from workers.config.settings import Settings
from workers.errors import Problem

if TYPE_CHECKING:
    from service.mapping.compiled import Rule
    from service.mapping.discovery import Definition

Read = Callable[[Any], Any]  # its argument: a service.fetchers.base.Notice


@dataclass(frozen=True, slots=True)
class Fetching:
    """The fetcher of a mapping; *object* is the path of the object's id in the notice."""

    name: str
    read: Read
    object: Path
    configured: bool  # in instep.toml, else a function


def read(
    definition: Definition,
    meta: Mapping[str, Any],
    settings: Settings,
    fetchers: Mapping[str, Any],
    problems: list[Problem],
) -> Fetching | None:
    """
    Return the fetcher of a mapping; None: it has none, or an invalid one, see *problems*.
    *fetchers* are the valid ones of *settings*, by name.
    """
    fetch, place = meta.get("fetch"), meta.get("object")
    if fetch is None:
        if place is not None:
            expected = "Meta.fetch as well"
            problems.append(definition.problem("Meta.object", repr(place), expected, "add it"))
        return None
    named = isinstance(fetch, str)
    problem = _unknown(definition, fetch, settings) if named else _unfit(definition, fetch)
    if problem is not None:
        problems.append(problem)
        return None
    name = fetch if named else fetch.__qualname__
    reader = fetchers.get(fetch) if named else fetch
    if place is None and named:
        if reader is None:  # it is invalid, which is a problem of its own
            return None
        place = reader.object
    path = _path(definition, place, problems)
    return None if path is None or reader is None else Fetching(name, reader, path, named)


def _unknown(definition: Definition, name: str, settings: Settings) -> Problem | None:
    if name in settings.fetchers:
        return None
    names = ", ".join(sorted(settings.fetchers)) or "a fetcher"
    do = "use one, add [fetchers.…] to instep.toml, or give a function"
    return definition.problem("Meta.fetch", repr(name), f"one of {names}", do)


def _unfit(definition: Definition, fetch: Any) -> Problem | None:
    expected = "the name of a [fetchers.NAME], or a function of one argument"
    if not callable(fetch) or not hasattr(fetch, "__qualname__"):
        found, do = type(fetch).__name__, "give one of them"
        return definition.problem("Meta.fetch", found, expected, do)
    try:
        require_one_argument(fetch.__qualname__, fetch, "the event")
    except PathInvalid as error:
        return definition.problem("Meta.fetch", str(error), expected, error.do)
    if inspect.iscoroutinefunction(fetch):
        found = f"async {fetch.__qualname__}"
        return definition.problem("Meta.fetch", found, expected, "write it without async")
    return None


def _path(definition: Definition, text: Any, problems: list[Problem]) -> Path | None:
    if text is None:
        expected = "the JMESPath of the object to fetch in the notice, e.g. data.id"
        do = "add object = …"
        problems.append(definition.problem("Meta.object", "nothing", expected, do))
        return None
    try:
        return compile_path(text)
    except PathInvalid as error:
        expected = "a JMESPath expression"
        problems.append(definition.problem("Meta.object", error, expected, error.do))
        return None


def clashes(rules: Sequence[Rule], settings: Settings) -> Iterator[Problem]:
    """Yield a problem for every fetch that contradicts an earlier one, or the configuration."""
    readers: dict[str, tuple[Rule, Fetching]] = {}
    places: dict[tuple[str, str], tuple[Rule, Fetching]] = {}
    for rule in rules:
        fetching = rule.options.fetching
        if fetching is None:
            continue
        mine = (rule, fetching)
        first, theirs = readers.setdefault(fetching.name, mine)
        configured = not fetching.configured and fetching.name in settings.fetchers
        if configured or theirs.read is not fetching.read:
            other = "[fetchers] of instep.toml" if configured else f"{first.name} ({first.file})"
            found = f"a function {fetching.name}, while {other} has another"
            yield rule.problem("Meta.fetch", found, "one fetcher with this name", "rename it")
        first, theirs = places.setdefault((rule.options.source, fetching.name), mine)
        if theirs.object.text != fetching.object.text:
            other = f"{first.name} ({first.file}) has {theirs.object.text}"
            found = f"{fetching.object.text}, while {other}"
            expected = "the same object in all mappings of a source that share a fetcher"
            do = "use another fetcher for one of them: mappings that share one read the same object"
            yield rule.problem("Meta.object", found, expected, do)
