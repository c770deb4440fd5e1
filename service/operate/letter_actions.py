"""
Replay or discard one dead letter.

The mappings are loaded once an event is to be mapped again: no other letter needs them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from workers.delivery.context import Context
from workers.errors import ConfigurationInvalid, StoreUnavailable
from workers.model.problem_words import problem_words
from workers.store.dead_letters import Letter
from workers.store.delivery_log import Kept, KeptDelivery

if TYPE_CHECKING:
    from service.config.build import Configuration
    from service.ingest.intake import Intake

Action = Literal["replay", "discard"]

CLOSED: Final = "is closed"
NO_BODY: Final = "was kept without its payload; have the source send it again, or discard it"
_log = logging.getLogger(__name__)


def stands_for(letter: Letter) -> str:
    """Return why a letter that stands for many cannot be replayed."""
    if letter.kind != "unmapped":
        return f"stands for {letter.times} records: create their items, reconcile, then discard it"
    many = f"stands for {letter.times} events: correct the mapping"
    return f"{many}, run `instep remap {letter.source}`, then discard it"


def obstacle(letter: Letter) -> str | None:
    """Return why a replay of *letter* does nothing, as far as the letter itself tells."""
    if letter.state != "open":
        return CLOSED
    if letter.stands_for_many:
        return stands_for(letter)
    kept = letter.again is not None and letter.again.number
    return NO_BODY if letter.kind == "unmapped" and letter.raw is None and not kept else None


class LetterActions:
    """
    Acts on letters, one by one.

    Args:
        configuration: Returns the configuration with the mappings; by default that of the process.
    """

    def __init__(
        self, context: Context, configuration: Callable[[], Configuration] | None = None
    ) -> None:
        self._context = context
        self._configuration = configuration

    def act(self, action: Action, letter: Letter, run: str | None = None) -> str | None:
        """
        Carry out *action*, for the run with the id *run*; return why it could not be done.

        Raises:
            StoreUnavailable: Nothing was changed, or that is unknown; it can be repeated.
        """
        if letter.state != "open":
            return CLOSED
        try:
            return self._discard(letter, run) if action == "discard" else self._replay(letter, run)
        except StoreUnavailable:
            raise
        except ConfigurationInvalid as error:
            return str(error)
        # A mapping is the user's code: one letter that breaks it holds up no other.
        except Exception as error:
            _log.exception("dead letter not replayed", extra={"letter": letter.id})
            return f"{type(error).__name__}: {error}"

    def _discard(self, letter: Letter, run: str | None) -> str | None:
        done = self._context.letters.discard(letter.id, letter.created, run)
        return None if done else CLOSED

    def _replay(self, letter: Letter, run: str | None) -> str | None:
        if reason := obstacle(letter):
            return reason
        if letter.kind == "unmapped":
            return self._map_again(letter, run)
        done, destination = self._context.letters.replay(letter.id, letter.created, run)
        if destination:
            self._context.wakes.wake(destination)
        if done:
            return None
        left = next(iter(self._context.letters.heads([letter.id])), None)
        return "holds nothing to send again" if left and left.state == "open" else CLOSED

    def _map_again(self, letter: Letter, run: str | None) -> str | None:
        # A list has no bodies.
        whole = _with_body(self._context, self._context.letters.show(letter.id) or letter)
        if whole.state != "open":  # meanwhile
            return CLOSED
        if not whole.body:
            return NO_BODY
        receipt = self._intake.replay(whole, run)
        words = [problem_words(each.path, each.message) for each in receipt.problems]
        # From the store, not from the receipt: it may refuse a version that the mapping accepted.
        left = self._context.letters.show(letter.id)
        if left is None or left.state != "open":
            return None
        words = words or [problem_words(each["field"], each["message"]) for each in left.problems]
        return f"{receipt.outcome}: {'; '.join(words)}"

    @cached_property
    def _intake(self) -> Intake:
        from service.config.build import of_process
        from service.ingest.intake import Intake

        configuration = (self._configuration or of_process)()
        return Intake(
            configuration.senders,
            configuration.mappings,
            self._context.outbox,
            self._context.wakes.wake,
            configuration.settings.collections,
        )


def _with_body(context: Context, letter: Letter) -> Letter:
    """Return *letter* with its body; one kept without it has it while its delivery is stored."""
    if letter.body or letter.again is None or not letter.again.number:
        return letter
    kept = Kept(context.outbox)
    found = kept.find(letter.source or "", letter.again.number, since=letter.created)
    if found is None:
        return letter
    return replace(letter, body=_own_body(found, letter.again.place))


def _own_body(found: KeptDelivery, place: int) -> bytes:
    """Return the body of the event at *place*: the reads of a fetch are kept as one list."""
    from service.ingest.event_mapper import FETCHER
    from service.senders.payload import canonical_text, parse_json

    if FETCHER not in found.headers:
        return found.body
    return canonical_text(parse_json(found.body)[place]).encode()
