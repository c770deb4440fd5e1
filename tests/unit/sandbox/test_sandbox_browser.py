"""The page in a real browser, as a person uses it."""

import json
from datetime import UTC, datetime

import pytest

from service.sandbox.seeds.samples import PRODUCTS, product_id
from tests.support.browser import CHROMIUM, Browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

ONE = product_id(1)
ROW = "[...document.querySelectorAll('#items tr')].find(tr => tr.innerText.includes({!r}))"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    made = Browser(tmp_path_factory.mktemp("profile"))
    yield made
    made.close()


@pytest.fixture
def page(browser, url):
    browser.problems.clear()
    browser.asked.clear()
    browser.resize(1280, 900)
    browser.open(f"{url}/")
    browser.until("document.querySelectorAll('#items tbody tr').length === 50")
    yield browser
    assert browser.problems == []
    assert [one for one in browser.asked if not one.startswith(url)] == []
    browser.open("about:blank")  # this page asks no more: the next one's list is its own


def row(name):
    return ROW.format(name)


def test_a_name_that_is_markup_shows_as_text(page, v2):
    name = "<script>window.hacked=1</script><img src=x onerror='window.hacked=1'>"
    v2.control("POST", "/item", {"item": ONE, "fields": {"name": name, "description": name}})
    page.until(f"document.querySelector('#items .open').innerText === {json.dumps(name)}")
    page.run("document.querySelector('#items .open').click()")
    page.until("document.getElementById('one').open")
    assert page.text("#one-name") == name
    assert page.run("window.hacked === undefined && document.scripts.length === 1")
    assert page.run("document.querySelectorAll('img[src=x]').length") == 0


def test_a_cell_lights_up_when_it_changes(page, v2):
    assert page.run("document.querySelectorAll('.flash').length") == 0
    v2.patch(f"/items/{product_id(120)}", {"fieldData": {"price": 4321.5}})
    page.until(f"{row('4,321.50')}?.querySelector('td.flash .staged')")
    flashed = page.run(
        f"[...{row('4,321.50')}.querySelectorAll('td.flash')].map(td => td.dataset.label)"
    )
    assert "Price" in flashed
    assert "Stock" not in flashed


def test_a_search_finds_and_an_address_keeps_it(page):
    page.run("document.querySelector('#find [name=q]').focus()")
    page.type("P-0077")
    page.until("document.querySelectorAll('#items tbody tr').length === 1")
    assert "Product 77" in page.text("#items")
    assert page.run("location.hash") == "#q=P-0077"
    page.run("location.reload()")
    page.until("document.querySelector('#find [name=q]')?.value === 'P-0077'")
    page.until("document.querySelectorAll('#items tbody tr').length === 1")


def test_the_pages_are_turned(page):
    page.run("document.querySelector('[data-step=\"1\"]').click()")
    page.until("document.getElementById('range').innerText === '51\u2013100 of 120'")
    page.run("document.querySelector('[data-step=\"1\"]').click()")
    page.until("document.querySelectorAll('#items tbody tr').length === 20")
    assert page.run("document.querySelector('[data-step=\"1\"]').disabled")


def test_an_item_opens_and_closes_by_the_keyboard(page):
    page.run("document.querySelector('#items .open').focus()")
    page.press("Enter")
    page.until("document.getElementById('one').open")
    assert "Supplier" in page.text("#one")
    page.press("Escape")
    page.until("!document.getElementById('one').open && !location.hash.includes('item')")


def test_what_has_the_focus_keeps_it_where_it_moves(page, v2):
    page.run("document.querySelectorAll('#items .open')[5].focus()")
    name = page.run("document.activeElement.innerText")
    v2.patch(f"/items/{product_id(115)}", {"fieldData": {"price": 4321.5}})
    page.until("document.querySelector('#items tbody tr').innerText.includes('4,321.50')")
    assert name == "Product 115"
    assert page.run("document.activeElement.innerText") == name


def test_a_fault_is_armed_and_disarmed(page, v2):
    page.run(
        "(() => { const form = document.getElementById('arm');"
        "form.elements.status.value = '502'; form.elements.times.value = '2';"
        "form.elements.method.value = 'PATCH'; form.requestSubmit(); })()"
    )
    page.until(
        "document.getElementById('faults').innerText.includes('status=502, method=PATCH · 2 calls')"
    )
    assert v2.get(f"/items/{ONE}").status_code == 200
    assert v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 1}}).status_code == 502
    page.until("document.getElementById('recent').innerText.includes('fault: status')")
    page.run("document.querySelector('#faults button').click()")
    page.until("!document.getElementById('faults').innerText")
    assert v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 1}}).status_code == 200
    page.problems.clear()


def test_the_end_of_a_fault_is_told_as_the_times_of_calls_are(page, v2, clock):
    v2.fault("slow", delay=0, seconds=7 * 3600)
    end = datetime.fromtimestamp(clock.at + 7 * 3600, UTC)
    page.until(f"document.getElementById('faults').innerText.includes('until {end:%H:%M:%S}')")


def test_a_fault_that_cannot_be_armed_says_why(page):
    page.run(
        "(() => { const form = document.getElementById('arm');"
        "form.elements.fault.value = 'drop-field'; form.requestSubmit(); })()"
    )
    page.until("document.getElementById('refusal').innerText.includes('needs the slug')")
    page.problems.clear()  # the browser logs every 400


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_window(page, width):
    page.resize(width, 800, mobile=width < 500)
    assert page.run("document.documentElement.scrollWidth") <= width
    if width < 500:  # a card for each item, not a table to be moved about
        assert page.run("document.querySelector('#items table').offsetWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page, scheme):
    page.scheme(scheme)
    luminance = (
        "getComputedStyle(document.body)[{!r}].match(/\\d+/g).slice(0, 3)"
        ".reduce((sum, one) => sum + Number(one), 0)"
    )
    text, ground = (page.run(luminance.format(key)) for key in ("color", "backgroundColor"))
    assert abs(text - ground) > 400
    assert (ground < text) == (scheme == "dark")


def test_another_collection_is_chosen(page, v2):
    order = {"id": "ab" * 12, "name": "Makers", "items": 3}
    v2.control("POST", "/collections", order)
    page.until("document.getElementById('collections').innerText.includes('Makers')")
    page.run("document.querySelectorAll('#collections button')[1].click()")
    page.until("document.querySelectorAll('#items tbody tr').length === 3")


def test_a_sandbox_that_does_not_answer_is_told(page, v2):
    v2.control("DELETE", f"/collections/{PRODUCTS}")
    page.until("document.getElementById('empty').innerText === 'No collections yet.'")
    assert page.text("#state") == "Live"
