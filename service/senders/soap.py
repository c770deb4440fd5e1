"""
Parses SOAP bodies. Whatever the bytes are, the only exception is PayloadInvalid.

Nothing is expanded: a document type, and with it any entity, is an error.
"""

from __future__ import annotations

import re
from typing import Any, Final
from xml.etree.ElementTree import Element, TreeBuilder  # expat below refuses entities
from xml.parsers import expat

from service.senders.payload import MAX_DEPTH, decode, joined
from workers.errors import PayloadInvalid


def parse_xml(body: bytes) -> Element:
    """
    Return the root of *body*; expat writes names with a namespace as ``<uri> <local name>``. Raises
    PayloadInvalid if it is not XML in UTF-8, has a document type, or nests too deeply.
    """
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    for name in _REFUSED:
        setattr(parser, name, _refuse)
    try:
        # As text, so that the encoding declared in the body is ignored.
        parser.Parse(_REFERENCES.sub(_joined, decode(body)), True)
    except expat.ExpatError as error:
        raise PayloadInvalid(f"the body is not XML: {error}") from None
    return builder.close()


def local(name: str) -> str:
    return name.rpartition(" ")[2]


def only(element: Element, name: str) -> Element:
    """
    Return the one child of *element* called *name*; raises PayloadInvalid if there is none, or
    there are several.
    """
    found = [child for child in element if child.tag == name]
    if len(found) != 1:
        problem = f"{local(element.tag)} has {len(found)} elements {local(name)}, expected one"
        raise PayloadInvalid(problem)
    return found[0]


# References to halves of surrogate pairs, which are no XML characters, and neighbours.
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


class _Builder(TreeBuilder):
    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, name: str, attributes: dict[str, str], /) -> Element:
        if self._depth == MAX_DEPTH:
            raise PayloadInvalid(f"the body nests deeper than {MAX_DEPTH} levels")
        self._depth += 1
        return super().start(name, attributes)

    def end(self, name: str, /) -> Element:
        self._depth -= 1
        return super().end(name)
