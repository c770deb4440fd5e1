"""
What every call passes before its view (token, rate window, fault) and after it (headers).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

from flask import Response, request

from service.sandbox.api.api_version import Api, ApiRequest, View
from service.sandbox.api.call import CallRun
from service.sandbox.faults.faults import Target
from service.sandbox.site.site import Site

_PUBLISH = re.compile(r"(/v2)?/sites/[^/]+/publish")


class Gate:
    """Passes the calls of one API to its views."""

    def __init__(self, site: Site, api: Api) -> None:
        self._site = site
        self._api = api

    def guard(self, view: View, route: str) -> Callable[..., Response]:
        """Return *view* with the checks; *route* is its name in the counts."""

        def guarded(**ids: str) -> Response:
            return self._pass(lambda ask: view(ask, **ids), route, ids.get("iid"))

        return guarded

    def _pass(
        self, view: Callable[[ApiRequest], Response], route: str, item: str | None
    ) -> Response:
        started = time.perf_counter()
        ask = _ask()
        named = self._api.named(_peek(ask.body))
        items = {id for id in (item, *(id for id, _ in named)) if id is not None}
        slugs = {slug for _, fields in named for slug in fields}
        with self._site.lock:
            call = self._site.calls.begin(route, ask.path)
            call.items = max(len(named), len(items))
            header = ask.headers.get("Authorization", "")
            # Publishing the site has its own limit, in both versions.
            counted = not (ask.method == "POST" and _PUBLISH.fullmatch(ask.path))
            allowance, valid = self._site.tokens.admit(header, counted=counted)
            ask = replace(ask, scopes=self._site.tokens.scopes(header))
            if valid and not allowance.refused:
                fault = self._site.faults.take(Target(ask.method, ask.path, items, slugs))
                ask, call.fault = replace(ask, fault=fault), fault.kind
        connection = request.environ.get("sandbox.connection")
        run = CallRun(self._site, self._api, ask, view, allowance, valid, connection)
        response = run.run()
        with self._site.lock:
            self._site.calls.end(call, 0 if run.dropped else response.status_code)
        return _finish(response, started)


def _ask() -> ApiRequest:
    return ApiRequest(
        method=request.method,
        path=request.path,
        body=request.get_data(cache=False),
        query=request.args,
        headers=dict(request.headers),
    )


def _peek(body: bytes) -> Any:
    """Return the body, to see which items it names; None if unreadable."""
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None


def _finish(response: Response, started: float) -> Response:
    response.headers["X-Wf-Rid"] = str(uuid4())
    response.headers["X-Response-Time"] = f"{(time.perf_counter() - started) * 1000:.3f}ms"
    if response.status_code == 204:
        response.headers.pop("Content-Type", None)  # there is no content
    elif not response.is_streamed:  # on errors as well
        response.add_etag(weak=True)
    return response
