"""How a tool reaches the store that runs: anew for each call, so that it recovers by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from service.config.build import Configuration
from service.operate.page import FilterInvalid
from service.operate.scope import Scope, whole_scope
from service.operate.selection import UnknownGroup
from workers.delivery.context import Context
from workers.errors import ConfigurationInvalid, ProcessorError, RequestRefused, StoreUnavailable
from workers.model.mask import Mask

Found = dict[str, Any]
Tools = tuple[Callable[..., Found], ...]

_START: Final = (
    "see on its machine that `instep up` runs, and what `instep status` says; call again"
)


class Noun(Protocol):
    """
    The tools of one noun.

    Args:
        reads: Tools that read.
        proposals: Tools that propose.
    """

    reads: Tools
    proposals: Tools


@dataclass(slots=True)
class Session:
    """
    What the tools work with.

    Args:
        join: As `service.commands.session.joined`.
        configuration: Returns the configuration with the mappings as they are now.
        by: Who proposes, as in the audit list: ``mcp:USER@HOST``.
    """

    join: Callable[[], AbstractContextManager[Context]]
    configuration: Callable[[], Configuration]
    by: str
    mask: Mask = field(default_factory=lambda: Mask(()))  # of the secrets as they were last read
    _loading: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def context(self) -> Iterator[Context]:
        """Yield the objects that work on the store; raises StoreUnavailable."""
        with self.join() as context:
            self.mask = Mask(context.settings.hidden)
            yield context

    def configured(self) -> Configuration:
        """Return the configuration; raises ConfigurationInvalid."""
        # Mappings are modules, and calls come from several threads.
        with self._loading:
            made = self.configuration()
        self.mask = Mask(made.settings.hidden)
        return made


def scope(context: Context) -> Scope:
    """Return what may be seen: all that the user who started the server sees."""
    return whole_scope(context.settings)


def words_of(error: Exception) -> str | None:
    """Return what a tool says of *error*: found, expected, what to do; None: it is unexpected."""
    if isinstance(error, StoreUnavailable):
        # Not the message of the instance: it may hold the address of the store.
        return f"found {error.shown}, expected a store that takes and gives; {_START}"
    if isinstance(error, UnknownGroup):
        return f"found {str(error)!r}, expected a problem with open letters; see `list_problems`"
    if isinstance(error, ConfigurationInvalid):
        return "; ".join(str(problem) for problem in error.problems)
    if isinstance(error, FilterInvalid | ProcessorError):
        return str(error)
    return None


def missing(found: str, expected: str, do: str) -> RequestRefused:
    """Return the exception for what is not there, for ``raise``."""
    return RequestRefused(repr(found), expected, do)
