"""The cause of a dead letter: letters of one cause are one problem."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from workers.model.message_mask import masked, normal
from workers.model.problem_words import said_once
from workers.model.retirement import GONE, SHOWN_AS

PARTS: Final = 4  # field and message pairs that tell one cause from another
FIELDS: Final = 8  # names of fields that are kept
LONGEST: Final = 300  # characters of a title
FETCH: Final = "fetch"  # field of a problem with an object that could not be fetched
OTHER_CAUSES: Final = "other causes"
_PLACES: Final = re.compile(r"\[\d+\]|(?<=\.)\d+(?=\.|$)|#\d+")


@dataclass(frozen=True, slots=True)
class Cause:
    """
    What letters of one cause have in common.

    Args:
        where: The collection; of events that could not be mapped, the source.
        fields: Slugs or paths that the problems name.
        words: The message without what varies.
    """

    kind: str
    where: str
    fields: tuple[str, ...]
    status: int | None
    code: str | None
    words: str

    @property
    def group(self) -> str:
        """Its id, the same on every machine."""
        parts = [self.kind, self.where, self.fields, self.status, self.code, normal(self.words)]
        text = json.dumps(parts, ensure_ascii=False)
        return f"p{hashlib.sha256(text.encode()).hexdigest()[:10]}"

    @property
    def title(self) -> str:
        words = said_once(self.words)  # not in `words`: the ids of groups are made of them
        return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def cause_of(
    *,
    kind: str,
    where: str,
    slugs: Iterable[str] = (),
    problems: Sequence[Mapping[str, Any]] = (),
    message: str = "",
    status: int | None = None,
    code: str | None = None,
    own: Iterable[Any] = (),
) -> Cause:
    """
    Return the cause of a letter.

    Args:
        slugs: Of the values in it, without a locale.
        problems: ``{field, message}`` each.
        own: Key, ids and values of its record, as JSON values.
    """
    own, slugs = tuple(own), tuple(dict.fromkeys(slug.partition("@")[0] for slug in slugs))
    told = _told(problems, own)
    if told:
        fields = tuple(dict.fromkeys(field for field, _ in told if field))[:FIELDS]
        words = "; ".join(f"{field}: {text}" if field else text for field, text in told[:PARTS])
        words += "; and more" if len(told) > PARTS else ""
    else:
        fields = _fields(kind, slugs)
        words = masked(message, own=own, names=slugs)
        words = f"{', '.join(fields)}: {words}" if fields else words
    return Cause(kind, where, fields, status, code, words)


def coarse(cause: Cause) -> Cause:
    """Return the cause that stands for all others of its kind, beyond a limit of groups."""
    return Cause(cause.kind, cause.where, (), None, None, OTHER_CAUSES)


def _told(problems: Sequence[Mapping[str, Any]], own: Sequence[Any]) -> list[tuple[str, str]]:
    """Return the distinct pairs of field and words of *problems*, in order."""
    found = set()
    for problem in problems:
        path = str(problem.get("field") or problem.get("path") or "")
        field = _PLACES.sub("[]", path).partition("@")[0]
        field = SHOWN_AS if field == GONE else field
        names = {field, path, path.rpartition(".")[2]} - {""}
        message = str(problem.get("message", ""))
        if field == FETCH:
            message = message.partition(": ")[2] or message  # behind the name of the object
        found.add((field, masked(message, own=own, names=names)))
    return sorted(found)


def _fields(kind: str, slugs: Sequence[str]) -> tuple[str, ...]:
    """Return the fields that a letter is about although no problem names them."""
    if GONE in slugs:
        return (SHOWN_AS,)
    # What else died because nothing was named has no part in the cause.
    return tuple(sorted(slugs))[:FIELDS] if kind == "not-applied" else ()
