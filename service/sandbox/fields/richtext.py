"""
What a rich-text field accepts, and what the CMS makes of it.

Code blocks are emptied; a text without tags becomes a paragraph. By the rules of the site, pictures
are imported, and the space between tags of lists and tables is removed.

https://developers.webflow.com/data/reference/field-types-item-values
"""

from __future__ import annotations

import html
import re

from service.sandbox.fields.sent_value import Sent
from service.sandbox.fields.texts import require_length
from service.sandbox.model.refusals import ValueRefused

_TAG = re.compile(r"<[a-zA-Z/!]")
_MARKUP = re.compile(r"<[^<>]*>")
_CODE = re.compile(r"(</?pre\b[^<>]*>)", re.IGNORECASE)
_PICTURE = re.compile(r"<img\b[^<>]*>", re.IGNORECASE)
_BLOCK = r"(</?(?:ul|ol|li|table|caption|colgroup|col|thead|tbody|tfoot|tr|th|td)\b[^<>]*>)"
_BEHIND = re.compile(rf"{_BLOCK}\s+(?=<)", re.IGNORECASE)
_BEFORE = re.compile(rf"(?<=>)\s+{_BLOCK}", re.IGNORECASE)
_SOURCE = re.compile(r"""(\bsrc\s*=\s*["'])(https?://[^"'<>\s]+)""", re.IGNORECASE)


def rich_text(sent: Sent) -> str:
    """Return HTML as it is read; sent again, it stays the same."""
    text = sent.text()
    if sent.field.required and not text:
        raise ValueRefused("Required field cannot be cleared")
    if text and not _TAG.search(text):
        text = f"<p>{html.escape(html.unescape(text), quote=False)}</p>"
    text = _without_code(text)
    # The length without tags: so what was read fits when it is sent again.
    require_length(sent, html.unescape(_MARKUP.sub("", text)))
    if not sent.rules.rewrites_html:
        return text
    text = _BEFORE.sub(r"\1", _BEHIND.sub(r"\1", text))
    return _PICTURE.sub(lambda found: _imported(sent, found.group()), text)


def _without_code(text: str) -> str:
    parts, kept = _CODE.split(text), []
    inside = False
    for part in parts:
        is_mark = _CODE.fullmatch(part) is not None
        if is_mark or not inside:
            kept.append(part)
        if is_mark:
            inside = not part.startswith("</")
    return "".join(kept)


def _imported(sent: Sent, tag: str) -> str:
    found = _SOURCE.search(tag)
    if found is None or sent.files.hosts(html.unescape(found[2])):
        return tag
    try:
        made = sent.files.add(html.unescape(found[2]), image=True)
    except ValueRefused:
        return tag  # it is unknown whether the real CMS refuses the whole text then
    return f"{tag[: found.start(2)]}{made.url}{tag[found.end(2) :]}"
