"""What is refused at the door, and how it is told."""

import json
import re
from collections import Counter

import pytest

from tests.support.raw_door import delivery, event, eventually, head, signature, start, talk


@pytest.fixture(scope="module")
def instep(tmp_path_factory):
    instep, _ = start(tmp_path_factory.mktemp("door"))
    yield instep
    instep.close()


@pytest.fixture
def address(instep):
    return instep.address


def told_of(instep):
    """Return how often /metrics says each pair of reason and source."""
    _, metrics = talk(instep.address, head(b"/metrics", method=b"GET"))
    counts = re.findall(
        r'instep_refusals_total{reason="(.*)",source="(.*)"} (.*)', metrics.decode()
    )
    return Counter({(reason, source): float(count) for reason, source, count in counts})


def test_each_kind_is_counted_by_source_and_logged_once(instep):
    body = event("e1")
    requests = {
        ("erp", "refused"): head(b"/webhooks/erp", b"Content-Length: 0"),
        ("erp", "not-found"): delivery(body, target=b"/webhooks/erp/token"),
        ("erp", "method"): head(b"/webhooks/erp", method=b"GET"),
        ("erp", "too-large"): head(b"/webhooks/erp", b"Content-Length: 99999999"),
        ("erp", "malformed"): delivery(body).replace(b"POST", b"post", 1),
        ("bearer", "incomplete"): head(b"/webhooks/bearer", b"Content-Length: 9"),
        ("(unknown)", "not-found"): delivery(body, target=b"/webhooks/none"),
        ("(unknown)", "method"): head(b"/webhooks/other", method=b"PUT"),
    }
    before, counted, logged = instep.status(), told_of(instep), len(instep.log())
    for (_, reason), request in requests.items():
        # Who closes its side is let go at once, maybe before its request is looked at.
        status, _ = talk(instep.address, request, half_close=reason == "incomplete")
        assert status >= 400, reason
    expected = {source: dict(reasons) for source, reasons in before["refusals"].items()}
    for source, reason in requests:
        expected.setdefault(source, {})
        expected[source][reason] = expected[source].get(reason, 0) + 1
    found = eventually(lambda: (status := instep.status())["refusals"] == expected and status)
    assert found["sources"]["erp"]["refused"] - before["sources"]["erp"]["refused"] == 1
    assert "(unknown)" not in found["sources"]
    told = told_of(instep) - counted
    assert told == {(reason, source): 1.0 for source, reason in requests}
    for source, reason in requests:
        told = {"message": "delivery", "outcome": reason, "source": source}
        lines = map(json.loads, instep.log()[logged:].splitlines())
        assert len([line for line in lines if told.items() <= line.items()]) == 1, reason


def test_what_any_part_of_the_door_refuses_is_listed(instep):
    requests = (
        ("erp", 401, head(b"/webhooks/erp", b"Content-Length: 0")),
        ("erp", 413, head(b"/webhooks/erp", b"Content-Length: 99999999")),
        ("bearer", 400, head(b"/webhooks/bearer", b"Content-Length: 9")),
        ("(unknown)", 404, delivery(event("e1"), target=b"/webhooks/none")),
    )
    for _, status, request in requests:
        assert talk(instep.address, request, half_close=status == 400)[0] == status
    wanted = {(source, status) for source, status, _ in requests}

    def listed():
        found = instep.asked("deliveries", "list", "--outcome", "refused", "--limit", "200") or ()
        return wanted <= {(each["source"], each["status"]) for each in found}

    eventually(listed)


def test_an_underscore_overrides_no_dash(address):
    body = event("underscore")
    length = b"Content-Length: %d" % len(body)
    wrong = b"X_Signature: 00"
    right = signature(body)
    assert talk(address, head(b"/webhooks/erp", right, wrong, length) + body)[0] == 200
    assert talk(address, head(b"/webhooks/erp", wrong, right, length) + body)[0] == 200
    alone = right.replace(b"-", b"_")
    assert talk(address, head(b"/webhooks/erp", alone, length) + body)[0] == 401


@pytest.mark.parametrize("method", [b"post", b"Post", b"pOST"])
def test_a_method_in_lower_case_is_none(address, method):
    assert talk(address, delivery(event("lower")).replace(b"POST", method, 1))[0] == 400


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"/webhooks/erp/", 200),
        (b"/webhooks/erp/?a=b", 200),
        (b"/webhooks/%65rp", 200),
        (b"http://x/webhooks/erp", 200),
        (b"/webhooks/erp//", 404),
        (b"//webhooks/erp", 404),
        (b"/webhooks//erp", 404),
        (b"/webhooks/erp%2F", 404),
        (b"/webhooks%2Ferp", 200),
        (b"/webhooks/ERP", 404),
        (b"/webhooks/erp%00", 404),
        (b"/webhooks/%ff", 404),
        (b"/webhooks/", 404),
        (b"/webhooks", 404),
    ],
)
def test_an_address_is_taken_as_it_is_written(address, target, status):
    body = event(target.decode())
    assert talk(address, delivery(body, target=target))[0] == status
