"""
Files by URL: every import makes a new file with a new id, as the CMS does.

Nothing is fetched. A host that ends in ``.invalid`` cannot be reached (RFC 2606), a path that
holds ``too-large`` is too large, and an image needs an ending of IMAGE_ENDINGS, or none.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from service.sandbox.refusals import FileUnavailable, ValueRefused

IMAGE_ENDINGS = frozenset({"", ".avif", ".bmp", ".gif", ".jpeg", ".jpg", ".png", ".svg", ".webp"})


@dataclass(frozen=True, slots=True)
class File:
    """A file as the site hosts it."""

    id: str
    url: str


class Files:
    """The files of a site, by id."""

    def __init__(self, site: str) -> None:
        self._base = f"https://cdn.prod.website-files.com/{site}"
        self._files: dict[str, File] = {}

    def find(self, id: str) -> File | None:
        return self._files.get(id)

    def add(self, url: str, *, image: bool) -> File:
        """
        Import *url* anew.

        Raises:
            ValueRefused: *url* is no http(s) URL.
            FileUnavailable: the stand-in takes it for unreachable, too large or of a wrong kind.
        """
        noun = "image" if image else "file"
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueRefused(f"Remote {noun} failed to import", url)
        path = PurePosixPath(parts.path)
        if parts.hostname.endswith(".invalid"):
            raise FileUnavailable(f"Remote {noun} failed to import", url)
        if "too-large" in parts.path:
            raise FileUnavailable(f"Remote {noun} failed to import: File size limit reached", url)
        if image and path.suffix.lower() not in IMAGE_ENDINGS:
            raise FileUnavailable(f"Remote {noun} failed to import: Unsupported file type", url)
        id = secrets.token_hex(12)
        return self._files.setdefault(id, File(id, f"{self._base}/{id}_{path.name or noun}"))


def shown(file: File, alt: Any) -> dict[str, Any]:
    """Return the value of an image or file field as it is read back."""
    return {"fileId": file.id, "url": file.url, "alt": alt if isinstance(alt, str) else None}
