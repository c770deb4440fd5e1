"""A store that an earlier release wrote, opened by this one: every promise holds as before."""

import json

import pytest
import redis

from service.operate.record_fields import fields_of
from service.operate.record_rests import rests
from service.operate.record_waits import waits
from tests.support.earlier_stores import STORES, bytes_of, restore
from tests.support.outbox_driver import sent
from tests.support.store_of_version import Keyed, commands, fill, text_of
from workers.store import version
from workers.store.outbox import balanced
from workers.store.problem_groups import ProblemGroups
from workers.store.record_reader import RecordReader
from workers.store.search_index import SearchIndex
from workers.store.search_row import END, folded
from workers.store.upgrade import Upgrade


# v2-lives: later, of the same version: with lives of records, rows to undo and a search index.
@pytest.fixture(params=["v1", "v2", "v2-lives", "v3", "v4"])
def shop(request, store, store_socket, tmp_path):
    """The source whose store it is, at the time at which that was written."""
    with redis.Redis(unix_socket_path=store_socket) as client:
        written_at = restore(client, request.param)
    shop = Keyed(store, tmp_path)
    shop.steps.clock_offset_ms += written_at - shop.now_ms() + 1000
    Upgrade(shop.steps, shop.settings).complete()
    yield shop
    assert balanced(shop.counts())


def _letters(shop):
    return {letter["kind"] + " " + letter.get("record", ""): letter for letter in shop.letters()}


def test_every_version_that_has_landed_has_a_store_here():
    names = {path.stem.partition("-")[0] for path in STORES.iterdir()}
    assert names == {f"v{number}" for number in range(1, version.VERSION + 1)}


def test_a_store_is_text_that_makes_it_again():
    for path in STORES.iterdir():
        for command in json.loads(path.read_text())["commands"]:
            assert all(bytes_of(part) is not None for part in command)


def test_what_is_written_down_of_a_store_makes_it_again(store, store_socket, tmp_path):
    fill(Keyed(store, tmp_path))
    with redis.Redis(unix_socket_path=store_socket) as client:
        told = [command for command in commands(client) if command[0] != b"PEXPIRE"]
        client.flushall()
        for command in told:
            client.execute_command(*(bytes_of(text_of(part)) for part in command))
        assert [one for one in commands(client) if one[0] != b"PEXPIRE"] == told


def test_its_letters_are_grouped_by_cause_and_leave_their_group_as_they_close(shop):
    groups = ProblemGroups(shop.steps)
    ids = {letter["id"] for letter in shop.letters()}
    assert ids
    assert groups.read() == []
    is_listed = groups.ungrouped() > 0  # to be put into a group; not where there were none yet
    assert groups.audit() is not is_listed
    assert groups.group(100) == 0
    assert {id for group in groups.read() for id in groups.letters(group.id)} == ids
    assert not groups.audit()
    for letter in shop.letters():
        shop.letter(letter["id"], "discard")
    assert groups.read() == []


def test_what_was_pending_goes_out(shop):
    shop.work()
    assert shop.state("A-3") == "written"
    assert shop.state("A-4") == "written"
    assert shop.state("A-4", "store") == "written"


def test_what_is_written_is_not_sent_again(shop):
    assert shop.send("A-1", 50, qty=5, title="Oak desk") == "kept"
    assert shop.state("A-1") == "unchanged"


def test_what_is_older_than_what_is_held_stays_stale(shop):
    before = shop.counts("stale")[0]
    shop.send("A-1", 5, qty=1)
    assert shop.counts("stale") == (before + 1,)
    assert shop.value("A-1") == 5


def test_a_repeat_is_a_duplicate(shop):
    accepted = shop.counts("accepted")
    assert shop.send("A-3", 20, qty=3) == "duplicate"
    assert shop.counts("accepted") == accepted


def test_what_a_tombstone_overrules_stays_away(shop):
    shop.send("R-1", 55, qty=7)
    assert shop.state("R-1") == "written"
    assert shop.value("R-1") == 1


@pytest.mark.parametrize(("act", "state"), [("replay", "pending"), ("discard", "discarded")])
def test_a_refused_letter_can_be_acted_on(shop, act, state):
    letter = _letters(shop)["refused A-2"]
    assert shop.letter(letter["id"], act)["done"]
    assert shop.state("A-2") == state
    if act == "replay":
        shop.work()
        assert shop.state("A-2") == "written"


def test_an_unmapped_letter_is_still_whole(shop):
    letter = _letters(shop)["unmapped "]
    raw = shop.client.hgetall(f"instep:raw:{letter['raw']}")
    assert json.loads(raw["text"])["qty"] == "many"
    assert shop.letter(letter["id"], "discard")["done"]


def test_kept_deliveries_run_again_through_a_mended_mapping(shop):
    shop.mapping = shop.mapping.replace("fields.Integer", "fields.Raw")
    shop.correct("")
    shop.remap(hours=24)
    assert shop.value("A-9") == "many"
    assert _letters(shop).get("unmapped ") is None


def test_kept_deliveries_that_still_map_alike_change_nothing(shop):
    before = shop.counts()
    shop.remap(hours=24)
    assert shop.counts() == before
    assert sent(shop.batch())


def test_a_letter_shows_the_key_as_it_came(shop):
    shop.send("M-2   ", 10, qty=6)
    shop.pass_time(60)
    shop.work()
    letter = _letters(shop)["missing M-2"]
    assert letter["key"] == "M-2   "
    shop.send("M-2", 20, qty=7)
    shop.pass_time(60)
    shop.work()
    assert _letters(shop)["missing M-2"]["key"] == "M-2"


def test_why_reads_every_record_of_a_store_of_before(shop):
    reader = RecordReader(shop.steps, shop.settings)
    names = [name.split(":", 3)[2:] for name in shop.client.scan_iter("instep:item:*")]
    assert names
    for collection, record in names:
        if collection in shop.settings.collections:
            facts = reader.read(collection, record)
            assert facts.record == record.strip()
            assert isinstance(waits(facts, workers=1, spooled=0) + rests(facts), list)
            assert fields_of(facts, None).keys() >= {*facts.fields} - {":gone"}


def test_its_records_are_found(shop):
    index = SearchIndex(shop.steps, shop.settings)
    assert index.advance(20.0)
    names = [str(key).split(":", 2)[2] for key in shop.client.scan_iter("instep:item:*")]
    pairs = [name.split(":", 1) for name in names]
    assert pairs
    for collection, record in pairs:
        found = index.matches(collection, folded(record) + END, None, 10)
        assert record in {each.record for each in found}
    assert index.coverage(shop.settings.collections).complete
    assert _in_order(index) == sorted(record for name, record in pairs if name == "products")


def _in_order(index):
    """All records of products, by the pages of a list by key."""
    found, after = [], None
    while True:
        page, after = index.at_keys("products", after, 3)
        found += [each.record for each in page]
        if after is None:
            return found
