"""
The CMS field types that need more than a field of marshmallow.

Each docstring says what it accepts, its JSON value in the outbox, and how the CMS's answer is
compared with it. Values: https://developers.webflow.com/data/reference/field-types-item-values
(read 2025-11-20).
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from marshmallow import ValidationError, fields
from marshmallow.types import ErrorMessages

from service.mapping import rich_html
from service.mapping.display import found
from service.mapping.record_keys import ITEM_ID, composite
from workers.fields.html_content import content

WEB_URL = re.compile(r"https?://[^\s/?#][^\x00-\x1f\x7f]*", re.IGNORECASE)


def _invalid(message: str) -> ErrorMessages:
    return {"invalid": message}


class _Text(fields.String):
    form: ClassVar[re.Pattern[str]]

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if self.form.fullmatch(text) is None:
            raise self.make_error("invalid")
        return text


class RichText(fields.String):
    """
    Accepts text with HTML. Value: that text. Compared: by its words, links and pictures; the CMS
    rewrites HTML.

    Args:
        clean: Keep what a rich text of Webflow keeps alone: no scripts, styles and classes.
        markdown: The text is Markdown, as CommonMark, with tables and strikethrough. It is cleaned,
            too; its own HTML is shown as text.

    What shows nothing is ``""`` once it is cleaned. What shows something, of which nothing is kept,
    is a problem: a field is cleared by its source alone.
    """

    def __init__(self, *, markdown: bool = False, clean: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.markdown, self.clean = markdown, clean

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not (self.markdown or self.clean):
            return text
        try:
            html = rich_html.from_markdown(text) if self.markdown else text
            kept = rich_html.cleaned(html)
        except ValueError as error:
            raise ValidationError(f"The text {error}.") from None
        if content(kept).shows:
            return kept
        if content(html).shows:
            raise ValidationError("Nothing is left of it: expected text, or pictures by address.")
        return ""


class Color(_Text):
    """
    Accepts ``#RGB``, ``#RGBA``, ``#RRGGBB``, ``#RRGGBBAA``, ``rgb()``, ``rgba()``, ``hsl()``,
    ``hsla()`` or a CSS name. Value: the text as it came. Compared: as colours, not as text.
    """

    form = re.compile(
        r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})|(?:rgb|hsl)a?\([0-9a-z%.,/ +-]+\)|[a-z]+",
        re.IGNORECASE,
    )
    default_error_messages = _invalid("Not a colour, such as #ff8800, rgb(255, 136, 0) or orange.")


class Link(_Text):
    """
    Accepts an http(s) URL, ``mailto:…``, ``tel:…``, or a link in the site: ``/path``, ``#part``.
    Value: that text. Compared: exactly.
    """

    form = re.compile(rf"{WEB_URL.pattern}|(?:mailto|tel):\S[^\x00-\x1f\x7f]*|[/#]\S*", re.I)
    default_error_messages = _invalid(
        "Not a link: expected an http(s) URL, mailto:, tel:, /path or #part."
    )


class Phone(_Text):
    """Accepts one line of text with a digit in it. Value: that text. Compared: exactly."""

    form = re.compile(r"[^\d\x00-\x1f\x7f]*\d[^\x00-\x1f\x7f]*")
    default_error_messages = _invalid("Not a phone number: expected one line of text with digits.")


class VideoLink(_Text):
    """
    Accepts the http(s) URL of a video. Value: that text. Compared: presence only; the CMS answers
    with the provider's data about the video.
    """

    form = WEB_URL
    default_error_messages = _invalid("Not a video: expected its http(s) URL.")


class Option(_Text):
    """
    Accepts the label of one of the field's options, or its id; a whole number counts as its text.
    Value: that text. The worker turns a label into its id. Compared: exactly, by id.
    """

    form = re.compile(r"\s*\S.*", re.DOTALL)
    default_error_messages = _invalid("Not an option: expected its label or its id.")

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 64:
            value = str(value)
        return super()._deserialize(value, attr, data, **kwargs)


class Reference(_Text):
    """
    Accepts the id of an item in the other collection. Value: that id. Compared: exactly.

    With *to*, the name of a ``[collections.NAME]`` of the same destination, it accepts a key there:
    text, a whole number, or the list of the parts of a composite key. Value: ``{"key", "to"}``. The
    worker turns the key into the item's id, and waits while there is none. Compared: by id.
    """

    form = ITEM_ID
    default_error_messages = _invalid("Not an item id: expected 1 to 64 letters, digits, _ and -.")

    def __init__(self, *, to: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.to = to

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if self.to is None:
            return super()._deserialize(value, attr, data, **kwargs)
        try:
            return composite(value if isinstance(value, list) and value else [value])
        except ValueError as error:
            raise ValidationError(f"Not a key of {self.to}: {error}.") from None


class _ListOf(fields.List[Any]):
    """A list of one of our fields; an error names the position of the element."""

    element: ClassVar[type[fields.Field[Any]]]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(self.element, **kwargs)


class MultiReference(_ListOf):
    """
    Accepts a list of item ids; duplicates count once. It replaces the whole list. Value: a list of
    ids, in the order given. Compared: exactly.

    With *to* a list of keys, see Reference. Value: ``{"keys": […], "to"}``; all of it waits until
    the last key has an item.
    """

    element = Reference
    default_error_messages = _invalid("Not a list of item ids.")

    def __init__(self, *, to: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.to = to
        self.inner = Reference(to=to)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> list[Any]:
        return list(dict.fromkeys(super()._deserialize(value, attr, data, **kwargs)))


class _Asset(fields.Field[dict[str, str]]):
    """A file that the CMS imports by URL, or already has under an id."""

    default_error_messages = _invalid(
        "Not a file: expected an http(s) URL, a fileId, or an object with one of them."
    )

    def __init__(
        self, *, ignore_query: bool = False, alt: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.ignore_query, self.alt = ignore_query, alt

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, str]:
        if isinstance(value, str):
            value = {"url" if WEB_URL.fullmatch(value) else "fileId": value}
            if "fileId" in value and ITEM_ID.fullmatch(value["fileId"]) is None:
                raise self.make_error("invalid")
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        held = {name: value[name] for name in _MEMBERS if value.get(name) is not None}
        asset = {name: self._member(name, member) for name, member in held.items()}
        if "url" not in asset and "fileId" not in asset:
            raise self.make_error("invalid")
        return asset

    def _member(self, name: str, value: Any) -> str:
        form, expected = _MEMBERS[name]
        if not isinstance(value, str) or form.fullmatch(value) is None:
            raise ValidationError(f"{name}: found {found(value)}, expected {expected}.")
        return value


_MEMBERS: dict[str, tuple[re.Pattern[str], str]] = {
    "url": (WEB_URL, "an http(s) URL"),
    "fileId": (ITEM_ID, "1 to 64 letters, digits, _ and -"),
    "alt": (re.compile(r".*", re.DOTALL), "text"),
}


class Image(_Asset):
    """
    Accepts an http(s) URL to import, the ``fileId`` of an existing file, or an object with ``url``
    or ``fileId`` (or both) and optionally ``alt``; other members and nulls are dropped. Value: an
    object of those three, e.g. ``{"url": "https://…"}``. Compared: presence; after the import of a
    URL the fileId has to be another one, a given fileId the same.

    With ``ignore_query=True`` two URLs that differ only in their query are one picture: signed URLs
    are not imported anew each time. *alt* is a path to the alternative text: where it gives text,
    that counts, else the value's own. A change of the text alone imports nothing.
    """


class File(_Asset):
    """Accepts what Image accepts, for a file of any kind. Value and comparison: as Image."""


class MultiImage(_ListOf):
    """
    Accepts a list of what Image accepts. It replaces the whole list. Value: a list of Image's
    objects. Compared: one by one, as Image; ``ignore_query`` applies to all of them. *alt* is a
    path to one text for all of them, or to a list with a text for each, by position.
    """

    element = Image
    default_error_messages = _invalid("Not a list of images.")

    def __init__(
        self, *, ignore_query: bool = False, alt: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.ignore_query, self.alt = ignore_query, alt
