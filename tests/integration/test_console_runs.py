"""The pages of runs: what they show, decide and undo, and for whom."""

import re
from html import unescape

import pytest

from service.console.links import link_of
from service.reconcile.state.past_runs import note_begin, note_end
from tests.support.api_rig import TOML, Rig
from tests.support.console import Console, words
from workers.store.run_approval import approved

SCHEDULED = TOML + '[collections.products.reconcile]\nfile = "stock.csv"\nevery = "24h"\n'
HELD = {"records": 40, "held": 22, "held_created": 12, "held_overwritten": 7}


@pytest.fixture(scope="module")
def application(tmp_path_factory, store_socket):
    rig = Rig(tmp_path_factory.mktemp("runs"), store_socket, toml=SCHEDULED)
    yield rig
    rig.close()


@pytest.fixture
def console(application, store):
    assert store.dbsize() == 0
    return Console(application)


@pytest.fixture
def runs(console):
    return console.context.runs


def listed(text):
    """The runs of the list, in order; without those of the cards and the table above it."""
    return re.findall(r'class="run-title" href="/runs/(r\d+)"', text)


def held(runs, kind="reconcile", by="ada", configured=False, **figures):
    about = {"configured": configured}
    id = runs.start(kind, by, collection="products", source="erp", about=about)
    runs.finish(id, "held", figures=HELD | figures)
    return id


def ended(runs, kind="replay", by="ada", *, collection="products", state="done", **options):
    id = runs.start(kind, by, collection=collection)
    runs.finish(id, state, **options)
    return id


# the list -------------------------------------------------------------------------------------


def test_without_any_it_says_what_will_be_there(console):
    text = console.person().page("/runs")
    assert "No runs yet" in text
    assert "never proven" in text
    assert "None of the newest 500 matches" in console.person().page("/runs?kind=undo")


def test_the_newest_come_first_and_those_that_are_held_above_them(console, runs):
    first = held(runs)
    second = ended(runs, figures={"letters": 3, "done": 3, "replayed": 2, "left": 1})
    text = console.person().page("/runs")
    assert listed(text) == [second, first]
    above, _, below = text.partition("<h2>All runs")
    told = words(above)
    assert "Waiting for an approval" in told
    assert "It would create 12 items and overwrite 7 items. Nothing of that was done." in told
    assert "2 sent again, 1 left as they were." in below


def test_by_kind_state_and_collection(console, runs):
    undo = ended(runs, "undo")
    failed = ended(runs, state="failed", reason="the CMS is away")
    other = ended(runs, collection="orders")
    wait = held(runs)
    someone = console.person()
    for query, found in (
        ("kind=undo", [undo]),
        ("state=failed", [failed]),
        ("collection=orders", [other]),
        ("kind=replay&collection=products", [failed]),
        ("state=held", [wait]),
    ):
        assert listed(someone.page(f"/runs?{query}")) == found, query
    assert "Waiting for an approval" not in someone.page("/runs?collection=orders")
    assert "Waiting for an approval" in someone.page("/runs?collection=products")


@pytest.mark.parametrize("query", ["kind=x", "state=x", "collection=x", "colour=red"])
def test_a_filter_that_selects_nothing_is_refused(console, query):
    assert console.person().get(f"/runs?{query}").status_code == 404


def test_page_by_page(console, runs):
    ids = [ended(runs) for _ in range(52)][::-1]
    someone = console.person()
    text = someone.page("/runs")
    assert listed(text) == ids[:50]
    following = unescape(re.search(r'rel="next" href="([^"]+)"', text)[1])
    assert listed(someone.page(following)) == ids[50:]


def test_a_running_one_shows_how_far_it_is(console, runs):
    id = runs.start("replay", "ada", figures={"letters": 1000, "done": 320}, work=["x"])
    someone = console.person()
    for path in ("/runs", f"/runs/{id}"):
        text = someone.page(path)
        assert '<progress max="1000" value="320"' in text
        assert "320 of 1,000 failures" in text
    assert "You can leave this page" in text
    assert "Undo this run" not in text
    other = runs.start("remap", "ada")
    assert '<progress aria-label="running">' in someone.page(f"/runs/{other}")


def test_reconciles_with_both_counts_and_what_differed(console, runs):
    client, id = console.context.steps.client, held(runs)
    note_begin(client, "products", run=id)
    counts = {"missed event": 3, "orphan": 1411}
    note_end(client, "products", 1, "Held", counts, state="held", compared=(4000, 4100))
    told = words(console.person().page("/runs"))
    assert "4,000 4,100 1,414 1,411 not in the source 3 missed events never proven" in told
    note_begin(client, "products")
    note_end(client, "products", 0, "ok", {}, state="done", proven=True, compared=(5, 5))
    text = console.person().page("/runs")
    assert "5 5 nothing" in words(text)
    assert "Reconciles" not in console.person().page("/runs?state=done").partition("<main")[2]


def test_a_scope_sees_its_own_runs_alone(console, runs):
    own = ended(runs, collection="orders")
    other = ended(runs, "undo")
    for name in ("shop", "clerk"):
        someone = console.person(name)
        text = someone.page("/runs")
        assert listed(text) == [own]
        assert "products" not in text.partition("<main")[2]
        assert someone.get(f"/runs/{other}").status_code == 404
    assert someone.post(f"/runs/{other}/undo").status_code == 404
    wait = held(runs)
    assert someone.post(f"/runs/{wait}/drop").status_code == 404
    assert runs.show(wait).state == "held"


# one run --------------------------------------------------------------------------------------


def test_one_run_shows_its_figures_who_began_it_why_and_what_was_left(console, runs):
    reasons = {"it was changed since in the CMS": 2}
    figures = {"records": 20, "done": 20, "items": 18, "fields": 36, "left": 2}
    id = ended(runs, "undo", "<ada>", figures=figures | {"reasons": reasons, "whole_since": None})
    runs.note(id, "<ada>", "wrong <mapping> שלום")
    text = console.person().page(f"/runs/{id}")
    assert "<ada>" not in text
    assert "wrong <mapping>" not in text
    told = words(text)
    for part in (
        "36 fields of 18 items put back, 2 left as they were.",
        "Records 20",
        "Fields put back 36",
        "it was changed since in the CMS 2",
        "wrong <mapping> שלום <ada>",
        "See below why something was left",
    ):
        assert part in told, part
    assert "/deletes?collection=products" in text
    assert "/problems?collection=products" in text


def test_a_failed_one_says_why_and_what_to_do(console, runs):
    id = ended(runs, "remap", state="failed", reason="no <field> stock")
    told = words(console.person().page(f"/runs/{id}"))
    assert "It failed: no <field> stock." in told
    assert "Correct what the reason names, then begin it again" in told


def test_an_unknown_run(console):
    answer = console.person().get("/runs/r99")
    assert (answer.status_code, "newest 500" in answer.text) == (404, True)


def test_who_may_only_look_has_no_button(console, runs):
    someone, done, wait = console.person("viewer"), ended(runs, "undo"), held(runs)
    for path in (f"/runs/{done}", f"/runs/{wait}", "/runs"):
        main = someone.page(path).partition("<main")[2]
        assert 'method="post"' not in main
        assert "filter-up_to" not in main
    for name in ("approve", "approve_final", "drop", "undo"):
        assert someone.post(f"/runs/{wait}/{name}").status_code == 403
    assert someone.post("/runs/undo_source").status_code == 403


# deciding -------------------------------------------------------------------------------------


def test_a_held_reconcile_is_approved_up_to_a_number(console, runs):
    id = held(runs)
    someone = console.person("operator")
    text = someone.page(f"/runs/{id}")
    assert 'name="filter-up_to"' in text
    assert "3 of its deletes" in words(text)
    answer = someone.post(f"/runs/{id}/approve", **{"filter-up_to": "1,0"})
    told = words(answer.text)
    assert "Approve: 17 items" in told
    assert "Left 2" in told
    assert "Then run the same reconcile again" in told
    done = someone.confirm(answer, reason="the new season")
    assert (done.status_code, done.location) == (303, f"/runs/{id}")
    assert {k: v.number for k, v in approved(runs, "products", "erp", None).items()} == {
        "created": 10,
        "overwritten": 7,
    }
    told = words(someone.page(f"/runs/{id}"))
    assert "The next reconcile of the same source may create 10 items and overwrite 7" in told
    assert "the new season operator" in told


def test_one_of_the_schedule_goes_on_by_itself(console, runs):
    id = held(runs, configured=True)
    answer = console.person().post(f"/runs/{id}/approve")
    assert "The schedule starts the reconcile again at once" in answer.text


def test_a_held_undo_is_approved_as_a_whole(console, runs):
    id = held(runs, "undo")
    someone = console.person()
    assert 'name="filter-up_to"' not in someone.page(f"/runs/{id}")
    answer = someone.post(f"/runs/{id}/approve")
    assert "A worker goes on with it" in answer.text
    assert someone.confirm(answer).status_code == 303
    assert runs.show(id).state == "running"


@pytest.mark.parametrize("number", ["x", "-1", "9" * 10])
def test_a_ceiling_that_is_no_number(console, runs, number):
    answer = console.person().post(f"/runs/{held(runs)}/approve", **{"filter-up_to": number})
    assert (answer.status_code, "a whole number" in answer.text) == (404, True)


def test_one_that_is_held_for_its_deletes_leads_to_them(console, runs):
    id = held(runs, held=3, held_created=0, held_overwritten=0)
    text = console.person().page(f"/runs/{id}")
    assert "only its deletes wait" in words(text).lower()
    assert f'action="/runs/{id}/approve"' not in text
    assert '<a href="/deletes?collection=products">3 of its deletes</a>' in text


def test_a_held_one_is_dropped(console, runs):
    id = held(runs)
    someone = console.person()
    answer = someone.post(f"/runs/{id}/drop")
    assert "Drop: 1 run" in words(answer.text)
    assert someone.confirm(answer).location == f"/runs/{id}"
    told = words(someone.page(f"/runs/{id}"))
    assert "It was stopped: dropped by admin." in told
    assert "begin it again" not in told
    assert someone.post(f"/runs/{id}/drop").status_code == 409


# proposals ------------------------------------------------------------------------------------


def proposed(runs, kind="replay", **options):
    return runs.start(kind, "mcp:ada@desk", proposed="The <mapping> is right now", **options)


def test_a_proposal_shows_who_proposed_it_and_why(console, runs):
    id = proposed(runs, collection="products", figures={"letters": 3, "done": 0}, work=["x"])
    someone = console.person()
    for path in ("/runs", f"/runs/{id}"):
        told = words(someone.page(path))
        assert "Proposed: The <mapping> is right now." in told
        main = told.partition("All runs")[0] if path == "/runs" else told
        assert main.count("mcp:ada@desk") == 1
    assert "Ends by itself" in told
    assert "<mapping>" not in someone.page(path)
    answer = someone.post(f"/runs/{id}/drop")
    assert someone.confirm(answer).status_code == 303
    assert runs.show(id).reason == "dropped by admin"


def test_a_proposal_is_approved_for_what_it_would_do_by_now(console, runs):
    of = held(runs)
    about = {"of": "run", "run": of, "up_to": 5}
    id = proposed(runs, "approve", collection="products", about=about)
    someone = console.person()
    assert "Approve a run in products" in words(someone.page(f"/runs/{id}"))
    answer = someone.post(f"/runs/{id}/approve")
    told = words(answer.text)
    assert f"Of the run {of}" in told
    assert "Approve: 10 items" in told
    assert someone.confirm(answer).location == f"/runs/{id}"
    assert runs.show(id).state == "done"
    assert runs.show(of).figures["may_create"] == 5


def test_a_proposal_of_what_is_final_asks_for_the_number(console, runs):
    console.rig.fill()
    letter = console.context.letters.ids()[0]
    about = {"until": 10**15, "selection": {}, "named": True}
    figures = {"letters": 1, "done": 0, "discarded": 0, "closed": 0, "left": 0, "reasons": {}}
    id = proposed(runs, "discard", figures=figures, about=about, work=[letter])
    someone = console.person()
    assert f'action="/runs/{id}/approve_final"' in someone.page(f"/runs/{id}")
    assert someone.post(f"/runs/{id}/approve").status_code == 409
    answer = someone.post(f"/runs/{id}/approve_final")
    assert "Type the number" in words(answer.text)
    assert runs.show(id).state == "held"
    assert someone.confirm(answer, number="1").status_code == 303
    assert (runs.show(id).state, runs.show(id).approved_by) == ("running", "admin")
    assert "Approved by" in words(someone.page(f"/runs/{id}"))


# undo -----------------------------------------------------------------------------------------


def test_what_a_source_wrote_needs_a_source_and_a_time(console):
    someone = console.person()
    page = someone.page("/runs")
    assert "Undo what a source wrote" in page
    for fields in ({"filter-source": "erp"}, {"filter-since": "2h"}):
        answer = someone.post("/runs/undo_source", **fields)
        assert (answer.status_code, "name them" in answer.text) == (404, True)
    both = {"filter-since": "yesterday", "filter-source": "erp"}
    assert someone.post("/runs/undo_source", **both).status_code == 404
    both = {"filter-since": "2h", "filter-source": "erp"}
    assert "Nothing to do" in someone.post("/runs/undo_source", **both).text
    clerk = console.person("clerk")
    assert "erp" not in clerk.page("/runs").partition("<main")[2]
    assert clerk.post("/runs/undo_source", **both).status_code == 404


def test_a_link_to_a_page_that_there_is_not(console):
    with console.app.test_request_context():
        assert link_of("runs.run", id="r1") == "/runs/r1"
        assert link_of("runs.run", id=None) is None
        assert link_of("nothing.show") is None
