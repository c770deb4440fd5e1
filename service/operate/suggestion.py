"""A suggested mapping of a source: what its deliveries look like, and what the site has."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from service.config.build import Configuration
from service.onboarding.sample_events import Occasion, samples
from service.onboarding.suggest import Sample, Suggestion, Wanted, suggest
from service.onboarding.trigger import delivery
from service.operate.cms_request import PATIENCE, ask
from service.operate.pull_rows import first_rows
from service.operate.token_check import refusal
from service.operate.unmatched import events_in
from workers.config.settings import PULLED, Collection
from workers.delivery.context import Context
from workers.errors import RequestRefused, StoreUnavailable, UnknownName
from workers.store.delivery_list import DeliveryList
from workers.store.delivery_log import Kept
from workers.store.rate_limiter import Limiter
from workers.webflow.item_answers import SchemaField

_LOOKED_AT: Final = 200  # kept deliveries, for one of each topic
_ROOM: Final = 32 * 2**20  # bytes of their bodies
_EACH: Final = 3  # events of one topic
_FETCHER: Final = "fetcher"


@dataclass(frozen=True, slots=True)
class Samples:
    """Events, and where they were taken from in words."""

    events: tuple[Sample, ...]
    told: str


def of_payload(
    configuration: Configuration,
    source: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    topic: str | None = None,
    told: str = "one payload",
) -> Samples:
    """
    Return the events of the payload *body*.

    Raises:
        UnknownName: There is no such source.
        RequestRefused: There is no event in it.
    """
    require_source(configuration, source)
    found = events_in(configuration, source, body, headers, topic, fetched=False)
    if not found:
        lower = {name.lower(): value for name, value in headers.items()}
        why = configuration.senders[source].split(lower, body).problem
        expected = "the body of a delivery, as its system sends it"
        none = f"no event in the payload{why and f': {why}'}"
        raise RequestRefused(none, expected, "give a captured body")
    return Samples(tuple(Sample(topic, payload) for topic, payload in found), told)


def of_kept(context: Context, configuration: Configuration, source: str) -> Samples:
    """
    Return the newest kept events of each topic of *source*; none where none is kept.

    Raises:
        UnknownName: There is no such source.
        StoreUnavailable: The store does not answer.
    """
    require_source(configuration, source)
    kept = Kept(context.outbox)
    found: dict[str | None, list[Sample]] = {}
    room = _ROOM
    for listed in islice(DeliveryList(context.steps).newest(source, "kept"), _LOOKED_AT):
        read = kept.unpack(source, listed.stream_id, listed.entry)
        room -= len(read.body)
        fetched = _FETCHER in read.headers
        topic = read.headers.get("topics", "").partition(",")[0] or None if fetched else None
        events = events_in(configuration, source, read.body, read.headers, topic, fetched=fetched)
        for topic, payload in events:
            known = found.setdefault(topic, [])
            if len(known) < _EACH:
                known.append(Sample(topic, payload))
        if room <= 0:
            break
    every = tuple(sample for known in found.values() for sample in known)
    return Samples(every, f"the newest deliveries of {source}")


def of_sender(configuration: Configuration, source: str) -> Samples:
    """Return the events of the samples that ship for the kind of *source*; none for own systems."""
    require_source(configuration, source)
    settings, sender = configuration.settings.sources[source], configuration.senders[source]
    occasion = Occasion(secrets.token_hex(16), datetime.now(UTC))
    sent = [
        delivery(settings, sender, topic, (), occasion)
        for topic in samples(settings.sender, occasion)
    ]
    events = [
        Sample(event.topic, event.payload)
        for request in sent
        for event in sender.split(request.headers, request.body).events
        if not event.ping
    ]
    return Samples(tuple(events), f"samples of {settings.sender}, not from your system")


def of_pull(configuration: Configuration, name: str, body: bytes | None = None) -> Samples:
    """
    Return the first records of the pull *name*; *body*: an answer of its API, else it is asked.

    Raises:
        RequestRefused: There is no record in the answer.
        PullFailed: It does not answer, or not as instep.toml says.
    """
    rows = first_rows(configuration.settings.pulls[name], body)
    told = "the first records of" if body is None else "an answer of"
    return Samples(tuple(Sample(None, each) for each in rows), f"{told} {name}")


def suggestion(
    configuration: Configuration,
    source: str,
    collection: str,
    found: Samples,
    *,
    limiter: Limiter | None = None,
    patience: float = PATIENCE,
) -> Suggestion:
    """
    Return a module for *found* of *source*; the site is asked for the schema of *collection*.

    Args:
        limiter: Of the budget that the call counts against; None: nothing else runs.
        patience: Seconds to wait for a slot.

    Raises:
        UnknownName: There is no such collection.
        RequestRefused: It has no key, no class can be made, or the site refuses the call.
        DestinationError: The site does not answer.
    """
    settings = configuration.settings
    if collection not in settings.collections:
        names = ", ".join(sorted(settings.collections)) or "none"
        raise UnknownName(repr(collection), f"a collection of instep.toml ({names})", "use one")
    chosen = settings.collections[collection]
    if not chosen.keys:
        expected = "the slug of the field that holds the key of your system"
        raise RequestRefused(f"no key in [collections.{collection}]", expected, "add key")
    fields = _schema(configuration, chosen, limiter, patience)
    beside = settings.collections_of(chosen.destination)
    sender = settings.all_sources[source].sender
    by_id = {each.id: each.name for each in beside}
    pulled = sender == PULLED
    wanted = Wanted(source, sender, collection, chosen.keys, fields, by_id, pulled)
    made = suggest(wanted, found.events, found.told)
    if not made.classes:
        known = ", ".join(chosen.keys)
        expected = f"a value that could be the key ({known}), and one that fits a field"
        raise RequestRefused("neither in the payload", expected, "give another payload")
    return made


def require_source(configuration: Configuration, source: str) -> None:
    """Raise UnknownName if there is no such source."""
    if source not in configuration.senders:
        names = ", ".join(sorted(configuration.senders)) or "none"
        raise UnknownName(repr(source), f"a source of instep.toml ({names})", "use one of them")


def _schema(
    configuration: Configuration, collection: Collection, limiter: Limiter | None, patience: float
) -> Sequence[SchemaField]:
    settings = configuration.settings
    destination = settings.destinations[collection.destination]
    try:
        answer = ask(destination, collection, limiter, patience=patience)
    except StoreUnavailable:
        answer = ask(destination, collection, None)
    if answer.status == 200:
        return answer.schema
    if problem := refusal(settings.path, destination, collection, answer):
        raise RequestRefused(f"{problem.where}: {problem.found}", problem.expected, problem.do)
    raise RequestRefused(f"status {answer.status} from the site", "200", "try again later")
