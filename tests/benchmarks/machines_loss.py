"""One of two machines is lost under load, and comes back: killed, or with its link cut."""

import time
from dataclasses import asdict, dataclass, field
from itertools import pairwise

from tests.benchmarks.machines_growth import freshness, share_of
from tests.benchmarks.machines_rig import until
from workers.errors import StoreUnavailable
from workers.runtime import heartbeats
from workers.store import keys
from workers.store.lease import owner_of

WEB = WORKERS = 2
BEGIN = 4.0  # s of load before
AFTER = 5.0  # s of load after the machine works again
LATE = 5.0  # s
IN_AIR = 0.15  # s since a request came: it is answered after twice that


@dataclass(frozen=True)
class Loss:
    """
    Args:
        away: Seconds for which the machine was off, or its link down.
        sweep: Seconds until the other machine swept; the lost one did before.
        pause: Longest time without any acknowledgement.
        again: Deliveries that were sent more than once.
        back: Seconds from its start, or the link's, until its processes were listed again.
        fresh: Seconds until the site was right: p50, p99, the longest.
        late: Events that took more than 5 s, and their items: those that it had claimed.
        right: Seconds from the last acknowledgement until all was right.
        missing: Items that were not, at the end.
        older: Writes that showed an older value than one before.
        owners: How often another machine swept than just before.
        doubled: Values that both machines wrote.
        by: Writes from each address: before, while it was away, and afterwards.
    """

    kind: str
    events: int
    away: float
    sweep: float
    pause: float
    again: int
    back: float
    fresh: tuple
    late: tuple
    right: float
    missing: int
    older: int
    owners: int
    doubled: int
    by: dict

    as_dict = asdict


@dataclass
class _Course:
    """What happens while the load runs; *times*: when it did, in s since 1970."""

    rig: object
    lost: object
    kind: str
    away: float
    times: dict = field(default_factory=dict)
    owners: list = field(default_factory=list)  # (when, host)
    load: object = None

    def begin(self, load):
        """Go on beside *load*; return what it calls some times a second."""
        self.load = load
        return self._tick

    def _tick(self, seconds):
        self._note_owner()
        if "gone" not in self.times:
            self.rig.writes.look()
            # With a request in the air: its claim is the worst to lose.
            came = self.rig.writes.came.get(self.lost.box.source, 0.0)
            if seconds > BEGIN and came > time.time() - IN_AIR:
                self._lose()
        elif "began" not in self.times:
            if time.time() > self.times["gone"] + self.away:
                self._bring_back()
        elif self.comes_back():
            self.load.spread()

    def _lose(self):
        self.times["gone"] = time.time()
        if self.kind == "killed":
            self.lost.power_off()
        else:
            self.lost.box.cut()

    def _bring_back(self):
        self.times["began"] = time.time()
        if self.kind == "killed":
            self.lost.box.boot()
            self.lost.start(WEB, WORKERS)
        else:
            self.lost.box.join()

    def comes_back(self):
        """Note when the lost machine works again; True: just now."""
        if "back" in self.times:
            return False
        workers = heartbeats.workers_alive(self.rig.store)
        if workers == 2 * WORKERS and self.lost.listens():
            self.times["back"] = time.time()
        return "back" in self.times

    def _note_owner(self):
        owner = owner_of(self.rig.store, keys.SWEEPER)
        if owner and (not self.owners or self.owners[-1][1] != owner.host):
            self.owners.append((time.time(), owner.host))


def lost(rig, kind, away, rate):
    """Play the loss of the machine that sweeps, by *kind* (``killed`` or ``cut``), for *away* s."""
    with rig.running(rig.machines, WEB, WORKERS):
        time.sleep(2.0)
        sweeper = owner_of(rig.store, keys.SWEEPER)
        if sweeper is None:
            raise StoreUnavailable("nobody sweeps")
        # Without namespaces both have one name.
        machine = next((m for m in rig.machines if m.box.name == sweeper.host), rig.machines[1])
        course = _Course(rig, machine, kind, away)
        seconds = BEGIN + away + 2 * AFTER
        rig.writes.look()
        before = len(rig.writes.all)
        load, result, events = rig.load(rig.machines, int(rate * seconds), rate, course.begin)
        until(lambda: course.comes_back() or "back" in course.times, "it does not come back")
        right = rig.until_right()
        writes = rig.writes.all[before:]
        waits = freshness(rig.writes.all, load.acked, events)
        return Loss(
            kind=kind,
            events=len(events),
            away=away,
            sweep=_moved(course),
            pause=round(_longest_pause(load), 2),
            again=sum(result.statuses.values()) - result.statuses[200] + load.given_up,
            back=round(course.times["back"] - course.times["began"], 1),
            fresh=tuple(round(share_of(waits.values(), share), 2) for share in (0.5, 0.99, 1.0)),
            late=_late(waits, events),
            right=round(right, 1),
            missing=rig.wrong(),
            older=went_back(rig.writes.all),
            owners=len(course.owners) - 1,
            doubled=doubled(writes),
            by=_by(writes, rig, course.times),
        )


def _moved(course):
    moved = [at for at, host in course.owners if host != course.owners[0][1]]
    return round(moved[0] - course.times["gone"], 1) if moved else None


def _longest_pause(load):
    return max(later - ack for ack, later in pairwise(sorted(load.acked.values())))


def _late(waits, events):
    late = [number for number, wait in waits.items() if wait > LATE]
    return len(late), len({events[number][0] for number in late})


def went_back(writes):
    """Return how many values were older than one that was written before them."""
    shown, back = {}, 0
    for each in writes:
        back += sum(n < shown.get(item, 0) for item, n in each.stock.items())
        shown |= each.stock
    return back


def doubled(writes):
    """Return how many values came from both machines."""
    by = {}
    for each in writes:
        for value in each.stock.items():
            by.setdefault(value, set()).add(each.by)
    return sum(len(hosts) > 1 for hosts in by.values())


def _by(writes, rig, times):
    """Return the number of writes by each address in each part of the course."""
    parts = (0.0, times["gone"], times["began"], float("inf"))
    found = {}
    for source in {machine.box.source for machine in rig.machines}:
        own = [each.at for each in writes if each.by == source]
        found[source] = [sum(begin <= at < end for at in own) for begin, end in pairwise(parts)]
    return found
