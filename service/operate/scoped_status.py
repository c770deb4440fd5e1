"""The part of the status that an access to some destinations may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from service.operate.scope import Scope

# A lane is paused for all destinations.
_NAMED: Final = ("destinations", "collections", "sources", "refusals", "reconciles", "pulls")


def seen_by(scope: Scope, status: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return *status*, or of a *scope* that is not whole what concerns its destinations.

    Then all sums are left out: they count the others too.
    """
    if scope.whole:
        return dict(status)
    names = {
        "destinations": scope.destinations,
        "collections": scope.collections,
        "sources": scope.sources,
        "refusals": scope.sources,
        "reconciles": scope.collections,
        "pulls": scope.sources,
    }
    seen: dict[str, Any] = {
        key: {name: each for name, each in status[key].items() if name in names[key]}
        for key in _NAMED
    }
    for name, each in seen["sources"].items():
        # One that feeds other destinations too counts by collection.
        stale = {of: n for of, n in each["stale"].items() if of in scope.collections}
        resting = {of: n for of, n in each["resting"].items() if of in scope.collections}
        seen["sources"][name] = {**each, "stale": stale, "resting": resting}
    told = status.get("writebacks", {}).items()
    seen["writebacks"] = {n: each for n, each in told if each["collection"] in scope.collections}
    gone = status.get("removed_writebacks", {}).items()
    gone = {n: each for n, each in gone if each["collection"] in scope.collections}
    seen["removed_writebacks"] = gone
    kinds = {
        "writeback": frozenset(seen["writebacks"]) | frozenset(gone),
        "destination": scope.destinations,
        "collection": scope.collections,
        "source": scope.sources,
        "reconcile": scope.collections,
    }
    seen["lanes"] = status["lanes"]
    for key in ("reasons", "notices"):
        seen[key] = [each for each in status[key] if _concerns(each["name"], kinds)]
    return seen


def _concerns(name: str, kinds: Mapping[str, frozenset[str]]) -> bool:
    """Tell whether a reason with *name*, such as ``collection products: paused``, is theirs."""
    kind, _, rest = name.partition(" ")
    return kind == "lane" or rest.partition(":")[0] in kinds.get(kind, ())
