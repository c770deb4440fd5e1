"""Of which kind an alert is, by the name of a reason or notice. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    """Of which *kind* a reason is whose name matches, how long it must last, what it means."""

    names: str
    kind: str
    after: float = 10.0
    means: str = ""


_NOTHING: Final = "Nothing is written until it goes on; what comes in is kept"
# The first that fits counts.
RULES: Final = (
    Rule(r"store (away|loads)", "store", 30.0, "Deliveries go to the spool; nothing is written"),
    Rule(r"store (weak|newer|forbidden)", "store", 10.0, "The store is not used: see there"),
    Rule(r"store ", "store", 10.0, "Accepted values may be missing on the site"),
    Rule(r"spool waits", "store", 300.0, "Deliveries are kept, and not yet on the site"),
    Rule(r"spool full", "store", 0.0, "Deliveries are refused: senders get 503"),
    Rule(r"spool ", "store", 10.0, "A delivery may be lost"),
    Rule(r"memory full", "store", 0.0, "The store takes no new deliveries; writing goes on"),
    Rule(r"memory ", "store", 30.0, "From 90 % on it takes no new deliveries"),
    Rule(r"no worker", "outage", 30.0, "Nothing is written to any site; what comes in is kept"),
    Rule(r".* hung", "outage", 15.0, "Work of this process stands still"),
    Rule(r"fetcher .*: outage", "outage", 300.0, "What thin notices name cannot be read"),
    Rule(r"writeback ", "paused", 60.0, "Its source is not told what became of records"),
    Rule(r".*: outage", "outage", 60.0, _NOTHING),
    Rule(r".*: paused", "paused", 10.0, _NOTHING),
    Rule(r".*: not published", "paused", 300.0, _NOTHING),
    Rule(r".*: publish (held|failed)", "paused", 300.0, "What is staged is not on the site"),
    Rule(r".*: plan limit", "paused", 300.0, "New records get no items; others are written"),
    Rule(r".*: late", "late", 0.0, "The site is behind what the sources have sent"),
    Rule(
        r"reconcile .*: held|.*: pull held", "reconcile", 10.0, "What it would change is not sent"
    ),
    Rule(r".*: pull overdue", "silence", 10.0, "The site shows what was pulled before"),
    Rule(r"reconcile |.*: pull ", "reconcile", 10.0, "It is not proven that all is in step"),
    Rule(r".*: locales unknown", "problems", 600.0, "Variants of items are not written"),
    Rule(r".*: every delivery refused", "problems", 300.0, "Nothing of it reaches the site"),
    Rule(r".*: nothing wanted", "problems", 300.0, "Nothing of it reaches the site"),
    Rule(r".*: only older values", "problems", 10.0, "Nothing that it sends is written"),
    Rule(r".*: no room for payloads", "problems", 10.0, "What it sends cannot be mapped"),
    Rule(r"counters do not balance", "problems", 60.0, "Values may be missing on the site"),
    Rule(r"", "problems", 60.0, "Something waits for a person: see `instep status`"),
)
# Told otherwise, or nothing to do about.
LEFT_OUT: Final = re.compile(r"alerts not delivered|fetcher .*: waiting")
