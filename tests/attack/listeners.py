"""
Who is told by write-backs: a target that answers or not, and what it must have heard in the end.

It does what Instep asks of one: of a record it takes nothing with a lower sequence than it has.
"""

import json

from workers.delivery.writeback import HttpTarget, Teller
from workers.errors import OutgoingError
from workers.outgoing.http_request import Reply

FATES = ("lost", "never", "late", "refused", 500, 429, 503, 422, 401)
LATEST = 40.0  # s after which nothing lands any more


class Listener:
    """Args: world: Whose time goes on while a message is under way."""

    def __init__(self, world):
        self.world = world
        self.armed, self.aloft = [], []
        self.heard = {}  # key → the newest message
        self.sent = {}  # key → the highest sequence that was ever sent
        self.ids = set()
        self.count = 0

    def __call__(self, method, address, *, body, headers, secrets, seconds):
        del method, address, secrets
        self.world.client.point("before a message")
        self.count += 1
        self.world.pass_time(0.05)
        told = json.loads(body)
        self._note_sent(told, headers["webhook-id"])
        fate = self.armed.pop(0) if self.armed else 200
        if fate in (200, "lost"):
            self._hear(told)
        if fate == "late":
            self.aloft.append((self.world.clock.t + LATEST, told))
        if fate in ("lost", "never", "late"):
            self.world.pass_time(seconds)
            raise OutgoingError("no whole answer", sent=True)
        if fate == "refused":
            raise OutgoingError("connection refused", sent=False)
        self.world.client.point("after a message")
        return Reply(fate, "said", 3.0 if fate == 429 else None)

    def _note_sent(self, told, id):
        """What is told for the first time is newer than all that was told before."""
        key, sequence = told["key"], told["sequence"]
        if id not in self.ids and sequence <= self.sent.get(key, 0):
            self.world.failed.append(f"{key}: {sequence} was told after {self.sent[key]}")
        self.ids.add(id)
        self.sent[key] = max(sequence, self.sent.get(key, 0))

    def _hear(self, told):
        held = self.heard.get(told["key"])
        if held is None or told["sequence"] >= held["sequence"]:
            self.heard[told["key"]] = told

    def tick(self):
        """Let what is due land."""
        due = [one for one in self.aloft if one[0] <= self.world.clock.t]
        self.aloft = [one for one in self.aloft if one not in due]
        for _, told in due:
            self._hear(told)


class _OneByOne(HttpTarget):
    """Its messages have one order: a history can be played again."""

    at_once = 1


class Telling:
    """Of a World: its write-backs, by name in ``listeners``."""

    listeners = {}  # noqa: RUF012  # replaced, not changed

    def tell(self):
        """Tell what is due; returns the seconds until there may be more, None: nothing waits."""
        waits = []
        for name, listener in self.listeners.items():
            own = self.settings.writebacks[name]
            teller = Teller(
                self.context.writebacks,
                own,
                target=_OneByOne(own, listener, self.now),
                spread=lambda: 0.5,
                ticks=self.now,
            )
            wait = 0.0
            while wait == 0.0:
                wait = teller.step()
            waits.append(wait)
        return min((wait for wait in waits if wait is not None), default=None)

    def let_hear(self):
        """Whatever had refused lets it in again, and no message is on its way."""
        for name, listener in self.listeners.items():
            listener.armed.clear()
            self.context.writeback_states.resume(name)
        self.pass_time(LATEST)

    def judge_told(self, outcome):
        """Each listener knows of each record what the CMS has."""
        open_letters = {(each.collection, each.key) for each in self.letters()}
        for name, listener in self.listeners.items():
            if self.looking.hexists(f"instep:writeback:{name}", "paused"):
                continue
            collection = self.settings.writebacks[name].collection
            for key in self._changed(collection) - listener.heard.keys():
                if (collection, key) not in open_letters:
                    outcome.lost.append(f"{name}: nobody told it of {key}")
            for key, told in listener.heard.items():
                if (collection, key) in open_letters:
                    continue
                shown = (told["item"], told["state"])
                wanted = self._standing(collection, key)
                if shown[0] != wanted[0] or shown[1] not in wanted[1]:
                    outcome.stale.append(f"{name} {key}: told {shown}, the CMS has {wanted}")

    def _changed(self, collection):
        """The keys of the items that are not as they were at the beginning."""
        given = {id: copies[0].fields for (_, _, id), copies in self.cms.given.items()}
        return {
            item.staged.fields["sku"]
            for item in self.cms.all_of(collection)
            if {**item.staged.fields, "note": 0} != {**given.get(item.id, {}), "note": 0}
        }

    def _standing(self, collection, key):
        """The item of a record, and the words for how it is."""
        items = self.cms.items(collection, key)
        if not items:
            return None, ("deleted", "none")
        (item,) = items[:1]
        if item.staged.archived:
            return item.id, ("archived",)
        if item.staged.draft or (collection, key) in self.edited:
            # What an editor does with a draft is no event of Instep's.
            return item.id, ("draft", "unpublished", "live", "staged")
        return item.id, ("live",) if item.live and item.live == item.staged else ("staged", "live")
