"""A visit to the console with Playwright: what a browser objects to is kept."""

from contextlib import contextmanager

from tests.support.api_rig import ADMIN
from tests.support.browser import CHROMIUM

WIDTHS = {390: 844, 1280: 900}  # and the heights of such screens
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


@contextmanager
def chromium():
    from playwright.sync_api import sync_playwright  # a second, in one process of four

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield browser
        browser.close()


class Visit:
    """
    Somebody who is logged in at *url*, with one page.

    Args:
        scheme: light or dark.
    """

    def __init__(self, browser, url, width=1280, scheme="light"):
        size = {"width": width, "height": WIDTHS[width]}
        self._context = browser.new_context(
            viewport=size, color_scheme=scheme, base_url=url, reduced_motion="reduce"
        )
        self.page = self._context.new_page()
        self.problems, self.logged_in = [], False
        self._size = size
        self.page.on("console", self._keep)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))

    def login(self):
        self.page.goto("/login")
        self.page.fill("#token", ADMIN)
        self.page.click("form.stack button")
        self.page.wait_for_url(lambda url: "/login" not in url)
        self.logged_in = True

    def open(self, path, *, login=True):
        if login and not self.logged_in:
            self.login()
        self.problems.clear()
        self.page.goto(path, wait_until="load")

    def confirm(self):
        """Open the page that asks before all problems are discarded."""
        self.open("/problems")
        self.page.check("input[name=which][value=all]")
        self.page.click(".bulk button.danger")

    @contextmanager
    def resized(self, width):
        """With a screen of another width for a while."""
        self.page.set_viewport_size({"width": width, "height": WIDTHS[width]})
        yield
        self.page.set_viewport_size(self._size)

    def overflow(self):
        """By how many px the page is wider than the screen, and what sticks out."""
        return self.page.evaluate(
            """() => {
                const wide = document.documentElement.scrollWidth - innerWidth;
                const out = wide <= 0 ? [] : [...document.querySelectorAll('main *, header *')]
                    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
                    .map((e) => e.tagName + '.' + e.className);
                return [Math.max(0, wide), ...out.slice(0, 3)];
            }"""
        )

    def close(self):
        self._context.close()

    def _keep(self, message):
        # The browser says of a page that is not there that it is not there.
        if message.type in ("error", "warning") and "status of 404" not in message.text:
            self.problems.append(message.text)
