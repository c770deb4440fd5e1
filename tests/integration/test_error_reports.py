"""What goes to Sentry: that and where something failed, and nothing of what came in."""

import builtins
import json
import logging
import sys

import pytest
import redis
import sentry_sdk

from service.config import error_reports
from service.config.logging_setup import JsonLine, RqTraceback
from tests.support.application import Outbox, make
from workers.runtime import jobs
from workers.runtime.rq_worker import Worker
from workers.runtime.wakeups import DELIVER, WakeQueue

DSN = "https://public@sentry.invalid/1"
TOKEN = "wf-token-0123456789"
WHO, PASSWORD = "ann@example.com", "hunter2"  # lines of source go along, and name neither
BODY = json.dumps({"id": "evt-1", "email": WHO}).encode()
SECRETS = (TOKEN, "s3cret-of-erp")
# What came in, what proved it, and what the machine knows: none of it may leave.
PRIVATE = (WHO, "s3cret", TOKEN, "Bearer", "x-forwarded", "198.51.100.7", PASSWORD)


class Recorder(sentry_sdk.Transport):
    def __init__(self):
        super().__init__()
        self.events = []

    def capture_envelope(self, envelope):
        self.events += [each.payload.json for each in envelope.items if each.payload.json]


@pytest.fixture
def sent(monkeypatch):
    """The events that were sent; the client ends with the test."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(logging.getLogger("rq.worker"), "filters", [RqTraceback()])
    recorder = Recorder()
    assert error_reports.start({"SENTRY_DSN": DSN}, SECRETS, transport=recorder)
    yield recorder.events
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)


def private(events):
    text = json.dumps(events).lower()
    return [each for each in PRIVATE if each.lower() in text]


def fail(*_, **__):
    local = PASSWORD
    if local:
        raise RuntimeError(f"cannot take {WHO!r} with {TOKEN}")


def test_a_failed_request_is_one_event_with_its_place_alone(sent, tmp_path, monkeypatch):
    client = make(tmp_path, Outbox())
    monkeypatch.setattr("service.ingest.intake.Intake.receive", fail)
    headers = {"Authorization": "Bearer s3cret", "X-Forwarded-For": "198.51.100.7"}
    response = client.post("/webhooks/erp?key=s3cret", data=BODY, headers=headers)
    assert response.status_code == 500
    (event,) = sent
    (error,) = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("RuntimeError", "cannot take '…' with ***")
    assert error["stacktrace"]["frames"][-1]["function"] == "fail"
    assert event["transaction"] == "webhooks.receive"
    assert "request" not in event
    assert private(sent) == []


def test_a_failed_job_is_one_event_with_its_name_alone(sent, store_socket, monkeypatch, caplog):
    class Failing:
        deliver = fail

    monkeypatch.setattr(jobs, "_bound", Failing())
    with redis.Redis(unix_socket_path=store_socket) as client:
        client.flushdb()
        WakeQueue("wakes", connection=client, serializer="json").enqueue(DELIVER, "site")
        worker = Worker(["wakes"], connection=client, serializer="json", default_result_ttl=0)
        monkeypatch.setattr(worker, "_install_signal_handlers", lambda: None)
        worker.work(burst=True, logging_level="WARNING")
    (event,) = sent
    (record,) = caplog.records
    assert WHO not in JsonLine().format(record)
    assert event["exception"]["values"][-1]["value"] == "cannot take '…' with ***"
    assert event["extra"]["func"] == "workers.runtime.jobs.deliver"
    assert private(sent) == []


def test_an_error_in_the_log_is_an_event_with_its_fields(sent):
    log = logging.getLogger("workers.x")
    extra = {"source": "erp", "event_ids": ("evt-1",), "reason": "got 'ann@example.com'", "n": 3}
    log.error("spool damaged", extra=extra)
    log.warning("not this")
    (event,) = sent
    assert event["logentry"]["message"] == "spool damaged"
    told = {"source": "erp", "event_ids": ["evt-1"], "reason": "got '…'", "n": 3}
    assert event["extra"] == told
    assert private(sent) == []


def test_a_mapping_that_fails_is_an_event_without_the_payload(sent):
    payload = json.loads(BODY)
    try:
        float(payload["email"])
    except ValueError:
        logging.getLogger("service.x").exception("mapping failed", extra={"event_id": "evt-1"})
    (event,) = sent
    assert event["exception"]["values"][0]["type"] == "ValueError"
    assert "vars" not in event["exception"]["values"][0]["stacktrace"]["frames"][-1]
    assert private(sent) == []


def test_no_breadcrumb_no_transaction_and_no_session_is_sent(sent):
    sentry_sdk.add_breadcrumb(message="ann@example.com")
    with sentry_sdk.start_transaction(name="x", sampled=True):
        pass
    logging.getLogger("service.x").error("failed")
    assert [event.get("type") for event in sent] == [None]
    assert "breadcrumbs" not in sent[0]
    assert not sentry_sdk.get_client().options["auto_session_tracking"]


def test_without_the_variable_nothing_is_reported():
    assert not error_reports.start({}, ())
    assert not sentry_sdk.get_client().is_active()


def test_without_the_extra_one_warning_names_it(monkeypatch, caplog):
    real = builtins.__import__

    def without(name, *args, **options):
        if name.startswith("sentry_sdk"):
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    assert not error_reports.start({"SENTRY_DSN": DSN}, ())
    (record,) = caplog.records
    assert "instep[sentry]" in record.do
    assert DSN not in str(vars(record))


def test_a_dsn_that_is_none_is_a_warning_and_no_reason_not_to_start(caplog):
    assert not error_reports.start({"SENTRY_DSN": "s3cret"}, ())
    (record,) = caplog.records
    assert record.message == "SENTRY_DSN is no DSN: errors are not reported"
    assert "s3cret" not in str(vars(record))
