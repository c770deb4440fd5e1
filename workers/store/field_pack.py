"""The fields of an item at rest, packed in one text: see ``lua/lib/field_pack.lua``."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

_VERSION: Final = "3"
_WORDS: Final = r"""
,"s":"written" ,"t":"text" ,"q":1 ,"C":1 ,"e":" ,"r":" ,"n":" ,"a": ,"o":" ,"f": ,"w":17 ,"H":"
","\" \""," "," "t01 00000000 "h":0 ,{"v":" ","t":" "number" ","true" ","false" {\"key\":\"
\",\"to\":\" 000 ,{"t": ,"v":" "}," "flag"
"""
# By their bytes, for ever. No line feed is among these.
WORDS: Final = dict(zip((*range(1, 10), *range(11, 32)), _WORDS.split(), strict=True))


def plain(pack: str) -> str:
    """Return *pack* with its words in full, as a text is searched."""
    return pack.translate(WORDS) if pack.startswith(_VERSION) else pack


def fields_in(pack: str) -> dict[str, dict[str, Any]]:
    """Return slug → field, by codes, of each field in *pack*."""
    found: dict[str, dict[str, Any]] = {}
    for part in plain(pack)[1:].split("\n"):
        shared, *rows = json.loads(part)
        for place, (slug, own) in enumerate(zip(rows[::2], rows[1::2], strict=True)):
            mine = own if isinstance(own, dict) else {"v": own}
            arrival = {"a": shared["a"] + place} if "a" in shared else {}
            found[slug] = _complete(shared | arrival | mine)
    return found


def _complete(field: dict[str, Any]) -> dict[str, Any]:
    """Give *field* back what follows from its value."""
    confirmed, answered = field.pop("C", None), field.pop("H", None)
    text = field["v"].encode(errors="surrogatepass")
    value_sum = hashlib.sha1(text, usedforsecurity=False).hexdigest()
    if confirmed:
        field["c"] = value_sum
    if answered is not None:
        last = f"{field['a']},{value_sum[:12]},{answered}"
        field["k"] = f"{field['k']} {last}" if "k" in field else last
    return field
