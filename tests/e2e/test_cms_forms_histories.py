"""Random histories: writes and answers that are lost, editors and listings between them."""

import random
import re
import unicodedata

import pytest

from service.reconcile.plan import causes
from tests.support.depth import depth

NUMBERS = range(1, 6)


def sent(slug, n):
    """The *n*-th value of a source, in a form that the CMS does not keep."""
    return {
        "contact": f"Ann{n}@Example.com",
        "website": f"https://people.example/p{n}/",
        "supplier": f"Cafe\u0301 {n}",
        "description": f"<ul>\n<li>Text {n}</li>\n</ul>"
        f'<p><img src="https://media.example.com/pic{n}.jpg"></p>',
    }[slug]


SLUGS = ("contact", "website", "supplier", "description")


def is_kept(slug, n, held):
    """Whether *held* is what this CMS makes of that value; told apart from the code under test."""
    if held is None:
        return False
    if slug != "description":
        form = {
            "contact": str.lower,
            "website": lambda text: text[:-1],
            "supplier": lambda text: unicodedata.normalize("NFC", text),
        }[slug]
        return held == form(sent(slug, n))
    words, pictures = re.findall(r"Text \d+|Mine \d+", held), re.findall(r"_(\w+)\.jpg", held)
    return (words, pictures) == ([f"Text {n}"], [f"pic{n}"])


class History:
    """Args: way: with a reconcile beside it; seed: of what happens."""

    def __init__(self, way, seed):
        self.way, self.random = way, random.Random(seed)  # noqa: S311  # a test
        self.values = {}  # (item, slug) → the number of its newest value
        self.edited = set()  # what an editor has written over since
        self.spoiled = set()  # what the CMS would not take: a letter of it is right
        self.version = self.count = 0
        self.source = {}

    def play(self, steps):
        actions = [self.change, self.change, self.lose, self.edit, self.run, self.reconcile]
        for _ in range(steps):
            self.random.choice(actions)()
            self.way.pass_time(self.random.choice([0.5, 5, 100]))
        self.run()

    def change(self):
        self.count += 1
        self.version += 1
        place = self.random.choice(NUMBERS), self.random.choice(SLUGS)
        if self.random.random() < 0.3 and place in self.values:
            n = self.values[place]  # the same value again
        else:
            n = self.count
        item, slug = place
        value = sent(slug, n)
        self.way.change(item, {slug: value, "stock": self.count}, version=self.version)
        self.values[place] = n
        self.source.setdefault(self.way.record(item), ({}, None))[0][slug] = value
        self.spoiled.discard(place)

    def lose(self):
        """Writes have no effect, or their answers do not come; then some are under way."""
        kind = self.random.choice(["drop-field", "reset-after", "reset-before", "omit-item"])
        times = self.random.choice([1, 3])
        slug = self.random.choice(SLUGS) if kind == "drop-field" else None
        self.way.fault(kind, times=times, **({"slug": slug} if slug else {}))
        self.change()
        self.way.run()
        letters = {(letter.key, each) for letter in self.way.letters() for each in letter.fields}
        for place in self.values:
            if (self.way.record(place[0]), place[1]) in letters and place not in self.spoiled:
                assert (place[1], times) == (slug, 3), "a good write is dead"
                self.spoiled.add(place)
        self.way.mend()
        self.check(self.values)

    def edit(self):
        self.run()
        if not self.values:
            return
        place = self.random.choice(sorted(self.values))
        item, slug = place
        held = self.way.staged(item).get(slug)
        self.count += 1
        mine = {
            "contact": f"mine{self.count}@example.com",
            "website": f"https://people.example/mine{self.count}",
            "supplier": f"Mine {self.count}",
            "description": (held or "").replace("Text", "Mine") + f"<p>Mine {self.count}</p>",
        }[slug]
        self.way.edit(item, **{slug: mine})
        self.edited.add(place)

    def run(self):
        before = dict(self.values)
        self.way.run()
        self.check(before)

    def reconcile(self):
        self.run()
        if not self.source:
            return
        records = {record: (fields, None) for record, (fields, _) in self.source.items()}
        told = self.way.reconcile(records, partial=True)
        found = {
            (finding.record, finding.slug)
            for finding, _ in told.all
            if finding.cause in causes.DIFFERENCES
        }
        edits = {(self.way.record(item), slug) for item, slug in self.edited - self.spoiled}
        assert found == edits, "what an editor wrote, and nothing else, differs"
        self.edited &= self.spoiled
        self.check(self.values)
        again = self.way.reconcile(records, partial=True)
        assert {call.method for call in again.calls} == {"GET"}

    def check(self, values):
        """What is written is there, and what is there is not dead."""
        for place, n in values.items():
            item, slug = place
            state = self.way.field(item, slug)["s"]
            kept = is_kept(slug, n, self.way.staged(item).get(slug))
            if place in self.edited:
                # Sent since then or not, an editor's value is no form.
                if kept:
                    self.edited.discard(place)
                continue
            assert (state in ("written", "unchanged")) == kept, (place, n, state)
            assert (state == "dead") == (place in self.spoiled), (place, n)


@pytest.mark.parametrize("api", ["v1", "v2"])
@pytest.mark.parametrize("seed", range(depth(2, 8)))
def test_what_is_written_is_there_and_what_is_there_is_written(reconciling, seed, api):
    way = reconciling(api=api, items=5, window=60000, requests_per_minute=60000)
    rules = way.site.rules
    rules.lowers_emails = rules.trims_links = rules.composes_texts = True
    History(way, seed).play(40)
