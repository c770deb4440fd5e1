"""An editor beside a destination that publishes: what is held back stays so, all else goes live."""

from dataclasses import replace

from service.sandbox.site.items import publish
from tests.attack.holdings import NUMBERS

SEEN = 31.0  # s: what an editor does between a look of Instep's and its publish may go along


class Editing:
    """
    Of a World.

    ``theirs``: (collection, key) → the text that an editor has not published; ``edited``: all that
    an editor ever held back; ``given_up``: records of which a letter was discarded.
    """

    theirs, edited, given_up = {}, set(), set()  # replaced by each history

    def hold_back(self, collection, key, *, draft=True, land=True):
        """
        An editor writes a text that Instep maps nowhere, and does not publish it.

        Args:
            draft: It is kept as a draft; else it is queued.
            land: Requests that are on their way land; else they never do.
        """
        items = self.cms.items(collection, key)
        if len(items) != 1 or (collection, key) in self.theirs:
            return
        (item,) = items
        if item.staged.archived or item.staged.draft or item.live is None:
            return
        self.cms.end_flights(land=land)
        self.theirs[collection, key] = text = f"theirs {self.clock.t}"
        self.edited.add((collection, key))
        fields = {**item.staged.fields, "note": text}
        now = self.cms.site.now()
        staged = replace(item.staged, fields=fields, draft=draft, updated=now)
        self.cms.site.collections[NUMBERS[collection]].store(item, staged)
        self.pass_time(SEEN)

    def publish_theirs(self):
        """The editor publishes all of it."""
        for collection, key in self.theirs:
            held = self.cms.site.collections[NUMBERS[collection]]
            for item in self.cms.items(collection, key):
                if not item.staged.archived:
                    publish(self.cms.site, held, [item.id])
        self.theirs = {}
        # An edit of the same millisecond would show by no time; nobody is as quick.
        self.pass_time(0.001)

    def undecided(self):
        """
        Records of which it may not be known who has edited them: a request without an answer may
        have written the item, and Instep writes nothing over a letter or a value that was given up.
        """
        letters = [(each.collection, each.key) for each in self.letters()]
        known = [one for one in (*letters, *sorted(self.given_up)) if one[0] in NUMBERS]
        return dict.fromkeys(known if self.installation.publishes else ())

    def publish_undecided(self):
        """A person does: with them no site is published, so that what is archived waits, too."""
        for collection, key in self.undecided():
            if (collection, key) in self.theirs:
                continue
            held = self.cms.site.collections[NUMBERS[collection]]
            for item in self.cms.items(collection, key):
                variants = self.cms.variants(collection, item.id).values()
                queued = [each.locale for each in variants if _is_queued(each)]
                publish(self.cms.site, held, [item.id], {item.id: queued})

    def is_site_held(self):
        """What an editor has queued holds up all that is published with the site."""
        found = (self.cms.items(*record) for record in self.theirs)
        queued = any(not item.staged.draft for items in found for item in items)
        return queued and self.installation.publish == "site"

    def check_theirs(self):
        for (collection, key), text in self.theirs.items():
            for item in self.cms.items(collection, key):
                if item.live is not None and item.live.fields.get("note") == text:
                    self.failed.append(f"{collection} {key}: what an editor held back is live")

    def judge_published(self, outcome):
        """What is staged is live, but for what an editor holds back, or a dead letter."""
        letters = {(each.collection, each.key) for each in self.letters()}
        self._judge_held(outcome)
        for collection in self.settings.collections:
            for item in self.cms.all_of(collection):
                key = item.staged.fields.get("sku")
                words = f"{collection} {key}"
                if (collection, key) in {*self.theirs, *letters}:
                    continue
                if item.staged.archived:
                    if item.live is not None:
                        outcome.lost.append(f"{words}: it is archived, and live")
                elif self._is_no_more_live(collection, key, item):
                    continue
                elif item.live is None or item.live.fields != item.staged.fields:
                    shown = item.live and dict(item.live.fields)
                    outcome.lost.append(f"{words}: live {shown}, staged {dict(item.staged.fields)}")

    def _is_no_more_live(self, collection, key, item):
        """It was unpublished; or archived as an editor's draft, and brought back as one."""
        unpublished = self.truth.is_gone(collection, key) == "unpublish"
        return unpublished or (item.staged.draft and (collection, key) in self.edited)

    def _judge_held(self, outcome):
        """Nothing is taken for an edit that no editor has made, but for what was given up."""
        known = self.edited | self.given_up
        for own in self.settings.collections.values():
            held = {(own.name, key) for key in self.context.publishing.held(own, 1000)}
            outcome.stale += [f"{name} {key}: held as edited" for name, key in held - known]


def _is_queued(item):
    copy = item.staged
    return not (copy.archived or copy.draft or (item.published and copy.updated <= item.published))
