"""
Histories of the whole: what comes in, goes out, breaks and is done by hand, in any order.

A history is a list of (operation, seed): what an operation does follows from its seed and from what
was before, so that a shorter history can be played as well.
"""

import contextlib
import random
import time

from tests.attack.cms import FATES
from tests.attack.installation import LIVE
from tests.attack.judge import Judge, Outcome
from tests.attack.mortal import Died
from tests.attack.steering import STEERED
from tests.attack.surroundings import SEEN_AGAIN, Surroundings, around
from workers.errors import ReconcileFailed

QUIET = 4 * 3600.0  # s of simulated time in which everything must have come to rest


class History(Surroundings):
    """
    Args:
        world: Reset.
        width: Histories that are played side by side: each has records of its own, and what breaks
            or is done by hand befalls all of them.
    """

    def __init__(self, world, width=1):
        super().__init__(world, width)
        self.snapshots = []
        self.unsure = False  # what a reconcile has done that broke off, nobody knows
        self.outcome = Outcome()

    # the work, and what goes wrong with it --------------------------------------------------

    def op_work(self, chance):
        quiet = self.world.run(chance.choice((0, 0, 1, 5, 40, 200, 900)))
        # What is paused may have repairs to make, which nobody counts.
        ready = quiet and not (self.unsure or self.world.is_paused())
        if ready and not self.world.counts()["pending"]:
            Judge(self.world).judge(self.outcome)

    def op_step(self, chance):
        for _ in range(chance.choice((1, 2, 3))):
            self.world.step()

    def op_network(self, chance):
        for _ in range(chance.choice((1, 1, 2, 4))):
            self.world.cms.arm(chance.choice(FATES))

    def op_meanwhile(self, chance):
        """Something happens while the next write is under way."""
        acts = {
            "events": lambda: self.op_events(chance),
            "another worker": lambda: self.world.other_step(),
            "its claim runs out": lambda: self.world.pass_time(31),
            "sweep": lambda: self.world.sweep(),
            "again": lambda: self.op_again(chance),
        }
        names = chance.choices(list(acts), (5, 3, 1, 1, 1), k=chance.choice((1, 2)))
        after = chance.random() < 0.6

        def act():
            with self.world.by_others():
                for name in names:
                    acts[name]()

        self.world.cms.meanwhile(act, after=after)

    def op_race(self, chance):
        """An answer is lost, or the request lands late, and a newer value comes."""
        again = chance.randrange(1 << 30)
        self.op_events(random.Random(again))  # noqa: S311
        self.world.cms.arm(chance.choice(("late", "late", "lost", "never")))
        self.world.run(chance.choice((1, 5, 20)))
        self.op_events(random.Random(again))  # noqa: S311  # of the same records
        self.world.run(chance.choice((1, 20, 50)))

    def op_lag(self, chance):
        self.world.cms.site.rules.filter_lag = chance.choice((0.0, 0.0, 5.0, 60.0))

    def op_die(self, chance):
        """The worker dies with a step in hand, before or after any command of it."""
        left = chance.randrange(1, 14)

        def point(_):
            nonlocal left
            left -= 1
            if left <= 0:
                raise Died

        self.world.die_at(point)
        with contextlib.suppress(Died):
            for _ in range(3):
                if self.world.step() is not None:
                    break
        self.world.cms.point = lambda _: None
        self.world.begin()

    def op_claim(self, chance):
        """A worker takes a claim, and hangs until it is over."""
        self.world.context.outbox.claim(self.world.settings.destinations["site"])

    def op_time(self, chance):
        self.world.pass_time(chance.choice((0.2, 3, 31, 61, 400, 2000)))

    def op_jump(self, chance):
        jump = chance.choice((0.0, -1500.0, -40.0, -2.0, 2.0, 40.0, 1500.0))
        if jump > self.world.clock.jump:
            # Nobody can tell how long a request still has: what is in the air lands now, or never.
            self.world.cms.end_flights(land=chance.random() < 0.5)
        self.world.sweep_meanwhile()  # the last was within the second before, as always
        self.world.clock.leap(jump)

    def op_sweep(self, chance):
        self.world.sweep()

    # the operator ---------------------------------------------------------------------------

    def op_replay(self, chance):
        letters = self.world.letters()
        if letters:
            self.exact = self.exact and letters[0].kind != "unmapped"
            self.world.replay(chance.choice(letters))
            self.exact = False

    def op_discard(self, chance):
        letters = [one for one in self.world.letters() if one.kind != "unmapped"]
        if letters:
            self.world.discard(chance.choice(letters))

    def op_pause(self, chance):
        self.world.context.breaker.pause("site", "an attack", by="operator")

    def op_resume(self, chance):
        self.world.context.breaker.resume("site")

    def op_remap(self, chance):
        self.world.remap(chance.choice(("erp", "shop", "till", "bare")))
        self.exact = False

    def op_snapshot(self, chance):
        """A snapshot is taken, to be reconciled with later."""
        self.snapshots.append(self._snapshot())

    def _snapshot(self):
        return {key: (dict(values), rev) for key, (values, rev) in self.source.items()}

    def op_reconcile(self, chance):
        """Reconcile the products with their source as it is now, or was."""
        old = self.snapshots and chance.random() < 0.3
        self.reconcile(chance.choice(self.snapshots) if old else self._snapshot())

    def reconcile(self, records):
        self.exact = False
        if not records:
            return False
        self.world.context.breaker.resume("site")
        with contextlib.suppress(ReconcileFailed):
            # Approved: in small collections the guard would hold what the truth takes for done.
            self.world.reconcile_products(
                records,
                partial=True,
                approved=len(records),
                before=lambda: self._note_rows(records),
            )
            return True
        self.unsure = self.dropped = True
        return False

    def _note_rows(self, records):
        for key, (values, rev) in records.items():
            self.truth.row("products", key, values, (2, rev, 0))

    # ----------------------------------------------------------------------------------------

    def play(self, operations):
        """Play *operations*, and let all come to rest; returns its Outcome."""
        for name, seed in operations:
            getattr(self, f"op_{name}")(random.Random(seed))  # noqa: S311  # no secret
            self.world.check(exact=self.exact)
            if self.outcome.problems:
                return self.outcome
        self.end(self.outcome)
        Judge(self.world).judge(self.outcome)
        return self.outcome

    def end(self, outcome):
        """Nothing breaks any more, and what is on its way arrives."""
        world = self.world
        for armed in (world.cms.armed, world.cms.before, world.cms.after):
            armed.clear()
        world.context.breaker.resume("site")
        self.resume_all()
        for one in self.mail:
            self.arrive(*one)
        self.mail.clear()
        self.approve_all()
        begun = world.clock.t
        if not self._rests(outcome):
            return
        self.approve_all()
        if not self._rests(outcome):
            return
        outcome.longest = world.clock.t - begun
        if world.cms.fresh and not self._see_variants(outcome):
            return
        if self.dropped and self.reconcile(self._snapshot()):
            self._rests(outcome)
        self.end_around(outcome, Judge(world).judge)
        world.check(exact=self.exact)

    def _see_variants(self, outcome):
        """What editors made is listed within an hour, while something is sent."""
        self.world.pass_time(3700)
        self.touch_each()
        rested = self._rests(outcome)
        self.world.cms.fresh.clear()
        return rested

    def _rests(self, outcome):
        world = self.world
        till = world.clock.t + QUIET
        try:
            rests = world.run(SEEN_AGAIN if world.theirs else QUIET)
            # What waits longer than for some looks, such as for an item that may yet be created.
            while world.theirs and not rests and world.counts()["pending"] and world.clock.t < till:
                rests = world.run(SEEN_AGAIN)
            # What an editor holds back is looked at again and again, and so is what a request wrote
            # without an answer, of a record that has a dead letter since.
            quiet = rests or bool(world.theirs or world.undecided())
        except AssertionError:
            quiet = False
        pending = world.counts()["pending"]
        if not quiet or pending:
            outcome.stuck.append(f"{pending} values are pending after {QUIET:g} s")
        return quiet


WEIGHTS = {
    "events": 24, "notice": 1, "mail": 3, "again": 2, "lose": 1, "work": 8, "step": 4, "network": 4,
    "meanwhile": 5, "race": 3, "lag": 1, "die": 3, "claim": 1, "time": 3, "jump": 1, "sweep": 1,
    "replay": 1, "discard": 1, "pause": 1, "resume": 1, "remap": 1, "snapshot": 1, "reconcile": 1,
}  # fmt: skip


def made(seed, installation=LIVE):
    """The operations of the histories of *seed*: 10 to 40, mostly few."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    length = chance.choice((10, 10, 10, 14, 20, 40))
    names = chance.choices(list(WEIGHTS), list(WEIGHTS.values()), k=length)
    operations = [(name, chance.randrange(1 << 30)) for name in names]
    # What is steered beside: pauses everywhere, the rest where deletes are held.
    steered = list(STEERED) if installation.holds else ["source_pause", "lane_pause", "go_on"]
    for _ in range(chance.choice((2, 4, 8)) if installation.holds else chance.choice((0, 0, 0, 2))):
        name = chance.choices(steered, [STEERED[name] for name in steered])[0]
        operations.insert(chance.randrange(length), (name, chance.randrange(1 << 30)))
    if beside := around(installation):
        for _ in range(chance.choice((3, 6, 12))):
            name = chance.choices(list(beside), list(beside.values()))[0]
            operations.insert(chance.randrange(length), (name, chance.randrange(1 << 30)))
    if installation.localized:
        for _ in range(chance.choice((1, 2, 4))):
            at = chance.choice((0, 0, chance.randrange(length)))
            operations.insert(at, ("variant", chance.randrange(1 << 30)))
    return operations


def played(world, operations, width=1, installation=LIVE):
    """Play *operations* in a world that begins anew; an exception of it is a problem, too."""
    world.reset(width, installation)
    history = History(world, width)
    try:
        return history.play(operations)
    except Exception as error:  # whatever it is: the history must be told
        outcome = Outcome()
        outcome.stuck.append(f"{type(error).__name__}: {error}")
        return outcome


def shortest(world, operations, width=1, installation=LIVE, seconds=60.0):
    """Return the shortest history found that still goes wrong."""
    till = time.monotonic() + seconds
    shorter = True
    while shorter and time.monotonic() < till:
        shorter = False
        for n in range(len(operations)):
            fewer = operations[:n] + operations[n + 1 :]
            if played(world, fewer, width, installation).problems:
                operations, shorter = fewer, True
                break
    return operations
