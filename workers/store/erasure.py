"""
``instep forget``: a record, and every body, letter and entry that holds its key, for good.

It may be ended at any moment and run again: what it finds in the store is what is left to do. What
other records hold of the key (they refer to it) stays, and is named.
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
from workers.store.connection import guarded
from workers.store.item_record import left_out_of
from workers.store.key_places import Hit
from workers.store.key_search import Search
from workers.store.key_text import KeyText
from workers.store.scripts import Steps

ROUNDS: Final = 3  # what runs beside it may write the key once more
AT_ONCE: Final = 50  # kept deliveries, or entries, of one step
STAYS: Final = frozenset({"reference", "other"})
_STREAMS: Final = (keys.HISTORY, keys.every("kept"), keys.every("kept-words"))
_MARKED: Final = 7 * 86_400  # s for which a run that was killed is remembered

Told = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Erased:
    """
    Args:
        discarded: Field values that waited or lay in a dead letter.
        gone: Places that were erased, by kind.
        left: Places that still hold the key.
    """

    discarded: int
    gone: Counter[str]
    left: tuple[Hit, ...]


class Erasure:
    """
    Args:
        client: Does not decode what it reads.

    Raises (every method):
        StoreUnavailable: The store did not answer.
    """

    def __init__(self, client: redis.Redis, steps: Steps, text: KeyText) -> None:
        self._client: Any = client  # its types say that it may decode
        self._steps = steps
        self._text = text
        self._search = Search(client, text)
        name = f"{text.collection} {text.record}".encode()
        self._mark = keys.forgetting(hashlib.sha256(name).hexdigest()[:32])

    def find(self, told: Told = lambda *_: None) -> tuple[Hit, ...]:
        """Return every place that holds the key; nothing is changed."""
        return tuple(dict.fromkeys(self._search.run(told)))

    def begun(self) -> bool:
        """Whether an earlier run has begun and not come to its end."""
        with guarded():
            return bool(self._client.exists(self._mark))

    def end(self) -> None:
        """Note that all of it was done, the files of the store too."""
        with guarded():
            self._client.unlink(self._mark)

    def run(self, hits: Sequence[Hit], told: Told = lambda *_: None) -> Erased:
        """Erase *hits*, look again, and erase what came meanwhile; call `end` after it."""
        discarded, gone = 0, Counter[str]()
        with guarded():
            self._client.set(self._mark, 1, ex=_MARKED)
            # Of runs that were killed; one that goes on beside this one begins its copy again.
            for key in self._client.scan_iter(match=keys.every("rewrite"), count=1000):
                self._client.unlink(key)
        for _ in range(ROUNDS):
            discarded += self._erase(hits)
            gone.update(hit.kind for hit in hits if hit.kind not in STAYS)
            self._rewrite_streams()
            hits = self.find(told)
            if all(hit.kind in STAYS for hit in hits):
                break
        return Erased(discarded, gone, tuple(hits))

    def _erase(self, hits: Iterable[Hit]) -> int:
        by_kind: dict[str, list[Hit]] = {}
        for hit in hits:
            by_kind.setdefault(hit.kind, []).append(hit)
        # An index has one copy for each of live and staged: <collection>:<copy>.
        places = {keys.rest_of(hit.key) for hit in by_kind.get("index", ())}
        answer = self._step("record", places=sorted(places), record=self._text.record)
        bodies = {hit.key.rpartition(":")[2] for hit in by_kind.get("body", ())}
        self._erase_letters(by_kind.get("letter", ()), bodies)
        for hit in by_kind.get("notice", ()):
            self._erase_notice(hit.key)
        self._erase_kept([*by_kind.get("delivery", ()), *by_kind.get("words", ())])
        self._erase_entries(by_kind.get("history", ()))
        for hit in (*by_kind.get("answer", ()), *by_kind.get("copy", ())):
            with guarded():
                self._client.unlink(hit.key)
        for hit in by_kind.get("member", ()):
            self._erase_member(hit)
        return int(answer["discarded"])

    def _step(self, act: str, **request: Any) -> dict[str, Any]:
        # Without a token: an answer that is kept for a repeat would tell of it.
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
        """Return what a letter holds of the record itself."""
        with guarded():
            names = [name.decode() for name in self._client.hkeys(keys.letter(id))]
        own = (self._text.collection, self._text.record)
        return [name for name in names if (left_out_of(name) or ())[:2] == own]

    def _letters_of(self, bodies: set[str]) -> list[str]:
        """Return the ids of the letters, and drop the notices, that share one of *bodies*."""
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
        """Return the deliveries that cannot be read without *words*."""
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
        for start in range(0, len(hits), AT_ONCE):
            ids = [hit.id for hit in hits[start : start + AT_ONCE]]
            with guarded():
                self._client.xdel(keys.HISTORY, *ids)

    def _erase_member(self, hit: Hit) -> None:
        with guarded():
            kind = self._client.type(hit.key)
            remove = {b"set": "SREM", b"zset": "ZREM", b"hash": "HDEL"}.get(kind)
            if remove:
                self._client.execute_command(remove, hit.key, hit.id)

    def _rewrite_streams(self) -> None:
        """Write all streams anew: what was deleted from one, also before, is still in its bytes."""
        with guarded():
            names = [
                key.decode()
                for pattern in _STREAMS
                for key in self._client.scan_iter(match=pattern, count=1000)
            ]
        for key in names:
            request = {"key": key, "copy": keys.rewrite(uuid.uuid4().hex), "after": ""}
            while True:
                answer = self._steps.run("rewrite_stream", request)
                if answer["done"]:
                    break
                request["after"] = answer["after"]
