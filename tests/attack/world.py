"""
The whole of Instep in one process: intake, outbox, deliverer, fetches, reconcile, on a real store,
before the CMS of an attack. Its time is simulated: it goes on only where somebody waits.
"""

import contextlib
import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from service.config.build import build
from service.ingest.event_mapper import Reader
from service.ingest.fetch_runner import Runner
from service.ingest.intake import Intake
from service.ingest.remap import Remap
from tests.attack.cms import Cms, Line
from tests.attack.editor import Editing
from tests.attack.feed import Feed, Pulling
from tests.attack.installation import LIVE, written
from tests.attack.listeners import Listener, Telling
from tests.attack.mortal import Clock, ClockedSteps, Mortal
from tests.attack.operator import Operator
from tests.attack.steered_truth import SteeredTruth
from tests.attack.truth import GONE
from tests.attack.work import Work
from tests.support.reconcile_rig import Reconciling
from workers.delivery import reads
from workers.delivery.context import make_context
from workers.delivery.deliver import Deliverer
from workers.model.retirement import shown_slug
from workers.store.delivery_log import Kept
from workers.store.outbox import balanced

PROOF = {"authorization": "Bearer s3cret", "content-type": "application/json"}
_now = SimpleNamespace(world=None)


def looked(notice):
    """What the system of the thin notices holds of an object."""
    return _now.world.look(notice.object)


class World(Work, Operator, Pulling, Telling, Editing):
    """Args: socket: of a store that is this world's alone."""

    def __init__(self, socket, *, durability="always"):
        self.socket = str(socket)
        self.folder = tempfile.TemporaryDirectory(prefix="instep-attack-")
        self.durability = durability
        self.configurations = {}
        self.clock = Clock()
        self.clock.sweep = self.sweep_meanwhile
        self.cms = Cms(self.clock)
        self.by = "key"
        self.clients = []
        _now.world = self
        self.install(LIVE)

    def close(self):
        self.end()
        self.folder.cleanup()

    def install(self, installation):
        """From the next start on, be set up so."""
        self.installation, name = installation, installation.name
        if name not in self.configurations:
            folder = Path(self.folder.name) / name
            folder.mkdir()
            self.configurations[name] = build(written(folder, installation, self.durability))
        self.configuration = self.configurations[name]
        self.settings = self.configuration.settings
        self.line = Line(self.settings.destinations["site"], self.cms.carry)

    # one life of it ---------------------------------------------------------------------------

    def reset(self, items=3, installation=LIVE):
        """Begin anew: an empty store, some items in each collection."""
        if installation is not self.installation:
            self.end()
            self.install(installation)
        self.clock.t = round(self.clock.t / 1000) * 1000 + 90_000.0
        self.clock.leap(0.0)
        self.clock.note_sweep()
        self.cms.reset(items, installation.tags)
        self.truth, self.objects, self.failed = SteeredTruth(holds=installation.holds), {}, []
        self.feed = Feed(installation.feed, items) if installation.feed else None
        self.listeners = {name: Listener(self) for name in installation.told}
        self.theirs, self.edited, self.given_up = {}, set(), set()
        self.begin()
        self.client.flushall()

    def begin(self):
        """Start the processes, as after a crash."""
        self.end()
        self.client = Mortal(unix_socket_path=self.socket, decode_responses=True)
        self.clients = [self.client]
        self.steps = ClockedSteps(self.client, self.clock)
        self.queued = set()
        wakes = SimpleNamespace(wake=self.queued.add, crowded=lambda _: False, close=lambda: None)
        self.context = make_context(self.settings, self.steps, wakes)
        self.see_undoes()
        self.deliverer = Deliverer(self.context, spread=lambda: 0.5, clock=lambda: self.clock.t)
        self.deliverer.reader.client = lambda _: self.line
        mappings = self.configuration.mappings
        self.intake = Intake(
            self.configuration.senders,
            mappings,
            self.context.outbox,
            self.queued.add,
            self.settings.collections,
        )
        self.runner = Runner(self.context, mappings, spread=lambda: 0.5)

    def end(self):
        if self.clients:
            self.deliverer.close()
        for client in self.clients:
            client.close()

    def die_at(self, point):
        """From now on *point* is called at each command and request; it may raise Died."""
        self.client.point = self.cms.point = point

    # time

    def now(self):
        return self.clock.t

    def store_us(self):
        return self.clock.store_us

    def pass_time(self, seconds):
        self.clock.go(seconds)
        self.cms.tick()
        for listener in self.listeners.values():
            listener.tick()

    @contextlib.contextmanager
    def by_others(self):
        """What is done in it, other processes do: they do not die."""
        point, self.client.point = self.client.point, lambda _: None
        self.cms.point = self.client.point
        try:
            yield
        finally:
            self.client.point = self.cms.point = point

    def sleep(self, seconds):
        """As a reconcile sleeps: the workers work meanwhile."""
        with self.by_others():
            self.run(60)
            self.pass_time(seconds)

    def sweep_meanwhile(self):
        """As `Clock` asks for, in the process of another worker."""
        with self.by_others():
            self.queued.update(self.sweep()[0])

    # what comes in

    def deliver(self, source, events, *, again=False):
        """
        One request with *events*.

        Args:
            again: It may have come before, without an answer.
        """
        body = json.dumps({"events": [event.payload for event in events]}).encode()
        self.note_decisions()
        now = self.store_us()
        receipt = self.intake.receive(
            source, PROOF, body, now=datetime.fromtimestamp(self.clock.t, UTC)
        )
        expected = sum(self.truth.accept(event, now) for event in events)
        if receipt.accepted != expected and not (again and receipt.accepted == 0):
            self.failed.append(f"accepted {receipt.accepted} values, not {expected}")
        self.note_decisions()

    def look(self, object):
        return {"sku": object, "note": self.objects[object]}

    def notify(self, object, id):
        payload = {"id": id, "type": "changed", "object": object}
        body = json.dumps(payload).encode()
        self.intake.receive("thin", PROOF, body, now=datetime.fromtimestamp(self.clock.t, UTC))

    # the operator

    def letters(self):
        return self.context.letters.list()

    def replay(self, letter):
        if letter.kind == "unmapped":
            self.intake.replay(self.context.letters.show(letter.id))
        else:
            self.context.letters.replay(letter.id)

    def discard(self, letter):
        """Drop a letter: what it held is expected no more, of a record without an item all."""
        if self.context.letters.discard(letter.id):
            self.truth.discarded.update(places_of(letter))
            self.given_up.add((letter.collection, letter.key))
            if not self.client.exists(f"instep:item:{letter.collection}:{letter.key}"):
                self.truth.forget(letter.collection, letter.key)

    def remap(self, source):
        """Run all that is kept of *source* again, by the same mappings."""
        kept = Kept(self.context.outbox)
        window = kept.window(source)
        reader = Reader(self.configuration.senders, self.configuration.mappings)
        made = Remap(kept, reader, source, dry=False, wake=self.queued.add)
        made.run(window.now - timedelta(days=30), window.last, lambda *_: None)
        self.truth.remap(source)

    # a reconcile: as tests/support/reconcile_rig.py has it

    forget_requests = staticmethod(lambda: None)
    requests = ()

    def __getattr__(self, name):
        """What else that needs of its own."""
        found = vars(Reconciling).get(name)
        if found is None or name.startswith("__"):
            raise AttributeError(name)
        return found.__get__(self)

    def reconcile_products(self, records, **options):
        # It makes clients of its own.
        with mock.patch.object(reads, "Client", return_value=self.line):
            return Reconciling.reconcile(self, records, **options)

    # what holds

    def counts(self):
        return self.context.outbox.counts()

    def check(self, *, exact):
        """P4, after every step; *exact*: nothing but deliveries has been accepted."""
        self.note_decisions()
        self.check_holds()
        self.check_feed()
        self.check_theirs()
        counts = self.counts()
        if not balanced(counts):
            self.failed.append(f"P4: {counts}")
        elif exact and counts["accepted"] != self.truth.accepted:
            self.failed.append(f"P4: {counts['accepted']} accepted, not {self.truth.accepted}")
        elif exact and counts["stale"] != self.truth.stale:
            self.failed.append(f"P4: {counts['stale']} stale, not {self.truth.stale}")


def places_of(letter):
    """The places of the values that a letter holds."""
    return [
        (letter.collection, letter.key, GONE if shown_slug(GONE) == slug else slug)
        for slug in letter.fields
    ]
