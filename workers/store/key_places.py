"""Find the key of a record in the values of the store."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from workers.store import keys, life_entries, search_keys
from workers.store.delivery_summary import Summary
from workers.store.held_keys import DROPPED, HELD
from workers.store.item_record import FieldRecord, left_out_of, plain_text, slug_of, unpacked
from workers.store.key_text import KeyText
from workers.store.search_row import record_of
from workers.store.undo_keys import UNDO
from workers.store.undo_rows import Written, written

Pairs = Iterable[tuple[bytes, bytes]]

SETS: Final = (
    *("due", "waiting", "lookup", "filter", "not-live", "given"),
    *("held", "held-delay", "unpublished"),
)  # of records
OBJECTS: Final = ("fetches", "fetches-waiting", "fetches-failing", "cursors")
_STREAMS: Final = {
    "rewrite": "copy",
    "unkept": "listed",
    "refused": "listed",
    "audit": "audit",
}
_AUDITED: Final = (b"target", b"figures")  # not who acted, and how
_STRINGS: Final = re.compile(r'"(?:[^"\\]|\\.)*"')  # in a text that is cut off
_TOLD: Final = {
    "problem": (b"title", b"fields"),
    "run": (b"figures", b"reason", b"notes", b"proposed"),
}
INDEX: Final = ("ids", "keys", "twins", "born", "status", "variants", "listed")


@dataclass(frozen=True, slots=True)
class Hit:
    """
    One place that holds the key.

    Kinds: "record", "search" (its texts), "letter", "body", "notice", "delivery", "words",
    "listed", "life", "undo", "answer", "copy", "member", "index", "told" (a problem or a run),
    "reference" (of another record) or "other".
    """

    kind: str
    key: str  # of the store
    id: str = ""  # of an entry or member in it


class Places:
    def __init__(self, text: KeyText) -> None:
        self._text = text
        self._own = f"{text.collection}:{text.record}"
        self._record = text.record.encode()
        self._hashes: dict[str, Callable[[str, Pairs], Iterator[Hit]]] = {
            "item": self._item,
            "letter": self._letter,
            "raw": self._raw,
            "fetch": self._notice,
            "undo": self._undo,
            "search-rows": self._searched,
            "search-due": self._noted,
            "unpublished-of": self._unpublished,
            "redirects": self._redirects,
            **dict.fromkeys(_TOLD, self._told),
            **dict.fromkeys(INDEX, self._index),
            **dict.fromkeys(OBJECTS, self._objects),
        }

    def in_hash(self, family: str, name: str, pairs: Pairs) -> Iterator[Hit]:
        """Yield the hits in the hash *name*."""
        return self._hashes.get(family, self._other)(name, pairs)

    def in_text(self, family: str, name: str, text: bytes) -> Iterator[Hit]:
        """Yield a hit if *text*, a string or list element, holds the key."""
        if self._text.in_entry(text):
            yield Hit("answer" if family == "call" else "other", name)

    def in_life(self, name: str, text: bytes) -> Iterator[Hit]:
        """Yield a hit if the entry *text* is of the record's own life, or holds its key."""
        if keys.rest_of(name) == self._own:
            yield Hit("life", name)
        elif self._text.may_hold(text) and (
            self._text.in_entry(text) or self._names(json.loads(text))
        ):
            yield Hit("life", name, text.decode())

    def _undo(self, name: str, pairs: Pairs) -> Iterator[Hit]:
        """Yield the entries of the undo log that are about the record, or hold its key."""
        for id, text in pairs if name == UNDO else ():
            if self._text.may_hold(text) and any(map(self.in_written, written(text.decode()))):
                yield Hit("undo", name, id.decode())

    def in_written(self, told: Written) -> bool:
        """Tell whether a part of the undo log is about the record, or holds its key."""
        texts = (text for row in told.rows for text in (row.before, row.value) if text)
        return told.name == self._own or any(map(self._in_value, texts))

    def _in_value(self, text: str) -> bool:
        value = json.loads(text)
        return self._refers(value) or self._tells(value)

    def _names(self, entry: Any) -> bool:
        """Tell whether the *entry* of a life names the record as one that its own refers to."""
        if not isinstance(entry, list):
            return False  # the number of entries that were dropped
        named = life_entries.references(entry, self._text.collection)
        cut = (json.loads(text) for part in named.cut for text in _STRINGS.findall(part))
        return any(self._text.is_it(each) for each in (*named.keys, *cut))

    def in_member(self, family: str, name: str, member: str) -> Iterator[Hit]:
        """Yield a hit if *member* of the set *name* is the record, or names it."""
        if family == "search-keys":
            yield from self._ordered(name, member)
        elif kind := self._kind(family, name, member):
            yield Hit(kind, name, member)

    def _kind(self, family: str, name: str, member: str) -> str:
        if family in SETS:
            ours = name.split(":")[2] == self._text.collection and member == self._text.record
            return "member" if ours else ""
        if family == "search":
            return ""  # its texts are those of "search-rows"
        if family in ("tombstones", "resting", "lives", "waiters", "waking"):
            waits = family == "waiters" and keys.rest_of(name) == self._own
            return "member" if member == self._own else "reference" if waits else ""
        if family == "wanted":
            # Needed by the records that wait for it; removed with the last of them.
            return "reference" if f"{keys.rest_of(name)}:{member}" == self._own else ""
        if family in OBJECTS:
            return "member" if self._is_object(member) else ""
        found = "member" if family == "redirects-at" else "other"
        return found if self._text.in_entry(member) else ""

    def in_entry(
        self, family: str, name: str, id: str, entry: Mapping[bytes, bytes]
    ) -> Iterator[Hit]:
        """Yield a hit if the *entry* of a stream holds the key."""
        own = _AUDITED if family == "audit" else entry.keys()
        told = any(self._text.in_entry(entry[name]) for name in own)
        if told or self.in_summary(entry.get(b"i", b"")):
            yield Hit(_STREAMS.get(family, "other"), name, id)

    def in_summary(self, data: bytes) -> bool:
        """Tell whether the summary of a delivery is about the record."""
        if not self._text.may_hold(data):
            return False
        summary = Summary.parse(data.decode("utf-8", "replace"))
        words = (*summary.topics, summary.reason)
        return any(map(self._text.is_it, summary.keys)) or any(map(self._text.in_words, words))

    # hashes -------------------------------------------------------------------------------------

    def _item(self, name: str, pairs: Pairs) -> Iterator[Hit]:
        """
        Yield the record itself; of another record, the fields that refer to it or contain its key.
        """
        if keys.rest_of(name) == self._own:
            yield Hit("record", name)
            return
        for own, stored in ((each.decode(), text.decode()) for each, text in pairs):
            if not self._text.may_hold(plain_text(own, stored).encode()):
                continue
            for field, value in unpacked({own: stored}).items():
                slug = slug_of(field)
                if slug is not None and self._in_field(FieldRecord.parse(value)):
                    yield Hit("reference", name, slug)
                elif field in (HELD, DROPPED) and self._is_of_event(value):
                    yield Hit("reference", name, field)

    def _in_field(self, field: FieldRecord) -> bool:
        by_event = self._text.in_words(field.event)
        return by_event or any(map(self._in_value, (field.value, field.before or "null")))

    def _is_of_event(self, value: str) -> bool:
        """Tell whether the id of the event that gave a held, or dropped, retirement has the key."""
        return self._text.in_words(FieldRecord.parse(json.loads(value)["gone"]).event)

    def _searched(self, name: str, pairs: Pairs) -> Iterator[Hit]:
        """Yield the record in the search index, and those whose names contain its key."""
        ours = keys.rest_of(name).partition(":")[0] == self._text.collection
        for field, value in pairs:
            if ours and field == self._record:
                yield Hit("search", name)
            elif self._text.may_hold(value) and self._tells(json.loads(value)):
                yield Hit("reference", name, field.decode())

    def _ordered(self, name: str, member: str) -> Iterator[Hit]:
        """Yield the record in the order of the keys; where it has no row any more, here alone."""
        collection, copy = keys.rest_of(name).split(":")[:2]  # behind them: a part
        if collection == self._text.collection and record_of(member) == self._text.record:
            yield Hit("search", search_keys.rows(f"{collection}:{copy}"))

    def _noted(self, name: str, pairs: Pairs) -> Iterator[Hit]:
        """Yield the note that the record is to be indexed."""
        for field, _ in pairs:
            if field == self._own.encode():
                yield Hit("member", name, self._own)

    def _unpublished(self, name: str, pairs: Pairs) -> Iterator[Hit]:
        """Yield the record among those that wait to be published."""
        if keys.rest_of(name) == self._text.collection:
            yield from (Hit("member", name) for field, _ in pairs if field == self._record)

    def _redirects(self, name: str, pairs: Pairs) -> Iterator[Hit]:
        """Yield the old slugs of the record, and those that contain its key."""
        collection = keys.rest_of(name)
        for slug, value in pairs:
            own = collection == self._text.collection and json.loads(value)[0] == self._text.record
            if own or self._text.in_entry(slug):
                yield Hit("member", name, slug.decode())
                yield Hit("member", keys.redirects_at(collection), slug.decode())

    def _refers(self, value: Any) -> bool:
        if not isinstance(value, dict) or value.get("to") != self._text.collection:
            return False
        keys = value.get("keys") or [value.get("key")]
        return any(self._text.is_it(key) for key in keys if isinstance(key, str))

    def _tells(self, value: Any) -> bool:
        if isinstance(value, dict) and "to" in value:
            return False  # it refers to another record
        return bool(value) and self._text.in_entry(json.dumps([value], ensure_ascii=False))

    def _letter(self, name: str, pairs: Pairs) -> Iterator[Hit]:
        held = {field.decode(): value for field, value in pairs}
        if self._is_own(held):
            yield Hit("letter", name)
        elif self._letter_tells(held):
            # The open letter of another record is needed to correct its field.
            theirs = held.get("kind") != b"unmapped" and held.get("state") == b"open"
            yield Hit("reference" if theirs else "letter", name)

    def _is_own(self, held: Mapping[str, bytes]) -> bool:
        if held.get("collection", b"").decode() != self._text.collection:
            return False
        own = (held.get(name, b"").decode() for name in ("record", "key"))
        return any(self._text.is_it(each) for each in own if each)

    def _letter_tells(self, held: Mapping[str, bytes]) -> bool:
        if held.get("refers", b"").decode() == self._own:
            return True
        told = ("problems", "message", "headers", "events")
        texts = [
            *(
                json.dumps(left, ensure_ascii=False).encode()
                for name in held
                if (left := left_out_of(name))
            ),
            *(value for name, value in held.items() if name in told or slug_of(name) is not None),
        ]
        return any(self._text.in_entry(each) for each in texts)

    def _raw(self, name: str, pairs: Pairs) -> Iterator[Hit]:
        held = dict(pairs)
        text = held.get(b"text", b"")
        body = base64.b64decode(text) if held.get(b"encoding") == b"base64" else text
        if self._text.in_body(body):
            yield Hit("body", name)

    def _notice(self, name: str, pairs: Pairs) -> Iterator[Hit]:
        held = dict(pairs)
        told = (held.get(field, b"") for field in (b"payload", b"id", b"headers"))
        object = held.get(b"object", b"").decode()
        if self._text.is_it(object) or any(self._text.in_body(each) for each in told):
            yield Hit("notice", name)

    def _index(self, name: str, pairs: Pairs) -> Iterator[Hit]:
        ours = name.split(":")[2] == self._text.collection
        if ours and any(self._record in pair for pair in pairs):
            yield Hit("index", name)

    def _objects(self, name: str, pairs: Pairs) -> Iterator[Hit]:
        for field, _ in pairs:
            if self._is_object(field.decode()):
                yield Hit("member", name, field.decode())

    def _is_object(self, member: str) -> bool:
        return self._text.is_it(member.partition(":")[2])

    def _told(self, name: str, pairs: Pairs) -> Iterator[Hit]:
        own = _TOLD[keys.kind_of(name)]
        if any(self._text.in_entry(text) for field, text in pairs if field in own):
            yield Hit("told", name)

    def _other(self, name: str, pairs: Pairs) -> Iterator[Hit]:
        if any(self._text.in_entry(text) for pair in pairs for text in pair):
            yield Hit("other", name)
