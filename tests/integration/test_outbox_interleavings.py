"""Two workers and two events on one item, in every order in which their steps can fall."""

import pytest

from tests.support.depth import some
from tests.support.moment import Moment
from tests.support.outbox_invariants import Look, check_counts, check_quiet
from tests.support.outbox_network import Flight
from tests.support.outbox_play import Play

ANSWERED = ("claim", "land", "settle")
# The other worker's answer got lost: it settles without knowing, before or after it has landed.
ENDS = {
    "answered": [ANSWERED],
    "no answer, landed": [("claim", "land", "give up")],
    "no answer, lands later": [("claim", "give up", "land")],
    "killed after it was sent": [("claim", "land")],
}


def interleavings(*chains):
    """All orders of the steps of *chains* that keep the order within each."""
    chains = [chain for chain in chains if chain]
    if not chains:
        yield ()
    for number, (first, *rest) in enumerate(chains):
        others = [*chains[:number], tuple(rest), *chains[number + 1 :]]
        for order in interleavings(*others):
            yield (first, *order)


def steps_of(worker, chain):
    return tuple((worker, step) for step in chain)


class Story:
    """
    One order of the steps, played.

    Args:
        second_version: Of the event that comes in some step.
    """

    def __init__(self, store, seconds, second_version):
        self.play = Play(store)
        self.seconds, self.second_version = seconds, second_version
        self.flights = {}
        self.play.accept("erp", "live", [("e0", "i1", {"stock": (5, 0)})])
        self.play.claim()  # the look-up
        for step in ANSWERED:
            self.take("before", step)
        self.play.accept("erp", "live", [("e1", "i1", {"stock": (4, 1)})])

    def take(self, worker, step):
        if worker == "event":
            # Back to the value that was confirmed before: it must not be taken for unchanged.
            self.play.accept("erp", "live", [("e2", "i1", {"stock": (5, self.second_version)})])
        elif worker == "time":
            self.play.pass_time(self.seconds)
            self.play.bench.sweep()
        elif step == "claim":
            self.claim(worker)
        elif worker in self.flights:
            self.go_on(self.flights[worker], step)

    def claim(self, worker):
        flight = self.play.claim()
        if isinstance(flight, Flight):
            self.play.send(flight)
            self.flights[worker] = flight

    def go_on(self, flight, step):
        if step == "land":
            self.play.land(flight)
        elif step == "give up" or not flight.applied:
            self.play.answer(flight, "no answer")
        else:
            self.play.answer(flight, "success")


def begun(store, seconds, *, second_version):
    story = Story(store, seconds, second_version)
    return Moment(story, story.play.bench)


def play_out(store, order, moment):
    story = moment.again(lambda story: story.play.bench)
    try:
        for step in order:
            story.take(*step)
        play = story.play
        play.settle_down(land=True)
        check_counts(Look(store), play.bench.outbox.counts(), play.reference)
        check_quiet(store, play.network, play.reference, play.gone)
        assert play.network.values["id-i1", "stock"] == 5
    except AssertionError as error:
        error.add_note(f"the order was {order}")
        raise


@pytest.mark.parametrize(
    ("end", "seconds"),
    [
        ("answered", 31),
        ("no answer, landed", 31),
        ("no answer, lands later", 31),
        ("no answer, lands later", 76),
        ("killed after it was sent", 31),
        ("killed after it was sent", 76),
    ],
)
def test_whatever_the_order_of_two_workers_and_two_events_the_newest_value_is_in_the_cms(
    store, end, seconds
):
    moment = begun(store, seconds, second_version=2)
    for chain in ENDS[end]:
        workers = steps_of("one", chain), steps_of("two", ANSWERED)
        orders = interleavings(*workers, (("event", "accept"),), (("time", "passes"),))
        for order in some(orders, 23):
            # Where both are answered they are the same but for their names.
            if end != "answered" or order.index(("one", "claim")) < order.index(("two", "claim")):
                play_out(store, order, moment)


def test_of_two_events_with_one_version_the_later_is_in_the_cms_whatever_the_order(store):
    moment = begun(store, 31, second_version=1)
    workers = steps_of("one", ANSWERED), steps_of("two", ANSWERED)
    for order in some(interleavings(*workers, (("event", "accept"),)), 7):
        play_out(store, order, moment)
