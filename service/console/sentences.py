"""Sentences of the life of a record, as a page shows them: times, commands, and users' words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from markupsafe import Markup, escape

# What operate says is read in a terminal too; here the reader has never seen a dead letter.
# A command that a button does stands for whoever presses it: who may only look has none.
_WORDS: Final = (
    (re.compile(r"\bsee the dead letter \S+ \(unmapped\): "), ""),
    (re.compile(r"\bthe dead letter \S+ \(unmapped\): "), ""),
    (re.compile(r"\bdead letter \S+ \([a-z-]+\), which holds "), "problem with "),
    (re.compile(r"`instep dead replay [^`]+` (?:sends|maps) it again"), "somebody sends it again"),
    (
        re.compile(r"nothing until `instep resume [^`]+`, or a restart with another token, lets.*"),
        "nothing until it is resumed, or started again with another token",
    ),
    (
        re.compile(r"nothing until `instep resume [^`]+` lets it go on"),
        "nothing until it is resumed",
    ),
    (re.compile(r"or by `instep resume [^`]+`"), "or once it is resumed"),
    (re.compile(r"\band run instep resume\b"), "and resume it"),
    (
        re.compile(r"nothing until `instep deletes approve` or `drop`"),
        "nothing until somebody approves or drops it",
    ),
    (re.compile(r"\ba replay reads the schema again"), "sending it again reads the schema anew"),
    (re.compile(r"\bdead letter\b"), "problem"),
    (re.compile(r"\bthe letter\b"), "the problem"),
    (re.compile(r"\bthen replay\b"), "then send it again"),
    (re.compile(r"\bthe lane live\b"), "live changes"),
    (re.compile(r"\bthe lane replay\b"), "what is sent again"),
    (re.compile(r"\bthe lane reconcile\b"), "what reconcile writes"),
)
_MARKS: Final = re.compile(
    r"`(?P<code>[^`]+)`"
    r"|(?P<at>\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d))",
    re.ASCII,
)


def sentence(text: str) -> Markup:
    """Return *text*, as `phrase` does, with a capital and a full stop."""
    text = _reworded(text)
    text = f"{text[:1].upper()}{text[1:]}"
    return _marked(text if text[-1:] in ".!?…" else f"{text}.")


def phrase(text: str) -> Markup:
    """Return *text* with its times for the reader's zone and its commands as code, all escaped."""
    return _marked(_reworded(text))


def _reworded(text: str) -> str:
    for pattern, word in _WORDS:
        text = pattern.sub(word, text)
    return text


def _marked(text: str) -> Markup:
    return Markup("").join(_pieces(text))


def _pieces(text: str) -> Iterator[Markup]:
    at = 0
    for found in _MARKS.finditer(text):
        yield escape(text[at : found.start()])
        if found["code"]:
            yield Markup("<code>{}</code>").format(found["code"])
        else:
            yield _moment(found["at"])
        at = found.end()
    yield escape(text[at:])


def _moment(text: str) -> Markup:
    """Return the time *text* as the script of the pages expects it, without how long ago it is."""
    try:
        at = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return escape(text)  # the CMS said it
    made = Markup('<time datetime="{}" title="{}"><span data-at>{}</span></time>')
    whole = f"{at:%Y-%m-%d %H:%M:%S} UTC"
    return made.format(at.isoformat(timespec="milliseconds"), whole, f"{at:%d %b %Y %H:%M} UTC")
