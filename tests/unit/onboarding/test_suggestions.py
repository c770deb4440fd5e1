"""Suggested pairs against those that a person chose, and the module as the configuration has it."""

import ast
import json
import re

import pytest

from service.config.build import build
from service.ingest.intake import Intake
from service.onboarding.pairing import SURE
from service.onboarding.suggest import Sample, Wanted, suggest
from tests.support.suggestion_cases import FIVE, TEN
from workers.webflow.schema import Schema, check

EVERY = [*TEN, *FIVE]
LEAST = 0.8  # of the pairs that a person chose


def suggested(case):
    return suggest(case.wanted, case.samples, "a sample")


def share(cases):
    found = [len(case.found(suggested(case))[0]) for case in cases]
    return sum(found) / sum(len(case.pairs) for case in cases)


def configured(case, folder, text):
    """Return the configuration of *case* with the module *text*."""
    options = {**case.source.options, "url": case.source.url}
    if case.source.path_token:
        options["path_token"] = case.source.path_token
    lines = [f"{key} = {json.dumps(value)}" for key, value in options.items()]
    secrets = f"secrets = {json.dumps([*case.source.secrets])}" if case.source.secrets else ""
    (folder / "mappings.py").write_text(text, encoding="utf-8")
    (folder / "instep.toml").write_text(
        "\n".join(
            [
                'mappings = ["mappings.py"]',
                '[destinations.site]\ntoken = "t"',
                f'[collections.{case.held["collection"]}]\ndestination = "site"\nid = "c"',
                f"key = {json.dumps(case.held['key'])}",
                f"[sources.shop]\nsender = {json.dumps(case.sender)}\n{secrets}",
                *lines,
            ]
        ),
        encoding="utf-8",
    )
    return build({"INSTEP_CONFIG": str(folder / "instep.toml")})


def test_there_are_ten_senders_and_five_more():
    assert len({case.sender for case in TEN}) == 10
    assert len({case.sender for case in EVERY}) == 15


def test_four_fifths_of_the_pairs_that_a_person_chose_are_found():
    assert share(TEN) >= LEAST
    assert share(FIVE) >= LEAST


@pytest.mark.parametrize("case", EVERY, ids=str)
def test_nothing_is_suggested_that_nobody_chose(case):
    assert case.found(suggested(case))[1] == []


@pytest.mark.parametrize("case", EVERY, ids=str)
def test_the_key_is_the_one_that_a_person_chose(case):
    assert {key for each in suggested(case).classes for key in each.key} == {*case.held["keys"]}


@pytest.mark.parametrize("case", EVERY, ids=str)
def test_the_module_loads_and_each_value_is_of_its_fields_type(case, tmp_path):
    configuration = configured(case, tmp_path, suggested(case).text)
    schema = Schema({each["slug"]: each for each in case.fields})
    intake = Intake(configuration.senders, configuration.mappings, None, wake=str)
    values = {}
    for headers, body in case.deliveries:
        found = intake.preview("shop", body, headers, None, fetched=False)
        assert found.problems == ()
        assert found.changes
        values |= {each.slug: json.loads(each.value) for c in found.changes for each in c.fields}
    # Null clears a field; a label becomes an id as it is sent.
    for slug, value in values.items():
        ids = [each["id"] for each in schema.options(slug) if each["name"] == value]
        assert check(schema, slug, ids[0] if ids else value, api="v2") is None, slug
    assert values.keys() == {slug for each in suggested(case).classes for slug in each.paths}


def test_a_key_in_a_list_makes_a_change_of_each_element():
    (case,) = (each for each in TEN if each.name == "shopify")
    held = {**case.held, "key": "sku"}
    (each,) = suggest(type(case)("by sku", held).wanted, case.samples, "it").classes
    assert (each.each, each.key) == ("variants", ("each.sku",))
    assert each.paths["name"] == "event.title"
    assert each.paths["price"] == "each.price"


def test_topics_that_read_alike_share_a_class_and_what_is_gone_is_retired():
    (case,) = (each for each in TEN if each.name == "shopify")
    (one,) = case.samples
    gone = Sample("products/delete", {"id": 7})
    stock = Sample("inventory_levels/update", {"inventory_item_id": 8, "available": 3})
    created = Sample("products/create", one.payload)
    found = suggest(case.wanted, [one, created, gone, stock], "samples")
    assert [each.topics for each in found.classes] == [
        ("products/update", "products/create"),
        ("products/delete",),
    ]
    assert 'on_delete = "archive"' in found.text
    assert "# No class takes inventory_levels/update" in found.text


def test_nothing_in_a_payload_becomes_code():
    (case,) = (each for each in TEN if each.name == "standard-webhooks")
    bad = 'x"\n\nimport os  # \u2028\\"""\rraise SystemExit'
    payload = {"sku": "A", "stock": 1, bad: {"note": "n"}, "warehouse": {bad: 1}}
    samples = [Sample(bad, payload), Sample(f"{bad}2", {"unused": 1})]
    found = suggest(case.wanted, samples, "a sample")
    assert json.dumps(bad) in found.classes[0].paths["note"]
    tree = ast.parse(found.text)
    kinds = [type(each).__name__ for each in tree.body]
    assert kinds == ["Expr", "ImportFrom", "ImportFrom", "ClassDef"]
    (topics,) = (
        ast.literal_eval(each.value)
        for each in ast.walk(tree)
        if isinstance(each, ast.Assign) and each.targets[0].id == "topics"
    )
    assert topics == (bad,)


def test_a_sample_without_a_topic_stands_for_all():
    (case,) = (each for each in TEN if each.name == "supabase")
    (one,) = case.samples
    (each,) = suggest(case.wanted, [one, Sample(None, one.payload)], "samples").classes
    assert each.topics == ()


def pairs_of(payload, *slugs, key="event-id", collection="events"):
    types = {"start": "DateTime", "tickets-left": "Number", "photo": "Image"}
    fields = [
        {"slug": slug, "type": types.get(slug, "PlainText"), "displayName": slug, "options": []}
        for slug in (key, "name", *slugs)
    ]
    wanted = Wanted("erp", "hmac", collection, (key,), fields, {})
    (each,) = suggest(wanted, [Sample("t", payload)], "it").classes
    assert each.key_score >= SURE
    return each.key[0], each.paths


def test_the_name_of_something_else_is_not_that_of_the_record():
    place = {"name": "Porgy", "city": "Vienna"}
    payload = {"event": {"id": "e-7", "title": "Jazz", "startsAt": "2026-06-01T19:00:00Z"}}
    payload["event"] |= {"location": place, "ticketsLeft": 12}
    assert pairs_of(payload, "start", "venue", "tickets-left") == (
        "event.id",
        {
            "name": "event.title",
            "start": "event.startsAt",
            "venue": "event.location.name",
            "tickets-left": "event.ticketsLeft",
        },
    )


def test_an_id_may_stand_beside_the_fields_of_its_record():
    picture = [{"url": "https://dl.example/a.jpg"}]
    payload = {"id": "rec1", "fields": {"Name": "Oak lamp", "Photo": picture}}
    assert pairs_of(payload, "photo", key="airtable-id") == (
        "id",
        {"name": "fields.Name", "photo": "fields.Photo[0].url"},
    )


def test_an_id_bears_the_name_of_its_collection():
    payload = {"data": {"id": 7, "title": "Lamps", "stage_id": 4}, "meta": {"id": "x"}}
    assert pairs_of(payload, key="deal-id", collection="deals")[0] == "data.id"


def test_a_deleted_row_is_found_by_what_it_held_before(tmp_path):
    (case,) = (each for each in TEN if each.name == "supabase")
    topics = [f"public.products.{op}" for op in ("INSERT", "UPDATE", "DELETE")]
    case = type(case)("rows", {**case.held, "topics": topics})
    found = suggested(case)
    assert [each.key for each in found.classes] == [("record.sku",), ("old_record.sku",)]
    configuration = configured(case, tmp_path, found.text)
    intake = Intake(configuration.senders, configuration.mappings, None, wake=str)
    headers, body = case.deliveries[-1]
    (change,) = intake.preview("shop", body, headers, None, fetched=False).changes
    assert (change.record, change.retire) == ("P-0001", "archive")


def test_other_trades_have_other_words():
    person = {"id": 4, "firstName": "Ida", "lastName": "L", "phoneNumber": "+46 1"}
    person |= {"avatar_url": "https://x.example/a.png", "address": {"city": "Lund"}}
    slugs = ("first-name", "last-name", "mobile", "photo", "city")
    found = pairs_of({"person": person}, *slugs, key="person-id", collection="people")[1]
    assert found == {
        "first-name": "person.firstName",
        "last-name": "person.lastName",
        "mobile": "person.phoneNumber",
        "photo": "person.avatar_url",
        "city": "person.address.city",
    }
    room = {"uid": "r-1", "title": "Suite", "rate": {"amount": 120.5}, "cover": {"url": "u"}}
    assert pairs_of({"data": {"room": room}}, key="room-id", collection="rooms") == (
        "data.room.uid",
        {"name": "data.room.title"},
    )


def pulled(*records, sure=True):
    fields = [
        {"slug": slug, "type": "PlainText", "displayName": slug, "options": []}
        for slug in ("sku", "name", "color")
    ]
    wanted = Wanted("api", "pull", "products", ("sku",), fields, {}, pulled=sure)
    return suggest(wanted, [Sample(None, each) for each in records], "them").text


@pytest.mark.parametrize(
    ("beside", "path"),
    [
        ({"updated_at": "2026-05-12T09:30:00Z"}, "updated_at"),
        ({"dateModified": "2026-05-12T09:30:00.5+02:00"}, "dateModified"),
        ({"meta": {"updated_at": "2026-05-12T09:30:00Z"}}, "meta.updated_at"),
        ({"updated_at": "2026-05-12T09:30:00"}, None),  # where?
        ({"updated_at": 1778578200}, None),
        ({"created_at": "2026-05-12T09:30:00Z"}, None),
    ],
)
def test_the_time_of_a_change_is_the_version_of_what_is_pulled(beside, path):
    record = {"sku": "A-1", "name": "Oak lamp"} | beside
    text = pulled(record)
    assert re.findall('version = "(.*)"', text) == ([path] if path else [])
    assert "version" not in pulled(record, sure=False)


def test_what_only_a_later_event_has_is_seen_too():
    text = pulled({"sku": "A-1", "own": {"name": "Oak"}}, {"sku": "A-2", "own": {"color": "red"}})
    assert 'name = fields.String(data_key="own.name"' in text
    assert 'color = fields.String(data_key="own.color"' in text
    assert 'data_key="name"' in pulled({"sku": "A-1", "name": "Oak"}, ["odd"])


def of_kinds(payload, *fields, key="event-id"):
    """Return slug → (path, kind), and the key with its score."""
    known = [
        {"slug": slug, "displayName": slug, "options": []} | rest
        for slug, rest in ((key, {"type": "PlainText"}), ("name", {"type": "PlainText"}), *fields)
    ]
    wanted = Wanted("erp", "hmac", "events", (key,), known, {})
    (each,) = suggest(wanted, [Sample("t", payload)], "it").classes
    found = {pair.slug: (pair.reading.path, pair.reading.kind) for pair in each.pairs}
    return found, (each.key[0], each.key_score >= SURE)


def test_the_one_end_of_a_range_is_not_the_other():
    number = {"type": "Number"}
    payload = {"id": 1, "min_salary": 5, "max_salary": 7}
    ends = (("salary-from", number), ("salary-to", number))
    found, _ = of_kinds(payload, *ends)
    assert found == {
        "salary-from": ("min_salary", "fields.Decimal"),
        "salary-to": ("max_salary", "fields.Decimal"),
    }
    assert of_kinds({"id": 1, "min_salary": 5, "x": 1, "name": "a"}, *ends)[0].keys() == {
        "name",
        "salary-from",
    }


def test_what_counts_cents_says_so():
    found, _ = of_kinds({"id": 1, "price_cents": 850}, ("price", {"type": "Number"}))
    assert found == {"price": ("price_cents", "MinorUnits")}


def test_a_label_shows_which_option_is_meant():
    labels = [{"id": "1", "name": "starters"}, {"id": "2", "name": "mains"}]
    payload = {"id": 1, "kind_of": "starters", "note": "mild"}
    found, _ = of_kinds(payload, ("course", {"type": "Option", "options": labels}))
    assert found == {"course": ("kind_of", "Option")}


@pytest.mark.parametrize(
    ("named", "path"),
    [
        ({"dish_name": "Soup"}, "dish_name"),
        ({"objekttitel": "Altbau"}, "objekttitel"),
        ({"dish_name": "Soup", "chef_name": "Ida"}, None),
        ({"dish_name": 4}, None),
    ],
)
def test_the_only_name_that_bears_its_kind_is_the_name(named, path):
    found, _ = of_kinds({"id": 1, "stage": "won"} | named, ("stage", {"type": "PlainText"}))
    assert found.get("name", (None,))[0] == path


def test_a_number_of_whatever_the_record_is_called_may_be_its_id():
    payload = {"estate": {"id": 4711, "name": "Altbau"}}
    assert of_kinds(payload, key="objektnummer")[1] == ("estate.id", False)
    payload["estate"]["objektnummer"] = "O-1"
    assert of_kinds(payload, key="objektnummer")[1] == ("estate.objektnummer", True)
