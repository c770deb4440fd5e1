"""Sentences of operate as a page shows them: times, commands, and users' words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from markupsafe import Markup, escape

from service.operate.remedies import words_of

# A terminal has the word of the commands; who reads a page has never seen a dead letter.
_LETTER: Final = re.compile(r"\bdead letter\b")
_MARKS: Final = re.compile(
    r"`(?P<code>[^`]+)`"
    r"|(?P<at>\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z| UTC|[+-]\d\d:\d\d))",
    re.ASCII,
)


def sentence(text: str) -> Markup:
    """Return *text*, as `phrase` does, with a capital and a full stop."""
    text = words_of(text)
    text = f"{text[:1].upper()}{text[1:]}"
    return phrase(text if text[-1:] in ".!?…" else f"{text}.")


def phrase(text: str) -> Markup:
    """
    Return *text* with its times for the reader's zone and its commands as code, all escaped.

    Of a remedy its words: beside them stands a button, or who reads has no right to it.
    """
    return Markup("").join(_pieces(_LETTER.sub("problem", words_of(text))))


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
        at = datetime.fromisoformat(text.replace(" UTC", "Z")).astimezone(UTC)
    except (ValueError, OverflowError):
        return escape(text)  # the CMS said it
    made = Markup('<time datetime="{}" title="{}"><span data-at>{}</span></time>')
    whole = f"{at:%Y-%m-%d %H:%M:%S} UTC"
    return made.format(at.isoformat(timespec="milliseconds"), whole, f"{at:%d %b %Y %H:%M} UTC")
