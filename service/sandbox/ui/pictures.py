"""
Pictures in place of the site's own, which are never loaded: drawn from the file's id.

A file always looks the same, and a file imported anew looks different.
"""

from __future__ import annotations

import hashlib
from xml.sax.saxutils import escape


def draw(id: str, name: str) -> str:
    """Return an SVG picture for the file *id* named *name*."""
    seed = hashlib.sha256(id.encode()).digest()
    hue, turn = seed[0] * 360 // 256, 40 + seed[1] % 80
    shapes = "".join(
        f'<circle cx="{seed[at] * 160 // 256}" cy="{seed[at + 1] * 120 // 256}" '
        f'r="{14 + seed[at + 2] % 34}" fill="hsl({(hue + turn * at) % 360} 60% 70%)" '
        'fill-opacity=".55"/>'
        for at in (2, 5, 8)
    )
    ending = name.rpartition(".")[2][:4].upper() if "." in name else "FILE"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 120">'
        f'<rect width="160" height="120" fill="hsl({hue} 55% 45%)"/>{shapes}'
        '<text x="152" y="110" text-anchor="end" font-family="system-ui,sans-serif" '
        f'font-size="18" font-weight="700" fill="#fff" fill-opacity=".9">{escape(ending)}</text>'
        "</svg>"
    )
