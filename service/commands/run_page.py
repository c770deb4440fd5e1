"""What ``instep runs`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from service.commands import dead_page, deletes_page, undo_page
from service.commands.dead_page import lines, local
from service.commands.output import number, printable
from service.commands.page import wrapped

_ALL: Final = {  # what a run is for; `done` counts it
    "deliveries": ("delivery", "deliveries"),
    "letters": ("letter", "letters"),
    "deletes": ("delete", "deletes"),
    "records": ("record", "records"),
}
SHOWN: Final = 20  # fields that an estimate shows
_FIGURES: Final = {
    "read_bytes": ("byte read", "bytes read"),
    "read_rows": ("row read", "rows read"),
    "items": ("item", "items"),
    "settled": ("record written", "records written"),
    "fields": ("field put back", "fields put back"),
    "groups": ("problem marked", "problems marked"),
    "changed": ("field that would change", "fields that would change"),
    "replayed": ("replayed", "replayed"),
    "discarded": ("discarded", "discarded"),
    "closed": ("closed before", "closed before"),
    "approved": ("approved", "approved"),
    "dropped": ("dropped", "dropped"),
    "more": ("more that waits", "more that wait"),
    "differences": ("difference", "differences"),
    "repaired": ("repaired", "repaired"),
    "created": ("item created", "items created"),
    "overwritten": ("item overwritten", "items overwritten"),
    "retired": ("item retired", "items retired"),
    "held": ("item held", "items held"),
    "held_created": ("creation beyond the guard", "creations beyond the guard"),
    "held_overwritten": ("overwrite beyond the guard", "overwrites beyond the guard"),
    "may_create": ("creation approved", "creations approved"),
    "may_overwrite": ("overwrite approved", "overwrites approved"),
    "left": ("left", "left"),
    "deletes_dropped": ("delete dropped", "deletes dropped"),
    "events": ("event", "events"),
    "taken": ("value accepted", "values accepted"),
    "same": ("value unchanged", "values unchanged"),
    "stale": ("value older than the current one", "values older than the current ones"),
    "undone": ("value that stays undone", "values that stay undone"),
    "unwanted": ("event that no mapping uses", "events that no mapping uses"),
    "repeats": ("repeated event", "repeated events"),
    "not_fetched": ("notice not fetched again", "notices not fetched again"),
    "letters": ("dead letter closed", "dead letters closed"),
    "unmapped": ("not mapped", "not mapped"),
    "calls": ("call", "calls"),
}


def approval(found: Mapping[str, Any], columns: int) -> Iterator[str]:
    """Yield what an approval is for."""
    proposal = found.get("proposal")
    if proposal is None:
        yield approved(found)
        return
    yield from wrapped(f"{proposal['kind']}, proposed by {proposal['by']}", columns)
    yield from wrapped(proposal["why"], columns, first="why: ")
    yield from _would(proposal["kind"], proposal["would"], columns)


def approved(found: Mapping[str, Any]) -> str:
    """Return how many items an approval is for."""
    left = f"; {found['left']:,} are left" if found["left"] else ""
    return f"{found['created']:,} items created, {found['overwritten']:,} overwritten{left}"


def _would(kind: str, would: Mapping[str, Any], columns: int) -> Iterator[str]:
    """Yield what a proposal would do, as the command of its action shows it."""
    if "changes" in would and kind == "undo":
        yield from undo_page.estimate(would, columns)
    elif "matched" in would:
        yield from _replay(would, columns)
    elif "deletes" in would:
        yield from deletes_page.estimate(would, columns)
    elif "letters" in would:
        yield from dead_page.estimate(would, columns)
    else:
        yield from wrapped(f"of the run {would['run']}: {approved(would)}", columns)


def _replay(would: Mapping[str, Any], columns: int) -> Iterator[str]:
    for each in would["changes"][:SHOWN]:
        name = f"{each['collection']} {each['record']} {each['field']}"
        words = f"{name}: {printable(each['old'])} → {printable(each['new'])}"
        yield from wrapped(words, columns, first="  ", rest="    ")
    yield figures_text({name: n for name, n in would.items() if name not in ("left", "more_left")})
    for words in would["held"].values():
        yield from wrapped(f"Many: {words}", columns)
    for each in would["left"]:
        yield from wrapped(f"{each['id']}: {each['reason']}", columns)


def listed(found: list[dict[str, Any]]) -> Iterator[str]:
    if not found:
        yield "Runs: none"
        return
    yield "Runs:"
    heads = [("id", "kind", "of", "state", "started")]
    heads += [
        (run["id"], run["kind"], _of(run), run["state"], local(run["started"], seconds=False))
        for run in found
    ]
    yield from lines(heads, ["figures", *(figures_text(run["figures"]) for run in found)])


def _of(run: Mapping[str, Any]) -> str:
    return run["collection"] or run["source"] or ""


def figures_text(figures: Mapping[str, Any]) -> str:
    """Return the figures of a run in words; the first tell how much is done."""
    of = next((name for name in _ALL if name in figures), "")
    told = [_all(of, figures)] if of else []
    for name, value in figures.items():
        known = name in {of, "done", "matched"} or name.endswith("_of")
        if isinstance(value, int) and not known:
            words = _FIGURES.get(name) or (name.replace("_", " "),) * 2
            told.append(_counted(value, figures.get(f"{name}_of"), words))
    return ", ".join(filter(None, told))


def _all(name: str, figures: Mapping[str, Any]) -> str:
    """Return how much is done of what a run is for."""
    if "done" in figures:
        return f"{figures['done']:,} of {number(figures[name], *_ALL[name])}"
    total = figures.get(f"{name}_of")
    return _counted(figures[name], total, _ALL[name]) or number(0, *_ALL[name])


def _counted(value: int, total: int | None, words: tuple[str, str]) -> str:
    if total is not None:
        return f"{value:,} of {number(total, *words)}"
    return number(value, *words) if value else ""


def shown(found: Mapping[str, Any], columns: int) -> Iterator[str]:
    proposal = found["proposal"] or {}
    rows = {
        "run": f"{found['id']}: {found['kind']}, {found['state']}",
        "by": found["by"],
        "proposed": proposal.get("why"),
        "approved": proposal.get("approved_by"),
        "until": local(proposal["until"]) if proposal and found["state"] == "held" else None,
        "collection": found["collection"],
        "source": found["source"],
        "started": local(found["started"]),
        "ended": local(found["ended"]) if found["ended"] else None,
        "figures": figures_text(found["figures"]),
        "reason": found["reason"],
    }
    for name, value in rows.items():
        if value:
            yield from wrapped(value, columns, first=f"{name}:".ljust(12))
    for reason, count in found["figures"].get("reasons", {}).items():
        yield from wrapped(f"{count:,} left: {reason}", columns, first=" " * 4)
