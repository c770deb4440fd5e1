"""``/metrics``: Prometheus text, open unless ``INSTEP_METRICS_TOKEN`` is set."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from service.api.authorization import bearer
from workers.errors import StoreUnavailable
from workers.store import metrics
from workers.store.counters import Counters

_REFUSED = 'Send INSTEP_METRICS_TOKEN as the header "Authorization: Bearer TOKEN".\n'


def blueprint(
    status: Callable[[], Mapping[str, Any]],
    counters: Callable[[], Counters],
    spooled: Callable[[], int],
    token: str | None,
) -> Blueprint:
    """
    Return the route of the metrics.

    Args:
        status, counters: Read the store; raise StoreUnavailable.
        spooled: Returns the number of deliveries in the spools of this machine.
        token: What a request must carry; None: nothing.
    """
    routes = Blueprint("metrics", __name__)

    def show() -> Response:
        if token is not None and not hmac.compare_digest(bearer(), token.encode()):
            refused = Response(_REFUSED, HTTPStatus.UNAUTHORIZED, content_type="text/plain")
            refused.headers["WWW-Authenticate"] = 'Bearer realm="Instep metrics"'
            return refused
        try:
            text = metrics.text(status, counters)
        except StoreUnavailable:
            # Not 503: the scraper would drop this machine's metrics just when they are needed.
            text = metrics.text_without_store(spooled())
        return Response(text, content_type=CONTENT_TYPE_LATEST)

    routes.add_url_rule("/metrics", view_func=show)
    return routes
