"""What a history has around it: a source that is pulled, who is told, and an editor."""

import contextlib
import random

from tests.attack.feed import FEED
from tests.attack.holdings import NUMBERS
from tests.attack.listeners import FATES
from tests.attack.mortal import Died
from tests.attack.steering import Steering
from tests.attack.truth import Event
from workers.errors import ReconcileFailed

FED = {"list": 3, "pull": 6, "pull_death": 2}
TOLD = {"hearing": 4, "teller_death": 2, "echo": 2}
EDITED = {"draft": 4, "publish_theirs": 1}
SEEN_AGAIN = 1300.0  # s in which what is held back was looked at some times


def around(installation):
    """The operations of a history for what *installation* has beside the CMS, with weights."""
    fed = FED if installation.feed else {}
    told = TOLD if installation.told else {}
    queue = {"queue": 1} if installation.publish == "site" else {}
    return fed | told | (EDITED | queue if installation.publishes else {})


class Surroundings(Steering):
    """See `Sources`."""

    # the feed

    def op_list(self, chance):
        """The list changes."""
        self.world.feed.next_reading(chance, breaks=False)
        for _ in range(chance.choice((1, 2, self.width))):
            self.world.feed.change()

    def op_pull(self, chance):
        self.pull(chance)

    def pull(self, chance, *, breaks=True):
        """Returns whether all was read and done."""
        self.exact = False
        with contextlib.suppress(ReconcileFailed):
            outcome = self.world.pull(chance, breaks=breaks)
            return outcome is not None and outcome.code == 0
        return False

    def op_pull_death(self, chance):
        """A pull dies before or after any command, request or page."""
        self._die(chance, 60, lambda: self.pull(chance))

    def _die(self, chance, most, work):
        left = chance.randrange(1, most)

        def point(_):
            nonlocal left
            left -= 1
            if left <= 0:
                raise Died

        self.world.die_at(point)
        with contextlib.suppress(Died):
            work()
        self.world.cms.point = lambda _: None
        self.world.begin()

    # who is told

    def op_hearing(self, chance):
        """The next messages meet something."""
        listener = chance.choice(list(self.world.listeners.values()))
        listener.armed += chance.choices(FATES, k=chance.choice((1, 1, 3, 15)))
        if chance.random() < 0.3:
            self.world.context.writeback_states.resume(chance.choice(list(self.world.listeners)))

    def op_teller_death(self, chance):
        self._die(chance, 12, self.world.tell)

    def op_echo(self, chance):
        """A row that was told of comes back as an event."""
        heard = sorted(self.world.listeners["products"].heard)
        if heard:
            self._echo(chance.choice(heard))

    def _echo(self, key):
        values, _ = self.source.get(key, (None, 0))
        if values:
            rev = self._next()
            payload = {"id": f"e{rev}", "type": "changed", "sku": key, "rev": rev, **values}
            self.source[key] = (values, rev)
            event = Event("erp", f"e{rev}", "products", key, dict(values), (2, rev, 0), payload)
            self.arrive("erp", [event])

    # the editor

    def op_draft(self, chance):
        """An editor holds back a draft."""
        self._hold_back(chance, chance.choice(("products", FEED)), draft=True)

    def op_queue(self, chance):
        """An editor queues an item of a collection that Instep knows nothing of."""
        self._hold_back(chance, FEED, draft=False)

    def _hold_back(self, chance, collection, *, draft):
        key = f"K{chance.randrange(1, self.width + 1)}"
        self.world.hold_back(collection, key, draft=draft, land=chance.random() < 0.5)

    def op_variant(self, chance):
        """An editor translates an item, of a record that is not retired."""
        cms = self.world.cms
        for collection in NUMBERS:
            key = f"K{chance.randrange(1, self.width + 1)}"
            tag = chance.choice(self.world.installation.tags[1:])
            # What is queued besides would hold up all that is published with the site.
            published = chance.random() < 0.7 or self.world.installation.publishes
            if self.truth.is_gone(collection, key):
                continue
            for item in cms.items(collection, key):
                if tag not in cms.variants(collection, item.id):
                    cms.add_variant(collection, item, tag, published=published)
                    cms.fresh.add((collection, item.id, tag))

    def op_publish_theirs(self, chance):
        del chance
        self.world.publish_theirs()

    # the end

    def end_around(self, outcome, judge):
        """Pull and tell once more; *judge* with what an editor holds back, and without."""
        world = self.world
        # A source without any record retires nothing: of an empty list no pull gets in step.
        if world.feed and world.feed.api.records and not self._pull_whole(outcome):
            return
        if world.undecided():
            world.publish_undecided()
            self._rests(outcome)
        world.let_hear()
        if world.theirs:
            self._rests(outcome)
            world.check_theirs()
            if not world.is_site_held():
                judge(outcome)
            world.publish_theirs()
        if not self._rests(outcome):
            return
        if world.listeners and not world.letters():
            self._end_echoes(outcome)

    def _pull_whole(self, outcome):
        # What the store's clock, which is ahead, has noted as written later than the next reading.
        self.world.pass_time(max(0.0, self.world.clock.jump) + 61.0)
        for seed in range(4):
            if self.pull(random.Random(seed), breaks=False):  # noqa: S311  # no secret
                break
        else:
            outcome.stuck.append("the feed is not in step after four pulls")
            return False
        rested = self._rests(outcome)
        self.world.judge_feed(outcome)
        return rested

    def _end_echoes(self, outcome):
        """What comes back as it is held is told once at most."""
        listener = self.world.listeners["products"]
        for turn in range(2):
            before = listener.count
            for key in sorted(listener.heard):
                self._echo(key)
            self._rests(outcome)
            if turn and listener.count != before:
                outcome.twice.append(f"echoes are told: {listener.count - before}")
