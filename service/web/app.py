"""
The Flask application: routes, health, readiness and metrics.

| Path | Answer |
|---|---|
| ``/webhooks/…`` | see ``service.web.webhooks`` |
| ``/healthz`` | 200 as long as the process answers; how far the store is if it loads |
| ``/readyz`` | 503 if a delivery could not be kept, else 200: see ``service.web.readiness`` |
| ``/metrics`` | Prometheus text, see ``service.web.metrics_page`` |
| ``/api/…`` | the same as commands show, as JSON: see ``service.api`` |
| ``/``, ``/problems`` … | the same as pages: see ``service.console`` |
| ``/docs``, ``/docs/…`` | the documentation, to who is logged in or sends ``INSTEP_ADMIN_TOKEN`` |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, jsonify, request

from service.api import registration as api
from service.config.build import Configuration
from service.console import registration as console
from service.ingest.intake import Intake
from service.ingest.spool_parts import SpoolParts
from service.operate.parts import Parts
from service.web import docs_pages, error_answers, metrics_page, webhooks
from service.web.flask_app import App
from service.web.path_prefix import PathPrefix
from service.web.readiness import Readiness
from service.web.refusals import PREFIX, ListRefusal, Reporter
from workers.delivery.context import Context
from workers.errors import StoreLoading, StoreUnavailable
from workers.store.counters import Counters
from workers.store.outbox import Outbox


def create_app(
    configuration: Configuration,
    *,
    outbox: Outbox,
    wake: Callable[[str], object],
    status: Callable[[], Mapping[str, Any]],
    check_store: Callable[[], Mapping[str, object]],
    workers_alive: Callable[[], int],
    hung: Callable[[], Sequence[str]] = lambda: (),
    count_refusal: Callable[[str, str], object] = lambda *_: None,
    list_refusal: ListRefusal = lambda *_: None,
    time_ack: Callable[[str, float], object] = lambda *_: None,
    counters: Callable[[], Counters] = Counters,
    spool: SpoolParts | None = None,
    context: Context | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Flask:
    """
    Return the application; everything it needs is an argument.

    Args:
        wake: Asks for a job on one destination.
        status: Returns the numbers of ``instep status --json`` without the processes; raises
            StoreUnavailable.
        check_store: Returns the durability of the store, without secrets; raises StoreUnavailable,
            or StoreUnsafe if it is less than instep.toml asks for.
        workers_alive: Returns the number of live workers; raises StoreUnavailable.
        hung: Returns the roles of hanging processes; raises StoreUnavailable.
        count_refusal: Counts a refused request by source and reason; must not block.
        list_refusal: Lists a refused request; must not block.
        time_ack: Records for a source after how many seconds it was answered 200; must not block.
        counters: Returns what the metrics show beside the status; raises StoreUnavailable.
        spool: Keeps deliveries while the store is away; None: they are answered with 503.
        context: What ``/api`` and the console serve from; None: there are none.
        clock: Returns the current time, aware.
    """
    settings = configuration.settings
    intake = Intake(
        configuration.senders, configuration.mappings, outbox, wake, settings.collections
    )
    if spool is not None:
        spool.attach(intake)
    app = App(__name__, [f"{PREFIX}{name}" for name in settings.sources])
    app.url_map.merge_slashes = False  # a redirect, which senders count as a failure
    reporter = Reporter(settings.sources, count_refusal, list_refusal, time_ack)
    deliveries = webhooks.Deliveries(intake, clock, reporter)
    app.register_blueprint(webhooks.blueprint(deliveries, settings.sources))
    app.add_url_rule("/healthz", view_func=lambda: _alive(spool), endpoint="healthz")
    state = spool.state if spool is not None else None
    readiness = Readiness(check_store, workers_alive, status, clock, hung, state)
    app.add_url_rule("/readyz", view_func=lambda: _ready(readiness), endpoint="readyz")
    spooled = spool.waiting if spool else int
    app.register_blueprint(
        metrics_page.blueprint(status, counters, spooled, settings.metrics_token)
    )
    sessions = None
    if context is not None:
        parts = Parts(configuration, context)
        api.register(app, parts)
        sessions = console.register(app, parts)
    app.register_blueprint(docs_pages.blueprint(settings.admin_token, sessions))
    error_answers.register(app, reporter)
    app.wsgi_app = PathPrefix(app.wsgi_app)  # type: ignore[assignment,method-assign]
    return app


def _alive(spool: SpoolParts | None) -> dict[str, Any]:
    """Return that the process answers, and how far the store is if it loads its data."""
    try:
        # Without a spool it is asked with patience: one that hangs would hold up the answer.
        if spool is not None and spool.spool.is_on:
            spool.store_check.check()
    except StoreLoading as error:
        return {"alive": True, "store": str(error)}
    except StoreUnavailable:
        pass
    return {"alive": True}


def _ready(readiness: Readiness) -> tuple[Response, int]:
    page, status = readiness.page(strict="strict" in request.args)
    return jsonify(page), status
