"""The page of one record: where it stands, its fields and life, and what can be done with it."""

import re
from html import unescape

import pytest

from service.console import records
from service.operate import record_mentions
from service.operate.bulk_runner import BulkRunner
from service.operate.list_cursor import as_cursor
from service.operate.record_life import UnknownLocale
from tests.support.api_rig import TOML, Rig
from tests.support.console import TOKENS, Console
from tests.support.undo_site import UndoSite
from workers.model.attempts import BatchOutcome, Call, ItemOutcome
from workers.model.changes import Change, Delivery, Incoming
from workers.store import keys
from workers.store.audit import Audit
from workers.store.clock import read_us

GUARDED = TOML.replace(
    "[destinations.shop]", "requests_per_minute = 6000\nlinger = 0\n[destinations.shop]"
).replace(
    "[collections.orders]",
    """[collections.products.guard]
at_most = 0
percent = 0
half_from = 1
delay = 0
[collections.orders]""",
)
PLAIN = "/records/record?collection=products&key=plain"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory, store_socket):
    rig = Rig(tmp_path_factory.mktemp("record"), store_socket, toml=GUARDED)
    yield rig
    rig.close()


@pytest.fixture
def filled(guarded, store, monkeypatch):
    assert store.dbsize() == 0
    guarded.fill()
    for name in ("_GLANCE", "_PATIENCE"):  # however busy the machine is
        monkeypatch.setattr(record_mentions, name, 10.0)
    return Console(guarded)


def path_of(name, key="plain", collection="products"):
    return f"/records/record/{as_cursor(collection, key)}/{name}"


def carry_out(console, answer):
    """Let a worker do what the confirmation has begun, and return its run."""
    assert answer.status_code == 303, answer.text
    id = answer.location.removeprefix("/runs/")
    return BulkRunner(console.context).carry_out(id, lambda *_: None, lambda *_: None)


def place_of(console, collection="products"):
    settings = console.context.settings
    return collection, settings.copy_of(settings.collections[collection])


def retire(console, key="plain", *, items=4):
    """A source says that a record is gone; *items*: of the collection, as the CMS has told."""
    if items:
        known = {"count": items, "count_at": read_us(console.context.steps.client) // 1000}
        console.context.steps.client.hset(keys.index(*place_of(console)), mapping=known)
        console.context.steps.client.delete(keys.item_ids(*place_of(console)))
    change = Change("gone", "products", key, "key", (), None, retire="archive")
    event = Incoming("g1", "gone", 0, (change,))
    console.context.outbox.accept(Delivery("erp", f"gone-{key}", (event,), b"{}"))


def write(console):
    """Let the CMS write all that is due, and show it."""
    batch = console.context.outbox.claim(console.context.settings.destinations["site"])
    shown = "2026-05-12T09:30:00Z"
    written = (
        ItemOutcome(item.record, written=tuple(f.slug for f in item.fields), updated=shown)
        for item in batch.items
    )
    console.context.outbox.settle(batch, BatchOutcome(tuple(written), "success"), call=Call(200))


def held_of(console):
    (delete,) = console.context.held_deletes.list("products")
    return delete


# what it shows ---------------------------------------------------------------------------------


def test_it_says_first_where_the_record_stands(filled):
    text = filled.person().page(PLAIN)
    main = text.partition("<main")[2]
    assert main.index("Its newest values are not on the site") < main.index("<h2>Problems")
    assert "<strong>Next:</strong>" in main
    for region in ("summary", "fields", "life"):
        assert f'data-live="{region}"' in main
    assert "Stock is not valid" in main
    assert "dead letter" not in main


def test_its_fields_show_what_is_wanted_and_what_the_cms_holds(filled):
    filled.rig.deliver(id="m", topic="stock", sku="A/B", qty=7, title="a red shoe")
    write(filled)
    someone, path = filled.person(), "/records/record?collection=products&key=A%2FB"
    same = someone.page(path)
    filled.rig.deliver(id="n", topic="stock", sku="A/B", qty=7, title="a blue shoe")
    fields = someone.page(path).partition('data-live="fields"')[2]
    (title,) = re.findall('<tr class="differs">.*?</tr>', fields, re.DOTALL)
    assert re.findall("<mark>(.*?)</mark>", title) == ["blue", "red"]
    assert same.count('<span class="none">the same</span>') == 2
    assert 'class="differs"' not in same


def test_what_is_paused_is_resumed_by_a_button(filled):
    assert "Resume</button>" not in filled.person().page(PLAIN)
    filled.context.breaker.pause("products", "counting")
    filled.rig.deliver(id="m", topic="stock", sku="A/B", qty=7)
    path = "/records/record?collection=products&key=A%2FB"
    text = filled.person().page(path)
    assert re.search('value="collection:products">\\s*<button>Resume</button>', text)
    assert "nothing until it is resumed." in text
    assert "Resume</button>" not in filled.person("viewer").page(path)


def test_a_note_that_names_a_problem_leads_to_it(filled, monkeypatch):
    note = "A record with a key like it has no item: see the dead letter d1."
    view_of = records.view_of

    def noted(*args, **options):
        return {**view_of(*args, **options), "notes": [note, "Another."]}

    monkeypatch.setattr(records, "view_of", noted)
    text = filled.person().page(PLAIN)
    assert 'see the problem d1. <a href="/problems/failures/d1">The problem</a>' in text
    assert '<p class="hint">Another.</p>' in text


def test_a_long_name_does_not_fill_the_heading(filled):
    filled.rig.deliver(id="m", topic="stock", sku="N" * 200, qty=7)
    text = filled.person().page(f"/records/record?collection=products&key={'N' * 200}")
    assert f"<h1>{'N' * 117}...</h1>" in text


def test_its_life_is_told_newest_first(filled):
    text = filled.person().page(PLAIN).partition("<h2>Life</h2>")[2]
    assert text.index("CMS 400") < text.index("event</span>")
    assert "PATCH /v2/collections" in text
    assert "to be sent" in text
    assert "UTC</span></h3>" in text


def test_what_named_it_and_changed_nothing_is_listed(filled):
    text = filled.person().page("/records/record?collection=products&key=A%2FB")
    assert "Deliveries that changed nothing" in text
    assert "found &#34;no number&#34;" in text


def test_values_from_outside_are_escaped(filled):
    bad = "<script>alert(1)</script>"
    filled.rig.deliver(id="n", topic="stock", sku=bad, qty=1, title=f'"{bad}' + 400 * "\u05d0")
    filled.rig.deliver(id="m", topic="stock", sku=bad, qty=bad, title="2026-02-30T00:00:00Z")
    path = "/records/record?collection=products&key=%3Cscript%3Ealert(1)%3C/script%3E"
    text = filled.person().page(path)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_by_its_item_id_it_is_found_too(filled):
    text = filled.person().page("/records/record?collection=products&key=item-3")
    assert "<h1>plain</h1>" in text


def test_a_key_that_no_event_has_named_shows_what_is_like_it(filled):
    answer = filled.person().get("/records/record?collection=products&key=plian")
    assert answer.status_code == 404
    assert "No event has named the record plian of products." in answer.text
    assert 'key=plain"' in answer.text
    none = filled.person().get("/records/record?collection=orders&key=%3Cb%3E")
    assert (none.status_code, "<b>" in none.text) == (404, False)
    assert "None of <bdi>orders</bdi>" in none.text


def test_what_named_an_unknown_key_is_shown_with_the_item_that_has_it(filled):
    filled.context.steps.client.hset(keys.item_ids(*place_of(filled)), "NEW-1", "item-9")
    filled.rig.deliver(id="u", topic="of-another-kind", sku="NEW-1")
    text = filled.person().get("/records/record?collection=products&key=NEW-1").text
    assert "item-9" in text
    assert "no mapping takes it" in text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("key=plain", "no collection"),
        ("collection=products", "no key"),
        ("collection=odd&key=plain", "a collection: orders, products"),
        ("collection=products&key=plain&colour=red", "the filter"),
    ],
)
def test_what_names_no_record_says_so(filled, query, words):
    answer = filled.person().get(f"/records/record?{query}")
    assert (answer.status_code, words in unescape(answer.text)) == (404, True)


def test_a_locale_that_the_site_has_not_is_refused(filled, monkeypatch):
    def unknown(*_, **__):
        raise UnknownLocale("xx", ("en", "de-AT"))

    monkeypatch.setattr("service.console.records.view_of", unknown)
    answer = filled.person().get(f"{PLAIN}&locale=xx")
    assert (answer.status_code, "en, de-AT" in answer.text) == (404, True)


def test_its_locales_can_be_looked_at_one_by_one(filled):
    locales = '[["en","1"],["de-AT","2"]]'
    filled.context.steps.client.hset(keys.site(*place_of(filled)), "locales", locales)
    text = filled.person().page(f"{PLAIN}&locale=de-AT")
    assert 'locale=de-AT" aria-current="true"' in text
    assert "All locales" in text


def test_who_sees_another_destination_finds_no_such_collection(filled):
    assert filled.person("shop").get(PLAIN).status_code == 404
    assert filled.person("clerk").post(path_of("replay")).status_code == 404
    assert filled.person("shop").page("/records/record?collection=orders&key=17")


# what can be done ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["viewer", "shop"])
def test_who_may_only_look_sees_no_button(filled, name):
    retire(filled, items=None)
    someone = filled.person(name)
    for action in ("replay", "undo", "approve", "drop"):
        assert someone.post(path_of(action)).status_code == 403
    if name == "viewer":
        text = someone.page(PLAIN).partition("<main")[2].partition("</main>")[0]
        assert "It waits in case it is one of many" in text
        assert "<form" not in text


def test_its_problems_are_sent_again(filled):
    someone = filled.person("operator")
    text = someone.page(PLAIN)
    assert f'action="{path_of("replay")}"' in text
    answer = someone.post(path_of("replay"), ids=["d1"])
    assert "Send again: 1 problem<" in answer.text
    for shown in ("plain", "stock", "Stock is not valid"):
        assert shown in answer.text.partition("<h1>")[2]
    run = carry_out(filled, someone.confirm(answer))
    assert (run.kind, run.figures["replayed"]) == ("replay", 1)
    assert "<h2>Problems" not in someone.page(PLAIN)
    after = someone.post(path_of("replay"), ids=["d1"])
    assert "Nothing to do" in after.text
    assert someone.confirm(answer).location  # sent twice: the same run


def test_a_problem_that_is_gone_when_it_is_confirmed_begins_nothing(filled):
    someone = filled.person()
    answer = someone.post(path_of("replay"))
    carry_out(filled, someone.confirm(someone.post(path_of("replay"))))
    assert someone.confirm(answer).status_code == 409


@pytest.mark.parametrize(("action", "done"), [("approve", "approved"), ("drop", "dropped")])
def test_its_delete_is_decided_on(filled, action, done):
    retire(filled)
    someone = filled.person("operator")
    text = someone.page(PLAIN)
    assert "Its delete waits" in text
    assert "It waits for approval" in text
    answer = someone.post(path_of(action), ids=[held_of(filled).id])
    expected = "will be archived" if action == "approve" else "The item stays"
    assert expected in answer.text
    typed = {}
    if action == "approve":  # what it takes away is not put back: the number is typed
        assert "type it to go on" in someone.confirm(answer).text
        typed = {"number": "1"}
    run = carry_out(filled, someone.confirm(answer, **typed))
    assert (run.kind, run.figures[done]) == (action, 1)
    assert filled.context.held_deletes.list("products") == []
    assert "Its delete waits" not in someone.page(PLAIN)
    ((entry, *_), _) = Audit(filled.context.steps).list(None, 10)
    assert (entry["by"], entry["action"]) == ("operator", f"{action} deletes")


def test_a_delete_that_is_not_the_one_shown_is_left(filled):
    retire(filled)
    someone = filled.person()
    for ids in (["products:999999"], []):
        answer = someone.post(path_of("drop", key="plain" if ids else "A/B"), ids=ids)
        assert (answer.status_code, "one that was shown" in answer.text) == (409, True)


@pytest.mark.parametrize("ref", ["x", as_cursor("products"), as_cursor("odd", "plain")])
def test_a_reference_to_no_record_is_refused(filled, ref):
    someone = filled.person()
    assert someone.post(f"/records/record/{ref}/replay").status_code == 404
    assert someone.get(f"/records/record/{ref}").status_code == 404


def test_the_way_back_from_an_action_leads_to_the_record(filled):
    text = filled.person().post(path_of("replay")).text
    back = re.search(r'<a class="button" href="([^"]+)">Cancel', text)[1]
    assert filled.person().get(back).location == PLAIN


def test_every_token_opens_it_or_is_refused(filled):
    found = {name: filled.person(name).get(PLAIN).status_code for name in TOKENS}
    assert found == {"admin": 200, "operator": 200, "viewer": 200, "shop": 404, "clerk": 404}


# undo ------------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path, store_socket, store):
    assert store.dbsize() == 0
    rig = UndoSite(tmp_path, store_socket)
    yield rig
    rig.close()


def test_its_changes_are_undone_once_they_were_shown(site):
    (before,) = site.stock([1])
    site.write([1], 900, "e")
    console = Console(site)
    someone = console.person("operator")
    where = path_of("undo", key="P-0001")
    answer = someone.post(where, **{"filter-since": "2h"})
    assert "Undo: 1 field<" in answer.text
    for shown in ("stock", "900", str(before)):
        assert shown in answer.text
    run = carry_out(console, someone.confirm(answer))
    assert (run.kind, run.figures["fields"]) == ("undo", 1)
    site.settle()
    assert site.stock([1]) == [before]
    text = someone.page("/records/record?collection=products&key=P-0001")
    assert "put back what was there before" in text
    later = someone.post(where, **{"filter-since": "2100-01-01T00:00:00Z"})
    assert "Nothing to do" in later.text
    assert someone.post(where, **{"filter-since": "yesterday"}).status_code == 404


def test_what_cannot_be_undone_is_said(filled, monkeypatch):
    someone = filled.person()
    found = {"unseen": 1}
    monkeypatch.setattr("service.operate.undo.estimate", lambda *_, **__: found)
    answer = someone.post(path_of("undo"))
    assert (answer.status_code, "used up" in answer.text) == (409, True)
    kept = [{"field": f"f{n}", "why": "changed since"} for n in range(7)]
    found |= {"unseen": 0, "left": 7, "fields": 0, "kept": kept, "whole_since": None}
    answer = someone.post(path_of("undo"))
    assert (answer.status_code, "f0 is left: changed since" in answer.text) == (409, True)
    assert "2 more fields are left" in answer.text
    found |= {"fields": 1, "same": 1, "changes": [], "whole_since": "2026-05-12T09:30:00+00:00"}
    answer = someone.post(path_of("undo"))
    assert "Of what was written before" in answer.text
