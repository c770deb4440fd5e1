"""Somebody who knows only the console: sees the words, links and buttons of a page."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

from tests.support.console import Person

_VOID = {"input", "meta", "link", "br", "path", "img", "hr", "rect", "col"}
_UNSEEN = {"head", "script", "style", "desc", "dialog"}
_IN_LINE = {"a", "bdi", "code", "mark", "span", "strong", "time"}


class Page(HTMLParser):
    """
    What is seen of a page.

    Args:
        path: That its addresses are relative to.

    Attributes:
        text: Its words, with single blanks between them.
        links: Pairs of the words of a link, and where it leads.
        rows: Where the first links of the rows lead.
        buttons: Triples of the words of a button, its address, and the fields that it sends.
    """

    def __init__(self, path, text):
        super().__init__()
        self.path = path
        self.links, self.rows, self.buttons = [], [], []
        self._words, self._open = [], []
        self._form = self._link = self._button = None
        self._in_row = False
        self.feed(text)
        self.text = _plain(self._words)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag not in _VOID:
            self._open.append((tag, "hidden" in given))
        if tag not in _IN_LINE:
            self._words.append(" ")
        if tag == "form":
            self._form = given.get("action") or self.path, {}
        elif tag == "input" and self._form and given.get("type") in ("hidden", "search"):
            self._form[1].setdefault(given["name"], []).append(given.get("value") or "")
        elif tag == "tr":
            self._in_row = "data-row" in given
        elif tag == "a" and "href" in given:
            self._link = len(self._words), urljoin(self.path, given["href"])
        elif tag == "button":
            self._button = len(self._words), given.get("formaction")

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass
        if tag == "a" and self._link:
            self._end_link(*self._link)
        elif tag == "button" and self._button and self._form:
            at, action = self._button
            to = urljoin(self.path, action or self._form[0])
            self.buttons.append((_plain(self._words[at:]), to, self._form[1]))
        elif tag == "form":
            self._form = None
        if tag not in _IN_LINE:
            self._words.append(" ")

    def _end_link(self, at, to):
        self.links.append((_plain(self._words[at:]), to))
        if self._in_row:
            self.rows.append(to)
        self._link, self._in_row = None, False

    def handle_data(self, data):
        if not any(tag in _UNSEEN or hidden for tag, hidden in self._open):
            self._words.append(data)


def _plain(pieces):
    return re.sub(r"\s+", " ", "".join(pieces)).strip()


class Visitor:
    """
    Goes from page to page, beginning at the overview.

    Attributes:
        page: The one that is open.
        opened: How many were, that one and the overview too.
        seen: The words of each that was open since the login.
    """

    def __init__(self, app, token):
        self._person, self.seen = Person(app), []
        assert self._person.login(token).status_code == 303
        self.begin()

    def begin(self):
        """Open the overview, as it is now."""
        self.page, self.opened = Page("", ""), 0
        self.open("/")

    def open(self, path, **query):
        """Open *path*; a part of the page that is open is on it already."""
        path = path.partition("#")[0]
        if path == self.page.path and not query:
            return
        answer = self._person.get(path, query_string=query or None)
        assert answer.status_code in (200, 404), (path, answer.status_code)
        self.page, self.opened = Page(path, answer.text), self.opened + 1
        self.seen.append(self.page.text)

    def follow(self, words):
        """Follow the first link that says *words*, or begins with them."""
        found = [to for said, to in self.page.links if said.startswith(words)]
        assert found, (words, self.page.links)
        self.open(found[0])

    def open_row(self):
        """Follow the first link of the first row."""
        assert self.page.rows, self.page.text
        self.open(self.page.rows[0])

    def search(self, key):
        """Look for a record in the field of this page."""
        found = [to for _, to, fields in self.page.buttons if "q" in fields]
        assert found, f"no field to search in on {self.page.path}"
        self.open(found[0], q=key)

    def press(self, words, **form):
        """
        Press the button that says *words*, and confirm it; return the run that it begins, or None.

        Args:
            form: What is filled in on the way.
        """
        found = [(to, fields) for said, to, fields in self.page.buttons if said == words]
        assert found, (words, self.page.buttons)
        to, fields = found[0]
        answer = self._person.client.post(to, data=fields | form)
        if answer.status_code == 200:
            answer = self._person.confirm(answer, **form)
        assert answer.status_code == 303, Page(to, answer.text).text
        _, _, run = answer.location.partition("/runs/")
        return run or None
