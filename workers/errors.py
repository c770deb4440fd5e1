"""
Every exception of the project, as one tree.

ProcessorError
├── ConfigurationInvalid    instep.toml or a mapping is wrong           → exit 2
├── SourceError             nothing to map in this request
│   ├── SignatureInvalid    forged, altered or stale                    → 401
│   ├── PayloadInvalid      signed, but not readable: a dead letter     → 200
│   └── BodyTooLarge        more than the source may send, unpacked     → 413
├── SnapshotInvalid         a snapshot is cut off or cannot be read     → none of it is used
├── PullFailed              a source gave no readable page              → tried again later
├── ReconcileFailed         the collection could not be compared        → nothing is changed
├── RequestRefused          an operator asked for what cannot be done   → exit 1, or 409
│   ├── UnknownName         instep.toml has nothing of this name        → exit 2, or 404
│   └── SelectionInvalid    what is named does not go together          → exit 2, or 422
├── StoreUnavailable        the store did not answer: nothing was kept  → spooled, or 503
│   ├── StoreFull           it answers, but has no room for more        → spooled, or 503
│   ├── StoreUnsafe         it answers, but may lose or evict keys      → no start; spooled
│   ├── StoreLoading        it has begun, and reads its data from disk  → spooled, or 503
│   ├── StoreForbidden      it refuses the password, or a right         → spooled, or 503
│   ├── StoreNewer          a later release has written it              → no start
│   ├── StoreDamaged        the embedded store's files are unreadable   → no start
│   └── SpoolFull           the spool has no room either                → 503
├── DestinationError        the CMS refused or did not answer           → workers.policy.rules
├── OutgoingError           no answer of an operator's own address      → sent again later
│   ├── OutgoingDenied      a database refuses the user                 → paused
│   └── OutgoingRefused     a database refuses the statement            → an attempt
└── FetchError              a thin notice's object could not be read    → tried again
    ├── FetchRefused        the system answers, but without this object
    └── FetchUnavailable    the system does not answer, or refuses every request
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar


class ProcessorError(Exception):
    """The base class of every exception that Instep raises."""


@dataclass(frozen=True, slots=True)
class Problem:
    """
    One thing that is wrong in what an operator wrote.

    Args:
        where: File and key, e.g. ``instep.toml: sources.erp.secrets``.
        found: The value there; never a secret.
        expected: What a valid value is.
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
    """The configuration or a mapping is wrong; holds every problem, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class MappingsInvalid(ConfigurationInvalid):
    """instep.toml is right, but mappings that it names are wrong."""


class SourceError(ProcessorError):
    """A request from a source that cannot be mapped."""


class SignatureInvalid(SourceError):
    """The signature is missing, forged, altered or stale. The message never quotes a secret."""


class PayloadInvalid(SourceError):
    """The signature is valid, but the body cannot be read."""


class BodyTooLarge(SourceError):
    """The unpacked body is larger than ``max_body`` of its source."""


class SnapshotInvalid(ProcessorError):
    """
    A snapshot is cut off, unreadable, or does not fit the mappings. None of it is used.

    Args:
        where: The file or database, and the place in it; never a secret.
        found: The value there.
        expected: What a valid value is.
        do: The next step, as an imperative.
    """

    def __init__(self, where: str, found: str, expected: str, do: str) -> None:
        self.problem = Problem(where, found, expected, do)
        super().__init__(str(self.problem))


class PullFailed(ProcessorError):
    """
    A source that is pulled gave no answer that can be read. The message holds no secret.

    Args:
        retry_after: Seconds that the source asks to wait; None: it asks for nothing.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ReconcileFailed(ProcessorError):
    """The collection cannot be listed, or is being reconciled already. Nothing was changed."""


class RequestRefused(ProcessorError):
    """
    What an operator asked for cannot be done, and nothing was changed.

    Args:
        found: What stands in the way; never a secret.
        expected: What would be needed.
        do: The next step, as an imperative.
    """

    def __init__(self, found: str, expected: str, do: str) -> None:
        self.found, self.expected, self.do = found, expected, do
        super().__init__(f"found {found}, expected {expected}; {do}")


class UnknownName(RequestRefused):
    """An operator named what instep.toml does not have."""


class SelectionInvalid(RequestRefused):
    """An operator named nothing, too little, or things that do not go together."""


class StoreUnavailable(ProcessorError):
    """The store did not answer, or could not store what it was given."""

    # For public pages: the message of an instance may hold the address of the store.
    shown: ClassVar[str] = "the store does not answer"


class StoreFull(StoreUnavailable):
    """The store has no room for anything new; what it holds can still be delivered."""

    shown = "the store's memory is full"


class StoreUnsafe(StoreUnavailable):
    """The store answers, but may lose acknowledged writes or evict keys."""

    shown = "the store may lose what it is given"


class StoreLoading(StoreUnavailable):
    """The store has begun, and reads its data; *progress*: how far it is."""

    shown = "the store loads its data"

    def __init__(self, progress: str) -> None:
        self.progress = progress
        super().__init__(f"the store loads its data: {progress}")


class StoreForbidden(StoreUnavailable):
    """The store refuses the user a right, or does not know the user."""


class StoreNewer(StoreUnavailable):
    """A later release has written the store; it is neither read nor written."""

    shown = "the store is of a later release"

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class StoreDamaged(StoreUnavailable):
    """Files of the embedded store are damaged, not only at their end. None is changed."""


class SpoolFull(StoreUnavailable):
    """The spool has no room, or its disk cannot be written."""

    shown = "neither the store nor the spool can keep it now"


class DestinationError(ProcessorError):
    """
    A request to the CMS ended without an answer.

    Args:
        sent: Whether any byte may have reached the CMS. If so, the outcome is unknown.
    """

    def __init__(self, message: str, *, sent: bool) -> None:
        self.sent = sent
        super().__init__(message)


class OutgoingError(ProcessorError):
    """
    A request to an address of the operator's got no whole answer in time.

    The message names its host alone: the rest of the address may be a secret.

    Args:
        sent: Whether any byte of it may have reached the address.
    """

    def __init__(self, message: str, *, sent: bool = True) -> None:
        self.sent = sent
        super().__init__(message)


class OutgoingDenied(OutgoingError):
    """A database refuses the user, the password or a right."""


class OutgoingRefused(OutgoingError):
    """A database refuses a statement with these values. *code*: of the database, if it has one."""

    def __init__(self, message: str, code: str | None = None) -> None:
        self.code = code
        super().__init__(message)


class FetchError(ProcessorError):
    """The object that a thin notice names could not be read."""


class FetchRefused(FetchError):
    """The system answers, but without this object: only this one is tried again, a few times."""


class FetchUnavailable(FetchError):
    """
    The system does not answer, or refuses every request. The attempt does not count.

    Args:
        message: Its answer, or the failure.
        retry_after: Seconds to wait, as it asked; None: it did not say.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)
