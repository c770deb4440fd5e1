"""What keeps a record of which nothing is to be sent from being what its sources say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from service.operate.destination_waits import Wait
from service.operate.moments import at
from service.operate.problem_kinds import kind_of
from service.operate.record_publish import CAUSE, publish_wait
from service.operate.remedies import Remedy
from workers.model.problem_words import problem_words
from workers.model.retirement import GONE, shown_slug
from workers.model.versions import moment_of, version_of_text
from workers.store.dead_letters import Letter
from workers.store.record_facts import RecordFacts

_WAYS: Final = {
    "archive": "archived",
    "draft": "made a draft",
    "unpublish": "unpublished",
    "delete": "deleted",
    "keep": "left as it is",
}


def rests(facts: RecordFacts) -> list[Wait]:
    """Return why the CMS does not show what is wanted although nothing is to be sent."""
    found = [*_dead(facts), *_left_out(facts)]
    found += [
        each for each in (_held(facts), _retired(facts), _dropped(facts), _ignored(facts)) if each
    ]
    found += [each for each in [publish_wait(facts)] if each]
    if not facts.gone:
        found += [each for each in (_staged(facts), _doubted(facts)) if each]
    return found


def _dead(facts: RecordFacts) -> Iterator[Wait]:
    by_letter: dict[str, list[str]] = {}
    for slug, each in sorted(facts.fields.items()):
        if each.state == "dead":
            by_letter.setdefault(each.letter, []).append(shown_slug(slug))
    for id, slugs in by_letter.items():
        says = _refusal(facts.letters.get(id), slugs)
        until = Remedy("nothing until a newer value comes, or it is sent again", "replay", id)
        yield Wait("dead letter", says, until, None, tuple(slugs))


def _left_out(facts: RecordFacts) -> Iterator[Wait]:
    by_letter: dict[str, list[str]] = {}
    for slug, each in sorted(facts.schedule.left.items()):
        by_letter.setdefault(each.letter, []).append(slug)
    for id, slugs in by_letter.items():
        letter = facts.letters.get(id)
        of = f" of {letter.source}" if letter and letter.source else ""
        why = _words(letter, ()) if letter else "its problem is closed"
        says = f"{', '.join(slugs)} of an event{of} could not be read and was left out: {why}"
        words = "nothing until a newer event gives it, or this one is mapped again"
        until = Remedy(words, "replay", id)
        yield Wait("left out", says, until, None, tuple(slugs))


def _refusal(letter: Letter | None, slugs: Sequence[str]) -> str:
    """Return what became of the values of *slugs*, such as ``refused by the CMS (400): …``."""
    if letter is None:
        return f"{', '.join(slugs)} in a problem that is closed"
    title = kind_of(letter.kind).title
    status = f" ({letter.status})" if letter.status else ""
    return f"{title[:1].lower()}{title[1:]}{status}: {_words(letter, slugs)}"


def _words(letter: Letter, slugs: Sequence[str]) -> str:
    """Return the words of *letter*: the problems of *slugs*, else all, else its message."""
    own = [each for each in letter.problems if each["field"] in slugs] or letter.problems
    told = "; ".join(problem_words(each["field"], each["message"]) for each in own)
    return told or letter.message


def _held(facts: RecordFacts) -> Wait | None:
    """Return what its retirement waits for; whatever else there is to send goes on."""
    held = facts.held
    if held is None:
        return None
    fields = (shown_slug(GONE),)
    if held.waits == "approval":
        says = f"approval: its delete ({held.action}) is one of many: {held.reason}"
        words = "nothing until a person approves or drops it, or the record is back"
        until = Remedy(words, "deletes")
        return Wait("approval", says, until, None, fields)
    says = f"others: its delete ({held.action}) waits, in case it is one of many"
    ends = held.until.timestamp() * 1000 if held.until else None
    if facts.counting and ends is not None and ends <= facts.now:
        says = f"{says}: the CMS has yet to say how many items there are"
        ends = None
    return Wait("delay", says, "it goes out, or waits for approval if there are many", ends, fields)


def _retired(facts: RecordFacts) -> Wait | None:
    gone = facts.gone
    if gone is None or gone.unsent:
        return None
    way = gone.value.strip('"')
    says = f"nothing: the record is gone at its source {gone.source}"
    if gone.state == "unchanged" and way != "keep":
        says += ", and no item was there to show it"
    else:
        says += f", so its item was {_WAYS.get(way, way)} (retirement)"
    return Wait("retirement", says, "nothing until an event brings the record back")


def _dropped(facts: RecordFacts) -> Wait | None:
    dropped = facts.dropped
    if dropped is None:
        return None
    says = (
        f"nothing: its source {dropped.source} says that it is gone, and {dropped.by} dropped that"
    )
    return Wait("dropped", says, "nothing until an event shows that the record exists")


def _ignored(facts: RecordFacts) -> Wait | None:
    held = {s: each for s, each in facts.fields.items() if s != GONE and each.state != "superseded"}
    states = {each.state for each in held.values() if not each.create_only}
    if not held or states - {"ignored", "discarded"} or not states:
        return None
    if "discarded" in states:
        return Wait(
            "discarded", "nothing: its values were discarded", "nothing until a newer value comes"
        )
    name = facts.collection.name
    says = f'nothing: no item of {name} has its key, and missing = "ignore" ignores its values'
    return Wait("ignored", says, "nothing until a newer value comes, which is looked up again")


def _staged(facts: RecordFacts) -> Wait | None:
    if not facts.schedule.staged or not facts.destination.live:
        return None
    flags, _, published = facts.status.partition("|")
    why = "was never published, or was unpublished"
    if "a" in flags:
        why = "is archived"
    elif "d" in flags and not published.startswith("|"):
        why = "is a draft"
    says = f"a publish of its item, which {why}: its values are written staged only"
    after = "nothing until somebody publishes the item in the CMS; the publish takes them along"
    return Wait("not published", says, after)


def _doubted(facts: RecordFacts) -> Wait | None:
    shown = [each for slug, each in facts.fields.items() if slug != GONE and not each.create_only]
    settled = [each for each in shown if each.state in ("written", "unchanged")]
    doubted = [each for each in settled if not each.confirmed and not each.unsent]
    known = [each for field in doubted for each in field.known if each.updated]
    if not known:
        return None
    ours = max((each.updated for each in known if each.arrival), default="")
    seen = version_of_text(facts.schedule.updated) or ""
    edited = max([seen, *(each.updated for each in known if not each.arrival)])
    if edited > ours:
        says = f"nothing: the item was edited in the CMS at {at(moment_of(edited))}, by an editor"
    else:
        says = "nothing: what the CMS holds is in doubt since its values were written"
    return Wait(
        "edited", says, "nothing until the next event or `instep reconcile` writes them again"
    )


def state_of(facts: RecordFacts, found: Sequence[Wait]) -> str:
    """Return the state of the record, of the table in service/docs/commands.md."""
    claim = facts.schedule.claim
    if claim and claim.till > facts.now:
        return "sending"
    if facts.unsent:
        return "pending"
    causes = {each.cause for each in found}
    for cause, state in _STATES:
        if cause in causes:
            return state
    return "in step"


_STATES: Final = (
    ("dead letter", "dead"),
    ("left out", "left out"),
    ("approval", "held"),
    ("delay", "held"),
    ("retirement", "retired"),
    ("discarded", "discarded"),
    ("ignored", "ignored"),
    ("not published", "not published"),
    (CAUSE, "staged"),
    ("edited", "edited"),
    ("dropped", "dropped"),
)

STATES: Final = tuple(dict.fromkeys(["in step", "pending", "sending", *dict(_STATES).values()]))
