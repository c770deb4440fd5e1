"""
``instep forget``: erase a record, and every body, letter and entry that holds its key.

It may be interrupted and repeated: what it still finds in the store is what remains to do. Keys in
references of other records stay, and are reported.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import redis

from workers.store import keys
from workers.store.audit import ERASED
from workers.store.connection import guarded
from workers.store.item_record import left_out_of
from workers.store.key_places import Hit, Places
from workers.store.key_search import Search
from workers.store.key_text import KeyText
from workers.store.scripts import Steps
from workers.store.search_rows import SearchRows
from workers.store.undo_keys import UNDO
from workers.store.undo_rows import without

ROUNDS: Final = 3  # concurrent writers may store the key again
AT_ONCE: Final = 50  # kept deliveries, or entries, per step
STAYS: Final = frozenset({"reference", "other"})
_STREAMS: Final = (
    keys.AUDIT,
    *(keys.every(kind) for kind in ("kept", "kept-words", "unkept", "refused")),
)
_MARKED: Final = 7 * 86_400  # s that an interrupted run is remembered

Told = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Erased:
    discarded: int  # field values that waited or were in a dead letter
    gone: Counter[str]  # places erased, by kind
    left: tuple[Hit, ...]  # places that still hold the key


class Erasure:
    """
    Every method raises StoreUnavailable if the store does not answer.

    Args:
        client: One that does not decode responses.
    """

    def __init__(self, client: redis.Redis, steps: Steps, text: KeyText) -> None:
        self._client: Any = client  # typed as if it decoded
        self._steps = steps
        self._text = text
        self._search = Search(client, text)
        name = f"{text.collection} {text.record}".encode()
        self._mark = keys.forgetting(hashlib.sha256(name).hexdigest()[:32])

    def find(self, told: Told = lambda *_: None) -> tuple[Hit, ...]:
        """Return every place that holds the key, without changing anything."""
        return tuple(dict.fromkeys(self._search.run(told)))

    def begun(self) -> bool:
        """Whether an earlier run was interrupted."""
        with guarded():
            return bool(self._client.exists(self._mark))

    def end(self) -> None:
        """Record that everything is erased, also from the files."""
        with guarded():
            self._client.unlink(self._mark)

    def run(self, hits: Sequence[Hit], told: Told = lambda *_: None) -> Erased:
        """Erase *hits*, search again, and erase what was written meanwhile; then call `end`."""
        discarded, gone = 0, Counter[str]()
        with guarded():
            self._client.set(self._mark, 1, ex=_MARKED)
            # Left by killed runs; a concurrent run starts its copy again.
            for key in self._client.scan_iter(match=keys.every("rewrite"), count=1000):
                self._client.unlink(key)
        for _ in range(ROUNDS):
            discarded += self._erase(hits)
            gone.update(hit.kind for hit in hits if hit.kind not in STAYS)
            self._rewrite_streams([hit.id for hit in hits if hit.kind == "audit"])
            hits = self.find(told)
            if all(hit.kind in STAYS for hit in hits):
                break
        return Erased(discarded, gone, tuple(hits))

    def _erase(self, hits: Iterable[Hit]) -> int:
        by_kind: dict[str, list[Hit]] = {}
        for hit in hits:
            by_kind.setdefault(hit.kind, []).append(hit)
        # An index exists per copy, live and staged: <collection>:<copy>.
        places = {keys.rest_of(hit.key) for hit in by_kind.get("index", ())}
        answer = self._step("record", places=sorted(places), record=self._text.record)
        bodies = {hit.key.rpartition(":")[2] for hit in by_kind.get("body", ())}
        self._erase_letters(by_kind.get("letter", ()), bodies)
        for hit in by_kind.get("notice", ()):
            self._erase_notice(hit.key)
        self._erase_kept([*by_kind.get("delivery", ()), *by_kind.get("words", ())])
        self._erase_entries(by_kind.get("listed", ()))
        self._erase_life_entries(by_kind.get("life", ()))
        for hit in by_kind.get("undo", ()):
            self._erase_written(hit.id)
        for hit in (*by_kind.get("answer", ()), *by_kind.get("copy", ())):
            with guarded():
                self._client.unlink(hit.key)
        for hit in by_kind.get("told", ()):
            self._erase_told(hit.key)
        for hit in by_kind.get("search", ()):
            SearchRows(self._steps).drop(keys.rest_of(hit.key), self._text.record)
        for hit in by_kind.get("member", ()):
            self._erase_member(hit)
        return int(answer["discarded"])

    def _step(self, act: str, **request: Any) -> dict[str, Any]:
        # Without a token: an answer stored for a repeat would contain the key.
        return self._steps.run(
            "forget", {"act": act, "collection": self._text.collection, **request}
        )

    def _erase_letters(self, hits: Iterable[Hit], bodies: set[str]) -> None:
        ids = [hit.key.rpartition(":")[2] for hit in hits]
        for id in dict.fromkeys([*ids, *self._letters_of(bodies)]):
            with guarded():
                told = self._client.hget(keys.letter(id), "problems") or b"[]"
            words = self._reworded(told.decode())
            request = {"id": id, "record": self._text.record, "entries": self._entries(id)}
            self._step("letter", **request, problems=words)

    def _entries(self, id: str) -> list[str]:
        """Return the entries of a letter about the record."""
        with guarded():
            names = [name.decode() for name in self._client.hkeys(keys.letter(id))]
        own = (self._text.collection, self._text.record)
        return [name for name in names if (left_out_of(name) or ())[:2] == own]

    def _letters_of(self, bodies: set[str]) -> list[str]:
        """Return the letters that share one of *bodies*, and drop the notices that do."""
        found: list[str] = []
        if not bodies:
            return found
        with guarded():
            for kind in ("letter", "fetch"):
                for key in self._client.scan_iter(match=keys.every(kind), count=1000):
                    raw = self._client.hget(key, "raw")
                    if raw and raw.decode() in bodies:
                        if kind == "fetch":
                            self._erase_notice(key.decode())
                        else:
                            found.append(key.decode().rpartition(":")[2])
        return found

    def _reworded(self, problems: str) -> str:
        told = json.loads(problems)
        for problem in told:
            if self._text.in_entry(json.dumps(problem, ensure_ascii=False)):
                problem["message"] = "erased"
        return json.dumps(told, ensure_ascii=False) if told else "[]"

    def _erase_notice(self, key: str) -> None:
        with guarded():
            source, object = self._client.hmget(key, "source", "object")
        if source is None or object is None:
            return
        fetcher = keys.rest_of(key).partition(":")[0]
        self._step("fetch", fetcher=fetcher, source=source.decode(), object=object.decode())

    def _erase_kept(self, hits: Sequence[Hit]) -> None:
        for source in {keys.rest_of(hit.key) for hit in hits}:
            words = {h.id for h in hits if h.kind == "words" and h.key.endswith(f":{source}")}
            ids = [h.id for h in hits if h.kind == "delivery" and h.key == keys.kept(source)]
            ids += self._packed_by(source, words)
            for start in range(0, max(1, len(ids)), AT_ONCE):
                last = start + AT_ONCE >= len(ids)
                self._step(
                    "kept",
                    source=source,
                    ids=ids[start : start + AT_ONCE],
                    words=sorted(words) if last else [],
                )

    def _packed_by(self, source: str, words: set[str]) -> list[str]:
        """Return the deliveries that cannot be read without the dictionaries *words*."""
        if not words:
            return []
        found: list[str] = []
        start = "-"
        while True:
            with guarded():
                page = self._client.xrange(keys.kept(source), start, "+", count=AT_ONCE)
            found += [id.decode() for id, entry in page if entry[b"w"].decode() in words]
            if len(page) < AT_ONCE:
                return found
            start = f"({page[-1][0].decode()}"

    def _erase_entries(self, hits: Sequence[Hit]) -> None:
        for key in dict.fromkeys(hit.key for hit in hits):
            ids = [hit.id for hit in hits if hit.key == key]
            for start in range(0, len(ids), AT_ONCE):
                with guarded():
                    self._client.xdel(key, *ids[start : start + AT_ONCE])

    def _erase_written(self, id: str) -> None:
        """Take the record, and what holds its key, out of an entry of the undo log."""
        with guarded():
            text = self._client.hget(UNDO, id)
        if text is not None:
            rest = without(text.decode(), Places(self._text).in_written)
            self._step("undo", id=id, text=rest or None)

    def _erase_life_entries(self, hits: Sequence[Hit]) -> None:
        """Erase entries of the lives of other records; its own life goes with the record."""
        for name in dict.fromkeys(hit.key for hit in hits if hit.id):
            entries = [hit.id for hit in hits if hit.key == name and hit.id]
            for start in range(0, len(entries), AT_ONCE):
                part = entries[start : start + AT_ONCE]
                self._step("life", name=keys.rest_of(name), entries=part)

    def _erase_told(self, key: str) -> None:
        """Blank the words of a problem, or of a run: its numbers stay."""
        blank = {"title": ERASED, "fields": "[]"}
        if keys.kind_of(key) == "run":
            with guarded():
                figures = json.loads(self._client.hget(key, "figures") or "{}")
                proposed = self._client.hexists(key, "proposed")
            blank = {"figures": json.dumps(figures | {"reasons": {}}), "reason": "", "notes": "[]"}
            blank |= {"proposed": ERASED} if proposed else {}
        self._step("blank", key=key, blank=blank)

    def _erase_member(self, hit: Hit) -> None:
        with guarded():
            kind = self._client.type(hit.key)
            remove = {b"set": "SREM", b"zset": "ZREM", b"hash": "HDEL"}.get(kind)
            if remove:
                self._client.execute_command(remove, hit.key, hit.id)

    def _rewrite_streams(self, audited: Sequence[str]) -> None:
        """
        Rewrite all streams: deleted entries, also earlier ones, remain in their bytes.

        Args:
            audited: Entries of the audit list to blank: who acted, and when, stays.
        """
        with guarded():
            names = [
                key.decode()
                for pattern in _STREAMS
                for key in self._client.scan_iter(match=pattern, count=1000)
            ]
        for key in names:
            request = {"key": key, "copy": keys.rewrite(uuid.uuid4().hex), "after": ""}
            if key == keys.AUDIT:
                blank = {"target": ERASED, "figures": "{}"}
                request |= {"ids": list(audited), "blank": blank}
            while True:
                answer = self._steps.run("rewrite_stream", request)
                if answer["done"]:
                    break
                request["after"] = answer["after"]
