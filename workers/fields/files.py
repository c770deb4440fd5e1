"""
File fields: imported by URL, or named by the fileId of an earlier import.

Every import makes a new file, even of the same URL, so a rewrite sends the fileId instead. v1 takes
``"https://…"`` or ``{"fileId"}``, v2 ``{"url"}`` or ``{"fileId", "url"}``; with an ``alt`` both
take objects.

https://developers.webflow.com/data/reference/field-types-item-values
"""

from __future__ import annotations

import json
from typing import Any

from workers.fields import cms_forms
from workers.fields.addresses import is_same_source
from workers.fields.equality import is_empty


def one_body(value: Any, api: str, file: str | None, *, again: bool) -> Any:
    """Return one file for the PATCH; *value* is a URL, a fileId, or an object of both."""
    held = _held(file)
    return _body(value, api, held, again=again and len(held) == 1)


def many_body(value: Any, api: str, file: str | None, *, again: bool) -> Any:
    """Return a list of files for the PATCH; it replaces the whole list."""
    if not isinstance(value, list):
        return value
    held = _held(file)
    # With another length, files cannot be matched by position.
    again = again and len(held) == len(value)
    return [
        _body(entry, api, held[place : place + 1] if again else held, again=again)
        for place, entry in enumerate(value)
    ]


def addresses(body: Any) -> tuple[str, ...]:
    """Return the addresses that the CMS imports for *body*, one file or a list as they are sent."""
    if isinstance(body, list):
        return tuple(url for entry in body for url in addresses(entry))
    if isinstance(body, str):
        return (body,)
    url = _url_of(body)
    return (url,) if url and _id_of(body) is None else ()


def one_shown(sent: Any, answer: Any, file: str | None) -> bool:
    """Tell whether *answer* holds the named file or, if a URL was sent, a new one."""
    if is_empty(sent):
        return is_empty(answer)
    found = _id_of(answer)
    if found is None or not _has_its_text(sent, answer):
        return False
    named = _id_of(sent)
    if named is not None:
        return found == named
    return found not in {_id_of(held) for held in _held(file)}


def _has_its_text(sent: Any, answer: Any) -> bool:
    """Tell whether the alternative text came back as sent."""
    wanted = sent.get("alt") if isinstance(sent, dict) else None
    if not isinstance(wanted, str) or "alt" not in answer:
        return True  # an answer without one proves nothing
    return cms_forms.akin("plain", wanted, answer["alt"])


def many_shown(sent: Any, answer: Any, file: str | None) -> bool:
    """Like ``one_shown``, for each file of a list, in order."""
    if is_empty(sent):
        return is_empty(answer)
    if not isinstance(sent, list) or not isinstance(answer, list) or len(sent) != len(answer):
        return False
    return all(one_shown(one, other, file) for one, other in zip(sent, answer, strict=True))


def without_query(value: Any) -> Any:
    """Remove the query from the URLs of a file or a list of files."""
    if isinstance(value, list):
        return [without_query(entry) for entry in value]
    if not isinstance(value, dict) or not isinstance(value.get("url"), str):
        return value
    return {**value, "url": value["url"].partition("?")[0]}


def remembered(answer: Any) -> str:
    """Return the files in *answer* as JSON: the *file* argument for the next value."""
    if isinstance(answer, list):
        return json.dumps([_pair(entry) for entry in answer if _id_of(entry)])
    return json.dumps(_pair(answer) if _id_of(answer) else None)


def are_akin(one: str | None, other: str | None) -> bool:
    """Tell whether both, as remembered, may be imports of the same URLs."""
    files, others = _held(one), _held(other)
    pairs = zip(map(_url_of, files), map(_url_of, others), strict=False)
    return len(files) == len(others) and all(
        own is not None and its is not None and is_same_source(own, its) for own, its in pairs
    )


def _body(value: Any, api: str, held: list[Any], *, again: bool) -> Any:
    if is_empty(value):
        return None
    entry = dict(value) if isinstance(value, dict) else _entry(str(value))
    known = {_id_of(file): _url_of(file) for file in held if _id_of(file)}
    if again and known and not entry.get("fileId"):
        entry["fileId"], entry["url"] = next(iter(known.items()))
    named = entry.get("fileId")
    if api == "v1":
        told = {} if entry.get("alt") is None else {"alt": entry["alt"]}
        if named:
            return {"fileId": named, **told}
        # Unverified for v1: with an alternative text, the URL is sent in an object.
        return {"url": entry.get("url"), **told} if told else entry.get("url")
    if named and not entry.get("url"):
        entry["url"] = known.get(named)
    wanted = ("fileId", "url", "alt")
    return {name: entry[name] for name in wanted if entry.get(name) is not None}


def _entry(text: str) -> dict[str, Any]:
    address = text.lower().startswith(("http://", "https://"))
    return {"url": text} if address else {"fileId": text}


def _held(file: str | None) -> list[Any]:
    try:
        held = json.loads(file) if file else None
    except ValueError:
        return []
    return held if isinstance(held, list) else [held] if held else []


def _id_of(value: Any) -> str | None:
    found = value.get("fileId") if isinstance(value, dict) else None
    return found if isinstance(found, str) and found else None


def _url_of(value: Any) -> str | None:
    found = value.get("url") if isinstance(value, dict) else None
    return found if isinstance(found, str) and found else None


def _pair(value: Any) -> dict[str, Any]:
    return {"fileId": _id_of(value), "url": _url_of(value)}
