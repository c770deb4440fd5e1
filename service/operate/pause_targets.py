"""What a pause is of: a destination, collection, source, write-back, or lane of all sites."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from service.operate import names
from service.operate.remedies import Remedy
from service.operate.scope import Scope
from workers.config.settings import Settings
from workers.errors import UnknownName
from workers.model.changes import Lane

Kind = Literal["destination", "collection", "source", "lane", "writeback"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
LANES: Final[tuple[str, ...]] = get_args(Lane)
_USE: Final = "use one of these names"


@dataclass(frozen=True, slots=True)
class Target:
    kind: Kind
    name: str

    @property
    def full(self) -> str:
        """Its name with the kind, as ``source:erp``."""
        return f"{self.kind}:{self.name}"

    @property
    def by_hand(self) -> bool:
        """Whether only a person pauses it, and all destinations are meant."""
        return self.kind in ("source", "lane")


def target_of(text: str, settings: Settings, paused: Iterable[str] = ()) -> Target:
    """
    Return what *text* names: NAME of a destination or a collection, or KIND:NAME.

    Args:
        paused: KIND:NAME of what is paused, and may be configured no longer.

    Raises:
        UnknownName: There is none, or NAME is both.
    """
    known = _known(settings)
    kind, colon, name = text.partition(":")
    for each in KINDS:
        if colon and each == kind:
            if name in known[each] or text in paused:
                return Target(each, name)
            raise UnknownName(repr(text), f"a {each}: {_names(known[each], each)}", _USE)
    found = [each for each in KINDS[:2] if text in known[each]]
    if len(found) == 2:
        both = " or ".join(f"{each}:{text}" for each in found)
        raise UnknownName(f"{text!r}, a destination and a collection", both, "use one of these")
    if found:
        return Target(found[0], text)
    names = ", ".join((*settings.destinations, *settings.collections)) or "none"
    others = [f"source:{name}" for name in settings.all_sources]
    others += [f"lane:{lane}" for lane in LANES]
    others += [f"writeback:{name}" for name in settings.writebacks]
    expected = f"a destination or collection: {names}; or {', '.join(others)}"
    raise UnknownName(repr(text), expected, _USE)


def check_scope(text: str, settings: Settings, scope: Scope) -> None:
    """Raise UnknownName for what *scope* may not pause: a shared source, or all destinations."""
    if scope.whole:
        return
    plain = scope.destinations | scope.collections
    known = {
        *plain,
        *(f"destination:{each}" for each in scope.destinations),
        *(f"collection:{each}" for each in scope.collections),
        *(f"source:{each}" for each in scope.sources - scope.shared),
        *(
            f"writeback:{each.name}"
            for each in settings.writebacks.values()
            if each.collection in scope.collections
        ),
    }
    both = settings.destinations.keys() & settings.collections.keys()
    names.check(text, "a destination, collection, source or write-back", known - both)


def resumable(do: str, settings: Settings, scope: Scope) -> str | None:
    """Return what *do* ends with the resume of, if *scope* may resume it; None: nothing."""
    if not isinstance(do, Remedy) or do.action != "resume":
        return None
    with contextlib.suppress(UnknownName):
        check_scope(do.target, settings, scope)
        return do.target
    return None


def _known(settings: Settings) -> dict[Kind, tuple[str, ...]]:
    return {
        "destination": tuple(settings.destinations),
        "collection": tuple(settings.collections),
        "source": tuple(settings.all_sources),
        "lane": LANES,
        "writeback": tuple(settings.writebacks),
    }


def _names(names: tuple[str, ...], kind: str) -> str:
    return ", ".join(f"{kind}:{name}" for name in names) or "none"
