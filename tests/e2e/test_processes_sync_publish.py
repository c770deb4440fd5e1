"""``instep sync --once`` publishes what a round before it staged, although the folder is lost."""

import os
import shutil
import signal
import threading
from dataclasses import replace

import pytest

from service.sandbox.seeds.samples import product_id
from service.sandbox.site.site import SITE_ID
from tests.support.pulled_site import PulledSite

ROUND = ("sync", "--once", "--for", "60s")
DESTINATION = f'live = false\npublish = "items"\nsite = "{SITE_ID}"'


@pytest.fixture
def site():
    site = PulledSite(12)
    yield site
    site.close()


class Held:
    """
    Holds the first request of *method* to a path that ends with *ends*.

    Args:
        behind: Once it was carried out, so that its answer is lost; else it never is.
    """

    def __init__(self, server, method, ends, *, behind):
        self._app, self._method, self._ends, self._behind = server.app, method, ends, behind
        self.arrived, self._goes_on = threading.Event(), threading.Event()
        server.app = self

    def __call__(self, environ, start_response):
        of = environ["REQUEST_METHOD"] == self._method
        if self.arrived.is_set() or not (of and environ["PATH_INFO"].endswith(self._ends)):
            return self._app(environ, start_response)
        if self._behind:
            answer = self._app(environ, start_response)
            self._hold()
            return answer
        self._hold()
        start_response("503 Service Unavailable", [])
        return [b""]

    def _hold(self):
        self.arrived.set()
        self._goes_on.wait(20)

    def release(self):
        self._goes_on.set()


def kill(site, instep, method, ends, *, behind):
    """Kill a round while that request is on its way."""
    held = Held(site.planted.server, method, ends, behind=behind)
    process = instep.start(ROUND, instep.folder / "log")
    assert held.arrived.wait(50)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    held.release()


def draft(site, n):
    item = site.planted.products.items[product_id(n)]
    fields = {**item.staged.fields, "name": "a draft"}
    copy = replace(item.staged, fields=fields, draft=True, updated=site.planted.site.now())
    site.planted.products.store(item, copy)


@pytest.mark.parametrize(
    ("method", "ends", "behind"),
    [
        pytest.param("PATCH", "/items", True, id="staged"),
        pytest.param("POST", "/publish", False, marks=pytest.mark.full, id="asked"),
        pytest.param("POST", "/publish", True, marks=pytest.mark.full, id="published"),
    ],
)
def test_a_round_on_an_empty_folder_ends_with_what_the_source_says(
    tmp_path, site, method, ends, behind
):
    instep = site.installed(tmp_path, destination=DESTINATION)
    for n in (1, 2, 3, 6):
        site.change(n, qty=1000 + n)
    draft(site, 6)
    kill(site, instep, method, ends, behind=behind)
    shutil.rmtree(instep.folder / "data")
    code, said, wrong = instep.alone(*ROUND)
    assert site.planted.products.items[product_id(6)].live.fields["name"] != "a draft"
    shown, wanted = site.shown, site.wanted
    assert shown.pop("P-0006") != wanted.pop("P-0006")  # an editor holds it back
    assert shown == wanted
    left = [line for line in (said + wrong).splitlines() if line.startswith("Left: ")]
    assert (code, len(left)) == (1, 1), said + wrong
    assert left[0].startswith("Left: collection products: P-0006: held as a draft by an editor")
