"""What to do about a problem, by its kind, status and words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workers.model.problem_cause import OTHER_CAUSES
from workers.model.retirement import SHOWN_AS


@dataclass(frozen=True, slots=True)
class _Remedy:
    """*do* is for a problem of *kind* whose words match; "" for either: any."""

    kind: str
    words: str
    do: str
    field: str = ""


_FILE: Final = r"\b(?:files?|images?|videos?|import)\b"
_OPTION: Final = r"\boptions?\b|\blabel\b|\bone of\b"

# The first that fits counts.
_REMEDIES: Final = (
    _Remedy("", OTHER_CAUSES, "look at its letters one by one: `instep dead list --group ID`"),
    _Remedy(
        "",
        r"stands for all",
        "create the items, or mend what the CMS refuses, run `instep reconcile`, then discard",
    ),
    _Remedy(
        "unmapped",
        "",
        "see why the object could not be fetched, then replay",
        field="fetch",
    ),
    _Remedy(
        "unmapped",
        r"\bthe body (?:is (?:not|neither)|holds more|nests|has a document)",
        "see the body by `instep dead show ID`, have its source send it whole and in the form that "
        "its Content-Type says, then discard",
    ),
    _Remedy(
        "unmapped",
        r"ahead of .*clock|in the future",
        "set the clock of the source right; the next event of each record closes its letter",
    ),
    _Remedy(
        "unmapped",
        r"missing data for required|required field",
        "find out why the source leaves it out, or make the field optional in mappings.py, "
        "`instep reload`, then replay",
    ),
    _Remedy(
        "unmapped",
        r"\bkey\b",
        "correct `key` of the mapping, or the record at its source, `instep reload`, then replay",
    ),
    _Remedy(
        "unmapped",
        "",
        "correct mappings.py, or the value at its source, `instep reload`, then replay",
    ),
    _Remedy(
        "missing",
        r"could not be read whole",
        "replay the letter that it names first: the record is created with it",
    ),
    _Remedy(
        "missing",
        r"given it a name",
        "map the name of the record, or create the item in the CMS, then replay",
    ),
    _Remedy(
        "missing",
        r"as its key",
        "put the key back into the item in the CMS, then replay",
    ),
    _Remedy(
        "missing",
        r"refer|: no item",
        "create the item that it refers to, or correct the reference at its source; once the item "
        "is there, it goes out by itself",
    ),
    _Remedy(
        "missing",
        "",
        'create the item in the CMS (or set `missing = "create"` or "ignore" for the collection), '
        "then replay; if the key has a slip, correct it at its source and discard",
    ),
    _Remedy(
        "refused",
        "",
        "remove what refers to the item in the CMS, then replay",
        field=SHOWN_AS,
    ),
    _Remedy(
        "refused",
        r"unique|already in database|\bslug\b.* taken|has the slug|is that of item",
        "give the records slugs or names that no other item has; the next value closes the letter",
    ),
    _Remedy(
        "refused",
        r"not described in schema|no such field|unknown field|has no field",
        "the field is gone from the collection, or was renamed: correct the mapping or the "
        "collection, `instep reload`, then replay",
    ),
    _Remedy(
        "refused",
        r"required",
        "the CMS wants this field filled: give it a value at the source, or make it optional in "
        "the CMS, then replay",
    ),
    _Remedy(
        "refused",
        r"referenced item|itemref|\breference",
        "create or publish the item that it refers to, or correct the reference at its source, "
        "then replay",
    ),
    _Remedy(
        "refused",
        _OPTION,
        "add the option to the field in the CMS, or correct the value at its source, then replay",
    ),
    _Remedy(
        "refused",
        _FILE,
        "see that the address can be reached without login and the file has a type and size that "
        "the CMS takes; then replay",
    ),
    _Remedy(
        "refused",
        r"too (?:long|short|large|small)|at (?:most|least)|maximum|minimum|longer|shorter|limit",
        "change the value at its source, or the limit of the field in the CMS, then replay",
    ),
    _Remedy(
        "refused",
        "",
        "correct the value at its source (the letter then closes itself), or the field in the CMS, "
        "then replay",
    ),
    _Remedy(
        "not-applied",
        r"holds (?:null|nothing)",
        "the CMS took the value and holds none: if it is a picture or a file, see that its address "
        "can be reached without login and has a type and size that the CMS takes; then replay",
    ),
    _Remedy(
        "not-applied",
        "",
        "look at the field in the CMS: it takes the value and does not show it; correct the value "
        "or the field, then replay",
    ),
    _Remedy(
        "exhausted",
        "",
        "look at the item in the CMS: it alone fails, while others are written; then replay",
    ),
)
_LAST: Final = "see what it says, then replay or discard"


def remedy(kind: str, words: str, fields: Sequence[str] = ()) -> str:
    """Return what to do about letters of *kind* with these *words* about *fields*."""
    for each in _REMEDIES:
        if each.kind not in ("", kind) or (each.field and each.field not in fields):
            continue
        if re.search(each.words, words, re.IGNORECASE):
            return each.do
    return _LAST


def with_command(do: str, group: str) -> str:
    """Return the remedy *do* with the command that carries out its end, for the problem *group*."""
    verb = "replay" if do.endswith("replay") else "list"
    return f"{do}: `instep dead {verb} --group {group}`"
