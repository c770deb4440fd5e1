"""
Files by URL: each import creates a new file with a new id, as in the CMS.

Nothing is fetched; the URL describes the file. A host that ends in ``.invalid`` is unreachable
(RFC 2606). A path with ``too-large`` is too large, and so is a picture with ``?bytes=`` above
4 MB; ``?width=`` and ``?height=`` are a picture's pixels. Values not in the URL fit every limit.
A picture needs an ending of IMAGE_ENDINGS, or none.

https://developers.webflow.com/data/reference/field-types-item-values
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from service.sandbox.model.refusals import FileUnavailable, ValueRefused

IMAGE_ENDINGS = frozenset({"", ".avif", ".bmp", ".gif", ".jpeg", ".jpg", ".png", ".svg", ".webp"})
IMAGE_BYTES = 4 * 1024 * 1024

_KB = 1024
_TOO_LARGE = "File size limit reached"
# limit of the field, parameter of the URL, unit, whether it is an upper bound, wording (the first
# wording was reported, the others are inferred)
_LIMITS = (
    ("maxImageSize", "bytes", _KB, True, _TOO_LARGE),
    ("minImageSize", "bytes", _KB, False, "File size is too small"),
    ("maxImageWidth", "width", 1, True, "Image is too wide"),
    ("minImageWidth", "width", 1, False, "Image is not wide enough"),
    ("maxImageHeight", "height", 1, True, "Image is too high"),
    ("minImageHeight", "height", 1, False, "Image is not high enough"),
)


@dataclass(frozen=True, slots=True)
class File:
    """A file as the site hosts it, and the URL that it was imported from."""

    id: str
    url: str
    source: str = ""


class Files:
    """The files of a site, by id."""

    def __init__(self, site: str) -> None:
        self._base = f"https://cdn.prod.website-files.com/{site}"
        self._files: dict[str, File] = {}

    def put(self, file: File) -> None:
        """Restore a file."""
        self._files[file.id] = file

    def find(self, id: str) -> File | None:
        return self._files.get(id)

    def hosts(self, url: str) -> bool:
        """Tell whether *url* is the URL of a file of this site."""
        return url.startswith(f"{self._base}/")

    def keep(self, id: str, url: str) -> File:
        """Keep a file of a site's export, under its id."""
        return self._files.setdefault(id, File(id, url))

    def add(self, url: str, *, image: bool, limits: Mapping[str, Any] | None = None) -> File:
        """
        Import *url* anew.

        Args:
            limits: The validations of the field, as its schema shows them.

        Raises:
            ValueRefused: *url* is no http(s) URL.
            FileUnavailable: It counts as unreachable, too large or of a wrong kind.
        """
        failed = f"Remote {'image' if image else 'file'} failed to import"
        parts = web_parts(url)
        if parts is None:
            raise ValueRefused(failed, url)
        if (parts.hostname or "").endswith(".invalid"):
            raise FileUnavailable(failed, url)
        fault = _fault(parts, limits or {}) if image else _oversize(parts)
        if fault is not None:
            raise FileUnavailable(f"{failed}: {fault}", url)
        name = PurePosixPath(parts.path).name or ("image" if image else "file")
        id = secrets.token_hex(12)
        # An encoded name stays as it is; of a long one the end is kept, with the extension.
        safe = quote(name[-100:], safe="%", errors="replace")
        return self._files.setdefault(id, File(id, f"{self._base}/{id}_{safe}", url))

    def __iter__(self) -> Iterator[File]:
        return iter(list(self._files.values()))


def web_parts(url: str) -> SplitResult | None:
    """Return the parts of an http(s) URL, else None."""
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:  # such as brackets without an address
        return None
    return parts if is_web and not any(one.isspace() for one in url) else None


def shown(file: File, alt: str | None) -> dict[str, Any]:
    """Return the value of an image or file field as it is read."""
    return {"fileId": file.id, "url": file.url, "alt": alt}


def _fault(parts: SplitResult, limits: Mapping[str, Any]) -> str | None:
    ending = PurePosixPath(parts.path).suffix.lower()
    if ending not in _endings(limits):
        return "Unsupported file type"
    sizes = _sizes(parts)
    if sizes.get("bytes", 0) > IMAGE_BYTES:
        return _TOO_LARGE
    for limit, measure, unit, above, reason in _LIMITS:
        bound, value = limits.get(limit), sizes.get(measure)
        if isinstance(bound, int | float) and value is not None:
            over = value - bound * unit
            if (over if above else -over) > 0:
                return reason
    return _oversize(parts)


def _oversize(parts: SplitResult) -> str | None:
    return _TOO_LARGE if "too-large" in parts.path else None


def _endings(limits: Mapping[str, Any]) -> frozenset[str]:
    # Fields can list the endings that they accept; the key is inferred.
    own = limits.get("acceptedExtensions")
    if not isinstance(own, list) or not own:
        return IMAGE_ENDINGS
    return frozenset({"", *(f".{str(one).lower().lstrip('.')}" for one in own)})


def _sizes(parts: SplitResult) -> dict[str, int]:
    """Return the numbers in the query of a URL, which describe the file."""
    pairs = parse_qsl(parts.query)
    return {name: int(text[:18]) for name, text in pairs if text.isascii() and text.isdigit()}
