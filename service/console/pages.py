"""The pages of the console: one table for routes, navigation and keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from flask import Blueprint

from service.operate.parts import Parts


@dataclass(frozen=True, slots=True)
class ConsolePage:
    """
    Args:
        key: The letter that opens it.
        module: Of this folder; has ``routes(parts) -> Blueprint``. The blueprint has the name of
            the module, and its endpoint ``show`` is the page itself.
    """

    title: str
    path: str
    key: str
    module: str

    @property
    def endpoint(self) -> str:
        return f"{self.module}.show"

    @property
    def module_name(self) -> str:
        return f"{__package__}.{self.module}"

    def routes(self, parts: Parts) -> Blueprint:
        made: Blueprint = import_module(self.module_name).routes(parts)
        return made


# j, k, x and r have a meaning on every page.
PAGES: Final = (
    ConsolePage("Overview", "/", "o", "overview"),
    ConsolePage("Records", "/records", "c", "records"),
    ConsolePage("Problems", "/problems", "p", "problems"),
    ConsolePage("Pending deletes", "/deletes", "d", "deletes"),
    ConsolePage("Runs", "/runs", "u", "runs"),
    ConsolePage("Sources", "/sources", "s", "sources"),
    ConsolePage("Settings", "/settings", "t", "settings"),
)
_OWN: Final = ("/login", "/logout", "/static", "/overview")  # of its actions: it is at / itself
_ROOTS: Final = (*(page.path for page in PAGES if page.path != "/"), *_OWN)
_BELOW: Final = tuple(f"{root}/" for root in _ROOTS)


@cache
def existing() -> Sequence[ConsolePage]:
    """Return the pages whose module is there, in the order of the table."""
    return tuple(page for page in PAGES if find_spec(page.module_name))


def is_console(path: str) -> bool:
    """Tell whether *path* belongs to the console, whether there is a page or not."""
    return path == "/" or path in _ROOTS or path.startswith(_BELOW)
