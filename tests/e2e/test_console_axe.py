"""
Every page of the console in a browser, with a thousand problems, and ten with --full: axe finds
nothing serious, nothing is wider than the screen or a phone, and neither a script nor the content
security policy complains.
"""

import pytest

from service.console.pages import existing
from tests.support.browser import CHROMIUM
from tests.support.console_load import Load
from tests.support.console_site import ConsoleSite
from tests.support.console_visit import Visit, chromium
from tests.support.depth import depth

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

SIZE = Load(
    items=depth(1_000, 10_000),
    events=depth(100_000, 1_000_000),
    problems=depth(1_000, 10_000),
    causes=60,
    deletes=60,
    runs=60,
    deliveries=200,
    refusals=20,
)
# All of WCAG, and the best practices: axe rates what it finds.
GRAVE = ("serious", "critical")
VIEWS = [
    (1280, "light"),
    pytest.param((390, "dark"), marks=pytest.mark.full),
    pytest.param((1280, "dark"), marks=pytest.mark.full),
    pytest.param((390, "light"), marks=pytest.mark.full),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory, store_socket):
    made = ConsoleSite(tmp_path_factory.mktemp("axe"), store_socket, SIZE)
    with made.serve() as made.url:
        yield made
    made.close()


@pytest.fixture(scope="module")
def browser():
    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def addresses(site):
    found = site.addresses()
    assert {page.path for page in existing()} <= {*found.values()}
    return found


@pytest.fixture(params=VIEWS, ids=lambda view: "-".join(map(str, view)))
def visit(request, site, browser):
    made = Visit(browser, site.url, *request.param)
    yield made
    made.close()


def test_nothing_grave_is_found_on_any_page_and_none_is_wider_than_a_phone(visit, addresses):
    found = {}
    for name, path in addresses.items():
        visit.open(path, login=name != "login")
        assert visit.page.locator("h1").count() == 1, name
        found[name] = objections(visit) + on_a_phone(visit)
    visit.confirm()
    found["confirm"] = objections(visit) + on_a_phone(visit)
    assert {name: told for name, told in found.items() if told} == {}


def objections(visit):
    """What is wrong with the page that is open, in words."""
    from axe_playwright_python.sync_playwright import Axe  # a second, in one process of four

    told = [
        f"{each['id']}: {node['html'][:200]} ({node['failureSummary'][:300]})"
        for each in Axe().run(visit.page).response["violations"]
        if each["impact"] in GRAVE
        for node in each["nodes"][:3]
    ]
    return told + misfits(visit)


def on_a_phone(visit):
    """What of the page that is open is too wide there."""
    with visit.resized(390):
        return misfits(visit)


def misfits(visit):
    """What of it is wider than the screen, and what the browser complained of."""
    wide, *out = visit.overflow()
    return ([f"{wide} px too wide: {out}"] if wide else []) + visit.problems
