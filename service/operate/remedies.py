"""What to do about what goes wrong: once, for commands, pages, the API and assistants."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from workers.model.problem_cause import OTHER_CAUSES
from workers.model.retirement import SHOWN_AS
from workers.policy.rules import RULES

# Action → the command that carries it out; what it is done to is filled in.
COMMANDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "replay": "instep dead replay {}",
        "discard": "instep dead discard {}",
        "list": "instep dead list {}",
        "resume": "instep resume {}",
        "approve": "instep runs approve {}",
        "runs": "instep runs list --state held",
        "deletes": "instep deletes list",
        "deliveries": "instep deliveries list {}",
        "status": "instep status",
        "worker": "instep worker",
    }
)


class Remedy(str):
    """
    What to do. As text it ends with the command that does the rest: a person at a terminal reads
    that. A page shows `words`, and a button or a link for `action`.

    Args:
        words: What a person does, in any place: they name no command that does the action.
        action: One of `COMMANDS`; empty: nothing is left to be done by Instep.
        target: What the action is done to, as the command takes it.
    """

    words: str
    action: str
    target: str

    def __new__(cls, words: str, action: str = "", target: str = "") -> Remedy:
        command = COMMANDS[action].format(target).rstrip() if action else ""
        made = super().__new__(cls, f"{words}: `{command}`" if command else words)
        made.words, made.action, made.target = words, action, target
        return made


def words_of(do: str) -> str:
    """Return *do* without the command at its end."""
    return do.words if isinstance(do, Remedy) else do


def advised(reason: str) -> tuple[str, str]:
    """Return why an answer of the CMS has paused something, and what to do up to its resume."""
    why, _, advice = reason.rpartition("; ")
    # Only our own words: the rest of the reason is what the CMS answered.
    if advice in _ADVICE:
        return why, advice.replace("run instep resume", "resume it")
    return reason, ""


@dataclass(frozen=True, slots=True)
class _Row:
    """*do* is for a problem of *kind* whose words match; "" for either: any."""

    kind: str
    words: str
    do: str
    action: str = "replay"
    field: str = ""


_ADVICE: Final = frozenset(rule.advice for rule in RULES if rule.advice)
_FILE: Final = r"\b(?:files?|images?|videos?|import)\b"
_OPTION: Final = r"\boptions?\b|\blabel\b|\bone of\b"
_AGAIN: Final = "then send it again"
_PICTURE: Final = (
    "see that its address opens without a login, and that its type and size are allowed in the CMS"
)

# The first that fits counts.
_ROWS: Final = (
    _Row("", OTHER_CAUSES, "look at its failures one by one", "list"),
    _Row(
        "",
        r"stands for all",
        "create the items, or mend what the CMS refuses; run `instep reconcile`, then discard it",
        "discard",
    ),
    _Row("unmapped", "", f"see why the object could not be fetched, {_AGAIN}", field="fetch"),
    _Row(
        "unmapped",
        r"\bthe body (?:is (?:not|neither)|holds more|nests|has a document)",
        "look at the payload, have its source send it whole and in the form that its Content-Type "
        "says, then discard it",
        "discard",
    ),
    _Row(
        "unmapped",
        r"ahead of .*clock|in the future",
        "set the clock of the source right; the next event of each record closes it",
        "",
    ),
    _Row(
        "unmapped",
        r"missing data for required|required field",
        "find out why the source leaves it out; or make the field optional in mappings.py, run "
        f"`instep reload`, {_AGAIN}",
    ),
    _Row(
        "unmapped",
        r"\bkey\b",
        "correct the record at its source; or correct `key` of the mapping, run `instep reload`, "
        + _AGAIN,
    ),
    _Row(
        "unmapped",
        "",
        "correct the value at its source; or correct mappings.py, run `instep reload`, " + _AGAIN,
    ),
    _Row(
        "missing",
        r"could not be read whole",
        "first send the problem that it names again: the record is created with it",
        "",
    ),
    _Row(
        "missing",
        r"given it a name",
        f"map the name of the record, or create the item in the CMS, {_AGAIN}",
    ),
    _Row("missing", r"as its key", f"put the key back into the item in the CMS, {_AGAIN}"),
    _Row(
        "missing",
        r"refer|: no item",
        "create the item that it refers to, or correct the reference at its source; once the item "
        "is there, it goes out by itself",
        "",
    ),
    _Row(
        "missing",
        "",
        "if the key has a slip, correct it at its source and discard it; else create the item in "
        'the CMS (or let Instep do so: `missing = "create"` of the collection), ' + _AGAIN,
    ),
    _Row("refused", "", f"remove what refers to the item in the CMS, {_AGAIN}", field=SHOWN_AS),
    _Row(
        "refused",
        r"unique|already in database|\bslug\b.* taken|has the slug|is that of item",
        "give the record a slug or name that no other item has; its next value closes this",
        "",
    ),
    _Row(
        "refused",
        r"not described in schema|no such field|unknown field|has no field",
        "the field is gone from the collection, or was renamed: put it back in the CMS, or correct "
        f"the mapping and run `instep reload`; {_AGAIN}",
    ),
    _Row(
        "refused",
        r"required",
        "the CMS wants this field filled: give it a value at the source, or make it optional in "
        f"the CMS, {_AGAIN}",
    ),
    _Row(
        "refused",
        r"referenced item|itemref|\breference",
        "create or publish the item that it refers to, or correct the reference at its source, "
        + _AGAIN,
    ),
    _Row(
        "refused",
        _OPTION,
        f"add the option to the field in the CMS, or correct the value at its source, {_AGAIN}",
    ),
    _Row("refused", _FILE, f"{_PICTURE}, {_AGAIN}"),
    _Row(
        "refused",
        r"too (?:long|short|large|small)|at (?:most|least)|maximum|minimum|longer|shorter|limit",
        f"change the value at its source, or the limit of the field in the CMS, {_AGAIN}",
    ),
    _Row(
        "refused",
        "",
        "correct the value at its source, which closes this by itself; or correct the field in the "
        f"CMS, {_AGAIN}",
    ),
    _Row(
        "not-applied",
        r"holds (?:null|nothing)",
        f"the field is empty in the CMS: if it is a picture or a file, {_PICTURE}, {_AGAIN}",
    ),
    _Row(
        "not-applied",
        "",
        "look at the field in the CMS: it takes the value and does not show it; correct the value "
        f"or the field, {_AGAIN}",
    ),
    _Row(
        "writeback",
        r"changed no row|the record is not there",
        "see that the record is there, and that the WHERE of the statement finds it; " + _AGAIN,
    ),
    _Row(
        "writeback",
        "",
        "correct the write-back in instep.toml, or what its target says, run `instep reload`, "
        + _AGAIN,
    ),
    _Row(
        "exhausted",
        "",
        f"look at the item in the CMS: it alone fails, while others are written; {_AGAIN}",
    ),
)
_LAST: Final = _Row("", "", "see what it says, then discard it or send it again")


def remedy(kind: str, words: str, fields: Sequence[str] = (), *, target: str) -> Remedy:
    """
    Return what to do about letters of *kind* with these *words* about *fields*.

    Args:
        target: The letter, or ``--group`` and its problem.
    """
    for each in _ROWS:
        if each.kind not in ("", kind) or (each.field and each.field not in fields):
            continue
        if re.search(each.words, words, re.IGNORECASE):
            return Remedy(each.do, each.action, target)
    return Remedy(_LAST.do, _LAST.action, target)


def of_group(kind: str, title: str, fields: Sequence[str], id: str) -> Remedy:
    """Return what to do about the problem *id*."""
    return remedy(kind, title, fields, target=f"--group {id}")
