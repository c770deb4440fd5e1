"""
HTML and Markdown made into what a rich text of Webflow keeps.

Scripts, styles, event handlers, addresses of scripts, comments, classes and unknown tags are
removed. What is Webflow's own passes: a ``wf-component`` and a custom code embed as they are, a
figure with its classes.

https://developers.webflow.com/data/reference/field-types-item-values
https://developers.webflow.com/data/docs/working-with-the-cms/components-in-rich-text

No page documents embeds. Values that sites answer have them as ``<div
data-rt-embed-type='true'>…</div>``, and who writes tables and frames into rich text puts them
there, since Webflow drops them where they stand bare: both are inferred.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import nh3

from workers.fields.html_pieces import Piece, attribute, pieces

DEEPEST: Final = 200  # open tags: a parser takes time by the depth of each
LONGEST: Final = 1_000_000  # characters: one to seven seconds
_EMBED: Final = "data-rt-embed-type"
_FIGURE: Final = re.compile(r"w-richtext-figure-type-\w+")
_PASSES: Final = 5

_TAGS: Final = frozenset(
    {"h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "ul", "ol", "li", "blockquote", "strong",
     "em", "b", "i", "u", "s", "sub", "sup", "code", "pre", "a", "img", "figure", "figcaption",
     "hr", "div", "iframe", "table", "caption", "colgroup", "col", "thead", "tbody", "tfoot",
     "tr", "th", "td"}
)  # fmt: skip
_ATTRIBUTES: Final = {
    "a": {"href", "target", "rel"},
    "img": {"src", "alt", "width", "height"},
    "figure": {"class", "style", "data-rt-type", "data-rt-align", "data-rt-max-width"},
    "iframe": {"src", "width", "height", "title", "allow", "allowfullscreen", "frameborder"},
    "th": {"colspan", "rowspan", "scope"},
    "td": {"colspan", "rowspan"},
    "col": {"span"},
    "colgroup": {"span"},
    "ol": {"start"},
}
# In tidy HTML. To a parser all within a frame is text, the only one that is written as it was read:
# tags that follow a frame which our pieces have taken for part of a <noscript> or a quote.
_FRAME: Final = re.compile(r"""(<iframe(?: [a-z]+="[^"]*")*+>).*?</iframe>""", re.DOTALL)
# A parser drops the newline at the start of a <pre>, and the next one when its work is read again.
_PRE: Final = re.compile(r"""(<pre(?: [a-z]+="[^"]*")*+>)\n++""")
# Whose text is not for readers.
_SILENT: Final = {"script", "style", "template", "title", "noscript", "svg", "math"}
# Tags that go, but end a line: their words must not run into those of the next. Within some of
# them, such as <textarea>, a parser would read tags as text.
_BLOCKS: Final = frozenset(
    {"address", "article", "aside", "center", "dd", "details", "dialog", "div", "dl", "dt",
     "fieldset", "footer", "form", "header", "legend", "main", "nav", "option", "section",
     "summary", "noembed", "noframes", "optgroup", "plaintext", "select", "textarea", "xmp"}
)  # fmt: skip
# Tags that may stay open: void, or with an end that HTML lets be left out.
_OPEN: Final = frozenset(
    {"br", "hr", "img", "col", "input", "meta", "link", "area", "base", "embed", "source",
     "track", "wbr", "param", "p", "li", "dd", "dt", "tr", "td", "th", "thead", "tbody",
     "tfoot", "colgroup", "caption", "option", "optgroup"}
)  # fmt: skip


def from_markdown(text: str) -> str:
    """
    Return the HTML of *text*: CommonMark, tables and strikethrough; its own HTML is text.

    Raises:
        ValueError: It is longer than a million characters.
    """
    _require_length(text)
    return str(_markdown().render(text))


@cache
def _markdown() -> Any:
    from markdown_it import MarkdownIt  # 30 ms of each start, for those who need it

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def cleaned(html: str) -> str:
    """
    Return what a rich text keeps of *html*; cleaned once more, it stays as it is.

    Raises:
        ValueError: It is longer than a million characters, more than 200 tags are open at once, or
            it is not stable.
    """
    _require_length(html)
    for _ in range(_PASSES):
        once = _cleaned_once(html)
        if once == html:
            return html
        html = once
    raise ValueError("is HTML that changes each time it is cleaned")


def _require_length(text: str) -> None:
    if len(text) > LONGEST:
        raise ValueError(f"has {len(text)} characters; expected at most {LONGEST}")


def _cleaned_once(html: str) -> str:
    aside = _Aside(html)
    tidy = _tidy(aside.without_own(html))
    bare = aside.without_media(tidy)
    # Once more, as a paragraph ends where an embed begins.
    return aside.restored(tidy if bare == tidy else _tidy(bare))


def _tidy(html: str) -> str:
    tidy = nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags=_SILENT,
        attributes=_ATTRIBUTES | {"hr": {_Aside.NAME}},
        attribute_filter=_kept_attribute,
        link_rel=None,
        url_schemes={"http", "https", "mailto", "tel"},
        filter_style_properties={"max-width", "padding-bottom"},
    )
    return _PRE.sub(r"\1", _FRAME.sub(r"\1</iframe>", tidy))


def _kept_attribute(tag: str, name: str, value: str) -> str | None:
    if (tag, name) == ("figure", "class"):
        return " ".join(one for one in value.split() if one.startswith("w-richtext-")) or None
    return value


class _Aside:
    """Parts of one HTML that are set aside while the rest is cleaned."""

    NAME: Final = "data-aside"

    def __init__(self, html: str) -> None:
        self._parts: list[str] = []
        # Of the text itself: no text can contain its own.
        self._mark = hashlib.sha256(html.encode(errors="replace")).hexdigest()[:16]

    def put(self, part: str) -> str:
        """Set *part* aside; return what stands for it: a rule, as it ends a paragraph, too."""
        self._parts.append(part)
        return f'<hr {self.NAME}="{self._mark}-{len(self._parts) - 1}">'

    def restored(self, html: str) -> str:
        """Return *html* with its parts, without the empty paragraphs that they leave behind."""
        empty = r"(?:<p>\s*+</p>)?+"
        marks = re.compile(rf'{empty}<hr {self.NAME}="(?:{self._mark}-(\d+)|[^"]*)">{empty}')
        return marks.sub(self._part, html)

    def _part(self, match: re.Match[str]) -> str:
        return self._parts[int(match[1])] if match[1] else "<hr>"

    def without_own(self, html: str) -> str:
        """Set embeds and components aside; leave out comments, and tags of blocks."""
        ends = _ends(html)
        parts: list[str] = []
        done = figure = 0
        for piece in pieces(html):
            if piece.start < done:
                continue
            end = ends.get(piece.start, 0)
            if end and piece.tag == "figure":
                figure = max(figure, end)  # a figure within a figure ends first
            elif end:
                done = end
            if end and piece.tag not in ("figure", "iframe"):
                parts.append(self.put(html[piece.start : end]))
                continue
            parts.append(_written(html, piece, in_figure=piece.start < figure))
        return "".join(parts)

    def without_media(self, html: str) -> str:
        """Put tables and frames of tidy HTML into embeds, and set them aside."""
        parts: list[str] = []
        done = start = depth = 0
        for piece in _outside_figures(html):
            if piece.tag not in ("table", "iframe"):
                continue
            if not piece.closes:
                start = start if depth else piece.start
                depth += 1
                continue
            depth -= 1
            if depth:
                continue
            part = self.restored(html[start : piece.end])
            parts.append(html[done:start])
            if not part.startswith("<iframe>"):  # a frame without an address shows nothing
                parts.append(self.put(f"<div {_EMBED}='true'>{part}</div>"))
            done = piece.end
        return "".join((*parts, html[done:]))


def _ends(html: str) -> dict[int, int]:
    """
    Return start → end of frames and Webflow's own elements; raises ValueError if tags nest too
    deep.
    """
    ends: dict[int, int] = {}
    opened: dict[str, list[tuple[int, bool]]] = {}
    depth = 0
    for piece in pieces(html):
        tag = piece.tag
        if not tag or tag in _OPEN:
            continue
        if piece.closes:
            if starts := opened.get(tag):
                start, own = starts.pop()
                depth -= 1
                if own:
                    ends[start] = piece.end
        elif tag == "wf-component" and piece.attributes.rstrip().endswith("/"):
            ends[piece.start] = piece.end
        else:
            opened.setdefault(tag, []).append((piece.start, _is_own(piece)))
            depth += 1
            if depth > DEEPEST:
                raise ValueError(f"is HTML with more than {DEEPEST} tags open at once")
    return ends


def _is_own(piece: Piece) -> bool:
    if piece.tag == "figure":
        return _FIGURE.search(attribute(piece.attributes, "class")) is not None
    if piece.tag == "div":
        return attribute(piece.attributes, _EMBED) == "true"
    return piece.tag in ("wf-component", "iframe")


def _written(html: str, piece: Piece, *, in_figure: bool) -> str:
    if piece.tag == "hr":
        return "" if piece.closes else "<hr>"
    if piece.tag == "iframe":  # without what browsers show that know no frames
        return "" if piece.closes else f"{html[piece.start : piece.end]}</iframe>"
    if piece.tag in _BLOCKS and not (in_figure and piece.tag == "div"):
        return "\n"
    return html[piece.start : piece.end]


def _outside_figures(html: str) -> Iterator[Piece]:
    """Yield the pieces of tidy HTML but for those of Webflow's figures."""
    depth = 0
    for piece in pieces(html):
        if piece.tag == "figure" and (depth or _is_own(piece)):
            depth += -1 if piece.closes else 1
        elif not depth:
            yield piece
