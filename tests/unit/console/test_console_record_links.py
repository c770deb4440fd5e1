"""Links from a record to other pages, which a release may not have."""

import pytest
from flask import Flask

from service.console import record_links


@pytest.fixture
def app():
    return Flask(__name__)


def test_to_a_page_that_there_is_not_there_is_no_link(app):
    with app.test_request_context():
        for link in (record_links.run_link, record_links.problem_link, record_links.delivery_link):
            assert link("erp-1") is None
            assert link(None) is None


def test_to_a_page_that_there_is(app):
    pages = {
        "/runs/<id>": "runs.run",
        "/problems/failures/<letter>": "problems.failure",
        "/sources/<name>/deliveries/<id>": "sources.delivery",
    }
    for rule, endpoint in pages.items():
        app.add_url_rule(rule, endpoint, lambda **_: "")
    with app.test_request_context():
        assert record_links.run_link("r1") == "/runs/r1"
        assert record_links.problem_link("d1") == "/problems/failures/d1"
        assert record_links.delivery_link("the-erp-7") == "/sources/the-erp/deliveries/the-erp-7"
        assert record_links.delivery_link("d1") is None
