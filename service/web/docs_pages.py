"""
``/docs``: the documentation as HTML, for operators. Who is logged in to the console sees it there.

Raw HTML in the Markdown is escaped; a page loads one style sheet and nothing else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, g, render_template, url_for

from service.console import protection
from service.console.sessions import Sessions
from service.operate import documentation
from service.operate.documentation import DocPage
from service.web.operator_token import refusal

if TYPE_CHECKING:
    from markdown_it.token import Token

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def blueprint(admin_token: str | None, sessions: Sessions | None = None) -> Blueprint:
    """
    Return the routes of the documentation; without *admin_token* each answers 403.

    Args:
        sessions: The logins of the console; None: there is no console.
    """
    routes = Blueprint("docs", __name__, template_folder="templates")

    def check() -> Response | None:
        logged_in = sessions is not None and sessions.caller() is not None
        return None if logged_in else refusal(admin_token)

    routes.before_request(check)
    routes.after_request(_protect)
    routes.add_url_rule("/docs", "index", _index, strict_slashes=False)
    routes.add_url_rule("/docs/docs.css", "style", _style)
    routes.add_url_rule("/docs/<path:name>", "page", _page)
    return routes


def _protect(response: Response) -> Response:
    response.headers.update(protection.HEADERS)
    if getattr(g, "console_caller", None) is None:
        response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Cookie")
    return response


def _style() -> Response:
    sheet = files("service.web") / "templates" / "docs.css"
    return Response(sheet.read_bytes(), content_type="text/css; charset=utf-8")


def _index() -> Response:
    return _shown(documentation.index())


def _page(name: str) -> Response:
    page = documentation.pages().get(name)
    if page is not None:
        return _shown(page)
    near = [documentation.pages()[each] for each in documentation.near(name)]
    return Response(
        render_template("docs_missing.html", name=name, near=near), HTTPStatus.NOT_FOUND
    )


def _shown(page: DocPage) -> Response:
    # The root depends on the request: a proxy may serve the application under a prefix.
    body = html(page.name, page.text, url_for("docs.index"))
    pages = documentation.pages().values()
    return Response(render_template("docs.html", page=page, pages_of_docs=pages, body=body))


@cache
def html(name: str, text: str, root: str) -> str:
    """Return the page *name* as HTML; links to other pages begin with *root*."""
    from markdown_it import MarkdownIt  # large, and few processes ever show a page

    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    _name_headings(tokens)
    for link in _links(tokens):
        link.attrSet("href", target(name, str(link.attrs["href"]), root))
    rendered: str = markdown.renderer.render(tokens, markdown.options, {})
    return rendered


def _links(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from (each for each in token.children or () if each.type == "link_open")


def target(name: str, href: str, root: str) -> str:
    """Return the address for *href* on the page *name*: the file of a page becomes its URL."""
    found = documentation.linked(name, href)
    if found is None:
        return href
    page, anchor = found
    address = root if page == documentation.INDEX else f"{root}/{page}"
    return f"{address}#{anchor}" if anchor else address


def _name_headings(tokens: Sequence[Token]) -> None:
    """Give headings the ids that GitHub gives them, so that one link works in both places."""
    seen: Counter[str] = Counter()
    for heading, content in pairwise(tokens):
        if heading.type == "heading_open":
            anchor = re.sub(r"[^\w\- ]", "", content.content.lower()).replace(" ", "-")
            heading.attrSet("id", f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
            seen[anchor] += 1
