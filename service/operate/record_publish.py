"""What a record waits for that is written, and not on the site: a publish of ours."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from service.operate.destination_waits import Wait
from workers.model.publishing import State
from workers.store.record_facts import RecordFacts

CAUSE: Final = "publish waits"

# By the state of the item: what it waits for, and what happens then; "": the next publish.
_HELD: Final[dict[State, tuple[str, str]]] = {
    "d": (
        "an editor: its item is a draft, and is not published by Instep",
        "nothing until the draft is published in Webflow, or ended and written again",
    ),
    "e": (
        "a person: its item was edited in Webflow, by somebody else as far as anything shows",
        "nothing until it is published in Webflow, or by `instep publish COLLECTION KEY`",
    ),
}


def publish_wait(facts: RecordFacts) -> Wait | None:
    """Return the publish that the staged copy waits for; None: nothing of it does."""
    member, told = facts.unpublished, facts.publishing
    if member is None or told is None:
        return None
    if member.state == "x":
        says = f"a publish of its item, which the CMS refuses: {member.why}"
        return Wait(CAUSE, says, "it is tried again every 5 minutes", _ms(told["next"]))
    if member.state in _HELD:
        says, after = _HELD[member.state]
        return Wait(CAUSE, says, after)
    of = "the site" if member.by_site else "its item"
    if member.state in ("r", "s") and not told["held"]:
        says = f"the publish of {of}, which is under way"
        return Wait(CAUSE, says, "it is looked at whether it is live", _ms(told["next"]))
    says = f"the publish of {of}: it is staged"
    why = told["failed"] or (told["held"] if member.by_site else None)
    if why:
        return Wait(
            CAUSE, f"{says}; publishing is held: {why}", "it looks again", _ms(told["next"])
        )
    return Wait(CAUSE, says, f"{of} is published", _ms(told["next"]))


def _ms(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() * 1000 if text else None
