"""
The words of an error message, without what varies from one record to the next.

Two messages of one cause become one text, the same on every machine: ids, numbers, times, URLs,
addresses, file names and quoted values leave a gap. A field name in quotation marks stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

GAP: Final = "…"
LONGEST: Final = 1000  # characters that are read of one message
_OWN_MOST: Final = 200  # values of a record that are looked for

_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY: Final = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_ZONE: Final = r"(?:\s*(?:gmt|utc|z|[+-]\d{2}:?\d{2})+\b(?:\s*\([^()]*\))?)?"
_CLOCK: Final = r"(?:,?\s+\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:\s*[ap]\.?m\b\.?)?)?"
_FILES: Final = (
    "png|jpe?g|gif|webp|svg|avif|heic|bmp|tiff?|ico|pdf|mp[34]|mov|webm|ogg|wav|zip|gz|csv|tsv|json|"
    "xml|txt|docx?|xlsx?|pptx?|html?|css|js"
)
_UNITS: Final = r"(?:\s?(?:[kmgt]i?b|bytes?|px|ms|%|seconds?|minutes?|hours?|days?)(?!\w))?"

# A value as our own messages show it: `found "x", expected a number`.
_FOUND: Final = re.compile(r"\bfound (?:.*?)(?=, expected )|(?<=; found ).+$", re.DOTALL)
_QUOTED: Final = re.compile(
    r'"(?P<double>(?:\\.|[^"\\])*)(?:"|$)'
    r"|(?<![\w)\]])'(?P<single>(?:[^']|'(?=\w))*)(?:'(?!\w)|$)"
    r"|(?P<other>«[^»]*»|\u201c[^\u201d]*\u201d|\u201e[^\u201c\u201d]*[\u201c\u201d]"
    r"|\u2018[^\u2019]*\u2019)",
    re.DOTALL,
)
# In this order: what holds others stands before them.
_VARYING: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>)\]}]*[^\s\"'<>)\]}.,;:!?]",
        r"\bdata:[a-z]+/[^\s\"')]+",
        r"[^\s@\"'(<:=]+@[^\s@\"')>,;]+\.[a-z]{2,}",
        rf"\b{_DAY}(?:\d{{1,2}}\s+{_MONTH}|{_MONTH}\s+\d{{1,2}}),?\s+\d{{4}}{_CLOCK}{_ZONE}",
        rf"\b\d{{4}}-\d{{2}}-\d{{2}}{_CLOCK}{_ZONE}",
        rf"[^\s\"'(\[/:=,;]+\.(?:{_FILES})\b",
        r"(?<![\w<./])/[\w.%~*-]+(?:/[\w.%~*-]*)*",
        r"(?<=[:=] )(?:true|false|null|none|undefined|\[object object\])(?=$|[,;)}\]])",
    )
)
_NUMBERED: Final = re.compile(
    rf"(?P<token>[^\s\"'(){{}}\[\],;=:<>]*\d[^\s\"'(){{}}\[\];=<>]*?)(?P<rest>[.,:!?]*)(?=[\s\"'(){{}}\[\];=<>]|$)"
    rf"{_UNITS}",
    re.IGNORECASE,
)
_CODED: Final = re.compile(
    r"\b(?:[a-z]+(?:[-_][a-z]+){2,}|[A-Z]+(?:-[A-Z]+)+|(?=\w*[a-z])(?=\w*[A-Z])\w{24,})\b"
)
_BRACED: Final = re.compile(rf"\{{[^{{}}]*{GAP}[^{{}}]*\}}|[\[(]\s*{GAP}\s*[\])]|\{{\s*\}}")
_ROW: Final = re.compile(rf"{GAP}(?:\s*(?:[,;:|/&+-]|and\b|or\b)?\s*{GAP})+")
_TAIL: Final = re.compile(rf"\s*[:;,=-]?\s*(?:{GAP}|\b(?:undefined|null))?[\s.:;,]*$")
_LOCALE: Final = r"(?:the primary locale|[a-z]{2,3}(?:-\w{2,8})*)"
_LOCALES: Final = re.compile(rf"^in {_LOCALE}(?:, {_LOCALE})*: ")
_BEFORE: Final = (
    r"(?P<before>\b(?:keys?|slug|items?|id|record|option|value|called|named|reference)\s+)"
)
# The status of an answer is no number that varies.
_STATUS: Final = re.compile(r"(?<=\b(?:answer|status) )[1-5]\d\d\b(?![.\w])")
_HIDDEN: Final = {ord(digit): 0xE000 + int(digit) for digit in "0123456789"}
_SHOWN: Final = {hidden: chr(digit) for digit, hidden in _HIDDEN.items()}
_PLAIN: Final = re.compile(r"[A-Za-z]+")
_PLURAL: Final = re.compile(rf"({GAP} \w+?)s\b")


def masked(text: str, *, own: Iterable[Any] = (), names: Iterable[str] = ()) -> str:
    """
    Return *text* with a gap for each part that varies.

    Args:
        own: Key, ids and values (JSON) of the record, which the CMS may repeat unquoted.
        names: Names of fields, which stay.
    """
    text = _LOCALES.sub("", _unlisted(text[:LONGEST]))
    text = _without_own(text, own)
    text = _FOUND.sub(lambda found: GAP if found[0][:6] != "found " else f"found {GAP}", text)
    text = _QUOTED.sub(_unless_named(frozenset(names)), text)
    text = _STATUS.sub(lambda found: found[0].translate(_HIDDEN), text)
    for pattern in _VARYING:
        text = pattern.sub(GAP, text)
    text = _NUMBERED.sub(_numbered(frozenset(names)), text)
    text = _CODED.sub(lambda found: found[0] if found[0] in names else GAP, text)
    return _joined(text).translate(_SHOWN)


def normal(text: str) -> str:
    """Return the form of a masked *text* that is compared: without case, plurals and last gap."""
    return _PLURAL.sub(r"\1", _TAIL.sub("", text)).casefold()


def _unlisted(text: str) -> str:
    """Return ``Error: ["one", "two"]`` as ``Error: one; two``: here the quotes hold no values."""
    start = text.find("[")
    if start < 0:
        return text
    try:
        listed = json.loads(text[start:])
    except (ValueError, RecursionError):
        return text
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        return text
    return text[:start] + "; ".join(each for each in listed if " " in each) or text


def _without_own(text: str, own: Iterable[Any]) -> str:
    texts = {each for value in own for each in _texts(value) if each and each in text}
    # Longest first: one may contain another.
    for each in sorted(texts, key=lambda each: (-len(each), each))[:_OWN_MOST]:
        # It may be a word of the message, too: then only where a value stands.
        text = _without_word(text, each) if _PLAIN.fullmatch(each) else _without_whole(text, each)
    return text


def _without_word(text: str, word: str) -> str:
    found = re.escape(word)
    at_end = rf"(?:(?<=[:=] )|(?<=, not )|(?<=\()){found}(?=$|[.,;)])"
    pattern = rf"{_BEFORE}{found}(?!\w)|{at_end}"
    return re.sub(pattern, lambda found: (found["before"] or "") + GAP, text)


def _without_whole(text: str, part: str) -> str:
    """Put a gap for *part* where it is no part of a longer word."""
    # Not a pattern of its own for each value: to compile those took most of the time.
    start = 0
    while (start := text.find(part, start)) >= 0:
        end = start + len(part)
        if _is_in_word(text[start - 1 : start]) or _is_in_word(text[end : end + 1]):
            start = end
            continue
        text = text[:start] + GAP + text[end:]
        start += len(GAP)
    return text


def _is_in_word(letter: str) -> bool:
    return letter == "_" or letter.isalnum()


def _texts(value: Any, depth: int = 3) -> Iterator[str]:
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, dict | list) and depth:
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each, depth - 1)


def _unless_named(names: frozenset[str]) -> Callable[[re.Match[str]], str]:
    def put(found: re.Match[str]) -> str:
        inner = found["double"] or found["single"] or (found["other"] or "  ")[1:-1]
        named = inner in names or inner.rpartition(".")[2] in names
        return f"'{inner}'" if named else GAP

    return put


def _numbered(names: frozenset[str]) -> Callable[[re.Match[str]], str]:
    def put(found: re.Match[str]) -> str:
        token = found["token"]
        named = token in names or token.rpartition(".")[2] in names
        return found[0] if named else GAP + found["rest"]

    return put


def _joined(text: str) -> str:
    """Return *text* with one gap for each row of gaps."""
    for _ in range(6):
        shorter = _ROW.sub(GAP, _BRACED.sub(GAP, text))
        if shorter == text:
            break
        text = shorter
    return " ".join(text.split())
