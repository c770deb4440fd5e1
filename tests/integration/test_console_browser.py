"""The script of the console in a real browser: keys, selections, and what is live."""

import json
import threading

import pytest
from flask import Blueprint, render_template_string
from werkzeug.serving import make_server

from service.console import query
from service.console.actions import Action, Estimate, add
from service.operate import record_hits, record_pages, record_scan
from service.operate.parts import Parts
from tests.support.api_rig import ADMIN, Rig
from tests.support.browser import CHROMIUM, Browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

PAGE = """
{% extends "console/base.html" %}{% import "console/macros.html" as ui with context %}
{% block title %}Probe{% endblock %}{% block content %}
{% call ui.filter(query) %}{{ ui.search("q", query, "Name") }}{% endcall %}
<section data-live="rows">{% call ui.bulk(actions, query) %}
{% call ui.table("Rows", ["Name", "Since"], cards=True, select=True) %}
{% for name in names %}<tr data-row>{{ ui.pick(name, name) }}
<th scope="row" data-label="Name">
<a href="{{ url_for('settings.audit') }}">{{ ui.name(name) }}</a></th>
<td data-label="Since">{{ moment("2026-05-12T09:30:00Z", absolute=True) }}</td></tr>{% endfor %}
{% endcall %}{% endcall %}</section>{% endblock %}
"""
SELECTED = "document.querySelector('[data-count]').textContent"
FOCUS = "[...document.querySelectorAll('tr[data-row]')].indexOf(document.activeElement)"
NAMES = ["plain", "k" * 400, "שלום 👟", "<b>x</b>"]


def press(browser, key, **more):
    event = json.dumps({"key": key, "bubbles": True, "cancelable": True, **more})
    browser.run(f"document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {event})), 1")


def refreshed(browser):
    """Refresh once by key, and wait for it."""
    browser.run("document.querySelector('[data-live] bdi').dataset.old = '1', 1")
    press(browser, "r")
    browser.until("!document.querySelector('[data-live] bdi').dataset.old")


@pytest.fixture(scope="module")
def names():
    return []


@pytest.fixture(scope="module")
def browser(tmp_path_factory, store_socket, names):
    rig = Rig(tmp_path_factory.mktemp("browser"), store_socket)
    action = Action(
        "probe", "replay", "Replay", "Replay", lambda *_: Estimate(4, "rows"), lambda *_: "r1"
    )
    blueprint = Blueprint("probe", __name__)

    def show():
        return render_template_string(
            PAGE, names=names, actions=[action], query=query.of_request(("q",))
        )

    blueprint.add_url_rule("/problems/probe", "show", show)
    add(blueprint, "/problems/probe", Parts(rig.configuration, rig.context), [action])
    rig.app.register_blueprint(blueprint)
    server = make_server("127.0.0.1", 0, rig.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    made = Browser(tmp_path_factory.mktemp("profile"))
    made.url, made.rig = f"http://127.0.0.1:{server.port}", rig
    made.open(f"{made.url}/login?next=/problems/probe")
    made.run(f"document.getElementById('token').value = {ADMIN!r}, 1")
    made.run("document.querySelector('form.stack button').click()")
    made.until("location.pathname === '/problems/probe' && document.readyState === 'complete'")
    yield made
    made.close()
    server.shutdown()
    thread.join()
    server.server_close()
    rig.close()


@pytest.fixture
def page(browser, names, store):
    assert store.dbsize() == 0
    names[:] = NAMES
    browser.problems.clear()
    browser.resize(1280, 900)
    browser.open(f"{browser.url}/problems/probe")
    yield browser
    assert browser.problems == []


def test_rows_are_reached_selected_and_opened_by_keys(page):
    for key, place in (("j", 0), ("j", 1), ("k", 0), ("k", 0), ("j", 1)):
        press(page, key)
        assert page.run(FOCUS) == place
    press(page, "x")
    assert page.run(SELECTED) == "1 selected"
    refreshed(page)  # takes away neither the selection nor the place
    assert (page.run(SELECTED), page.run(FOCUS)) == ("1 selected", 1)
    press(page, "Enter")
    page.until("location.pathname === '/settings/audit'")


def test_a_click_with_shift_selects_all_between_and_the_head_all(page):
    click = "new MouseEvent('click', {bubbles: true, cancelable: true, shiftKey: %s})"
    for row, shift in ((0, "false"), (2, "true")):
        box = f"document.querySelectorAll('[data-pick]')[{row}]"
        page.run(f"{box}.dispatchEvent({click % shift})")
    assert page.run(SELECTED) == "3 selected"
    page.run("document.querySelector('[data-all]').click()")
    assert page.run(SELECTED) == "4 selected"


def test_keys_do_nothing_in_a_field_nor_with_a_modifier(page):
    press(page, "t", ctrlKey=True)
    press(page, "/")
    assert page.run("document.activeElement.name") == "q"
    for key in ("t", "j", "?", "x"):
        press(page, key)
    assert page.run("location.pathname + document.querySelectorAll('dialog[open]').length") == (
        "/problems/probe0"
    )
    page.run("document.activeElement.blur()")
    press(page, "?")
    assert page.run("document.querySelector('#keys').open")
    press(page, "t")  # not behind the dialog
    page.run("document.querySelector('#keys').close()")
    assert page.run("location.pathname") == "/problems/probe"
    press(page, "t")
    page.until("location.pathname === '/settings'")


def test_what_is_new_is_shown_and_a_lost_connection_is_said(page, names):
    names.insert(0, "new")
    refreshed(page)
    assert page.text("[data-live] bdi") == "new"
    page.run("(window.kept = window.fetch, window.fetch = () => Promise.reject(new Error()), 1)")
    press(page, "r")
    page.until("!document.querySelector('#notice').hidden")
    page.run("(window.fetch = window.kept, 1)")
    refreshed(page)
    assert page.run("document.querySelector('#notice').hidden")


def test_a_pause_is_remembered(page):
    page.run("document.querySelector('#live').click()")
    page.open(f"{page.url}/problems/probe")
    assert page.text("#live") == "Paused"
    page.run("document.querySelector('#live').click()")
    assert page.text("#live") == "Live"


def test_times_are_local_and_name_the_zone(page):
    zone = page.run("Intl.DateTimeFormat().resolvedOptions().timeZone")
    title = page.run("document.querySelector('time').title")
    assert f"({zone})" in title
    assert "2026-05-12 09:30:00 UTC" in title


@pytest.mark.parametrize(
    ("query", "found", "end"),
    [
        ("state=ignored", 0, "Nothing found. No record fits the filter."),
        ("state=pending", 4, "All records were looked at."),
        ("q=k-&part=1", 4, "All records were looked at."),
    ],
)
def test_a_list_that_looks_at_many_records_goes_on_by_itself(page, monkeypatch, query, found, end):
    for number in range(4):
        page.rig.deliver(id=f"e{number}", topic="stock", sku=f"K-{number}", qty=1)
    monkeypatch.setattr(record_hits, "AT_ONCE", 1)
    monkeypatch.setattr(record_pages, "AT_ONCE", 1)
    monkeypatch.setattr(record_pages, "SECONDS", -1.0)
    monkeypatch.setattr(record_scan, "SLICE", 1)
    monkeypatch.setattr(record_scan, "SECONDS", -1.0)
    page.open(f"{page.url}/records?{query}")
    page.until(f"document.querySelector('[data-scan-end]').textContent === {end!r}")
    assert page.text("[data-scan-text]") == f"Looked at 4 of 4 records. Found {found}."
    assert page.run("document.querySelectorAll('tr[data-row]').length") == found


@pytest.mark.parametrize("path", ["/problems/probe", "/settings", "/docs/console"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(page, width, path):
    page.resize(width, 900)
    page.open(f"{page.url}{path}")
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
