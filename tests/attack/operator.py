"""What an operator of a world does: decides on deletes, undoes, pauses; and what must hold then."""

import contextlib
import json
from types import SimpleNamespace
from unittest import mock

import redis

from service.operate import undo
from service.operate.bulk_runner import BulkRunner
from tests.attack.mortal import Died
from tests.attack.truth import GONE
from tests.support.stored_items import item_of
from workers.delivery import reads
from workers.store import problem_keys
from workers.store.erasure import Erasure
from workers.store.held_deletes import HeldDeletes
from workers.store.key_text import KeyText
from workers.store.pauses import Pauses


class Operator:
    """Of a World."""

    _looking = None

    @property
    def looking(self):
        """A client that nothing befalls, and that takes no time."""
        if self._looking is None:
            self._looking = redis.Redis(unix_socket_path=self.socket, decode_responses=True)
        return self._looking

    # deletes

    def held(self):
        """(collection, key) → the delete that is held."""
        if not self.installation.holds:
            return {}
        found = HeldDeletes(SimpleNamespace(client=self.looking), self.settings).list(limit=10**6)
        return {(each.collection, each.record): each for each in found}

    def note_decisions(self):
        """What is held no longer has taken its place."""
        if not self.installation.holds:
            return
        held = self.held()
        for record in [one for one in self.truth.held if one not in held]:
            self.truth.release(record)
        for record in held:
            if record not in self.truth.held:
                self.failed.append(f"{record}: its delete is held though it is over")

    def check_holds(self):
        """What is held is counted as pending, and the CMS shows nothing of it."""
        pending = 0
        held = self.held()
        for key in self.looking.scan_iter("instep:item:*", count=1000):
            stored = item_of(self.looking, key)
            fields = [json.loads(text) for name, text in stored.items() if name[:2] == "f:"]
            pending += sum(field["s"] == "pending" for field in fields)
            if ("held" in stored) != (tuple(key.split(":", 3)[2:]) in held) and held:
                self.failed.append(f"{key}: held, or not listed")
        if pending + len(held) != self.counts()["pending"]:
            told = self.counts()["pending"]
            self.failed.append(f"P4: {told} pending, not {pending} and {len(held)} held")
        for record in held:
            if (*record, GONE) not in self.truth.fields:
                self._check_shown(*record)

    def _check_shown(self, collection, key):
        """Nothing has ever retired it."""
        for item in self.cms.items(collection, key):
            if item.staged.archived or (item.live is None and self.installation.live):
                self.failed.append(f"{collection} {key}: it is away, and its delete is held")

    def decide(self, act, records):
        """Approve or drop what is held of *records*; all that is in force ends as it must."""
        deletes = HeldDeletes(self.steps, self.settings)
        held = self.held()
        self.note_decisions()
        for collection in {record[0] for record in records}:
            named = [
                (record[1], held[record].arrival)
                for record in records
                if record in held and record[0] == collection
            ]
            decided = getattr(deletes, act)(collection, named, "ada")
            self.queued.update(decided.wake)
            if decided.left or decided.done != len(named):
                self.failed.append(f"{act} {collection}: {decided} of {named}")
            for key, _ in named if act == "drop" else ():
                self.truth.drop((collection, key))
        self.note_decisions()

    def forget(self, collection, key):
        """Erase all that is known of a record; nothing of it is left in any set."""
        raw = redis.Redis(unix_socket_path=self.socket)
        erasure = Erasure(raw, self.steps, KeyText(collection, key, names=("sku",)))
        erasure.run(erasure.find())
        erasure.end()
        raw.close()
        self.truth.erase(collection, key)
        self.objects.pop(key, None)  # a notice that names it may wait no longer
        for name in self.looking.scan_iter(f"instep:*:{collection}*", _type="zset", count=1000):
            if self.looking.zscore(name, key) is not None:
                self.failed.append(f"{name}: it holds {key}, which was erased")

    # undo

    def undo(self, selection, *, die=None):
        """
        Undo what is named; returns the id of the run.

        Args:
            die: The process dies there, and another one goes on with it.
        """
        with mock.patch.object(reads, "Client", return_value=self.line):
            id = undo.start(
                self.context, selection, "ada", approved=True, wake=False, sleep=self.sleep
            )
            if die:
                self.die_at(die)
                with contextlib.suppress(Died):
                    BulkRunner(self.context, sleep=self.sleep).carry_out(id)
                self.cms.point = lambda _: None
                self.begin()
                self.client.delete(problem_keys.running(id))  # as its time runs out
            BulkRunner(self.context, sleep=self.sleep).carry_out(id)
        return id

    def see_undoes(self):
        """From now on note what undoes the store takes."""
        accept = self.context.outbox.accept

        def noting(delivery, **options):
            if delivery.mode != "undo":
                return accept(delivery, **options)
            self.note_decisions()
            changes = [change for event in delivery.events for change in event.changes]
            before = [self._stored(change) for change in changes]
            try:
                return accept(delivery, **options)
            finally:  # this process may die once the store has taken them
                for change, held in zip(changes, before, strict=True):
                    self._note_undo(change, held, self._stored(change))
                self.note_decisions()

        self.context.outbox.accept = noting

    def _stored(self, change):
        return item_of(self.looking, f"instep:item:{change.collection}:{change.record}")

    def _note_undo(self, change, before, after):
        record = (change.collection, change.record)
        for field in change.fields:
            name = f"f:{field.slug}"
            was, now = (json.loads(held.get(name, "{}")) for held in (before, after))
            if field.slug == GONE and field.value != "null":
                if was.get("a") != now.get("a") or before.get("held") != after.get("held"):
                    self.truth.take_away(record, json.loads(field.value))
            elif was.get("a") == now.get("a"):
                continue
            elif field.slug == GONE:
                self.truth.lift(record)
            else:
                self._note_value(record, field, json.loads(was["v"]))

    def _note_value(self, record, field, was):
        place = (*record, field.slug)
        held = self.truth.fields.get(place)
        if held is None:
            return  # such as a slug
        edited = self.truth.edited.get(place)
        shown = [one.staged.fields.get(field.slug) for one in self.cms.items(*record)]
        if edited is not None and edited in shown and json.loads(field.value) != edited:
            self.failed.append(f"{place}: undone over {edited!r}, which an editor wrote")
        if field.slug != "of" and held.value != was:
            self.failed.append(f"{place}: undone from {was!r}, though {held.value!r} is newer")
        self.truth.undo(place, json.loads(field.value))

    # pauses

    def pause(self, name):
        Pauses(self.steps, self.settings).pause(name, "an attack", by="ada")

    def go_on(self, name):
        self.queued.update(Pauses(self.steps, self.settings).resume(name))

    def paused(self):
        return sorted(Pauses(self.steps, self.settings).read())

    def is_paused(self):
        return bool(self.paused() or self.looking.hget("instep:destination:site", "paused"))
