"""Erasing a record: everything of it, nothing of others, whatever its key looks like."""

import hashlib
import json
import unicodedata

import pytest
import redis

from tests.support.outbox_creating import created, knowing, wanted
from tests.support.outbox_driver import bad, change, event
from tests.support.outbox_referring import one, put, several
from workers.model.attempts import FieldFailure, ItemOutcome
from workers.model.changes import LeftOut
from workers.store.compression import unpacked
from workers.store.erasure import Erasure
from workers.store.key_text import KeyText
from workers.store.keys import life
from workers.store.outbox import balanced
from workers.store.problem_groups import ProblemGroups
from workers.store.runs import Runs
from workers.store.undo_keys import UNDO, UNDO_IDS, UNDO_STATE
from workers.store.undo_log import UndoLog
from workers.webflow.item_keys import normal_record

KEY = "REF-77"


@pytest.fixture
def raw(store_socket):
    with redis.Redis(unix_socket_path=store_socket) as client:
        yield client


@pytest.fixture
def erase(bench, raw):
    """Erases a record of products; what is left of it."""

    def run(key=KEY, *, names=("sku",), only_find=False, parts=1, collection="products"):
        record = normal_record(key, parts)
        places = [("products", "a"), ("stores", "b")]

        def is_key(text):
            return any(bench.client.exists(f"instep:item:{name}:{text}") for name, _ in places)

        others = {"products", "stores"} - {collection}
        text = KeyText(
            collection,
            record,
            parts=parts,
            spellings=[key],
            names=names,
            is_key=is_key,
            others=others,
        )
        erasure = Erasure(raw, bench.steps, text)
        hits = erasure.find()
        return hits if only_find else erasure.run(hits)

    return run


def dump(client):
    """All that is stored, as one text; what is packed, as it is unpacked."""
    found = []
    with redis.Redis(connection_pool=_undecoded(client)) as raw:
        for key in sorted(raw.scan_iter(count=1000)):
            found += [key, *_values(raw, key)]
    return b"\n".join(found).decode("utf-8", "replace")


def _undecoded(client):
    options = client.connection_pool.connection_kwargs | {"decode_responses": False}
    return redis.ConnectionPool(client.connection_pool.connection_class, **options)


def _values(raw, key):
    match raw.type(key):
        case b"string":
            return [raw.get(key)]
        case b"hash":
            return [text for pair in sorted(raw.hgetall(key).items()) for text in pair]
        case b"set":
            return sorted(raw.smembers(key))
        case b"zset":
            return raw.zrange(key, 0, -1)
        case b"list":
            return raw.lrange(key, 0, -1)
    entries = [entry for _, entry in raw.xrange(key)]
    return [_plain(raw, key, entry) for entry in entries]


def _plain(raw, key, entry):
    if b"b" not in entry:
        return b"\n".join(entry.values())
    words = raw.xrange(key.replace(b"kept:", b"kept-words:"), entry[b"w"]) if b"w" in entry else []
    return unpacked(entry[b"b"], unpacked(words[0][1][b"b"], b"") if words else b"")


def deliver(bench, key=KEY, value=1, **options):
    body = json.dumps({"sku": key, "qty": value}).encode()
    record = normal_record(key, 1)
    return bench.accept(event(record, {"stock": value}, by="key"), body=body, **options)


def test_what_is_pending_is_discarded_and_nothing_of_it_is_left(bench, erase):
    deliver(bench)
    bench.accept(event("OTHER-1", {"stock": 2}, by="key"))
    done = erase()
    assert (done.discarded, done.left) == (1, ())
    assert bench.counts("accepted", "discarded", "pending") == (2, 1, 1)
    assert balanced(bench.counts())
    assert KEY not in dump(bench.client)
    assert bench.value("OTHER-1") == 2


def test_a_record_that_was_written_goes_with_its_places_in_the_index(bench, erase):
    deliver(bench)
    bench.list_all((KEY, "i1"), ("OTHER-1", "i2"))
    bench.write(bench.batch())
    assert erase().left == ()
    assert balanced(bench.counts())
    assert KEY not in dump(bench.client)
    place = f"products:{bench.settings.copy_of(bench.settings.collections['products'])}"
    assert bench.client.hgetall(f"instep:ids:{place}") == {"OTHER-1": "i2"}
    # Its item is still there: who does not list the whole again would make a second one.
    assert bench.client.hget(f"instep:index:{place}", "full") == "1"


def test_a_dead_letter_of_it_goes_and_its_values_count_as_discarded(bench, erase):
    deliver(bench)
    bench.list_all(("OTHER-1", "i2"))
    assert bench.counts("dead") == (1,)
    assert erase().discarded == 1
    assert bench.counts("discarded", "dead") == (1, 0)
    assert bench.letters() == []
    assert KEY not in dump(bench.client)


def test_a_closed_letter_of_it_goes_too(bench, erase):
    deliver(bench)
    bench.list_all(("OTHER-1", "i2"))
    bench.letter(bench.letters()[0]["id"], "discard")
    assert erase().left == ()
    assert KEY not in dump(bench.client)


def test_a_letter_that_could_not_be_read_goes_with_its_body(bench, erase):
    bench.accept(bad(id="e1"), body=json.dumps({"sku": KEY, "qty": "x"}).encode())
    assert erase().left == ()
    assert bench.letters() == []
    assert KEY not in dump(bench.client)
    assert bench.client.hget("instep:raw-bytes", "erp") == "0"


def test_of_a_problem_and_of_a_run_the_words_that_hold_it_are_blanked(bench, erase):
    bench.accept(bad(id="e1", message=f"the element {KEY.lower()} {KEY} is no number"))
    groups, runs = ProblemGroups(bench.steps), Runs(bench.steps)
    facts = ["kind", "unmapped", "where", "erp", "title", f"the record {KEY}", "fields", "[]"]
    letter = {"id": bench.letters()[0]["id"], "group": "p1", "other": "p1", "other_facts": facts}
    words = bench.letters()[0]["problems"] + bench.letters()[0]["message"]
    mark = hashlib.sha1(words.encode(), usedforsecurity=False).hexdigest()
    request = {"letters": [letter | {"facts": facts, "mark": mark}], "most": 9}
    bench.steps.run("group_letters", request)
    assert groups.show("p1").title == f"the record {KEY}"
    figures = {"letters": 1, "reasons": {f"unmapped: the record {KEY}": 1}}
    run = runs.start("replay", "alice", figures=figures)
    runs.finish(run, "failed", reason=f"the record {KEY}")
    noted = runs.start("undo", "alice")
    runs.note(noted, "alice", f"because of {KEY}")
    named = runs.start("replay", "mcp:ada@desk", proposed=f"the record {KEY} is wrong")
    assert {hit.kind for hit in erase(only_find=True)} >= {"told"}
    assert erase().left == ()
    assert runs.show(run).figures == {"letters": 1, "reasons": {}}
    assert runs.show(noted).notes == ()
    assert (runs.show(run).proposed, runs.show(named).proposed) == ("", "erased")
    assert KEY not in dump(bench.client)


def test_of_a_letter_with_others_in_it_only_the_body_goes(bench, erase):
    left = tuple(LeftOut("products", key, "key", "stock", None) for key in (KEY, "OTHER-1"))
    problem = bad(id="e1")
    many = type(problem)("e1", "t", 0, (), (*problem.problems,), left=left)
    bench.accept(many, body=json.dumps([{"sku": KEY}, {"sku": "OTHER-1"}]).encode())
    assert erase().left == ()
    (letter,) = bench.letters()
    assert [name for name in letter if name.startswith("o:")] == [
        'o:["products","OTHER-1","stock"]'
    ]
    assert "raw" not in letter
    assert KEY not in dump(bench.client)


def test_a_kept_delivery_goes_and_those_beside_it_stay(bench, erase):
    bench.accept(event("OTHER-1", {"stock": 2}, by="key"), body=b'{"sku":"OTHER-1"}')
    deliver(bench)
    bench.accept(event("OTHER-2", {"stock": 2}, by="key"), body=b'{"sku":"OTHER-2"}')
    assert bench.client.xlen("instep:kept:erp") == 3
    assert erase().left == ()
    assert bench.client.xlen("instep:kept:erp") == 2


def test_words_that_hold_it_go_with_what_is_packed_by_them_and_later_ones_are_kept_again(
    bench, erase
):
    deliver(bench)  # its beginning packs the others
    for n in range(3):
        bench.accept(event(f"OTHER-{n}", {"stock": 2}, by="key"), body=b'{"sku":"OTHER"}')
    assert erase().left == ()
    assert bench.client.xlen("instep:kept:erp") == 0
    assert bench.client.xlen("instep:kept-words:erp") == 0
    for n in range(2):
        bench.accept(event(f"OTHER-{n}", {"stock": 3}, by="key"), body=b'{"sku":"OTHER"}')
    assert bench.client.xlen("instep:kept:erp") == 1
    assert bench.client.xlen("instep:kept-words:erp") == 1
    state = bench.client.hgetall("instep:kept-state:erp")
    assert int(state["bytes"]) > 0


def test_a_late_settle_does_not_bring_it_back(bench, erase):
    deliver(bench)
    bench.list_all((KEY, "i1"))
    batch = bench.batch()
    assert erase().left == ()
    bench.write(batch)
    assert not bench.client.exists(f"instep:item:products:{KEY}")
    assert balanced(bench.counts())
    assert bench.counts("discarded") == (1,)


def test_a_late_settle_that_does_not_know_does_not_bring_it_back(bench, erase):
    deliver(bench)
    bench.list_all((KEY, "i1"))
    batch = bench.batch()
    erase()
    failure = FieldFailure("refused", ("stock",), "no", 400)
    bench.settle(batch, ItemOutcome(KEY, unknown=True, failures=(failure,)), health="failure")
    assert KEY not in dump(bench.client)


def test_an_item_made_for_it_meanwhile_does_not_bring_it_back(bench_with, raw):
    bench = knowing(bench_with(missing="create"))
    wanted(bench, KEY)
    batch = bench.batch()
    assert batch.create
    erasure = Erasure(raw, bench.steps, KeyText("products", KEY))
    erasure.run(erasure.find())
    bench.settle(batch, *created(batch))
    assert KEY not in dump(bench.client)
    assert balanced(bench.counts())


def test_a_later_event_makes_it_anew(bench, erase):
    deliver(bench)
    erase()
    deliver(bench, value=5)
    assert bench.value(KEY) == 5
    assert balanced(bench.counts())


@pytest.mark.parametrize(
    "key",
    [
        *("Größe-7", unicodedata.normalize("NFD", "Größe-7"), " padded-7\t", "A/B-77", "shoe-👟-7"),
        *('5" pipe-7', "back\\slash-7", "a&b<c>-7", "50% off-7", "Ab-7 x"),
        *("a:b-77", "*-[77]?", "line\nbreak-7", "x" * 300),
    ],
)
def test_a_key_of_any_letters_goes(bench, erase, key):
    deliver(bench, key)
    bench.accept(bad(id="e1"), body=json.dumps({"sku": key, "qty": "x"}).encode())
    plain = json.dumps({"sku": key}, ensure_ascii=False).replace("/", "\\/").encode()
    bench.accept(bad(id="e2"), body=plain)
    bench.list_all(("OTHER-1", "i2"))
    assert erase(key).left == ()
    held = dump(bench.client)
    for form in {key, normal_record(key, 1), json.dumps(key)[1:-1]}:
        assert form.strip() not in held
    assert bench.letters() == []
    assert balanced(bench.counts())


@pytest.mark.parametrize("other", ["REF-770", "X-REF-77", "REF-77-B", "REF-77/B", "xREF-77"])
def test_a_longer_key_is_neither_erased_nor_told(bench, erase, other):
    deliver(bench)
    for value in (1, 2):
        deliver(bench, other, value)
    bench.accept(bad(id="e1"), body=json.dumps({"sku": other, "qty": "x"}).encode())
    lives = [bench.client.lrange(life("products", other), 0, -1)]
    done = erase()
    assert done.left == ()
    assert bench.value(other) == 2
    assert len(bench.letters()) == 1
    assert [bench.client.lrange(life("products", other), 0, -1)] == lives


def test_a_key_of_few_letters_erases_no_numbers_and_words_of_others(bench, erase):
    bench.accept(event("9", {"stock": 7}, by="key"), body=b'{"sku":"9","qty":7}')
    for n in range(3):
        body = json.dumps({"sku": f"OTHER-{n}", "qty": 7, "size": "7"}).encode()
        bench.accept(event(f"OTHER-{n}", {"stock": 7}, by="key"), body=body)
    bench.accept(event("7", {"stock": 7}, by="key"), body=b'{"sku":7,"qty":1}')
    done = erase("7")
    assert done.left == ()
    assert bench.client.xlen("instep:kept:erp") == 4
    assert not bench.client.exists("instep:item:products:7")
    assert bench.value("9") == 7


def test_a_record_of_another_collection_with_its_key_stays(bench, erase):
    deliver(bench)
    bench.accept(event(KEY, {"stock": 3}, by="key", collection="stores"), body=b"{}")
    assert erase().left == ()
    assert bench.field(KEY, collection="stores")["s"] == "pending"
    assert balanced(bench.counts())


def test_what_refers_to_it_stays_and_is_named(bench, erase):
    value = {"to": "products", "key": KEY}
    referring = change("S1", {"best": value}, collection="stores", kind="reference-key")
    bench.accept(type(event("x", {}))("e1", "t", 0, (referring,)))
    bench.claim()
    deliver(bench)
    assert {(hit.kind, hit.key) for hit in erase().left} == {
        ("reference", "instep:item:stores:S1"),
        ("reference", f"instep:waiters:products:{KEY}"),
        ("reference", "instep:wanted:products"),
    }
    assert bench.client.exists("instep:item:stores:S1")


def test_another_record_of_an_event_that_is_named_by_it_is_named(bench, erase):
    bench.accept(event("S-1", {"stock": 1}, id=f"{KEY}:5", by="key", collection="stores"))
    deliver(bench)
    assert [(hit.kind, hit.key) for hit in erase().left] == [
        ("reference", "instep:item:stores:S-1")
    ]


def test_an_entry_that_its_record_knows_nothing_of_leaves_the_letter(bench, erase):
    left = tuple(LeftOut("products", key, "key", "stock", None) for key in (KEY, "OTHER-1"))
    problem = bad(id="e1")
    bench.accept(type(problem)("e1", "t", 0, (), problem.problems, left=left), body=b"{}")
    bench.client.delete(f"instep:item:products:{KEY}")
    assert erase().left == ()
    (letter,) = bench.letters()
    assert (letter["entries"], KEY in json.dumps(letter)) == ("1", False)


def test_what_it_waits_for_forgets_it(bench, erase):
    value = {"to": "stores", "key": "S-1"}
    referring = change(KEY, {"best": value}, kind="reference-key", by="key")
    bench.accept(type(event("x", {}))("e1", "t", 0, (referring,)))
    bench.list_all((KEY, "i1"))
    bench.claim()
    assert erase().left == ()
    assert KEY not in dump(bench.client)


def test_sets_of_records_that_others_keep_are_left(bench, erase):
    for record in (KEY, "OTHER-1"):
        bench.client.zadd("instep:resting", {f"products:{record}": 1})
        bench.client.zadd("instep:tombstones", {f"products:{record}": 1})
        bench.client.sadd("instep:given:products:erp", record)
    assert erase().left == ()
    assert KEY not in dump(bench.client)
    assert bench.client.smembers("instep:given:products:erp") == {"OTHER-1"}
    assert bench.client.zrange("instep:resting", 0, -1) == ["products:OTHER-1"]


@pytest.mark.parametrize("key", ["REF-77", "9", "A/B"])
@pytest.mark.parametrize("many", [1, 40])
def test_entries_of_other_records_that_refer_to_it_go_from_their_lives(bench, erase, key, many):
    keys = [key, *(f"N-{n}" for n in range(many - 1))]
    put(bench, "i1", several(*keys) if many > 1 else one(key))
    bench.pass_time(1)
    bench.accept(event("i1", {"stock": 5}))
    bench.claim()  # waits for them
    assert any(entry.what == "blocked" for entry in bench.lives.read("products", "i1").entries)
    erase(key, collection="stores")
    history = bench.lives.read("products", "i1")
    [entry] = [entry for entry in history.entries if entry.what == "accepted"]
    assert entry.fields["stock"].value == 5
    held = "".join(bench.client.lrange(life("products", "i1"), 0, -1))
    assert f'"{key}"' not in held.replace("\\", "")


def test_a_life_from_which_all_was_erased_is_no_life(bench, erase):
    put(bench, "i1", one("REF-77"))
    erase("REF-77", collection="stores")
    assert bench.client.zrange("instep:lives", 0, -1) == []
    assert bench.client.hget("instep:lives:state", "bytes") == "0"


def test_nothing_is_changed_by_looking(bench, erase):
    deliver(bench)
    before = dump(bench.client)
    assert {hit.kind for hit in erase(only_find=True)} >= {"record", "delivery", "life"}
    assert dump(bench.client) == before


def test_what_was_ended_half_way_is_ended_by_another_run(bench, erase, raw):
    deliver(bench)
    bench.accept(bad(id="e1"), body=json.dumps({"sku": KEY, "qty": "x"}).encode())
    erasure = Erasure(raw, bench.steps, KeyText("products", KEY, names=("sku",)))
    erasure._step("record", places=[], record=KEY)  # and then it was killed
    assert erase().left == ()
    assert KEY not in dump(bench.client)
    assert bench.counts("discarded") == (1,)


def test_a_key_of_several_parts_goes(bench, erase):
    body = json.dumps({"sku": "REF-77", "market": "AT-1"}).encode()
    bench.accept(event("REF-77|AT-1", {"stock": 1}, by="key"), body=body)
    other = json.dumps({"sku": "REF-77", "market": "DE-1"}).encode()
    bench.accept(event("REF-77|DE-1", {"stock": 2}, by="key"), body=other)
    assert erase("REF-77|AT-1", parts=2, names=("sku", "market")).left == ()
    assert bench.value("REF-77|DE-1") == 2
    assert "REF-77|AT-1" not in dump(bench.client)


def test_a_stream_is_written_anew_with_all_that_is_not_erased(bench, erase):
    for n in range(40):
        bench.accept(event(f"OTHER-{n}", {"stock": n}, by="key"), body=b'{"sku":"OTHER"}')
    deliver(bench)
    kept = bench.client.xlen("instep:kept:erp")
    lasts = bench.client.pttl("instep:kept:erp")
    assert erase().left == ()
    assert bench.client.xlen("instep:kept:erp") == kept - 1
    assert 0 < bench.client.pttl("instep:kept:erp") <= lasts
    assert bench.client.keys("instep:rewrite:*") == []


def test_what_comes_while_a_stream_is_written_anew_is_in_it(bench, store):
    for n in range(12):
        store.xadd("instep:stream", {"data": "x" * 100_000, "n": n})
    request = {"key": "instep:stream", "copy": "instep:rewrite:1", "after": ""}
    answer = bench.steps.run("rewrite_stream", request)
    assert not answer["done"]
    first = store.xrange("instep:stream", count=1)[0][0]
    store.xdel("instep:stream", first)
    store.xadd("instep:stream", {"n": 12})
    while not answer["done"]:
        answer = bench.steps.run("rewrite_stream", request | {"after": answer["after"]})
    assert [entry["n"] for _, entry in store.xrange("instep:stream")] == [
        str(n) for n in range(1, 13)
    ]


def test_what_is_deleted_in_the_middle_meanwhile_does_not_come_back(bench, store):
    ids = [store.xadd("instep:stream", {"data": "x" * 100_000}) for _ in range(9)]
    request = {"key": "instep:stream", "copy": "instep:rewrite:1", "after": ""}
    answer = bench.steps.run("rewrite_stream", request)
    store.xdel("instep:stream", ids[1])
    while not answer["done"]:
        answer = bench.steps.run("rewrite_stream", request | {"after": answer["after"]})
    assert [id for id, _ in store.xrange("instep:stream")] == [ids[0], *ids[2:]]


def test_a_run_that_was_killed_before_its_end_is_remembered(bench, raw):
    deliver(bench)
    erasure = Erasure(raw, bench.steps, KeyText("products", KEY, names=("sku",)))
    erasure.run(erasure.find())
    again = Erasure(raw, bench.steps, KeyText("products", KEY, names=("sku",)))
    assert (again.find(), again.begun()) == ((), True)
    again.end()
    assert not again.begun()


def test_what_was_written_of_a_record_and_names_it_elsewhere_leaves_the_undo_log(bench, erase):
    both = [event(KEY, {"stock": 1}), event("other", {"note": f"see {KEY}", "stock": 2}, index=1)]
    both.append(event("third", {"stock": 3}, index=2))
    bench.accept(*both)
    bench.write(bench.batch())
    erase()
    log = UndoLog(bench.steps)
    assert log.of_record("products", KEY) == log.of_record("products", "other") == []
    assert [entry.value for entry in log.of_record("products", "third")] == ["3"]
    assert KEY not in str(bench.client.hgetall(UNDO))
    held = bench.client.hvals(UNDO)
    assert int(bench.client.hget(UNDO_STATE, "bytes")) == sum(len(each) + 150 for each in held)


def test_an_entry_of_one_record_goes_whole(bench, erase):
    bench.confirm(KEY, {"stock": 1})
    erase()
    assert bench.client.exists(UNDO, UNDO_IDS) == 0
