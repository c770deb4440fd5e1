"""What must hold in the store after every step."""

import json
from collections import Counter

from tests.support.outbox_driver import LANES
from workers.store.item_record import unpacked
from workers.store.outbox import balanced

RECORDS = ("i1", "i2", "ghost")
REPAIRABLE = ("written", "unchanged")
SOURCES = ("erp", "shop")


class Look:
    """All of one collection, read at one moment."""

    def __init__(self, client, collection="products"):
        pipe = client.pipeline()
        for record in RECORDS:
            pipe.hgetall(f"instep:item:{collection}:{record}")
        for lane in LANES:
            pipe.zrange(f"instep:due:{collection}:{lane}", 0, -1)
        pipe.zrange(f"instep:lookup:{collection}", 0, -1)
        pipe.zrange(f"instep:waiting:{collection}", 0, -1)
        pipe.zrange("instep:letters", 0, -1)
        pipe.hgetall("instep:counts")
        for source in SOURCES:
            pipe.zrange(f"instep:paused:{collection}:{source}", 0, -1)
        *rest, self.lookup, self.waiting, self.letters, self.counts, erp, shop = pipe.execute()
        self.rests = {*erp, *shop}
        self.due = rest[3:]
        self.metas, self.fields = {}, {}
        for record, held in zip(RECORDS, rest[:3], strict=True):
            self.metas[record] = {k: v for k, v in held.items() if k[:2] != "f:"}
            for name, text in unpacked(held).items():
                if name[:2] == "f:":
                    self.fields[record, name[2:]] = json.loads(text)


def check_store(client, outbox, reference):
    look = Look(client)
    check_counts(look, outbox.counts(), reference)
    _check_places(look)
    _check_letters(client, look)
    _check_no_ttl(client)
    _check_counters(client, outbox.counts())


def _check_counters(client, counts):
    """As many values are counted as coming to a fate as are in it, and more where they leave it."""
    came = Counter()
    for name, number in client.hgetall("instep:metrics").items():
        if name.startswith("values:"):
            came[name.rpartition(":")[2]] += int(number)
    for fate in ("stale", "unchanged", "superseded", "discarded"):
        assert came[fate] == counts[fate]
    for fate in ("written", "ignored", "dead", "pending"):
        assert came[fate] >= counts[fate]


def check_counts(look, counts, reference):
    assert balanced(counts)
    expected = {name: reference.counts[name] for name in counts}
    assert counts == expected
    states = Counter(field["s"] for field in look.fields.values())
    assert (states["pending"], states["dead"]) == (counts["pending"], counts["dead"])
    for place, held in reference.fields.items():
        field = look.fields[place]
        assert json.loads(field["v"]) == held.value
        assert (field["a"], field["s"]) == (held.number, held.state)


def _check_places(look):
    """What has something to send stands in exactly one place where it is found again."""
    for record in RECORDS:
        fields = [field for (r, _), field in look.fields.items() if r == record]
        pending = any(field["s"] == "pending" for field in fields)
        repair = any(field["s"] in REPAIRABLE and field.get("m") for field in fields)
        places = [record in due for due in look.due] + [record in look.lookup]
        assert sum(places) <= 1
        claimed = "claim" in look.metas[record]
        if pending or repair or claimed:
            assert sum(places) == 1 or record in look.rests, f"nobody will find {record}"
        else:
            assert sum(places) == 0, f"{record} has nothing to send"
        assert (record in look.waiting) == pending


def _check_letters(client, look):
    pipe = client.pipeline()
    for id in look.letters:
        pipe.hgetall(f"instep:letter:{id}")
    inside = {}
    for place, field in look.fields.items():
        assert (field["s"] == "dead") == ("l" in field)
        if "l" in field:
            inside.setdefault(field["l"], []).append(place)
    assert set(inside) == set(look.letters)
    for id, letter in zip(look.letters, pipe.execute(), strict=True):
        assert (letter["state"], int(letter["open"])) == ("open", len(inside[id]))
        for record, slug in inside[id]:
            entry, field = json.loads(letter[f"f:{slug}"]), look.fields[record, slug]
            assert letter["record"] == record
            assert (entry["value"], entry["arrival"]) == (field["v"], field["a"])


def _check_no_ttl(client):
    keys = list(client.scan_iter("instep:*", count=1000))
    passing = ("instep:call:", "instep:seen:", "instep:wake:", "instep:budget:", "instep:schema:")
    passing += ("instep:kept:", "instep:kept-words:", "instep:unkept:")
    kept = [key for key in keys if not key.startswith(passing)]
    pipe = client.pipeline()
    for key in kept:
        pipe.pttl(key)
    for key, ttl in zip(kept, pipe.execute(), strict=True):
        assert ttl == -1, f"{key} expires"


def check_quiet(client, network, reference, gone):
    """Once nothing is left to do: the newest wins, and nothing is left over."""
    look = Look(client)
    assert not any(look.due)
    assert not look.lookup
    assert not look.waiting
    assert not look.rests
    for (record, slug), held in reference.fields.items():
        assert held.state != "pending"
        if held.state in REPAIRABLE and record not in gone:
            assert network.values[network.items[record], slug] == held.value, (record, slug)
            assert not look.fields[record, slug].get("m")
