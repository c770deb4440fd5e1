"""The answer to why the CMS shows what it shows of a record: one or two sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from service.operate.destination_waits import Wait
from workers.model.retirement import GONE
from workers.store.record_facts import RecordFacts

MAYBE: Final = ("spool", "delivery")  # deliveries that may name it, or not
_SETTLED: Final = ("written", "unchanged")
_NEWEST: Final = "~"  # after any version: arrival decides, and it came last


def answer(facts: RecordFacts, state: str, found: Sequence[Wait]) -> str:
    """
    Return where the record stands, and why.

    Args:
        found: What keeps it from being what its sources say; what counts first comes first.
    """
    live = facts.destination.live or facts.destination.publish != "never"
    where = "on the site" if live else "in the CMS"
    if not found:
        return f"It is {where}: {_shown(facts)}."
    main = found[0].says.removeprefix("nothing: ").removesuffix(".")  # the CMS's, at the end
    if found[0].cause in MAYBE:
        return f"It is {where}, as far as deliveries were accepted. But see {main}."
    if state == "not published":
        return f"Not yet {where}. It waits for {main}."
    if state == "staged":
        return f"Written, and not yet on the site. It waits for {main}."
    if state in ("pending", "sending"):
        return f"{_unsent(facts, where)}. It waits for {main}."
    if state == "held":
        return f"It is gone at its source. It waits for {main}."
    if state in ("dead", "left out"):
        return f"{_refused(facts, state, where)}. {main[:1].upper()}{main[1:]}."
    return f"{main[:1].upper()}{main[1:]}."


def _shown(facts: RecordFacts) -> str:
    """Return what the CMS shows, where nothing is left to be sent."""
    undone = {slug: each.undo for slug, each in facts.fields.items() if each.undo}
    if not undone:
        return "the CMS shows all that its sources gave"
    named = ", ".join("its item" if slug == GONE else slug for slug in sorted(undone))
    runs = ", ".join(sorted(set(undone.values())))
    return f"an undo ({runs}) has put back {named}; the CMS shows that, and else what sources gave"


def _unsent(facts: RecordFacts, where: str) -> str:
    if facts.gone and facts.gone.unsent:
        return "It is gone at its source, and its item is not retired yet"
    fields = [facts.fields[slug] for slug in facts.unsent if slug != GONE]
    if fields and all(each.state in _SETTLED for each in fields):
        # They were sent: it is what came of it that is unknown.
        return f"Not all of its newest values are known to be {where}"
    some = _some(facts, (each.version for each in fields), where)
    return f"{some} yet" if some else f"Not yet {where}"


def _refused(facts: RecordFacts, state: str, where: str) -> str:
    if facts.gone and facts.gone.state == "dead":
        return "It is gone at its source, and its item could not be retired"
    versions = [each.version for each in facts.fields.values() if each.state == "dead"]
    versions += [left.version or _NEWEST for left in facts.schedule.left.values()]
    # Before any look-up there may be an item for all that is known.
    none = f"Not {where}" if state == "dead" else f"Its newest values are not {where}"
    return _some(facts, versions, where) or none


def _some(facts: RecordFacts, lacking: Iterable[str], where: str) -> str | None:
    """
    Tell whether some of the newest values are shown; None: there is no item to show any.

    An item may have shown older values all the time, of events or by hand.

    Args:
        lacking: The versions of those that are not.
    """
    missing = any(each.kind == "missing" for each in facts.letters.values())
    if facts.id is None or missing:
        return None
    newest = max(lacking, default="")
    shown = any(
        each.state in _SETTLED and each.version >= newest and slug != GONE
        for slug, each in facts.fields.items()
    )
    said = "Not all of its newest values are" if shown else "Its newest values are not"
    return f"{said} {where}"
