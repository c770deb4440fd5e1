"""What ``instep runs`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from service.commands.dead_page import lines, local
from service.commands.output import number
from service.commands.page import wrapped

_ALL: Final = {"deliveries": ("delivery", "deliveries"), "letters": ("letter", "letters")}
_FIGURES: Final = {
    "groups": ("problem marked", "problems marked"),
    "replayed": ("replayed", "replayed"),
    "discarded": ("discarded", "discarded"),
    "closed": ("closed before", "closed before"),
    "left": ("left", "left"),
    "events": ("event", "events"),
    "taken": ("value accepted", "values accepted"),
    "same": ("value unchanged", "values unchanged"),
    "stale": ("value older than the current one", "values older than the current ones"),
    "unwanted": ("event that no mapping uses", "events that no mapping uses"),
    "repeats": ("repeated event", "repeated events"),
    "not_fetched": ("notice not fetched again", "notices not fetched again"),
    "letters": ("dead letter closed", "dead letters closed"),
    "unmapped": ("event not mapped", "events not mapped"),
}


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
    of = next((name for name in _ALL if name in figures), None)
    told = [f"{figures.get('done', 0):,} of {number(figures[of], *_ALL[of])}"] if of else []
    for name, value in figures.items():
        if value and isinstance(value, int) and name not in {"done", "matched", of}:
            known = _FIGURES.get(name)
            words = f"{name.replace('_', ' ')} {value:,}"
            told.append(number(value, *known) if known else words)
    return ", ".join(told)


def shown(found: Mapping[str, Any], columns: int) -> Iterator[str]:
    rows = {
        "run": f"{found['id']}: {found['kind']}, {found['state']}",
        "by": found["by"],
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
        yield from wrapped(f"{count} left: {reason}", columns, first=" " * 4)
