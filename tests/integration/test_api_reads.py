"""What /api shows, by noun, and to whom."""

from dataclasses import fields
from functools import partial

import pytest

from service.api import deliveries as delivery_api
from service.operate.deliveries import list_deliveries, show_delivery
from service.operate.problems import list_letters, list_problems, show_letter
from service.operate.record_life import life_of
from service.operate.status import status_of
from service.reconcile.state.past_runs import note_end
from tests.support.api_rig import ADMIN, CLERK, KEYS, OPERATE, SHOP, TOKENS, VIEW, Rig
from workers.store import keys


@pytest.fixture(scope="module")
def rig(tmp_path_factory, store_socket):
    rig = Rig(tmp_path_factory.mktemp("api"), store_socket)
    rig.context.steps.client.flushall()
    rig.fill()
    yield rig
    rig.close()


def shown(rig, path, token=VIEW, **query):
    answer = rig.get(path, token, **query)
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/json"
    return answer.json


def found(rig, q, token=VIEW, **query):
    return {
        (r["collection"], r["key"])
        for r in shown(rig, "/api/records", token, q=q, **query)["items"]
    }


@pytest.mark.parametrize("key", KEYS)
def test_a_record_is_found_by_its_key_whatever_stands_in_it(rig, key):
    assert found(rig, key) == {("products", key)}


@pytest.mark.parametrize("key", KEYS)
def test_a_record_is_found_in_another_case_by_prefix_and_padded(rig, key):
    assert ("products", key) in found(rig, key.swapcase())
    assert ("products", key) in found(rig, key[:2].upper())
    assert ("products", key) in found(rig, f"  {key}\t")


def test_a_record_is_found_by_the_id_of_its_item(rig):
    (record,) = shown(rig, "/api/records", q="item-2")["items"]
    own = {name: record[name] for name in ("collection", "key", "item", "pending", "state")}
    assert own == {
        "collection": "products",
        "key": "A|ü",
        "item": "item-2",
        "pending": False,
        "state": "in step",
    }


@pytest.mark.parametrize("q", ["*", "A*", "?", "[a-z]", "\\", "A\\/B", "product", "instep:"])
def test_what_is_a_pattern_to_the_store_is_text_to_the_search(rig, q):
    assert found(rig, q) == set()


def test_a_part_of_a_value_is_found_page_by_page(rig):
    page = shown(rig, "/api/records", q="t pla", part=1)
    found = [(each["key"], each["fields"]) for each in page["items"]]
    assert found == [("plain", ["title"])]
    told = {name: page[name] for name in ("looked", "of", "hidden", "indexing")}
    assert told == {"looked": 5, "of": 5, "hidden": 0, "indexing": False}
    assert shown(rig, "/api/records", SHOP, q="t pla", part=1)["looked"] == 1


def test_without_a_text_what_needs_a_person_is_listed(rig):
    page = shown(rig, "/api/records")
    refused = {each["key"] for each in page["items"] if each["letters"]}
    assert "plain" in refused
    assert found(rig, "", source="till") == {("orders", "17")}
    assert found(rig, "", collection="orders", state="any") == {("orders", "17")}
    assert shown(rig, "/api/records", collection="orders")["items"] == []


@pytest.mark.parametrize("query", [{"collection": "orders"}, {"source": "till"}])
def test_a_filter_names_what_the_access_sees(rig, query):
    assert rig.get("/api/records", SHOP, **query).status_code == 200
    (name,) = query
    answer = rig.get("/api/records", VIEW, **{name: "nobody"})
    assert answer.status_code == 404
    assert answer.json["error"]["do"] == f"correct the {name}"
    other = {"collection": "products", "source": "erp"}[name]
    assert rig.get("/api/records", SHOP, **{name: other}).status_code == 404


def test_a_part_needs_a_text_and_a_cursor_its_own_list(rig):
    assert rig.get("/api/records", VIEW, part=1).json["error"]["do"] == "say what to look for"
    page = rig.get("/api/records", VIEW, q="a", cursor="e30")
    assert (page.status_code, page.json["error"]["do"]) == (404, "begin without it")


def test_pages_of_records_hold_each_record_once(rig):
    pages, cursor = [], None
    for _ in range(20):
        more = {"cursor": cursor} if cursor else {}
        page = shown(rig, "/api/records", limit=1, state="any", **more)
        pages.append([record["key"] for record in page["items"]])
        cursor = page["next"]
        if cursor is None:
            break
    assert all(len(page) <= 1 for page in pages)
    assert sorted(key for page in pages for key in page) == sorted([*KEYS, "17"])


def test_an_access_of_one_destination_sees_its_records_sources_and_states_only(rig):
    assert found(rig, "", SHOP, state="any") == {("orders", "17")}
    assert found(rig, "plain", SHOP) == set()
    assert found(rig, "item-2", SHOP) == set()
    assert [each["name"] for each in shown(rig, "/api/sources", SHOP)["items"]] == ["till"]
    status = shown(rig, "/api/status", SHOP)
    assert (set(status["destinations"]), set(status["collections"])) == ({"shop"}, {"orders"})
    assert (set(status["sources"]), "fields" in status) == ({"till"}, False)
    settings = shown(rig, "/api/settings", SHOP)
    assert set(settings) == {"destinations", "collections", "sources", "pulls"}
    assert not [each for each in ("products", "erp", "'site'}") if each in f"{settings}{status}"]


def test_an_access_of_one_destination_sees_the_notices_of_its_own_reconciles(rig):
    client = rig.context.steps.client
    for name in ("orders", "products"):
        note_end(client, name, 1, "no answer")
        client.hset(keys.reconciled(name), "began", 1)
    notices = shown(rig, "/api/status", SHOP)["notices"]
    client.delete(keys.reconciled("orders"), keys.reconciled("products"))
    assert [each["name"] for each in notices] == ["reconcile orders: failed"]


def test_the_status_is_that_of_the_command(rig):
    status = shown(rig, "/api/status")
    assert status["fields"]["accepted"] == 9
    assert status["balanced"] is True
    assert status["destinations"]["site"]["state"] == "flowing"
    assert {"name", "state", "since", "do", "why"} == set(status["reasons"][0])


def test_nothing_of_the_status_is_left_out(rig):
    """The description names each key: one that it lacks would not be shown."""
    shown_status, status = shown(rig, "/api/status"), status_of(rig.context)
    assert set(shown_status) == set(status)
    for kind, name in (("destinations", "site"), ("collections", "products"), ("sources", "erp")):
        assert set(shown_status[kind][name]) == set(status[kind][name])
    assert set(shown_status["memory"]) == set(status["memory"])
    assert set(shown_status["spool"]) == set(status["spool"])
    assert shown_status["problems"] == status["problems"]


def test_nothing_of_a_list_is_left_out(rig):
    problems, letters = list_problems(rig.context).items, list_letters(rig.context).items
    listed = list_deliveries(rig.context, configuration=rig.configuration).items
    for path, items in (("problems", problems), ("dead", letters), ("deliveries", listed)):
        assert shown(rig, f"/api/{path}")["items"] == items
    for each in listed:
        found = show_delivery(rig.context, each["id"], configuration=rig.configuration)
        assert shown(rig, f"/api/deliveries/{each['id']}") == found
    for each in letters:
        assert shown(rig, f"/api/dead/{each['id']}") == show_letter(rig.context, each["id"])


def test_deliveries_whose_time_is_up_go_on_by_their_cursor(rig, monkeypatch):
    whole = shown(rig, "/api/deliveries", key="plain")["items"]
    monkeypatch.setattr(delivery_api, "list_deliveries", partial(list_deliveries, seconds=-1))
    found, page = [], {"next": None}
    while not found or page["next"]:
        cursor = {"cursor": page["next"]} if page["next"] else {}
        page = shown(rig, "/api/deliveries", key="plain", **cursor)
        found.append(page["items"])
    assert [each for items in found for each in items] == whole
    assert [] in found


def test_sources_show_what_came_and_which_topics_are_taken(rig):
    erp, till = shown(rig, "/api/sources")["items"]
    assert (erp["name"], erp["deliveries"], erp["unmapped"]) == ("erp", 6, 1)
    assert (erp["topics"], till["topics"]) == (["stock"], None)
    assert (erp["unwanted"], till["unwanted"]) == ({"price": 1}, {})
    assert erp["secrets"] == [{"until": None, "matched": 6, "last": None}]
    assert erp["hour"] == erp["day"] == dict.fromkeys(("deliveries", "duplicates", "refused"))
    assert erp["streak"] is None


def test_sources_go_on_by_their_cursor(rig):
    first = shown(rig, "/api/sources", limit=1)
    rest = shown(rig, "/api/sources", limit=1, cursor=first["next"])
    assert [each["name"] for each in first["items"] + rest["items"]] == ["erp", "till"]
    assert rest["next"] is None


def test_nothing_of_the_settings_is_left_out(rig):
    settings = rig.configuration.settings
    assert set(shown(rig, "/api/settings")) == {each.name for each in fields(settings)} - {
        "warnings"
    }


def test_settings_hold_no_secret(rig):
    text = rig.get("/api/settings", ADMIN).text
    secrets = [ADMIN, *TOKENS.values(), "t0ken-of-the-site", "s3cret-of-the-erp"]
    assert not [each for each in secrets if each in text]
    settings = shown(rig, "/api/settings")
    assert settings["destinations"]["site"]["token"] == "***"
    assert settings["sources"]["erp"]["secrets"] == ["***"]
    assert settings["sources"]["erp"]["options"]["topic"] == "topic"


@pytest.mark.parametrize("path", ["/api/records", "/api/sources", "/api/audit"])
@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 201}, {"limit": "all"}, {"cursor": "§"}, {"limt": 5}]
)
def test_a_list_refuses_what_it_does_not_know(rig, path, query):
    answer = rig.get(path, VIEW, **query)
    assert answer.status_code == 422
    assert next(iter(query)) in answer.json["error"]["found"]


@pytest.mark.parametrize("token", [VIEW, OPERATE, SHOP, CLERK])
def test_a_preview_shows_what_would_change(rig, token):
    body = '{"number": " 21 ", "total": 5}'
    answer = rig.post("/api/preview", token, source="till", body=body)
    assert answer.status_code == 200
    (change,) = answer.json["changes"]
    assert (change["collection"], change["fields"]) == ("orders", {"total": 5})
    assert (change["key"], change["item"]) == (" 21 ", None)


@pytest.mark.parametrize("key", KEYS)
def test_the_life_of_a_record_is_shown_by_its_key_whatever_stands_in_it(rig, key):
    record = shown(rig, "/api/record", collection="products", key=key)
    assert record["key"] == key
    assert record["fields"]["title"]["wanted"] == f"T {key}"
    if key != "plain":  # which waits: for what, and how long, moves on
        assert record == life_of(rig.context, "products", key)


def test_a_refused_value_is_told_with_its_letter_and_what_happens_next(rig):
    record = shown(rig, "/api/record", collection="products", key="plain")
    assert record["fields"]["stock"]["state"] == "dead"
    assert "Stock is not valid" in str(record["waits"])


def test_an_unknown_record_is_404_with_the_nearest_keys(rig):
    answer = rig.get("/api/record", VIEW, collection="products", key="plaim")
    assert answer.status_code == 404
    assert set(answer.json["error"]) == {"found", "expected", "do"}
    assert answer.json["nearest"] == ["plain"]


@pytest.mark.parametrize("path", ["/api/problems", "/api/dead", "/api/deliveries"])
def test_a_list_goes_on_by_its_cursor_and_ends(rig, path):
    whole = shown(rig, path)
    assert whole["next"] is None
    items, cursor = [], {}
    for _ in whole["items"]:
        page = shown(rig, path, limit=1, **cursor)
        items += page["items"]
        cursor = {"cursor": page["next"]} if page["next"] else {}
    assert items == whole["items"]
    assert cursor == {}


def test_letters_stand_under_their_problem(rig):
    problems = shown(rig, "/api/problems")["items"]
    assert {(each["kind"], each["letters"]) for each in problems} == {
        ("unmapped", 1),
        ("refused", 1),
    }
    assert all(each["do"] for each in problems)
    for problem in problems:
        (letter,) = shown(rig, "/api/dead", group=problem["id"])["items"]
        assert letter["id"] == problem["example"]
        assert shown(rig, f"/api/dead/{letter['id']}")["do"]


def test_deliveries_are_found_by_outcome_source_and_key(rig):
    assert [each["outcome"] for each in shown(rig, "/api/deliveries", key="A/B")["items"]] == [
        "unmapped",
        "kept",
    ]
    (unwanted,) = shown(rig, "/api/deliveries", outcome="unwanted")["items"]
    assert (unwanted["topic"], unwanted["reason"]) == ("price", "no mapping takes it")
    assert shown(rig, "/api/deliveries", source="erp", since="2999-01-01T00:00:00Z")["items"] == []
    delivery = shown(rig, f"/api/deliveries/{unwanted['id']}")
    assert '"topic": "price"' in delivery["body"]
    assert rig.get("/api/deliveries/erp-999", VIEW).status_code == 404


@pytest.mark.parametrize("since", ["2026-01-01T00:00:00+02:00", "2026-01-01T00:00:00Z", "2h", "3d"])
def test_a_time_is_taken_with_its_offset_or_as_a_duration(rig, since):
    assert len(shown(rig, "/api/deliveries", since=since)["items"]) == 7


@pytest.mark.parametrize("since", ["2026-01-01T00:00:00", "yesterday", "2", "", "999999d"])
def test_what_is_no_time_with_an_offset_is_refused(rig, since):
    assert rig.get("/api/deliveries", VIEW, since=since).status_code == 422


def test_an_access_of_one_destination_sees_its_deliveries_problems_and_letters_only(rig):
    (delivery,) = shown(rig, "/api/deliveries", SHOP)["items"]
    assert delivery["source"] == "till"
    others = [each["id"] for each in shown(rig, "/api/deliveries", source="erp")["items"]]
    assert {rig.get(f"/api/deliveries/{id}", SHOP).status_code for id in others} == {404}
    assert rig.get("/api/deliveries", SHOP, source="erp").status_code == 404
    assert rig.get("/api/record", SHOP, collection="products", key="plain").status_code == 404
    assert shown(rig, "/api/problems", SHOP)["items"] == []
    assert shown(rig, "/api/dead", SHOP)["items"] == []
    letters = [each["id"] for each in shown(rig, "/api/dead")["items"]]
    assert {rig.get(f"/api/dead/{id}", SHOP).status_code for id in letters} == {404}


@pytest.mark.parametrize("path", ["/api/problems", "/api/dead"])
@pytest.mark.parametrize("query", [{"source": "erp"}, {"collection": "products"}])
def test_what_an_access_does_not_see_is_as_if_it_did_not_exist(rig, path, query):
    answer = rig.get(path, SHOP, **query)
    assert (
        answer.status_code == rig.get(path, SHOP, **dict.fromkeys(query, "no")).status_code == 404
    )
    assert not [each for each in ("erp", "products") if each in answer.json["error"]["expected"]]
    assert rig.get(path, VIEW, **dict.fromkeys(query, "no")).status_code == 404
