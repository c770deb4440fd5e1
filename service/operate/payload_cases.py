"""
A user's own cases: payloads, and what a preview of each must contain.

A case is a payload ``NAME.json`` (or ``.xml``, ``.form``) beside ``NAME.expected.json``; its
headers stand in ``NAME.headers.json``. It lies in a folder named as its source.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from service.config.build import Configuration
from service.operate import previews
from service.operate.unmatched import unmatched
from workers.errors import SelectionInvalid
from workers.store.connection import connect
from workers.store.outbox import Outbox
from workers.store.scripts import Steps

_EXPECTED: Final = ".expected.json"
_HEADERS: Final = ".headers.json"
_TYPES: Final = {
    ".json": "application/json",
    ".xml": "text/xml",
    ".form": "application/x-www-form-urlencoded",
}
_KEPT: Final = ("mapping", "collection", "key", "item", "fields", "retire")


@dataclass(frozen=True, slots=True)
class Case:
    """One payload; *expected* may not be there yet."""

    name: str
    payload: Path
    source: str

    @property
    def expected(self) -> Path:
        return self.payload.with_name(f"{self.payload.stem}{_EXPECTED}")

    @property
    def headers(self) -> Path:
        return self.payload.with_name(f"{self.payload.stem}{_HEADERS}")


def cases(folder: Path, configuration: Configuration) -> list[Case]:
    """
    Return the cases in *folder*, by name.

    Raises:
        SelectionInvalid: There is none, or one lies in no folder of a source.
    """
    found = [_case(path, folder, configuration) for path in sorted(folder.rglob("*"))]
    every = [case for case in found if case is not None]
    if not every:
        expected = "a payload such as shop/product.json, and shop/product.expected.json beside it"
        raise SelectionInvalid(f"no case in {folder}", expected, "add one, or name its folder")
    return every


def _case(path: Path, folder: Path, configuration: Configuration) -> Case | None:
    aside = path.name.endswith((_EXPECTED, _HEADERS))
    if aside or path.suffix not in _TYPES or not path.is_file():
        return None
    known = configuration.senders
    parts = (*folder.resolve().parts, *path.relative_to(folder).parts[:-1])
    source = next((part for part in reversed(parts) if part in known), None)
    if source is None and len(known) == 1:
        source = next(iter(known))
    if source is None:
        names = ", ".join(sorted(known)) or "none"
        raise SelectionInvalid(
            str(path), f"a folder with the name of its source ({names})", "put it into one"
        )
    return Case(path.relative_to(folder).with_suffix("").as_posix(), path, source)


def previewed(case: Case, configuration: Configuration) -> dict[str, Any]:
    """
    Return what a preview of *case* says; what the items hold now counts as unknown.

    Raises:
        SelectionInvalid: A file of it cannot be read.
    """
    body = _read(case.payload)
    headers = {"content-type": _TYPES[case.payload.suffix], **_headers(case)}
    settings = configuration.settings
    outbox = Outbox(Steps(connect(settings.store, retries=0)), settings)
    found, events = previews.preview_and_events(
        configuration, outbox, case.source, body, headers=headers
    )
    others = unmatched(configuration, case.source, found, events)
    held = [dict.fromkeys(field.slug for field in each.fields) for each in found.changes]
    told: dict[str, Any] = json.loads(
        json.dumps(previews.as_dict(found, settings, held, others), ensure_ascii=False)
    )
    return told


def expected_of(case: Case) -> Any:
    """Return what *case* expects; None: nothing is written down. Raises SelectionInvalid."""
    if not case.expected.exists():
        return None
    return _json(case.expected)


def update(case: Case, told: Mapping[str, Any]) -> None:
    """Write down what *told* says: the values, and what cannot be read."""
    changes = [{name: each[name] for name in _KEPT if name in each} for each in told["changes"]]
    kept = {"changes": changes, "problems": told["problems"]}
    text = json.dumps(kept, ensure_ascii=False, indent=2)
    case.expected.write_text(f"{text}\n", encoding="utf-8")


def differences(expected: Any, found: Any, path: str = "") -> Iterator[str]:
    """
    Yield a line for each place where *found* does not contain *expected*.

    Of an object every expected member has to be there; a list has to have as many elements.
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        for name, each in expected.items():
            place = f"{path}.{name}" if path else name
            if name in found:
                yield from differences(each, found[name], place)
            else:
                yield f"{place}: expected {_shown(each)}, found nothing"
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield f"{path}: expected {len(expected)} of them, found {len(found)}: {_shown(found)}"
            return
        for place, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from differences(one, other, f"{path}[{place}]")
    elif expected != found or isinstance(expected, bool) != isinstance(found, bool):
        yield f"{path or 'all of it'}: expected {_shown(expected)}, found {_shown(found)}"


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _headers(case: Case) -> dict[str, str]:
    if not case.headers.exists():
        return {}
    found = _json(case.headers)
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        expected = 'an object of texts, such as {"X-Topic": "stock"}'
        raise SelectionInvalid(f"another form in {case.headers}", expected, "correct it")
    return {name.lower(): each for name, each in found.items()}


def _json(path: Path) -> Any:
    try:
        return json.loads(_read(path))
    except ValueError as error:
        raise SelectionInvalid(f"{path}: {error}", "JSON", "correct the file") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SelectionInvalid(f"{path}: {error.strerror}", "a file", "correct it") from None
