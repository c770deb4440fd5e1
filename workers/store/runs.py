"""
Runs: what was begun by hand or by schedule and takes a while.

A run is a hash. One with work that a worker carries out has a list of it, and is queued until it
has ended; one without is carried out by the process that began it (``own_runs.py``). The newest
`MOST` runs are kept, and those that have not ended.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from redis.client import Pipeline

from workers.model.runs import Kind, Run, State
from workers.store import clock, killed_runs, proposed_runs
from workers.store import problem_keys as keys
from workers.store.audit import Audit, Audited
from workers.store.connection import guarded
from workers.store.lease import Lease
from workers.store.scripts import Steps

WAKE: Final = ":run"  # pseudo-destination: a job that carries runs out
MOST: Final = 500
LONGEST: Final = 300  # characters of a reason, or note
NOTES: Final = 10  # of one run


class Runs:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self._audit = Audit(steps)

    def start(
        self,
        kind: Kind,
        by: str,
        *,
        collection: str | None = None,
        source: str | None = None,
        figures: Mapping[str, Any] | None = None,
        about: Mapping[str, Any] | None = None,
        work: Sequence[str] = (),
        ended: bool = False,
        own: bool = False,
        waits: str = "",
        proposed: str = "",
        audited: Audited | None = None,
    ) -> str:
        """
        Record a run, and return its id.

        Args:
            by: Who began it: the name of an access, or user and host.
            work: What a worker is to do, in order, by `todo` and `did`.
            ended: There is nothing left to do: nobody need be alive to end it.
            own: This process carries it out, and holds its lease meanwhile (``own_runs.py``).
            waits: Why it waits for an approval; it is held, and no worker begins with it.
            proposed: Why it is proposed; it is held whatever it is for, and ends after
                `PROPOSED_FOR`.
            audited: Its entry in the audit list, which is made in the same transaction.
        """
        now, is_held = self.now(), bool(waits or proposed)
        with guarded():
            id = f"r{self.steps.client.incr(keys.RUN_NUMBER)}"
            held: dict[Any, Any] = {
                "kind": kind,
                "by": by,
                "started": _ms(now),
                "state": "done" if ended else "held" if is_held else "running",
                **({"ended": _ms(now)} if ended else {"reason": waits[:LONGEST]}),
                "collection": collection or "",
                "source": source or "",
                "figures": json.dumps(dict(figures or {}), ensure_ascii=False),
                "about": json.dumps(dict(about or {}), ensure_ascii=False),
                **({"own": 1} if own else {}),
                **({"proposed": proposed[:LONGEST]} if proposed else {}),
            }
            with self.steps.client.pipeline(transaction=True) as pipeline:
                pipeline.hset(keys.run(id), mapping=held)
                pipeline.zadd(keys.RUNS, {id: _ms(now)})
                if not ended:
                    pipeline.sadd(keys.OPEN, id)
                pipeline.delete(keys.run_work(id))  # it is repeated if its answer gets lost
                for start in range(0, len(work), 500):
                    pipeline.rpush(keys.run_work(id), *work[start : start + 500])
                if work and not is_held:
                    pipeline.zadd(keys.QUEUED, {id: _ms(now)})
                if audited:
                    self._audit.add(pipeline, audited.of_run(by, id))
                pipeline.execute()
        self._trim()
        return id

    def progress(self, id: str, figures: Mapping[str, Any]) -> None:
        """Replace the figures of a run."""
        with guarded():
            text = json.dumps(dict(figures), ensure_ascii=False)
            self.steps.client.hset(keys.run(id), "figures", text)

    def note(self, id: str, by: str, text: str) -> None:
        """Keep what *by* said as a run was begun or decided on; the last `NOTES` are kept."""
        with guarded():
            held = json.loads(str(self.steps.client.hget(keys.run(id), "notes") or "[]"))
            told = {"at": self.now().isoformat(), "by": by, "text": text[:LONGEST]}
            text = json.dumps([*held, told][-NOTES:], ensure_ascii=False)
            self.steps.client.hset(keys.run(id), "notes", text)

    def todo(self, id: str, most: int) -> Sequence[str]:
        """Return the next *most* pieces of work."""
        with guarded():
            found = self.steps.client.lrange(keys.run_work(id), 0, most - 1)
        return [str(each) for each in found]

    def tries(self, id: str, work: Sequence[str], lease: Lease) -> bool:
        """Note the pieces of *work* that a slice begins; False: *lease* is lost."""
        text = json.dumps([*work], ensure_ascii=False)
        return lease.write(lambda pipeline: pipeline.hset(keys.run(id), "tried", text))

    def did(self, id: str, count: int, figures: Mapping[str, Any], lease: Lease) -> bool:
        """
        Take off the first *count* pieces of work, in one step with the *figures*.

        False, and nothing is done: *lease* is lost, and another process goes on.
        """
        text = json.dumps(dict(figures), ensure_ascii=False)
        with guarded():
            left = int(self.steps.client.llen(keys.run_work(id))) - count

        def give(pipeline: Pipeline) -> None:
            # From the end: the transaction is repeated if its answer gets lost, and takes no more.
            if left > 0:
                pipeline.ltrim(keys.run_work(id), -left, -1)
            else:
                pipeline.delete(keys.run_work(id))
            pipeline.hset(keys.run(id), "figures", text)

        return lease.write(give)

    def end_work(self, id: str, run: Run | None) -> None:
        """End a run of which no work is left; one that has ended, or is gone, is taken off."""
        if run is not None and run.state == "running":
            self.finish(id)
            return
        with guarded():
            self.steps.client.zrem(keys.QUEUED, id)

    def finish(
        self,
        id: str,
        state: State = "done",
        *,
        figures: Mapping[str, Any] | None = None,
        reason: str = "",
    ) -> None:
        """End a run; one that is held has not ended, but no worker goes on with it."""
        held: dict[Any, Any] = {"state": state, "reason": reason[:LONGEST]}
        if figures is not None:
            held["figures"] = json.dumps(dict(figures), ensure_ascii=False)
        if state != "held":
            held["ended"] = str(_ms(self.now()))
        with guarded(), self.steps.client.pipeline(transaction=True) as pipeline:
            pipeline.hset(keys.run(id), mapping=held)
            pipeline.zrem(keys.QUEUED, id)
            if state != "held":
                pipeline.delete(keys.run_work(id), keys.run_plan(id))
                pipeline.srem(keys.OPEN, id)
            pipeline.execute()

    def show(self, id: str) -> Run | None:
        return next(iter(self._read([id])), None)

    def list(
        self,
        *,
        kind: str | None = None,
        state: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> Sequence[Run]:
        """Return the newest runs first; *before*: only those older than this one."""
        with guarded():
            found = map(str, self.steps.client.zrange(keys.RUNS, 0, -1))
        # Not by the time: those of one millisecond would stand as texts do, r10 before r9.
        ids = sorted(found, key=_number, reverse=True)
        if before is not None:
            number = _number(before)
            ids = [id for id in ids if _number(id) < number]
        chosen: list[Run] = []
        for start in range(0, len(ids), 100):
            page = self._read(ids[start : start + 100])
            fits = (run for run in page if kind in (None, run.kind) and state in (None, run.state))
            chosen.extend(fits)
            if len(chosen) >= limit:
                break
        return chosen[:limit]

    def unfinished(self) -> Sequence[Run]:
        """Return the runs that have not ended."""
        with guarded():
            return self._read(sorted(map(str, self.steps.client.smembers(keys.OPEN))))

    def queued(self) -> Sequence[str]:
        """Return the ids of the runs that a worker is to carry out, oldest first."""
        with guarded():
            return [str(id) for id in self.steps.client.zrange(keys.QUEUED, 0, -1)]

    def now(self) -> datetime:
        """Return the time by the clock of the store."""
        ms = clock.read_us(self.steps.client) // 1000 + self.steps.clock_offset_ms
        return datetime.fromtimestamp(ms / 1000, tz=UTC)

    def _read(self, ids: Sequence[str]) -> Sequence[Run]:
        with guarded(), self.steps.client.pipeline(transaction=False) as pipeline:
            for id in ids:
                pipeline.hgetall(keys.run(id))
            found = pipeline.execute()
        runs = [_run(id, held) for id, held in zip(ids, found, strict=True) if held]
        return proposed_runs.marked(killed_runs.marked(self.steps.client, runs, self.now), self.now)

    def close_ended(self) -> None:
        """Record the end of runs whose process was killed, and of proposals whose time is over."""
        runs = self.unfinished()
        killed_runs.close(self.steps.client, runs)
        proposed_runs.close(self.steps.client, runs)

    def _trim(self) -> None:
        self.close_ended()
        with guarded():
            client = self.steps.client
            over = int(client.zcard(keys.RUNS)) - MOST
            if over <= 0:
                return
            open_runs = client.smembers(keys.OPEN)
            found = [str(id) for id in client.zrange(keys.RUNS, 0, over + 100)]
            old = [id for id in found if id not in open_runs]
            with client.pipeline(transaction=True) as pipeline:
                for id in old[:over]:
                    pipeline.delete(keys.run(id))
                    pipeline.zrem(keys.RUNS, id)
                pipeline.execute()


def _run(id: str, held: Mapping[str, str]) -> Run:
    return Run(
        id=id,
        kind=held["kind"],
        by=held.get("by", ""),
        started=_moment(held["started"]),
        state=held.get("state", "running"),
        ended=_moment(held["ended"]) if held.get("ended") else None,
        collection=held.get("collection") or None,
        source=held.get("source") or None,
        figures=json.loads(held.get("figures", "{}")),
        about=json.loads(held.get("about", "{}")),
        reason=held.get("reason", ""),
        own=held.get("own") == "1",
        tried=tuple(json.loads(held.get("tried", "[]"))),
        notes=tuple(json.loads(held.get("notes", "[]"))),
        proposed=held.get("proposed", ""),
        approved_by=held.get("approved_by", ""),
    )


def _number(id: str) -> int:
    number = id[1:]
    # Not isdigit() alone: it accepts "²", which int() refuses, as it does 4,301 digits.
    return int(number) if number.isascii() and number.isdigit() and len(number) <= 18 else 0


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _moment(ms: str) -> datetime:
    return datetime.fromtimestamp(int(ms) / 1000, tz=UTC)
