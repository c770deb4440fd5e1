"""
The slugs of an item that is created without one, and which of them the CMS says is taken. Pure.

Lower case, digits and hyphens, 256 characters at most; what other letters become, Webflow does not
say. https://developers.webflow.com/data/reference/field-types-item-values
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator

from workers.model.changes import FieldProblem
from workers.model.letters import ordered

LONGEST = 256  # characters
NUMBERS = range(2, 22)  # behind name and key, where items have both of them in their slugs

# Letters of Latin scripts that Unicode does not take apart into a base and a mark.
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
# Complaints that name no field of their own: "slug: Unique value is already in database". Nothing
# but slugs is unique in Webflow.
_OF_SLUG = re.compile(r"(?<![\w-])slug(?![\w-])|(?=unique value is already)", re.IGNORECASE)
_COLON = re.compile(r"^\W?:\s*")  # behind the name of the field
_QUOTED = re.compile(r"""'([^']+)'|"([^"]+)"|:\s*([a-z0-9-]+)\W*$""")


def slugs_for(name: str, key: str) -> Iterator[str]:
    """
    Yield the slugs of an item with *name*, in the order in which they are tried.

    Made of the name; of name and key; then with a number behind them. Always the same for the same
    item: should it be there already, its slug is found taken.
    """
    # A short mark where a key leaves nothing, as one in Chinese.
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
    Return the slug for an item with *name*, behind *passed*: the last one that others have.

    Of a name that Latin letters do not write it is made from *key*. None: they have all of them.
    """
    slugs = list(slugs_for(name, key))
    # With another name than then its slugs are others, and nothing is known of them.
    rest = slugs[slugs.index(passed) + 1 :] if passed in slugs else slugs
    return rest[0] if rest else None


def is_refused(problems: Iterable[FieldProblem], message: str) -> bool:
    """Tell whether *problems*, or the *message* where there are none, say that a slug is taken."""
    return any(True for _ in _told(problems, message))


def refused(problems: Iterable[FieldProblem], message: str) -> frozenset[str]:
    """Return the slugs that are quoted as taken; mostly the CMS quotes each."""
    return frozenset(
        next(filter(None, match.groups()))
        for text in _told(problems, message)
        for match in _QUOTED.finditer(text)
    )


def _told(problems: Iterable[FieldProblem], message: str) -> Iterator[str]:
    """Yield what is said of slugs that are taken."""
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
