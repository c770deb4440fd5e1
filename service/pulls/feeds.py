"""
From the body of an answer to records: JSON, CSV, RSS, Atom, or any XML.

XML: an element becomes the object of its attributes and children, one without either its text. A
name that repeats becomes a list, text beside children is called ``text``. A name of another
namespace than the record's has its prefix before it: ``g:price`` is ``g_price``. A document type,
and with it every entity, is refused.

https://www.rssboard.org/rss-specification and https://www.rfc-editor.org/rfc/rfc4287
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import Element  # the type; soap.py reads, and refuses entities

from service.fetchers.responses import Answer
from service.mapping.display import found
from service.mapping.paths import compile_path
from service.mapping.text_cells import Cells
from service.reconcile.snapshot import csv_file
from service.reconcile.snapshot.files import SnapshotFile
from service.reconcile.snapshot.records import Shape
from service.senders.payload import parse_json
from service.senders.soap import local, parse_xml
from workers.config.pull import Pull
from workers.errors import PayloadInvalid, PullFailed, SnapshotInvalid

LONGEST: Final = 120  # characters of an error of the source that are shown
_ATOM: Final = "http://www.w3.org/2005/Atom"
_ROOTS: Final = {"rss": ("rss", "RDF"), "atom": ("feed",)}
_ENTRIES: Final = {"rss": "item", "atom": "entry"}
_XMLNS: Final = re.compile(r"""\sxmlns:([\w.-]+)\s*=\s*["']([^"']*)["']""")
_DECLARED: Final = re.compile(rb"""^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.-]+)["']""")
_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"),
                (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
_TOTALS: Final = ("x-total-count", "x-total", "x-wp-total")


@dataclass(frozen=True, slots=True)
class Page:
    """
    One page of a source.

    Args:
        records: Payloads; iterating raises PullFailed where the document is cut off.
        document: Of JSON, for the cursor.
        beside: What stands around the list, if that counts the records.
        doubt: Why it may lack records although it could be read; empty: nothing shows that.
    """

    records: Iterable[Any]
    document: Any = None
    beside: tuple[Mapping[str, Any], ...] = ()
    doubt: str = ""


def page_of(pull: Pull, answer: Answer) -> Page:
    """Return the page in *answer*; raises PullFailed if it cannot be read, or holds no list."""
    if not answer.body.strip():
        raise PullFailed(f"the answer is empty, expected {pull.format}")
    if pull.format == "json":
        return _json(pull, answer)
    if pull.format == "csv":
        doubt = "" if _is_framed(answer.headers) else "nothing shows where the answer ends"
        return Page(_csv(answer), doubt=doubt)
    return Page(list(_xml(pull, answer)))


# JSON


def _json(pull: Pull, answer: Answer) -> Page:
    try:
        document = parse_json(answer.body)
    except PayloadInvalid as error:
        raise PullFailed(f"{error}; it may be cut off") from None
    plain, listed = True, document
    if pull.items:
        path = compile_path(pull.items)
        plain, listed = path.steps is not None, path.read(document)
    wrong = _error_in(document)
    if not isinstance(listed, list):
        where = f"at {pull.items}" if pull.items else "as the document"
        told = wrong or f"found {found(listed) if listed else 'nothing'} {where}, expected a list"
        raise PullFailed(told)
    around = (document,) if plain and isinstance(document, dict) else ()
    totals = [{"total": answer.headers[name]} for name in _TOTALS if name in answer.headers]
    return Page(listed, document, (*around, *totals) if plain else (), wrong)


def _error_in(document: Any) -> str:
    """Return the error in an answer of 200, as GraphQL sends it, also beside data."""
    for name in ("errors", "error"):
        value = document.get(name) if isinstance(document, dict) else None
        if value:
            message = _message(value)
            return f"the answer holds {name}{message and f': {message}'}"
    return ""


def _message(value: Any) -> str:
    first = value[0] if isinstance(value, list) else value
    text = first.get("message", "") if isinstance(first, dict) else first
    return " ".join(text.split())[:LONGEST] if isinstance(text, str) else ""


# CSV


def _csv(answer: Answer) -> Iterator[Any]:
    file = SnapshotFile(None, io.BytesIO(answer.body), _charset(answer))
    file.name = "the answer"
    try:
        yield from (record for _, record in csv_file.records(file, Shape()))
    except (SnapshotInvalid, LookupError) as error:
        raise PullFailed(str(error)) from None


def _is_framed(headers: Mapping[str, str]) -> bool:
    """Tell whether an answer says where it ends: without that, a lost connection is an end."""
    return "content-length" in headers or "chunked" in headers.get("transfer-encoding", "").lower()


def _charset(answer: Answer) -> str | None:
    """Return the encoding that the answer names; None: UTF-8, or by its byte order mark."""
    named = _CHARSET.search(answer.headers.get("content-type", ""))
    name = named[1].lower() if named else ""
    return None if name in ("", "utf-8", "utf8", "us-ascii") else name


# XML


def _xml(pull: Pull, answer: Answer) -> Iterator[Any]:
    text = _decoded(answer)
    try:
        root = parse_xml(text.encode())
    except PayloadInvalid as error:
        raise PullFailed(f"{error}; it may be cut off") from None
    if local(root.tag) not in _ROOTS.get(pull.format, (local(root.tag),)):
        expected = " or ".join(_ROOTS[pull.format])
        raise PullFailed(f"found the element {local(root.tag)}, expected {expected}")
    prefixes = {uri: prefix for prefix, uri in _XMLNS.findall(text)}
    name = _ENTRIES.get(pull.format, pull.items)
    records = list(_named(root, name))
    if not records and pull.format == "xml":
        raise PullFailed(f"found no element {name}, expected one for each record")
    for element in records:
        space = element.tag.rpartition(" ")[0]
        value = _value(element, prefixes, space)
        yield Cells(value if isinstance(value, dict) else {"text": value})


def _named(root: Element, name: str) -> Iterator[Element]:
    """Yield the outermost elements called *name*."""
    for child in root:
        if local(child.tag) == name:
            yield child
        else:
            yield from _named(child, name)


def _value(element: Element, prefixes: Mapping[str, str], space: str) -> Any:
    text = (element.text or "").strip()
    if not len(element) and not element.attrib:
        return text
    value: dict[str, Any] = {_name(n, prefixes, space): v for n, v in element.attrib.items()}
    children: dict[str, list[Any]] = {}
    for child in element:
        name = _name(child.tag, prefixes, space)
        children.setdefault(name, []).append(_value(child, prefixes, space))
    value |= {name: own[0] if len(own) == 1 else own for name, own in children.items()}
    return value | ({"text": text} if text and "text" not in value else {})


def _name(tag: str, prefixes: Mapping[str, str], space: str) -> str:
    uri, _, name = tag.rpartition(" ")
    prefix = prefixes.get(uri, "") if uri not in ("", space, _ATOM) else ""
    return f"{prefix}_{name}" if prefix else name


def _decoded(answer: Answer) -> str:
    body = answer.body
    declared = _DECLARED.match(body)
    named = _charset(answer) or (declared[1].decode() if declared else "utf-8")
    encoding = next((name for bom, name in _BOMS if body.startswith(bom)), named)
    try:
        return body.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        raise PullFailed(f"found bytes that are not {encoding}, expected {encoding}") from None
