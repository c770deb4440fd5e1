"""
The JSON of an answer, without halves of surrogate pairs.

A CMS that cuts a text in the middle of an emoji sends one. Neither the store nor a request can hold
it, so each becomes U+FFFD.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
_HALF_OF_BYTES: Final = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")  # UTF-8 has none either


def parsed(text: str | bytes) -> Any:
    """Return the value of the JSON *text*; raises ValueError and RecursionError."""
    found = json.loads(text)
    halves = _HALF.search(text) if isinstance(text, str) else _HALF_OF_BYTES.search(text)
    if not halves:
        return found
    whole = json.dumps(found, ensure_ascii=False).encode("utf-16", "surrogatepass")
    return json.loads(whole.decode("utf-16", "replace"))
