"""
The least number of calls for a load, by a planner that imports nothing of the product.

It knows all arrivals in advance, and what each request will be answered. It obeys the policy: the
pace of the budget, so many entries to a request, and a free slot is used once a request is full or
the oldest of what it carries has waited *linger*. What only an answer of the CMS can tell (whether
a key is there, which value is bad, that an outage is over) costs the call that tells it.
"""

import math
from collections import Counter
from dataclasses import dataclass
from operator import attrgetter

PER_PAGE = 100  # items of a page of a listing, and keys of a filter


@dataclass(frozen=True, slots=True)
class Piece:
    """
    What one arrival asks for.

    Args:
        at: Seconds from the beginning.
        calls: The kinds of call that carry it, one after the other. One that comes while an earlier
            piece of its record still waits goes with that.
        entries: Of a request, that it takes.
        after: The record that must have gone through all of its calls before.
    """

    at: float
    record: str
    calls: tuple[str, ...] = ("write",)
    entries: int = 1
    after: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """
    Args:
        limit: Requests a minute.
        most: Entries of a request.
        linger: Seconds that a request which is not full waits.
    """

    limit: int = 60
    most: int = 100
    linger: float = 1.0


@dataclass(slots=True)
class _Waiting:
    """A piece on its way: its next call is the one of *stage*, for which it waits since *since*."""

    piece: Piece
    since: float
    final: bool  # nothing comes for its record later
    stage: int = 0

    @property
    def kind(self):
        return self.piece.calls[self.stage]


class _Budget:
    """An even pace with a small burst that never exceeds the limit in any minute."""

    def __init__(self, limit):
        self._burst = max(1, min(5, limit // 10))
        self._every = 60 / max(1, limit - self._burst - 1)
        self._tat = 0.0

    def free_at(self):
        return self._tat - (self._burst - 1) * self._every

    def take(self, now):
        self._tat = max(self._tat, now) + self._every


def least(pieces, policy):
    """Return kind → the calls that *pieces* need at the least."""
    return _Plan(pieces, policy).calls


def blind(pieces, policy):
    """Like `least`, by a planner that does not know what comes: it sends what waits longest."""
    return _Plan(pieces, policy, foresees=False).calls


class _Plan:
    def __init__(self, pieces, policy, *, foresees=True):
        self._policy, self._budget = policy, _Budget(policy.limit)
        self._foresees = foresees
        self._coming = sorted(pieces, key=attrgetter("at"), reverse=True)
        self._last = {piece.record: piece.at for piece in self._coming[::-1]}
        self._waiting = {}  # record → what of it waits
        self._blocked = {}  # record → pieces that wait for it
        self._done = set()
        self.calls = Counter()
        now = 0.0
        while self._coming or self._waiting:
            now = max(now, self._budget.free_at())
            self._admit(now)
            ready = self._ready(now)
            if ready:
                self._send(ready, now)
            else:
                now = self._next(now)

    def _admit(self, now):
        while self._coming and self._coming[-1].at <= now:
            piece = self._coming.pop()
            if piece.after and piece.after not in self._done:
                self._blocked.setdefault(piece.after, []).append(piece)
            else:
                self._add(piece, now)

    def _add(self, piece, now):
        final = self._last[piece.record] <= piece.at
        held = self._waiting.get(piece.record)
        if held is None:
            self._waiting[piece.record] = _Waiting(piece, max(now, piece.at), final)
        else:
            held.final = final

    def _kinds(self):
        found = {}
        for one in self._waiting.values():
            found.setdefault(one.kind, []).append(one)
        return found

    def _ready(self, now):
        """What the largest request that may go now would choose from; None: none may."""
        kinds = [
            waiting
            for waiting in self._kinds().values()
            if self._is_full(waiting) or self._oldest(waiting) + self._policy.linger <= now
        ]
        return max(kinds, key=len, default=None)

    @staticmethod
    def _oldest(waiting):
        return min(each.since for each in waiting)

    def _is_full(self, waiting):
        return sum(each.piece.entries for each in waiting) >= self._policy.most

    def _next(self, now):
        """When the next piece comes, or what waits has waited for long enough."""
        times = [self._coming[-1].at] if self._coming else []
        if self._waiting:
            times.append(self._oldest(self._waiting.values()) + self._policy.linger)
        return max(now, min(times))

    def _send(self, ready, now):
        """Send one request, of what is most urgent."""
        self._budget.take(now)
        self.calls[ready[0].kind] += 1
        room = self._policy.most
        for one in sorted(ready, key=self._urgency):
            room -= one.piece.entries
            if room < 0:
                break
            self._sent(one, now)

    def _urgency(self, one):
        """First what need not be sent again, if that is known; then what has waited longest."""
        return (self._foresees and not one.final, one.since)

    def _sent(self, one, now):
        record = one.piece.record
        one.stage, one.since = one.stage + 1, now
        if one.stage == len(one.piece.calls):
            del self._waiting[record]
            self._done.add(record)
            for piece in self._blocked.pop(record, ()):
                self._add(piece, now)


def pages(items):
    """The pages of a listing of *items*: an empty one has a page, too."""
    return max(1, math.ceil(items / PER_PAGE))


def isolation(items, bad, *, named):
    """
    The writes of *items* in one request, of which so many are *bad*: 100 at most.

    Which ones are bad shows the answer to the request that carries all. Where it names them, the
    good ones go together, and each bad one alone: the answer to a batch condemns nobody. Where it
    names none, each answer says yes or no, and so many of them tell one choice from all others;
    that the good ones have to go, and each bad one alone, is left out: the same requests may do it.
    """
    if not bad:
        return Counter(write=1)
    if named:
        return Counter(write=1 + (bad < items) + bad)
    return Counter(write=1 + math.ceil(math.log2(math.comb(items, bad))))


def outage(seconds, *, failures=3, soon=(5.0, 6), later=30.0):
    """
    The calls of an outage: *failures* until it counts as one, then a GET now and then.

    Args:
        soon: Seconds between the first GETs, and how many those are.
        later: Seconds between the others. The first good answer ends it.
    """
    at, asked = 0.0, 0
    while at < seconds:
        at += soon[0] if asked < soon[1] else later
        asked += 1
    return Counter(failed=failures, probe=asked)
