"""What the log of the workers says: a line for each attempt, a warning for each change."""

import json
import logging

import pytest

from workers.store.state_log import MESSAGES, line_for

CHANGED = "The collection structure changed since the last publish"


@pytest.fixture
def told(caplog):
    """The lines since the last call, or those with one message, as dicts."""
    caplog.set_level(logging.INFO, "workers")

    def lines(message=None):
        found = [vars(record) for record in caplog.records]
        caplog.clear()
        return [line for line in found if message in (None, line["message"])]

    return lines


def messages(lines):
    return [line["message"] for line in lines]


def test_an_attempt_is_one_line_from_the_event_to_the_answer(open_way, told):
    way = open_way(by="key")
    way.change(1, stock=1, id="evt-1")
    way.change(2, stock=2, id="evt-2")
    way.run()
    (line,) = told("attempt")
    names = ("destination", "collection", "request", "items", "status", "outcome")
    assert [line[name] for name in names] == ["site", "products", "update", 2, 200, "2 written"]
    assert line["keys"] == (way.key(1), way.key(2))
    assert line["event_ids"] == ("evt-1", "evt-2")
    assert line["sources"] == ("erp",)
    assert "attempt" not in line


def test_values_of_two_events_in_one_item_name_both(open_way, told):
    way = open_way()
    way.change(1, stock=1, id="evt-1")
    way.change(1, price=2, id="evt-2")
    way.run()
    (line,) = told("attempt")
    assert set(line["event_ids"]) == {"evt-1", "evt-2"}


def test_the_names_in_a_line_are_bounded(open_way, told):
    way = open_way(items=120)
    for n in range(1, 121):
        way.change(n, stock=n, id="x" * 300 + str(n))
    way.run()
    for line in told("attempt"):
        assert len(line["keys"]) <= 100
        assert sum(map(len, line["event_ids"])) <= 6000


def test_a_refused_value_is_one_warning_and_stands_in_no_line(open_way, told):
    way = open_way()
    way.change(1, id="evt-1", fields={"contact": "no-address@@", "stock": 4})
    way.run()
    lines = told()
    (letter,) = [line for line in lines if line["message"] == "dead letter opened"]
    assert letter["levelno"] == logging.WARNING
    assert (letter["collection"], letter["key"]) == ("products", way.id(1))
    assert (letter["kind"], letter["fields"]) == ("refused", ["contact"])
    assert letter["event_ids"] == ["evt-1"]
    assert letter["do"] == f"instep dead show {letter['id']}"
    assert "no-address" not in json.dumps(lines, default=str)


def test_a_value_that_the_cms_repeats_unquoted_stands_in_no_line(open_way, told):
    way = open_way()
    way.down(400, match=way.of(1), code="validation_error", message="Value Blue Moon is wrong")
    way.change(1, title="Blue Moon")
    way.run()
    lines = told()
    assert "dead letter opened" in messages(lines)
    assert "Blue Moon" not in json.dumps(lines, default=str)


def test_a_refused_token_is_one_warning_however_many_requests_met_it(way, told):
    way.down(401, seconds=90, message="Request not authorized")
    for n in range(1, 6):
        way.change(n, stock=n)
    way.run(60)
    (pause,) = told("destination paused")
    assert (pause["levelno"], pause["destination"]) == (logging.WARNING, "site")
    assert "401" in pause["reason"]
    assert "instep resume destination:site" in pause["do"]


def test_two_answers_about_one_token_are_one_warning(way, told):
    reason = "401 Request not authorized"
    way.context.breaker.pause("site", reason, by="b")
    way.context.breaker.pause("site", reason, by="b")
    assert messages(told()) == ["destination paused"]


def test_a_deleted_collection_is_one_warning_with_its_name(way, told):
    way.down(404, seconds=90, message="Collection not found")
    for n in range(1, 6):
        way.change(n, stock=n)
    way.run(60)
    (pause,) = told("collection paused")
    assert (pause["collection"], pause["destination"]) == ("products", "site")
    assert "instep resume collection:products" in pause["do"]


def test_an_outage_is_told_as_it_begins_and_as_it_ends(way, told):
    way.down(500, seconds=90)
    for n in range(1, 4):
        way.change(n, stock=n)
    way.run()
    lines = told()
    (begun,) = [line for line in lines if line["message"] == "outage"]
    (over,) = [line for line in lines if line["message"] == "outage over"]
    assert (begun["levelno"], over["levelno"]) == (logging.WARNING, logging.INFO)
    assert "500" in begun["reason"]
    assert over["seconds"] >= 60


def test_a_site_that_must_be_published_is_told_once_and_that_it_was(way, told):
    way.products.blocked = CHANGED
    for n in range(1, 6):
        way.change(n, stock=n)
    way.run(400)
    (wait,) = told("collection waits: site not published")
    assert wait["collection"] == "products"
    assert CHANGED in wait["reason"]
    way.products.blocked = None
    way.run()
    assert len(told("collection goes on: site published")) == 1


def test_a_plan_without_room_is_told_once_and_that_there_is_room(open_way, told):
    way = open_way(by="key", collection={"missing": "create"})
    count = sum(one.count for one in way.site.collections.values())
    way.site.rules.item_limit = count
    for n in range(3):
        way.change(f"new-{n}", name=f"Oak {n}")
    way.run(1900)
    (stopped,) = told("creating stopped: plan limit")
    assert (stopped["collection"], stopped["destination"]) == ("products", "site")
    way.site.rules.item_limit = None
    way.run()
    assert len(told("creating goes on: room in the plan")) == 1


def test_very_many_dead_letters_of_one_step_are_a_few_lines_and_a_number(open_way, told):
    way = open_way(by="key")
    for n in range(60):
        way.change(f"none-{n}", stock=n)
    way.run()
    lines = told()
    opened = messages(lines).count("dead letter opened")
    more = sum(line["changes"] for line in lines if line["message"] == "and more")
    assert opened + more == 60
    assert opened <= 40


def test_an_attempt_at_one_item_says_which_it_is_of_how_many(open_way, told):
    way = open_way(attempts=3)
    way.down(500, match=way.of(2))
    way.change(2, stock=2)
    for n in range(20):
        way.change(1, stock=n)
        way.run(30)
    counted = [(line["attempt"], line["of"]) for line in told("attempt") if "attempt" in line]
    assert counted == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("what", sorted(MESSAGES))
def test_every_change_has_its_line(what):
    change = {"what": what, "destination": "site", "reason": "Field 'x': 'secret' is wrong"}
    level, message, values = line_for(change)
    assert level in (logging.INFO, logging.WARNING)
    assert message
    assert "secret" not in str(values)
