"""
The sender of one source, with all of its secrets: one sender for each of them.

So it is known which secret matched, and each can expire on its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from service.senders import content_encoding
from service.senders.base import Answer, Event, SenderConfig, SenderKind
from service.senders.composed import Sender
from service.senders.watched_headers import WatchedHeaders
from workers.config.settings import MAX_BODY
from workers.errors import BodyTooLarge, ConfigurationInvalid, PayloadInvalid, SignatureInvalid
from workers.model.values import value_class


@value_class
class Request:
    """
    Headers, by lower-case names, and the body of one request.

    Args:
        is_read: They are unpacked and in UTF-8.
    """

    headers: Mapping[str, str] = field(repr=False)  # a proof is among them
    body: bytes = field(repr=False)
    is_read: bool = field(default=False, compare=False)


@value_class
class Received:
    """
    A delivery as it is stored, and its events.

    Args:
        headers, body: Without a proof; unpacked and in UTF-8, if possible.
        problem: Why the events cannot be read.
        error: The sender's exception, if that is a bug.
        secret: Mark of the secret that proved it.
        answer: The one that the sender expects; None: any.
    """

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    events: tuple[Event, ...] = field(default=(), repr=False)
    problem: str = ""
    error: Exception | None = None
    secret: str | None = None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class ConfiguredSender:
    """
    The sender of one source, with all of its secrets.

    Args:
        senders: One for each secret, newest first.
        ends: When each secret expires; None: never.
        secrets: As text.
        marks: The names under which they are counted.
        max_body: Largest body in bytes, as sent and unpacked.
        url: What is signed with the body, without its secrets; None: no URL is.
        scheme: Name of *kind* in instep.toml.
    """

    kind: SenderKind = field(repr=False)
    senders: tuple[Sender, ...]
    ends: tuple[datetime | None, ...]
    secrets: tuple[str, ...] = field(repr=False)
    marks: tuple[str, ...] = ()
    max_body: int = MAX_BODY
    url: str | None = None
    scheme: str = ""
    names: tuple[str, ...] = field(init=False, repr=False)  # headers to store

    def __post_init__(self) -> None:
        names = (content_encoding.TYPE, content_encoding.CODING, *self.headers)
        object.__setattr__(self, "names", names)

    @property
    def headers(self) -> tuple[str, ...]:
        """Names of the headers that ``events`` reads; none carries a proof."""
        return self.senders[0].headers

    @property
    def answer(self) -> Answer | None:
        return self.kind.answer

    def receive(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Received:
        """
        Verify a request, and return its stored form and its events.

        Raises:
            SignatureInvalid: The proof is bad.
            BodyTooLarge: It is too large when unpacked.
        """
        request = Request(headers, body)
        place = self.prove(request, now=now)
        kept = self.kept(request)
        # The stored form, not the request: a problem cannot quote a secret from it, and a replay
        # reads the same.
        return self._split(kept, self.mark(place), self.answer)

    def split(self, headers: Mapping[str, str], body: bytes) -> Received:
        """Return the events of a proven request; raises nothing."""
        return self._split(Request(headers, body))

    def _split(
        self, kept: Request, secret: str | None = None, answer: Answer | None = None
    ) -> Received:
        events: tuple[Event, ...] = ()
        problem = ""
        bug: Exception | None = None
        try:
            request = kept if kept.is_read else self.read(kept)
            events = tuple(self.events(request.headers, request.body))
        except (PayloadInvalid, BodyTooLarge) as error:
            problem = str(error)
        # A bug must not cost the event: a signed request is kept, readable or not.
        except Exception as error:
            problem, bug = f"the sender failed on it: {type(error).__name__}", error
        return Received(kept.headers, kept.body, events, problem, bug, secret, answer)

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> int:
        """
        Return the position, from 1, of the secret that proves the request; raises SignatureInvalid
        if none does, or it has expired.
        """
        refusal: SignatureInvalid | None = None
        pairs = zip(self.senders, self.ends, strict=True)
        try:
            for place, (sender, end) in enumerate(pairs, start=1):
                if end is not None and now >= end:
                    continue
                try:
                    sender.verify(headers, body, now=now)
                    return place
                except SignatureInvalid as error:
                    refusal = error
            raise refusal or SignatureInvalid("every secret has expired")
        finally:
            # Its traceback holds this frame, and so the body, until the garbage collector runs.
            del refusal

    def prove(self, request: Request, *, now: datetime) -> int:
        """
        Return the position, from 1, of the secret that proves *request*, as sent or else as
        unpacked.

        Raises:
            SignatureInvalid: None proves either form.
            BodyTooLarge: The sent form is not proven, and it is too large when unpacked.
        """
        refusal: SignatureInvalid | None = None
        try:
            try:
                return self.verify(request.headers, request.body, now=now)
            except SignatureInvalid as error:
                refusal = error
            for headers, body in self._other_forms(request):
                with contextlib.suppress(SignatureInvalid):
                    return self.verify(headers, body, now=now)
            raise refusal
        finally:
            del refusal  # as above

    def checked(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> dict[str, Any]:
        """
        Return what the proof of a refused request looks at: the headers by name, each "present" or
        "missing", and the URL. No value of a header is in it.
        """
        watched = WatchedHeaders(headers)
        with contextlib.suppress(SignatureInvalid):
            self.senders[0].verify(watched, body, now=now)
        found = {"scheme": self.scheme, "proof": self.kind.proof, "headers": watched.seen}
        return found if self.url is None else found | {"url": self.url}

    def _other_forms(self, request: Request) -> Iterator[tuple[Mapping[str, str], bytes]]:
        with contextlib.suppress(PayloadInvalid):
            unpacked = self._unpacked(request)
            if unpacked is not request:
                yield unpacked.headers, unpacked.body
            # A proof that signs no bytes is a secret in the text.
            if not self.kind.covers_body and (text := _in_utf8(unpacked)) is not unpacked:
                yield text.headers, text.body

    def read(self, request: Request) -> Request:
        """
        Return *request* unpacked and in UTF-8.

        Raises:
            PayloadInvalid: That is impossible.
            BodyTooLarge: It is too large when unpacked.
        """
        return _in_utf8(self._unpacked(request))

    def kept(self, request: Request) -> Request:
        """
        Return the form of *request* to store and read again, without a proof.

        It is the form that was read, so that it means the same. A body that cannot be unpacked, or
        is in an unknown charset, is kept as sent, with the headers that describe it.

        Raises:
            BodyTooLarge: It is too large when unpacked.
        """
        is_read = False
        try:
            request = self._unpacked(request)
            request = _in_utf8(request)
            is_read = True
        except PayloadInvalid:
            pass
        found = request.headers
        headers = {name: found[name] for name in self.names if name in found}
        return Request(headers, self.concealed(request.body), is_read)

    def _unpacked(self, request: Request) -> Request:
        if content_encoding.CODING not in request.headers:
            return request
        body = content_encoding.unpack(request.headers, request.body, self.max_body)
        names = (name for name in request.headers if name != content_encoding.CODING)
        return Request({name: request.headers[name] for name in names}, body)

    def mark(self, place: int) -> str | None:
        """Return the counted name of the secret at *place*; None: there are no secrets."""
        return self.marks[place - 1] if self.marks else None

    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        """Yield the events of a proven request; raises PayloadInvalid if the body is unreadable."""
        return self.senders[0].events(headers, body)

    def concealed(self, body: bytes) -> bytes:
        return self.kind.conceal(body, self.secrets) if self.kind.conceal else body


def _built(kind: SenderKind, config: SenderConfig) -> Sender:
    """Return the sender with the time zone of its source, unless it has one of its own."""
    sender, name = kind.build(config), config.source.timezone
    if name is None or sender.reader.zone is not None:
        return sender
    return replace(sender, reader=replace(sender.reader, zone=ZoneInfo(name)))


def _in_utf8(request: Request) -> Request:
    headers, body = content_encoding.readable(request.headers, request.body)
    return request if headers is request.headers else Request(headers, body)


def configured(kind: SenderKind, config: SenderConfig) -> ConfiguredSender:
    """
    Return the sender of *config*, whose options are loaded; raises ConfigurationInvalid with every
    problem that the sender finds.
    """
    source = config.source
    # With all secrets at once, so that all of their problems are reported together.
    whole = _built(kind, config)
    senders = tuple(
        _built(kind, replace(config, source=replace(source, secrets=(secret,))))
        for secret in source.secrets
    )
    ends = source.ends or tuple(None for _ in senders)
    return ConfiguredSender(
        kind,
        senders or (whole,),
        ends or (None,),
        source.secrets,
        source.marks,
        source.max_body or kind.max_body,
        _shown_url(config) if kind.signs_url else None,
        config.kind,
    )


def _shown_url(config: SenderConfig) -> str | None:
    """Return the URL that is signed, without what may be a secret in it; None: it is not known."""
    shown = replace(config, source=replace(config.source, path_token=None))
    try:
        parts = urlsplit(shown.signed_url())
    except (ConfigurationInvalid, ValueError):
        return None
    host = parts.netloc.rpartition("@")[2]
    token = "/<path_token>" if config.source.path_token and config.source.url is None else ""
    query = "?…" if parts.query else ""
    return f"{parts.scheme}://{host}{parts.path}{token}{query}"
