"""What to do, as a page says it: a command that a button or a link beside it does is left out."""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup, escape

from service.console.formats import moment

_RESUMES: Final = (
    (r"`instep resume [^`]+` tries at once", "press Resume: it is tried at once"),
    (r"(?:run )?`instep resume [^`]+`", "press Resume"),
)
_OTHERS: Final = (
    (r": `instep dead (?:replay|list) --group [^`]+`$", ""),
    (r"look at its letters one by one: `instep dead list --group [^`]+`", "look at each of them"),
    (r"see the body by `instep dead show [^`]+`", "look at the payload"),
    (r"see them with `instep dead list`", "see them all"),
    (
        r"look with `instep runs show [^`]+`, then `instep runs approve [^`]+`, or `drop`",
        "look at it, then approve or drop it",
    ),
    (r"see them with `instep deletes list`, then `approve`", "look at them, then `approve`"),
    (r"`(approve|drop)`", r"\1"),
    (r"see `instep status` for the reason", "see the reason"),
    (r"see `instep status` for what", "see what"),
    (r"see why with `instep deliveries list [^`]+`", "see why"),
    (r"replay the letter that it names first", "send the one that it names again first"),
    (r"\b(?:the|its) letter\b", "it"),
    (r"\breplay\b(?!`)", "send it again"),
    (r"\bdiscard\b(?! it|`)", "discard it"),
)
_PIECE: Final = re.compile(r"`([^`]+)`|(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")


def next_step(text: str, *, resumes: bool = False) -> Markup:
    """
    Return *text*, what to do about a need, with commands as code and times as `moment`.

    Args:
        resumes: A button that resumes it stands beside.
    """
    for pattern, words in (*_RESUMES, *_OTHERS) if resumes else _OTHERS:
        text = re.sub(pattern, words, text)
    text = text[:1].upper() + text[1:]
    shown, end = Markup(""), 0
    for found in _PIECE.finditer(text):
        shown += escape(text[end : found.start()]) + _shown(found)
        end = found.end()
    return shown + escape(text[end:])


def _shown(piece: re.Match[str]) -> Markup:
    """Return a command as code, a time as one that the page makes local."""
    command, time = piece.groups()
    if command is not None:
        return Markup("<code>{}</code>").format(command)
    return moment(f"{time.replace(' ', 'T')}Z", absolute=True)
