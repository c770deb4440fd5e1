"""
Faults, planted: who knows only the console finds the cause of each, and what to do.

From the overview by links that it shows, or by a search for the record, within three pages. Where
a button mends it, it is pressed, and the fault goes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from flask import Flask
from jinja2 import BytecodeCache

from service.config.build import Configuration
from service.console import registration
from service.operate.bulk_runner import BulkRunner
from service.operate.parts import Parts
from service.sandbox.model.schema import Field, offering
from service.web import docs_pages, error_answers
from service.web.refusals import Reporter
from tests.support import planted_faults as faults
from tests.support.console_visitor import Visitor
from tests.support.fetches_rig import Wakes
from tests.support.life_rig import ADMIN, Planted

PAGES = 3
WELL = "Nothing needs you"
CATEGORIES = ("Chairs", "Desks", "Lamps", "Shelves", "Sofas")
TOKEN = "Set a token that the CMS takes and restart, or give it the scopes"
COMMAND = re.compile(r"instep (?:dead|resume|runs|deletes|deliveries)\b")  # a button is that
CLOCK = "Set the clock of the source right; the next event of each record closes it"


def find(key):
    """The way to the page of a record, for who knows its key."""
    return lambda visitor: (visitor.search(key), visitor.open_row())


def named(key, collection):
    """The way to what has named a key that no record has."""
    return lambda visitor: (visitor.search(key), visitor.follow(collection))


def links(*words):
    return lambda visitor: [visitor.follow(each) for each in words]


@dataclass(frozen=True)
class Fault:
    """
    Args:
        plant: Of `planted_faults`.
        way: From the overview to the page that tells.
        says: Words of that page: the cause.
        do: Words of it: the remedy.
        mend: Done elsewhere than in the console first.
        press: A button of that page; *form*: what is filled in beside it.
        ends: The key of a record that is up to date then; None: the overview says that all is well.
    """

    plant: Callable
    way: Callable
    says: tuple[str, ...]
    do: str
    mend: Callable | None = None
    press: str | None = None
    form: dict = field(default_factory=dict)
    ends: str | None = "P-0001"


def put_back_stock(way):
    way.products.put_field(Field("stock", "Number"))


def offer_nonsense(way):
    way.products.put_field(
        Field("category", "Option", validations=offering((*CATEGORIES, "Nonsense")))
    )


def make_room(way):
    way.site.rules.item_limit = None


def publish_it(way):
    way.publish(1)
    way.receive("P-0001", qty=6, ahead=1)


def set_the_clock(way):
    way.receive("P-0001", qty=6)


FAULTS = (
    Fault(
        faults.refused_token,
        links("site is paused"),
        ("401 not_authorized",),
        TOKEN,
        Planted.mend,
        "Resume",
    ),
    Fault(
        faults.renamed_field,
        links("Refused by the CMS"),
        ("stock: Field not described in schema",),
        "put it back in the CMS, or correct the mapping and run instep reload; then send it again",
        put_back_stock,
        "Send all again",
    ),
    Fault(
        faults.renamed_field,
        find("P-0001"),
        ("are not on the site. Refused by the CMS (400): stock: Field not described in schema",),
        "nothing until a newer value comes, or it is sent again",
        put_back_stock,
        "Send again",
    ),
    Fault(
        faults.key_with_typo,
        links("No item for it"),
        ("no item of products has sku = P-0OO1",),
        "If the key has a slip, correct it at its source and discard it",
        press="Discard all",
        form={"number": "1"},
        ends=None,
    ),
    Fault(
        faults.key_with_typo,
        find("P-0OO1"),
        ("no item of products has sku = P-0OO1", "Keys like it that items have: P-0001"),
        "If the key has a slip, correct it at its source",
        lambda way: way.add(99, sku="P-0OO1"),
        "Send again",
        ends="P-0OO1",
    ),
    Fault(
        faults.key_with_typo_beside_its_record,
        find("P-0001"),
        ("A record with a key like it, P-00O1, has no item: see the problem d1",),
        "The problem",
    ),
    Fault(faults.padded_key, find("P-0001"), ("It is on the site",), "until the next event"),
    Fault(
        faults.clock_ahead,
        links("Does not fit the mapping"),
        ("the time of the change is more than an hour ahead of the store's clock",),
        CLOCK,
        set_the_clock,
    ),
    Fault(
        faults.edit_by_hand,
        find("P-0001"),
        ("The item was edited in the CMS at", "by an editor", "the same, before the edit"),
        "instep reconcile writes them again",
    ),
    Fault(
        faults.paused_collection,
        links("products is paused"),
        ("products is paused", "stock-taking"),
        "Resume it.",
        press="Resume",
    ),
    Fault(
        faults.paused_collection,
        find("P-0001"),
        ("the collection products, paused by", "stock-taking"),
        "nothing until it is resumed",
        press="Resume",
    ),
    Fault(
        faults.full_plan,
        find("new"),
        ("room in the plan",),
        "to try at once, resume it",
        make_room,
        "Resume",
        ends="new",
    ),
    Fault(
        faults.refused_option,
        links("Refused by the CMS"),
        ("no option is called 'Nonsense'",),
        "Add the option to the field in the CMS, or correct the value at its source",
        offer_nonsense,
        "Send all again",
    ),
    Fault(
        faults.deleted_item,
        links("No item for it"),
        ("no item of products has sku = P-0001",),
        "else create the item in the CMS",
        lambda way: way.add(1),
        "Send all again",
    ),
    Fault(
        faults.unpublished_item,
        lambda visitor: (visitor.follow("See which"), visitor.open_row()),
        ("Not yet on the site", "never published, or was unpublished"),
        "until somebody publishes the item in the CMS",
        publish_it,
    ),
    Fault(
        faults.full_plan,
        links("The plan of the CMS has no room for new items of products"),
        ("You've created all the items in your CMS Database allowed on your current plan",),
        "Make room in the CMS, or enlarge its plan; to try at once, resume it.",
        make_room,
        "Resume",
        ends="new",
    ),
    Fault(
        faults.lost_picture,
        links("Accepted by the CMS, but not shown"),
        ("image: the item holds null", "https://images.example.com/lost.png"),
        "see that its address opens without a login",
        Planted.mend,
        "Send all again",
    ),
    Fault(
        faults.two_sources,
        find("P-0001"),
        ("2 sources write stock: erp and shop; the newest version wins",),
        "if only one is to write it, take it out of the mapping of the others",
    ),
    Fault(
        faults.full_budget,
        links(),
        ("7 items are on the way", "the budget of its token"),
        "it waits for its turn; raise requests_per_minute if the plan has more",
    ),
    Fault(
        faults.waiting_reference,
        find("P-0001"),
        ("the reference shelf: shelves has no known item with the key new-1",),
        "sooner if its source sends it",
    ),
    Fault(
        faults.closed_letter,
        find("P-0001"),
        ("no option is called 'Nonsense'", "closed by itself at"),
        "newer values took the place of all that it held",
    ),
    Fault(
        faults.stale_event,
        find("P-0001"),
        ("The last event e2 of erp came too late for stock", "event e1 of erp"),
        "to have it on the site, change the record at its source once more",
    ),
    Fault(
        faults.paused_destination,
        links("site is paused"),
        ("site is paused", "holidays"),
        "Resume it.",
        press="Resume",
    ),
    Fault(
        faults.nothing_wrong,
        find("P-0001"),
        ("Event e1 of erp, topic stock, mapping Stock", "The CMS answered 200"),
        "It is on the site",
    ),
    Fault(
        faults.unmapped_topic,
        named("P-7777", "products"),
        ("stock.moved", "no mapping takes it"),
        "name its topic in topics of a mapping",
    ),
    Fault(
        faults.unmapped_topic,
        links("Sources", "erp"),
        ("Came lately, and no mapping takes them", "stock.moved"),
        "name them in topics of a mapping, instep reload, and replay them",
    ),
    Fault(
        faults.filtered_topic,
        links("Sources", "erp"),
        ("quiet 1, left out by the when of its mapping",),
        "Replay",
    ),
    Fault(
        faults.key_elsewhere,
        links("Does not fit the mapping"),
        ("sku: found null; expected text",),
        "or correct mappings.py, run instep reload, then send it again",
        press="Discard all",
        form={"number": "1"},
        ends=None,
    ),
    Fault(
        faults.wrong_secret,
        links("Every delivery of erp is refused"),
        ("The signature or token is wrong or missing", "is no configured secret"),
        "Compare secrets of this source with the sender's settings",
    ),
    Fault(
        faults.outage,
        links("site does not answer"),
        ("site does not answer", "500 internal_error"),
        "Nothing while the CMS is down: sending goes on once it answers",
        Planted.mend,
    ),
    Fault(
        faults.unpublished_site,
        links("products waits for a publish of its site"),
        ("1 record waits", "The collection structure changed since the last publish"),
        "Publish the site; to try at once, resume it.",
        Planted.mend,
        "Resume",
    ),
    Fault(
        faults.retired_record,
        find("P-0001"),
        ("The record is gone at its source erp, so its item was archived",),
        "nothing until an event brings the record back",
    ),
    Fault(
        faults.held_delete,
        links("1 delete in products waits for approval"),
        ("1 of 20 items would go within 24 h",),
        "Drop, if the source was wrong",
        press="Drop",
        form={"which": "all"},
        ends=None,
    ),
    Fault(
        faults.paused_source,
        links("erp is paused"),
        ("its stock is counted, by alice", "Nothing of it reaches the site until it is resumed"),
        "Resume",
        press="Resume",
    ),
    Fault(
        faults.ignored_key,
        find("P-9999"),
        ("No item of products has its key",),
        'missing = "ignore" ignores its values',
    ),
    Fault(
        faults.refused_by_schema,
        links("Refused by the CMS"),
        ("expected at most 256 characters (it has 999)",),
        "Change the value at its source, or the limit of the field in the CMS",
        lambda way: way.receive("P-0001", name="A table", ahead=2),
    ),
    Fault(
        faults.value_not_applied,
        links("Accepted by the CMS, but not shown"),
        ('name: the item holds "A chair"',),
        "Look at the field in the CMS: it takes the value and does not show it",
        Planted.mend,
        "Send all again",
    ),
)

IDS = [f"{n}-{each.plant.__name__}" for n, each in enumerate(FAULTS, 1)]


@pytest.fixture
def plant(store, tmp_path, monkeypatch):
    """Opens a way out, on a store that is durable, with a worker that is alive."""
    monkeypatch.setattr("workers.runtime.heartbeats.workers_alive", lambda _: 1)
    monkeypatch.setattr("service.operate.status.trouble_of", lambda _: None)
    ways = []

    def open(**options):
        ways.append(Planted(store, tmp_path, **options))
        return ways[-1]

    yield open
    for way in ways:
        way.close()
        way.check()


class Compiled(BytecodeCache):
    """The templates, compiled once for all of the applications."""

    def __init__(self):
        self.buckets = {}

    def load_bytecode(self, bucket):
        if bucket.key in self.buckets:
            bucket.bytecode_from_string(self.buckets[bucket.key])

    def dump_bytecode(self, bucket):
        self.buckets[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


def visit(way):
    """Open the overview of the console of *way*; who carries out runs beside it."""
    configuration = Configuration(way.settings, way.senders, way.mappings)
    context = replace(way.context, wakes=Wakes())
    app = Flask(__name__, static_folder=None)
    app.jinja_env.bytecode_cache = COMPILED
    sessions = registration.register(app, Parts(configuration, context))
    app.register_blueprint(docs_pages.blueprint(ADMIN, sessions))
    error_answers.register(app, Reporter(way.settings.sources, lambda *_: None))
    return Visitor(app, ADMIN), BulkRunner(context, lambda: configuration)


@pytest.mark.parametrize("fault", FAULTS, ids=IDS)
def test_a_fault_is_found_and_mended(plant, fault):
    way = fault.plant(plant)
    visitor, runner = visit(way)
    fault.way(visitor)
    assert visitor.opened <= PAGES
    for words in (*fault.says, fault.do):
        assert words in visitor.page.text
    assert not [text for text in visitor.seen if COMMAND.search(text)]
    if fault.mend is None and fault.press is None:
        return
    if fault.mend is not None:
        fault.mend(way)
    if fault.press is not None:
        run = visitor.press(fault.press, **fault.form)
        if run is not None:
            assert runner.carry_out(run).state == "done"
    way.run()
    visitor.begin()
    assert WELL in visitor.page.text, visitor.page.text
    if fault.ends is not None:
        find(fault.ends)(visitor)
        assert "It is on the site" in visitor.page.text
