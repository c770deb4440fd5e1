"""
Errors to Sentry, where ``SENTRY_DSN`` is set: what the log has as an error, and what ends a request
or a job.

The extra ``sentry`` brings its client, which reads ``SENTRY_ENVIRONMENT`` and ``SENTRY_RELEASE``
itself. No header, body, address, value of a variable or breadcrumb leaves this machine.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

from service.config.log_lines import HEAD
from workers.model.log_fields import bounded_names, without_values
from workers.model.mask import Mask

# What an event keeps; Flask and RQ add requests, users, jobs and more.
KEPT: Final = frozenset(
    {
        *("event_id", "timestamp", "level", "logger", "platform", "release", "environment"),
        *("server_name", "sdk", "exception", "logentry", "transaction", "transaction_info"),
        *("fingerprint", "modules", "extra", "contexts", "tags", "type"),
    }
)
_CONTEXTS: Final = ("runtime", "trace")
_JOB: Final = ("func", "job_id", "enqueued_at", "started_at")

_log = logging.getLogger(__name__)


def start(environ: Mapping[str, str], secrets: tuple[str, ...], *, transport: Any = None) -> bool:
    """
    Report the errors of this process from now on, if *environ* asks for it; tell whether it does.

    Args:
        secrets: Masked wherever they stand.
        transport: Of the client; None: HTTP.
    """
    dsn = environ.get("SENTRY_DSN")
    if not dsn:
        return False
    try:
        import sentry_sdk
    except ImportError:
        do = 'pip install "instep[sentry]", or unset SENTRY_DSN'
        _log.warning("SENTRY_DSN is set, but its client is not installed", extra={"do": do})
        return False
    try:
        sentry_sdk.init(
            dsn=dsn,
            transport=transport,
            release=environ.get("SENTRY_RELEASE") or f"instep@{version('instep')}",
            # All by name: the others add headers to requests, arguments or breadcrumbs.
            integrations=_integrations(),
            default_integrations=False,
            auto_enabling_integrations=False,
            include_local_variables=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            shutdown_timeout=1,  # s; a process that is told to stop has three
            auto_session_tracking=False,  # how many requests there were: /metrics says it
            before_send=Scrubber(Mask(secrets)).scrub,
            before_send_transaction=lambda *_: None,  # tracing is OpenTelemetry's: docs/tracing.md
        )
    except sentry_sdk.utils.BadDsn:
        do = "copy it from the settings of the project in Sentry"
        _log.warning("SENTRY_DSN is no DSN: errors are not reported", extra={"do": do})
        return False
    # RQ's integration has it ignored, but RQ reports there why it ends, too.
    sentry_sdk.integrations.logging.unignore_logger("rq.worker")
    return True


def _integrations() -> list[Any]:
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration
    from sentry_sdk.integrations.flask import FlaskIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration
    from sentry_sdk.integrations.modules import ModulesIntegration
    from sentry_sdk.integrations.rq import RqIntegration
    from sentry_sdk.integrations.threading import ThreadingIntegration

    return [
        AtexitIntegration(callback=lambda *_: None),
        DedupeIntegration(),
        ExcepthookIntegration(),
        FlaskIntegration(),
        LoggingIntegration(level=None, event_level=logging.ERROR, sentry_logs_level=None),
        ModulesIntegration(),
        RqIntegration(),
        ThreadingIntegration(),
    ]


class Scrubber:
    """Takes out of an event whatever may be of a payload, and masks secrets in the rest."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask

    def scrub(self, event: Any, hint: Mapping[str, Any]) -> Any:
        """Return *event*, an event of Sentry's client, as it may be sent."""
        kept = {name: value for name, value in event.items() if name in KEPT}
        for error in kept.get("exception", {}).get("values", ()):
            error["value"] = self._text(error.get("value") or "")
            for frame in (error.get("stacktrace") or {}).get("frames", ()):
                frame.pop("vars", None)
        if entry := kept.get("logentry"):
            texts = {name: self._text(str(entry[name])) for name in entry if name != "params"}
            kept["logentry"] = texts
        kept["extra"] = self._extra(kept.get("extra", {}))
        contexts = kept.get("contexts", {})
        kept["contexts"] = {name: contexts[name] for name in _CONTEXTS if name in contexts}
        return kept

    def _text(self, text: str) -> str:
        return without_values(self._mask.text(text))

    def _extra(self, extra: Mapping[str, Any]) -> dict[str, Any]:
        """Return the extras of a line of the log, and the name of a job."""
        job = extra.get("rq-job") or {}
        told = {name: job[name] for name in _JOB if name in job}
        for name, value in extra.items():
            if name in HEAD or name in ("rq-job", "sys.argv") or value is None:
                continue
            if isinstance(value, (list, tuple)):
                told[name] = [self._text(str(one)) for one in bounded_names(map(str, value))]
            else:
                told[name] = value if isinstance(value, (int, float)) else self._text(str(value))
        return told
