"""
SOAP bodies as values. Whatever the bytes are, the only exception is PayloadInvalid.

Nothing is expanded: a document type, and so any entity of its own, ends the reading at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final
from xml.parsers import expat

from service.senders.payload import MAX_DEPTH, decode, joined
from workers.errors import PayloadInvalid


@dataclass(slots=True)
class Element:
    """An element, its names written as expat does with a namespace: ``<uri> <local name>``."""

    name: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text right in it."""
        return "".join(self.pieces)

    @property
    def local(self) -> str:
        """Its name without the namespace."""
        return self.name.rpartition(" ")[2]

    def all(self, name: str) -> list[Element]:
        """Return the children called *name*."""
        return [child for child in self.children if child.name == name]

    def one(self, name: str) -> Element:
        """
        Return the one child called *name*.

        Raises:
            PayloadInvalid: There is none, or there are several.
        """
        found = self.all(name)
        if len(found) != 1:
            local = name.rpartition(" ")[2]
            raise PayloadInvalid(f"{self.local} has {len(found)} elements {local}, expected one")
        return found[0]


def parse_xml(body: bytes) -> Element:
    """
    Return the root of *body*.

    Raises:
        PayloadInvalid: It is not XML in UTF-8, has a document type, or nests too deeply.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    for name in _REFUSED:
        setattr(parser, name, _refuse)
    try:
        # As text: then the encoding that the body declares for itself does not count.
        parser.Parse(_REFERENCES.sub(_joined, decode(body)), True)
    except expat.ExpatError as error:
        raise PayloadInvalid(f"the body is not XML: {error}") from None
    return reader.top.children[0]


# References to halves of surrogate pairs, which are no characters to XML, and to some that are.
_REFERENCES: Final = re.compile(r"(?:&#(?:x[dD][0-9a-fA-F]{3}|5[5-7][0-9]{3});)+")
_REFERENCE: Final = re.compile(r"&#(x?)([0-9a-fA-F]+);")


def _joined(found: re.Match[str]) -> str:
    return joined(_REFERENCE.sub(_half, found[0]))


def _half(found: re.Match[str]) -> str:
    code = int(found[2], 16 if found[1] else 10)
    return chr(code) if 0xD800 <= code <= 0xDFFF else found[0]


_REFUSED: Final = (
    "StartDoctypeDeclHandler",
    "EntityDeclHandler",
    "ExternalEntityRefHandler",
    "SkippedEntityHandler",
)


def _refuse(*_: Any) -> None:
    raise PayloadInvalid("the body has a document type or an entity, which are not allowed")


class _Reader:
    def __init__(self) -> None:
        self.top = Element("", {})
        self.open = [self.top]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.open) > MAX_DEPTH:
            raise PayloadInvalid(f"the body nests deeper than {MAX_DEPTH} levels")
        element = Element(name, attributes)
        self.open[-1].children.append(element)
        self.open.append(element)

    def end(self, _: str) -> None:
        self.open.pop()

    def data(self, text: str) -> None:
        self.open[-1].pieces.append(text)
