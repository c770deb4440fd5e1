"""What a history has come to: the CMS is held against the truth, value by value."""

from dataclasses import dataclass, field

from tests.attack.truth import GONE
from tests.attack.world import places_of


@dataclass
class Outcome:
    """What one history has come to."""

    lost: list = field(default_factory=list)
    stale: list = field(default_factory=list)
    twice: list = field(default_factory=list)
    unbalanced: list = field(default_factory=list)
    stuck: list = field(default_factory=list)
    longest: float = 0.0  # simulated s from the last operation until all was quiet

    @property
    def problems(self):
        return [*self.lost, *self.stale, *self.twice, *self.unbalanced, *self.stuck]


class Judge:
    """
    Args:
        world: In which all is quiet.
        live: The live copies are looked at, too.
    """

    def __init__(self, world, *, live=True):
        self.world, self.truth = world, world.truth
        self.installation = world.installation
        self.live = live and self.installation.live

    def judge(self, outcome):
        """Note in *outcome* whatever is wrong."""
        world = self.world
        world.note_decisions()
        outcome.unbalanced += world.failed
        letters = {place: letter for letter in world.letters() for place in places_of(letter)}
        if len(letters) != world.counts()["dead"]:
            outcome.unbalanced.append(f"{world.counts()['dead']} dead, {len(letters)} in letters")
        for collection, key in dict.fromkeys(place[:2] for place in self.truth.fields):
            items = world.cms.items(collection, key)
            if len(items) > 1:
                outcome.twice.append(f"{collection} {key}: {len(items)} items")
                continue
            self._judge_record(outcome, collection, key, items[0] if items else None, letters)
        for key, value in world.objects.items():
            for where, item in self._variants("looks", world.cms.items("looks", key)[0]):
                shown = item.staged.fields.get("note")
                if shown != value and ("looks", key, "note") not in letters:
                    outcome.lost.append(f"looks {key}{where} note: {shown!r}, not {value!r}")
        known = self.installation
        live = known.live or known.publishes
        outcome.lost += world.cms.touched(live=live, written=known.written)
        world.judge_told(outcome)
        if known.publishes:
            world.judge_published(outcome)

    def _variants(self, collection, item):
        """Where, in words, and what is written of an item there."""
        if item is None or not self.installation.localized:
            return [("", item)]
        fresh = self.world.cms.fresh
        found = self.world.cms.variants(collection, item.id)
        return [
            (f" in {tag}", found[tag])
            for tag in self.installation.written
            if tag in found and (collection, item.id, tag) not in fresh
        ]

    def _judge_record(self, outcome, collection, key, item, letters):
        way = self.truth.is_gone(collection, key)
        whole = (collection, key, GONE) in letters or (collection, key, GONE) in (
            self.truth.discarded
        )
        variants = self._variants(collection, item)
        if way and not whole and item is not None:
            for where, variant in variants:
                self._judge_gone(outcome, f"{collection} {key}{where}", variant, way)
        for place, held in self.truth.fields.items():
            if place[:2] != (collection, key) or place[2] == GONE or not held.wanted:
                continue
            if place in {*self.truth.discarded, *self.truth.edited} or self._went_with_its_record(
                place, held, item
            ):
                continue
            if place in letters:
                self._judge_letter(outcome, place, held, letters[place])
                continue
            for where, variant in variants:
                self._judge_field(outcome, place, held, variant, where)

    def _went_with_its_record(self, place, held, item):
        """The record is deleted; or it was retired since, and no item holds what came before."""
        gone = self.truth.fields.get((*place[:2], GONE))
        if gone is None or item is not None:
            return self.truth.is_gone(*place[:2]) == "delete"
        return not gone.lifted or held.version < gone.version

    def _judge_gone(self, outcome, words, item, way):
        shown = {
            "archive": item.staged.archived,
            "unpublish": item.live is None,
            "delete": False,
        }
        if not shown[way]:
            outcome.lost.append(f"{words}: {way} is not done")

    def _judge_letter(self, outcome, place, held, letter):
        value = letter.fields[place[2]]["value"]
        if value != self._shown(place, held.value):
            outcome.stale.append(f"{place}: letter {value!r}, newest {held.value!r}")

    def _shown(self, place, value):
        return {"key": value, "to": "products"} if place[2] == "of" else value

    def _judge_field(self, outcome, place, held, item, where):
        if item is None:
            outcome.lost.append(f"{place}: no item, {held.value!r} is wanted")
            return
        copies = [item.staged]
        # What a listing showed as archived is written staged only: nobody sees the archived copy,
        # and the whole record is written live when it comes back.
        if item.live and self.live and not (item.staged.archived and item.live.archived):
            copies.append(item.live)
        for copy in copies:
            shown = copy.fields.get(place[2])
            wanted = [held.value, *held.also]
            if place[2] == "of":
                wanted = [one.id for one in self.world.cms.items("products", held.value)] or [shown]
            if shown not in wanted:
                older = any(shown == value for value in held.older)
                words = f"{place}{where}: {shown!r}, not {held.value!r}"
                (outcome.stale if older else outcome.lost).append(words)
                return
