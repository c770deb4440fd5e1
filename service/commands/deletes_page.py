"""What ``instep deletes`` prints for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from service.commands.dead_page import lines, local
from service.commands.output import printable
from service.commands.page import wrapped
from service.operate.held_deletes import APPROVAL
from workers.model.runs import Run

REASONS: Final = 3  # of one collection that are shown
DOING: Final[Mapping[str, str]] = {"approve": "approving", "drop": "dropping"}
QUESTION: Final[Mapping[str, str]] = {
    "approve": "Take these items off the site, as listed?",
    "drop": "Drop these deletes, and keep the items?",
}
_DO: Final = (
    "`instep deletes approve --collection {0}` sends them, `instep deletes drop --collection {0}` "
    "keeps the items"
)

Found = Mapping[str, Any]


def listed(found: Sequence[Found], columns: int, *, more: bool) -> Iterator[str]:
    """Yield a line for each delete, by collection, under why they wait and what to do."""
    if not found:
        yield "Pending deletes: none"
    groups: dict[tuple[str, bool], list[Found]] = {}
    for each in found:
        groups.setdefault((each["collection"], each["waits"] != APPROVAL), []).append(each)
    for number, ((collection, delayed), own) in enumerate(sorted(groups.items())):
        if number:
            yield ""
        yield from _head(collection, own, columns, delayed=delayed)
        yield from _rows(own, delayed=delayed)
    if more:
        yield f"and more: --limit {2 * len(found)}"


def _head(collection: str, own: Sequence[Found], columns: int, *, delayed: bool) -> Iterator[str]:
    if delayed:
        goes = "goes out after its delay" if len(own) == 1 else "go out after their delay"
        yield f"{printable(collection)}: {_many(len(own))} {goes}"
        return
    yield f"{printable(collection)}: {_waiting(len(own))}"
    reasons = Counter(each["reason"] for each in own)
    for reason, _ in reasons.most_common(REASONS):
        yield from wrapped(reason, columns, first="  ")
    if len(reasons) > REASONS:
        yield f"  and {len(reasons) - REASONS} more reasons: --json"
    yield from wrapped(_DO.format(collection), columns, first="  > Do: ", rest="    ")


def _rows(own: Sequence[Found], *, delayed: bool) -> Iterator[str]:
    heads = [("id", "goes out" if delayed else "since", "action", "source")]
    heads += [
        (
            each["id"],
            local(each["until"])[11:19] if delayed else local(each["since"], seconds=False),
            each["action"],
            each["source"],
        )
        for each in own
    ]
    yield from lines(heads, ["key", *(str(each["key"]) for each in own)])


def estimate(found: Found, columns: int) -> Iterator[str]:
    """Yield what an action is for."""
    if not (found["deletes"] or found["left"] or found["unknown"]):
        yield "no pending delete waits for approval"
    for name, number in found["collections"].items():
        yield f"{printable(name)}: {_many(number)}"
    for each in found["examples"]:
        item = f" (item {each['item']})" if each["item"] else ""
        yield from wrapped(
            f"{each['action']} {each['key']}{item}", columns, first="  ", rest="    "
        )
    if found["deletes"] > len(found["examples"]):
        yield f"  and {found['deletes'] - len(found['examples']):,} more"
    if found["deletes"]:
        yield f"from {local(found['oldest'])} to {local(found['newest'])}"
    if found["left"]:
        yield _left(found["left"])
    for id in found["unknown"]:
        yield f"there is no pending delete {printable(id)}"


def report(run: Run, columns: int) -> Iterator[str]:
    """Yield what came of an action."""
    word = "approved" if run.kind == "approve" else "dropped"
    yield f"{word.capitalize()}: {run.figures[word]:,}"
    for reason, number in run.figures["reasons"].items():
        yield from wrapped(f"{number:,} left: {reason}", columns)
    if run.figures["more"]:
        yield _left(run.figures["more"])


def _left(number: int) -> str:
    return f"{_waiting(number, ' still')}: instep deletes list"


def _waiting(number: int, still: str = "") -> str:
    return f"{_many(number)}{still} {'waits' if number == 1 else 'wait'} for approval"


def _many(number: int) -> str:
    return f"{number:,} {'delete' if number == 1 else 'deletes'}"
