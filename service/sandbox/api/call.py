"""One call: the steps of its fault, or its view."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from flask import Response

from service.sandbox.api.api_version import Api, ApiRequest, answer
from service.sandbox.api.http_server import Connection
from service.sandbox.faults.faults import Step
from service.sandbox.model.rate_window import Allowance
from service.sandbox.model.refusals import Refused
from service.sandbox.site.conflicts import CHANGED
from service.sandbox.site.site import Site


@dataclass(slots=True)
class CallRun:
    """
    One call.

    Args:
        allowance: The token's window as this call finds it.
        valid: Whether the token is.
        connection: The client's; None under another server.
        response: The answer so far.
    """

    site: Site
    api: Api
    ask: ApiRequest
    view: Callable[[ApiRequest], Response]
    allowance: Allowance
    valid: bool
    connection: Connection | None
    response: Response = field(default_factory=lambda: Response(status=504))

    def run(self) -> Response:
        """Run every step, and return the answer."""
        taken: dict[Step, Callable[[], object]] = {
            Step.SERVE: self._serve,
            Step.WAIT: lambda: self.site.stopping.wait(self.ask.fault.delay),
            Step.REFUSE: self._refuse,
            Step.CLOSE: partial(self._drop, False),
            Step.RESET: partial(self._drop, True),
            Step.TRICKLE: self._trickle,
            Step.OMIT: self._omit,
            Step.REVOKE: partial(self._turn_down, Refused("token")),
            Step.BLOCK: partial(self._turn_down, Refused("state", CHANGED)),
        }
        for step in self.ask.fault.steps:
            taken[step]()
        return self.response

    @property
    def dropped(self) -> bool:
        """Whether the client gets no answer."""
        return self.connection is not None and self.connection.dropped

    def _serve(self) -> None:
        counted = True
        try:
            self.response = self._viewed()
        except Refused as refused:
            counted = refused.counted
            self.response = self.api.refusal(refused, self.ask.path)
        # A call with its own limit has set the headers already.
        if "X-RateLimit-Limit" not in self.response.headers:
            self.response.headers.update(self.api.headers(self.allowance, counted=counted))

    def _viewed(self) -> Response:
        if not self.valid:
            raise Refused("token")
        if self.allowance.refused:
            raise Refused("rate")
        self.api.check(self.ask)
        with self.site.lock:
            return self.view(self.ask)

    def _refuse(self) -> None:
        fault = self.ask.fault
        if fault.body is None:
            self.response = self.api.failure(fault, self.ask.path)
        else:
            self.response = Response(fault.body, fault.status, content_type="text/html")
        headers = self.api.headers(self.allowance)
        if fault.status == 429:
            headers["X-RateLimit-Remaining"] = "0"
        if fault.retry_after is not None:
            headers["Retry-After"] = str(fault.retry_after)
        if fault.location is not None:
            headers["Location"] = fault.location
        self.response.headers.update(headers)

    def _turn_down(self, refused: Refused) -> None:
        self.response = self.api.refusal(refused, self.ask.path)
        self.response.headers.update(self.api.headers(self.allowance))

    def _drop(self, reset: bool) -> None:
        if self.connection is not None:
            self.connection.drop(reset=reset)

    def _trickle(self) -> None:
        data = self.response.get_data()
        self.response.content_length = len(data)
        self.response.response = self._drops(data, self.ask.fault.delay)

    def _drops(self, data: bytes, seconds: float) -> Iterator[bytes]:
        for index in range(len(data)):
            self.site.stopping.wait(seconds / len(data))
            yield data[index : index + 1]

    def _omit(self) -> None:
        data = json.loads(self.response.get_data())
        if "items" in data:
            ids = [one.get("id", one.get("_id")) for one in data["items"]]
            gone = self.ask.fault.match.item or next(iter(ids), None)
            pairs = zip(ids, data["items"], strict=True)
            data["items"] = [one for id, one in pairs if id != gone]
        else:
            data = {}
        self.response.set_data(answer(data).get_data())
