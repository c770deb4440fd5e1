"""
Slugs for new items, and the slugs that the CMS reports as taken.

Lower case, digits and hyphens, at most 256 characters; Webflow does not document how it
transliterates. https://developers.webflow.com/data/reference/field-types-item-values
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator

from workers.model.changes import FieldProblem
from workers.model.letters import ordered

LONGEST = 256  # characters
NUMBERS = range(2, 22)  # appended when the slug of name and key is taken too

# Latin letters without a Unicode decomposition.
_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ł": "l",
        "ħ": "h",
        "\u0131": "i",  # without a dot
        "ŋ": "ng",
    }
)


_TAKEN = re.compile(r"unique|already|taken|duplicate|in use", re.IGNORECASE)
# Errors that name no field: "slug: Unique value is already in database". Only slugs are unique in
# Webflow.
_OF_SLUG = re.compile(r"(?<![\w-])slug(?![\w-])|(?=unique value is already)", re.IGNORECASE)
_COLON = re.compile(r"^\W?:\s*")  # after the name of the field
_QUOTED = re.compile(r"""'([^']+)'|"([^"]+)"|:\s*([a-z0-9-]+)\W*$""")


def slugs_for(name: str, key: str) -> Iterator[str]:
    """
    Yield the slugs to try for an item: from the name; from name and key; then numbered.

    Deterministic: if the item exists already, its slug is found taken.
    """
    # A short hash where a key has no Latin letters, such as a Chinese one.
    own = _latin(key) or f"item-{hashlib.sha256(key.encode()).hexdigest()[:10]}"
    first = _latin(name) or own
    yield first
    end = "" if first == own else own[: LONGEST // 2].strip("-")
    if end:
        yield _joined(first, end)
    for number in NUMBERS:
        yield _joined(first, f"{end}-{number}".strip("-"))


def slug_from(name: str, key: str, passed: str | None = None) -> str | None:
    """
    Return the slug that follows *passed*, the last one that is taken; None: all are taken.

    A name without Latin letters gives way to *key*.
    """
    slugs = list(slugs_for(name, key))
    # After a change of name, *passed* is not among the slugs: start again.
    rest = slugs[slugs.index(passed) + 1 :] if passed in slugs else slugs
    return rest[0] if rest else None


def is_refused(problems: Iterable[FieldProblem], message: str) -> bool:
    """Tell whether *problems*, or *message* if there are none, report a taken slug."""
    return any(True for _ in _told(problems, message))


def refused(problems: Iterable[FieldProblem], message: str) -> frozenset[str]:
    """Return the slugs quoted as taken; the CMS quotes most of them."""
    return frozenset(
        next(filter(None, match.groups()))
        for text in _told(problems, message)
        for match in _QUOTED.finditer(text)
    )


def _told(problems: Iterable[FieldProblem], message: str) -> Iterator[str]:
    problems = list(problems)
    for problem in problems or [FieldProblem("", message)]:
        text = problem.message
        if problem.path != "slug":
            match = None if problem.path else _OF_SLUG.search(text)
            text = _COLON.sub("", text[match.end() :]) if match else ""
        if _TAKEN.search(_QUOTED.sub("", text)):
            yield text


def _joined(text: str, end: str) -> str:
    return f"{text[: LONGEST - len(end) - 1].strip('-')}-{end}"


def _latin(text: str) -> str:
    plain = unicodedata.normalize("NFKD", ordered(text.lower().translate(_LETTERS)))
    letters = "".join(each for each in plain if not unicodedata.combining(each))
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:LONGEST].strip("-")
