"""
What fields of pictures, files and videos accept and return.

https://developers.webflow.com/data/reference/field-types-item-values
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.sandbox.fields.files import File, shown, web_parts
from service.sandbox.fields.sent_value import Sent, whole
from service.sandbox.model.refusals import ValueRefused

MOST_PICTURES = 25  # in a MultiImage field; commonly quoted, but documented on no page of the CMS

_NO_URL = "Expected value to have a 'url' field"


def file(sent: Sent, *, image: bool = False) -> dict[str, Any]:
    """
    Return the file that a value names or imports.

    A ``url`` is imported anew each time, except with the ``fileId`` that it was read with. v1 also
    accepts a bare URL, and a ``fileId`` alone.
    """
    bare = sent.api == "v1" and isinstance(sent.value, str)
    value = {"fileId": sent.value, "url": sent.value} if bare else sent.value
    if not isinstance(value, dict):
        raise ValueRefused(_NO_URL, sent.value)
    alt = value.get("alt")
    if alt is not None and not isinstance(alt, str):
        raise ValueRefused("Expected value to be a string", alt)
    return shown(_kept(sent, value, bare) or _imported(sent, value, image), alt and whole(alt))


def image(sent: Sent) -> dict[str, Any]:
    return file(sent, image=True)


def _kept(sent: Sent, value: Mapping[str, Any], bare: bool) -> File | None:
    id, url = value.get("fileId"), value.get("url")
    known = sent.files.find(id) if isinstance(id, str) else None
    alone = sent.api == "v1" and (bare or url is None)
    return known if known is not None and (alone or url == known.url) else None


def _imported(sent: Sent, value: Mapping[str, Any], image: bool) -> File:
    url = value.get("url")
    if not isinstance(url, str):
        raise ValueRefused(_NO_URL, sent.value)
    return sent.files.add(url, image=image, limits=sent.field.validations)


def video(sent: Sent) -> dict[str, Any]:
    """Return the object that a video is read as; the same object may be sent again."""
    url = sent.value.get("url") if isinstance(sent.value, dict) else sent.value
    if not isinstance(url, str) or (parts := web_parts(url)) is None:
        raise ValueRefused("Expected value to be a URL", url)
    # The real values come from the video's host; the keys are recorded.
    metadata = {
        "width": 940,
        "height": 528,
        "html": "",
        "aspectRatio": 0,
        "title": "",
        "provider_name": whole(parts.hostname or ""),
        "type": "video",
        "thumbnail_url": "",
        "description": "",
        "author_name": "",
    }
    return {"url": whole(url), "metadata": metadata}
