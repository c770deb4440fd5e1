"""Messages and heartbeats: when they are sent, and what is said of their failure."""

import logging

import pytest
from standardwebhooks import Webhook

from workers.alerts.heartbeat import EVERY, Heartbeat
from workers.alerts.sender import FIRST, LAST, PATIENT, Sender
from workers.config.settings import Alerts
from workers.errors import OutgoingError
from workers.outgoing.http_request import Reply

URL = "https://hooks.example/s3cr3t"
SECRET = "whsec_c2VjcmV0IG9mIHRoZSBzaW5rLCBsb25nIGVub3VnaA=="


class Sink:
    """Answers requests with *replies*, then with 200; an exception is raised."""

    def __init__(self, *replies):
        self.replies, self.requests = list(replies), []

    def __call__(self, method, address, **parts):
        self.requests.append((method, address, parts))
        reply = self.replies.pop(0) if self.replies else Reply(200)
        if isinstance(reply, Exception):
            raise reply
        return reply


def send(sender, now=0.0, alerts=None):
    return sender.send(alerts or Alerts(URL), "alert_1", b"{}", at=1_799_661_600.0, now=now)


def test_a_message_that_is_taken_is_told_nothing_of():
    sink = Sink()
    sender = Sender(sink)
    assert send(sender) == ""
    assert sender.may_send(0.0)
    (method, address, parts) = sink.requests[0]
    assert (method, address.url, parts["body"]) == ("POST", URL, b"{}")
    assert parts["headers"] == {"Content-Type": "application/json; charset=utf-8"}


def test_with_a_secret_it_is_signed():
    sink = Sink()
    alerts = Alerts(URL, SECRET)
    send(Sender(sink), alerts=alerts)
    headers = sink.requests[0][2]["headers"]
    assert headers["webhook-id"] == "alert_1"
    wanted = Webhook(SECRET)
    assert headers["webhook-timestamp"] == "1799661600"
    del headers["Content-Type"]
    with pytest.raises(Exception, match="too new"):  # it looks at its own clock first
        wanted.verify("{}", headers)


def test_each_failure_makes_the_next_wait_longer():
    sink = Sink(*[Reply(500, "oops")] * 20)
    sender, now, waits = Sender(sink), 0.0, []
    for _ in range(8):
        assert send(sender, now) == "POST https://hooks.example/***: 500: oops"
        wait = 1.0
        while not sender.may_send(now + wait):
            wait += 1
        waits.append(wait)
        now += wait
    assert waits == [FIRST, 20, 40, 80, 160, LAST, LAST, LAST]
    sink.replies.clear()
    assert send(sender, now) == ""
    sink.replies.append(OutgoingError("no answer"))
    assert send(sender, now) == "no answer"
    assert sender.may_send(now + FIRST)


@pytest.mark.parametrize(("asked", "waits"), [(90.0, 90.0), (1.0, FIRST), (9e9, PATIENT)])
def test_what_the_answer_asks_for_is_waited_within_bounds(asked, waits):
    sender = Sender(Sink(Reply(429, retry_after=asked)))
    send(sender)
    assert not sender.may_send(waits - 1)
    assert sender.may_send(waits)


def test_a_heartbeat_is_a_get_each_minute_while_all_is_well():
    sink = Sink()
    heart = Heartbeat(sink)
    for second in range(0, 300, 5):
        heart.beat(URL, well=second < 200, now=second)
    assert [(method, address.url) for method, address, _ in sink.requests] == [("GET", URL)] * 4
    heart.beat("", well=True, now=10 * EVERY)
    assert len(sink.requests) == 4


@pytest.mark.parametrize("failure", [Reply(404, "gone"), OutgoingError("no answer")])
def test_its_failure_is_logged_once_and_its_end(caplog, failure):
    heart = Heartbeat(Sink(failure, failure))
    with caplog.at_level(logging.INFO):
        for minute in range(4):
            heart.beat(URL, well=True, now=minute * EVERY)
    assert [record.message for record in caplog.records] == [
        "heartbeat not taken",
        "heartbeat not taken: no longer",
    ]
    assert "s3cr3t" not in caplog.records[0].reason
