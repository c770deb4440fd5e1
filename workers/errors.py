"""
Every exception of the project, as one tree.

ProcessorError
├── ConfigurationInvalid    instep.toml or a mapping is wrong           → exit 2
├── SourceError             nothing to map in this request
│   ├── SignatureInvalid    forged, altered or stale                    → 401
│   ├── PayloadInvalid      signed, but not readable: a dead letter     → 200
│   └── BodyTooLarge        more than the source may send, unpacked     → 413
├── SnapshotInvalid         a snapshot is cut off or cannot be read      → nothing of it is used
├── ReconcileFailed         it cannot be told what differs              → nothing is changed
├── StoreUnavailable        the store did not answer: nothing was kept  → spooled, or 503
│   ├── StoreFull           it answers, and has no room for more        → spooled, or 503
│   ├── StoreUnsafe         it answers, but may lose or evict keys      → no start; spooled
│   ├── StoreForbidden      it refuses its user a right, or the password → spooled, or 503
│   ├── StoreNewer          a later release has written it              → no start
│   ├── StoreDamaged        files of the embedded one cannot be read    → no start
│   └── SpoolFull           nor does the spool take it                  → 503
├── DestinationError        the CMS refused or did not answer           → workers.policy.rules
└── FetchError              a thin notice's object could not be read    → tried again
    ├── FetchRefused        the system answers, and not with this object
    └── FetchUnavailable    the system does not answer, or refuses everybody
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar


class ProcessorError(Exception):
    """The root: catch it to catch everything that Instep itself raises."""


@dataclass(frozen=True, slots=True)
class Problem:
    """
    One thing that is wrong in what an operator wrote.

    Args:
        where: File and key, e.g. ``instep.toml: sources.erp.secrets``.
        found: What stands there; never a secret.
        expected: What could stand there.
        do: The next step, as an imperative.
    """

    where: str
    found: str
    expected: str
    do: str

    def __str__(self) -> str:
        return f"{self.where}: found {self.found}, expected {self.expected}; {self.do}"

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


class ConfigurationInvalid(ProcessorError):
    """What an operator wrote cannot be run; holds every problem, not the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class MappingsInvalid(ConfigurationInvalid):
    """The configuration itself is right, but mappings that it names are not."""


class SourceError(ProcessorError):
    """A request from a source holds nothing that can be mapped."""


class SignatureInvalid(SourceError):
    """The proof is missing, forged, altered or stale. The message never quotes a secret."""


class PayloadInvalid(SourceError):
    """The proof holds, but the body cannot be read."""


class BodyTooLarge(SourceError):
    """The body is larger than ``max_body`` of its source once it is unpacked."""


class SnapshotInvalid(ProcessorError):
    """
    A snapshot of a source is cut off, unreadable or not what the mappings read: it proves nothing.

    Args:
        where: The file or the database, and the place in it; never a secret.
        found: What stands there.
        expected: What could stand there.
        do: The next step, as an imperative.
    """

    def __init__(self, where: str, found: str, expected: str, do: str) -> None:
        self.problem = Problem(where, found, expected, do)
        super().__init__(str(self.problem))


class ReconcileFailed(ProcessorError):
    """The collection cannot be listed, or another run of it is going on: nothing was changed."""


class StoreUnavailable(ProcessorError):
    """The store did not answer, or could not keep what was handed to it."""

    # For everybody to see: what an instance says may hold the address of the store.
    shown: ClassVar[str] = "the store does not answer"


class StoreFull(StoreUnavailable):
    """The store answers, and has no room for anything new; what it holds can still be delivered."""

    shown = "the store's memory is full"


class StoreUnsafe(StoreUnavailable):
    """The store answers, but may lose acknowledged writes or evict keys."""

    shown = "the store may lose what it is given"


class StoreForbidden(StoreUnavailable):
    """The store refuses its user a right, or does not know the user: nothing was kept."""


class StoreNewer(StoreUnavailable):
    """The store is of a version that this release does not know: it is neither read nor written."""

    shown = "the store is of a later release"

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class StoreDamaged(StoreUnavailable):
    """The files of the embedded store are damaged, and not at their end alone: none is changed."""


class SpoolFull(StoreUnavailable):
    """The spool has no room, or its disk does not take what was handed to it."""

    shown = "neither the store nor the spool can keep it now"


class DestinationError(ProcessorError):
    """
    A request to the CMS ended without an answer.

    Args:
        sent: Whether any byte may have reached the CMS: then the outcome is unknown.
    """

    def __init__(self, message: str, *, sent: bool) -> None:
        self.sent = sent
        super().__init__(message)


class FetchError(ProcessorError):
    """An object that a thin notice names could not be read."""


class FetchRefused(FetchError):
    """The system answers, and not with this object: it alone is tried again, a few times."""


class FetchUnavailable(FetchError):
    """
    The system does not answer, or refuses everybody: nothing is held against the object.

    Args:
        message: What it said.
        retry_after: Seconds that it asked to be left alone; None: it did not say.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)
