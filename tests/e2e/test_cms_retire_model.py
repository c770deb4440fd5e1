"""Records that go and come back at random, editors at work between, and answers that get lost."""

import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.delivery_rig import Way
from tests.support.depth import depth

WAYS = ("archive", "draft", "unpublish", "keep")
# What an editor does is what the item is to show, whenever its record is there.
ACTS = ("publish", "unpublish", "archive", "take out", "make a draft")
STEPS = st.one_of(
    st.tuples(st.just("gone"), st.sampled_from(WAYS)),
    st.tuples(st.just("gone"), st.sampled_from(WAYS)),
    st.tuples(st.just("back"), st.integers(1, 9)),
    st.tuples(st.just("back"), st.integers(1, 9)),
    st.tuples(st.just("editor"), st.sampled_from(ACTS)),
    st.tuples(st.just("lost"), st.sampled_from(["reset-after", "reset-before"])),
    st.tuples(st.just("rest"), st.sampled_from([1, 40, 700])),
)
STORIES = st.lists(STEPS, min_size=2, max_size=8)


class Story:
    """
    Args:
        begins: What an editor does to the item at first.
    """

    def __init__(self, way, begins):
        self.way = way
        self.version = 1
        self.gone = None
        self.stock = None
        self.act(begins)
        self.shown = self.now()

    def now(self):
        item = self.way.products.items[self.way.id(1)]
        return item.staged.archived, item.staged.draft, item.live is not None

    def play(self, kind, what):
        self.version += 1
        if kind == "gone":
            self.gone = what
            self.way.retire(1, what, version=self.version)
            self.way.run(1000)
        elif kind == "back":
            self.gone, self.stock = None, what
            self.way.change(1, stock=what, version=self.version)
            self.way.run(1000)
        elif kind == "lost":
            for method in ("PATCH", "DELETE", "POST"):
                self.way.fault(what, times=1, match={"method": method})
        elif kind == "rest":
            self.way.pass_time(what)
        elif self.gone is None:
            self.way.pass_time(2)
            self.act(what)
            self.shown = self.now()
        if self.gone is None:
            self.check()

    def act(self, what):
        way, item = self.way, self.way.products.items[self.way.id(1)]
        if what == "publish":
            way.publish(1)
        elif what == "unpublish":
            if item.live is not None:
                way.unpublish(1)
        else:
            flags = {"archive": {"archived": True}, "take out": {"archived": False}}
            held = replace(item.staged, **flags.get(what, {"draft": True}))
            way.products.store(item, replace(held, updated=way.site.now()))

    def check(self):
        """Its record is there: it shows what its editor made of it last."""
        archived, draft, live = self.now()
        assert (archived, draft) == self.shown[:2]
        # A draft that was published before may be live or not: once unpublished, it stays so.
        assert live == self.shown[2] or (draft and not live) or (archived and not live)
        if self.stock is not None:
            assert self.way.staged(1)["stock"] == self.stock


@pytest.mark.parametrize("by", ["key", "item"])
def test_in_the_end_an_item_shows_what_its_editor_made_of_it(store, api, by):
    # MODEL_EXAMPLES: how many histories; a failure prints how to play it again.
    @settings(
        max_examples=int(os.environ.get("MODEL_EXAMPLES", depth(6, 15))),
        deadline=None,
        derandomize=bool(os.environ.get("CI")),
        print_blob=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.sampled_from(ACTS), st.lists(STEPS, min_size=2, max_size=8), st.booleans(), st.booleans()
    )
    def play(begins, steps, keeps, refuses):
        store.flushall()
        way = Way(store, api=api, by=by, items=2, window=6000)
        try:
            way.site.rules.keeps_published = keeps
            way.site.rules.refuses_unlive = refuses
            story = Story(way, begins)
            for kind, what in [*steps, ("back", 5), ("back", 6)]:
                story.play(kind, what)
            way.mend()
            way.run()
            story.check()
            assert way.counts("pending", "dead") == (0, 0)
            way.check()
        finally:
            way.close()

    play()
