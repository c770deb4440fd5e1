"""
Every crash point of web, worker, sweep, fetch and reconcile: the process is gone right before or
right after its n-th command to the store or request to the CMS, for every n until it completes.

Once it is gone, nothing that it does any more reaches anybody, as after kill -9. A successor goes
on, a sender that got no answer sends again, a reconcile is run again; then the end is judged.
"""

import random

from tests.attack.cms import FATES
from tests.attack.histories import History
from tests.attack.holdings import NUMBERS
from tests.attack.installation import INSTALLATIONS
from tests.attack.judge import Judge, Outcome
from tests.attack.mortal import Died

PROCESSES = ("web", "worker", "sweep", "fetch", "reconcile")
MOST = 5000  # points of one process: more are a loop that does not end


class Bomb:
    """Raises Died at the *n*-th point, and at every one after it."""

    def __init__(self, n):
        self.left, self.off = n, False

    def __call__(self, _):
        if self.off:
            return
        self.left -= 1
        if self.left <= 0:
            raise Died


class Crash:
    """
    Args:
        process: Of `PROCESSES`.
        seed: Of what there is to do, and of how it is set up: one installation after the other.
    """

    def __init__(self, world, process, seed):
        world.reset(2, list(INSTALLATIONS.values())[seed % len(INSTALLATIONS)])
        self.world, self.process = world, process
        self.history = History(world, 2)
        self.history.exact = False  # what has no id may come twice
        self.chance = random.Random(f"{process} {seed}")  # noqa: S311  # no secret
        self.sent, self.again = [], False
        for tag in world.installation.written[1:]:
            for name in NUMBERS:
                (item,) = world.cms.items(name, "K1")
                world.cms.add_variant(name, item, tag, published=tag == "de")

    def happen(self, n):
        """Let the process die at its *n*-th point; returns whether it did, and the Outcome."""
        self._prepare()
        work = getattr(self, f"_{self.process}")
        bomb = Bomb(n)
        self.world.die_at(bomb)
        died = False
        try:
            work()
        except Died:
            died = True
        bomb.off = True
        self.world.die_at(lambda _: None)
        if died:
            self.world.begin()
            self._succeed()
        outcome = Outcome()
        self.world.check(exact=False)
        self.history.end(outcome)
        Judge(self.world).judge(outcome)
        return died, outcome

    def _prepare(self):
        """What there is to do: it has not begun yet."""
        chance, history = self.chance, self.history
        if self.process == "web":
            self.sent = [
                ("erp", [history._stock(chance, n) for n in (1, 2, 1)]),
                ("bare", [history._note(chance, 1)]),
                ("shop", [history._price(chance, 1), history._price(chance, 2)]),
            ]
            return
        for _ in range(3):
            history.op_events(chance)
        history.op_mail(chance)
        if self.process in ("fetch", "sweep"):
            history.op_notice(chance)
            history.op_notice(chance)
        if self.process == "worker" and chance.random() < 0.5:
            self.world.cms.arm(chance.choice(FATES))
        if self.process == "reconcile":
            self.world.run(60)
            self.world.cms.edit("products", "K1", stock=-1)
            history._stock(chance, 1)
            history._stock(chance, 2)
            history.dropped = True

    def _web(self):
        while self.sent:
            source, events = self.sent[0]
            self.world.deliver(source, events, again=self.again)
            self.sent.pop(0)
            self.again = False

    def _worker(self):
        for _ in range(400):
            wait = self.world.step()
            if wait is not None:
                if wait.seconds is None or wait.seconds > 400:
                    return
                self.world.pass_time(wait.seconds + 0.003)

    def _sweep(self):
        context = self.world.context
        context.breaker.resume_renewed()
        context.upgrade.look_again()
        for _ in range(3):
            _, seconds = self.world.sweep()
            self.world.pass_time(seconds + 0.003)

    def _fetch(self):
        self.world.fetch()

    def _reconcile(self):
        self.history.reconcile(self.history._snapshot())

    def _succeed(self):
        """What whoever was left in the lurch does."""
        if self.process == "web":
            self.again = True  # the sender got no answer to the first, and sends it once more
            self._web()
        elif self.process == "reconcile":
            self._reconcile()


def every(world, process, seed, *, most=MOST, stride=1, told=lambda _: None):
    """
    Yield n and the Outcome of each crash point of a *process*.

    Args:
        stride: Only each so manieth point.
    """
    n = 1
    while n < most:
        died, outcome = Crash(world, process, seed).happen(n)
        if not died:
            return
        told(n)
        yield n, outcome
        n += stride
    raise AssertionError(f"{process} has more than {most} points")
