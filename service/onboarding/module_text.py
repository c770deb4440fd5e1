"""The text of a suggested mapping module. Pure."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Final

from service import mapping
from service.onboarding.pairing import SURE, Pair

_WIDEST: Final = 100
_HEAD: Final = 80  # columns: it is read on a page, too
_READ: Final = (
    'Suggested from {}. Read it, above all where it says "unsure", and try it with '
    "``instep check`` and ``instep preview``."
)
_WITHOUT: Final = "No class takes {}: the key or every field of the collection is missing in it."
_TAKEN: Final = frozenset({*dir(mapping.Mapping), "fields"})  # the module that the next lines use
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Suggested:
    """
    One class of the module.

    Args:
        key: A path for each part of the key.
        key_score: How likely the least likely of them is, up to 100.
        each: Path of the list whose elements are the records.
        retires: The records of its topics are gone.
        left: Slugs that nothing fits; *lacking* those of them that are required.
        clears: Slugs of pairs whose value may be null.
        version: Path of the time of the change; None: the event tells it.
    """

    topics: tuple[str, ...]
    key: tuple[str, ...]
    key_score: int
    each: str | None = None
    retires: bool = False
    pairs: tuple[Pair, ...] = ()
    left: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    clears: frozenset[str] = frozenset()
    version: str | None = None

    def as_of(self, other: Suggested) -> bool:
        """Return whether *other* reads the same, so that one class serves the topics of both."""
        return (self.key, self.each, self.retires, self.paths) == (
            *(other.key, other.each, other.retires, other.paths),
        )

    @property
    def paths(self) -> dict[str, str]:
        """Slug → path."""
        return {pair.slug: pair.reading.path for pair in self.pairs}


def module(
    source: str, collection: str, found: Sequence[Suggested], told: str, without: Sequence[str]
) -> str:
    """
    Return the module with a class for each of *found*.

    Args:
        told: What it was made from.
        without: Topics that no class takes.
    """
    head = f'"""What of {source} goes into which field of {collection}.\n\n'
    head += fill(_READ.format(told), _HEAD) + '\n"""\n'
    names: dict[str, int] = {}
    classes = [_class(source, collection, each, names) for each in found]
    rest = ["", *_wrapped(_WITHOUT.format(", ".join(without)), "#")] if without else []
    return "\n".join([head, *_imports(found), "", *classes, *rest]).rstrip() + "\n"


def _imports(found: Sequence[Suggested]) -> Iterator[str]:
    kinds = {pair.reading.kind for each in found for pair in each.pairs}
    if any("." in kind for kind in kinds):
        yield "from marshmallow import fields\n"
    ours = sorted({"Mapping", *(kind for kind in kinds if "." not in kind)})
    line = f"from service.mapping import {', '.join(ours)}"
    lines = "".join(f"    {name},\n" for name in ours)
    yield (line if len(line) <= _WIDEST else f"from service.mapping import (\n{lines})")


def _class(source: str, collection: str, each: Suggested, names: dict[str, int]) -> str:
    name = _class_name(each.topics, names)
    lines = [
        "",
        f"class {name}(Mapping):",
        "    class Meta:",
        f"        source = {_quoted(source)}",
    ]
    if each.topics:
        lines.append(f"        topics = {_tuple(each.topics)}")
    lines.append(f"        collection = {_quoted(collection)}")
    if each.each:
        lines.append(f"        each = {_quoted(each.each)}  # one change for each of them")
    key = _quoted(each.key[0]) if len(each.key) == 1 else _tuple(each.key)
    unsure = "" if each.key_score >= SURE else "  # unsure: is this the key of your items?"
    lines.append(f"        key = {key}{unsure}")
    if each.version:
        lines.append(f"        version = {_quoted(each.version)}")
    if each.retires:
        lines.append('        on_delete = "archive"  # or "draft", "unpublish", "delete"')
    lines += ["", *_fields(each)] if each.pairs else []
    return "\n".join([*lines, ""])


def _tuple(texts: Sequence[str]) -> str:
    return f"({', '.join(map(_quoted, texts))}{',' if len(texts) == 1 else ''})"


def _fields(each: Suggested) -> Iterator[str]:
    for pair in each.pairs:
        reading = pair.reading
        attribute, options = _attribute(pair.slug)
        arguments = [f"data_key={_quoted(reading.path)}", *options]
        arguments += [f"{name}={_written(value)}" for name, value in reading.options.items()]
        arguments += ["allow_none=True"] if pair.slug in each.clears else []
        note = reading.note or ("" if pair.sure else "the names are merely alike")
        if note:
            yield f"    # unsure: {note}"
        yield f"    {attribute} = {reading.kind}({', '.join(arguments)})"
    if each.lacking:
        yield from _wrapped(
            f"Required, and nothing in the payload fits: {', '.join(each.lacking)}."
        )
        yield "    # Without a value no new item can be made; existing ones are updated."
    others = [slug for slug in each.left if slug not in each.lacking]
    if others:
        yield from _wrapped(f"Nothing in the payload fits: {', '.join(others)}.")


def _wrapped(text: str, begin: str = "    #") -> Iterator[str]:
    line = begin
    for word in text.split():
        if len(line) + len(word) + 1 > _WIDEST:
            yield line
            line = begin
        line += f" {word}"
    yield line


def _attribute(slug: str) -> tuple[str, list[str]]:
    """Return the name of the attribute for *slug*, and what else tells the field's slug."""
    name = slug.replace("-", "_").lower()
    plain = _NAME.fullmatch(name) is not None and name.replace("_", "-") == slug
    if plain and not keyword.iskeyword(name) and name not in _TAKEN:
        return name, []
    safe = re.sub(r"\W", "_", f"field_{name}", flags=re.ASCII)
    return safe, [f"attribute={_quoted(slug)}"]


def _class_name(topics: tuple[str, ...], names: dict[str, int]) -> str:
    found = re.findall(r"[A-Za-z0-9]+", topics[0]) if topics else ["Record"]
    name = "".join(word[0].upper() + word[1:] for word in found) or "Record"
    # Not the name of what is imported.
    name = f"Topic{name}" if name[0].isdigit() or hasattr(mapping, name) else name
    names[name] = names.get(name, 0) + 1
    return name if names[name] == 1 else f"{name}{names[name]}"


def _written(value: object) -> str:
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    """Return *text* as a Python literal, in double quotes if it has none."""
    plain = text.isprintable() and not {*text} & {'"', "\\"}
    return f'"{text}"' if plain else repr(text)
