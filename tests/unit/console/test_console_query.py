"""The filter and the page of a list, as its address has them."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from service.console.pages import PAGES, is_console
from service.console.query import LONGEST, Query, of_request, of_values
from service.operate.page import FilterInvalid

NAMES = ("state", "since")


@pytest.fixture
def app():
    made = Flask(__name__)
    made.add_url_rule("/list/<group>", "list", lambda **_: "")
    return made


def test_filter_and_cursor_come_from_the_address_and_go_into_the_next(app):
    with app.test_request_context("/list/gü?state=open&since=+&cursor=c%261"):
        found = of_request(NAMES)
        assert found == Query({"state": "open"}, "c&1")
        assert (found.text("state"), found.text("since"), bool(found)) == ("open", None, True)
        assert found.address("n/2") == "/list/g%C3%BC?state=open&cursor=n/2"
        assert found.address() == "/list/g%C3%BC?state=open"
        assert found.address_unfiltered() == "/list/g%C3%BC"


def test_a_misspelt_filter_does_not_select_everything():
    with pytest.raises(FilterInvalid, match="stat"):
        of_values({"stat": "open"}, NAMES)
    with pytest.raises(FilterInvalid, match="none here"):
        of_values({"state": "open"}, ())


def test_a_value_without_end_is_refused():
    with pytest.raises(FilterInvalid, match=str(LONGEST)):
        of_values({"state": "x" * (LONGEST + 1)}, NAMES)


def test_times_of_filters():
    at = Query({"since": "2026-05-12T09:30:00Z"}).since()
    assert at == datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
    assert Query({}).since() is None
    with pytest.raises(FilterInvalid, match="30m, 2h, 3d"):
        Query({"since": "yesterday"}).since()


def test_the_table_of_pages_names_each_path_and_key_once():
    assert len({page.path for page in PAGES}) == len({page.key for page in PAGES}) == len(PAGES)
    assert not {page.key for page in PAGES} & set("jkxr")


@pytest.mark.parametrize(
    "path", ["/", "/login", "/runs", "/runs/r1", "/static/x.css", "/problems/"]
)
def test_paths_of_the_console(path):
    assert is_console(path)


@pytest.mark.parametrize(
    "path", ["", "/api", "/api/runs", "/webhooks/runs", "/runsx", "/docs", "/metrics", "//runs"]
)
def test_paths_of_others(path):
    assert not is_console(path)
