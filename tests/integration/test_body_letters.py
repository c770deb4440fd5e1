"""A body with very many bad events has one letter: none of its values is lost, nor kept from it."""

import pytest

from service.ingest import event_mapper
from service.ingest.event_mapper import WHOLE_BODY
from tests.support.depth import depth
from tests.support.remap_rig import Shop
from workers.store.dead_letters import DeadLetters
from workers.store.outbox import balanced

LETTERS = depth(20, event_mapper.LETTERS)
MANY = LETTERS + 20
STRICT = """
stock = fields.Integer(data_key="qty", strict=True)
price = fields.Integer(strict=True)
"""
LOOSE = """
stock = fields.Integer(data_key="qty")
price = fields.Integer(strict=True)
"""


def event(n, record=None, **fields):
    return {"id": f"e{n}", "sku": record or f"i{n}", **fields}


def partly():
    """Events whose stock cannot be read as yet."""
    return [event(n, price=n, qty=str(n)) for n in range(MANY)]


@pytest.fixture(autouse=True)
def _fewer(monkeypatch):
    monkeypatch.setattr(event_mapper, "LETTERS", LETTERS)


@pytest.fixture(params=[24, 0], ids=["kept", "not kept"])
def shop(request, store, tmp_path):
    return Shop(store, tmp_path, STRICT, keep_hours=request.param)


@pytest.fixture
def keeping(store, tmp_path):
    return Shop(store, tmp_path, STRICT)


def replay(shop):
    (letter,) = shop.letters()
    assert letter["index"] == str(WHOLE_BODY)
    receipt = shop.intake.replay(DeadLetters(shop.steps, shop.settings).show(letter["id"]))
    shop.finish()
    assert balanced(shop.counts())
    return receipt


def stocks(shop):
    found = (shop.item(f"i{n}")[1].get("stock") for n in range(MANY))
    return [field and int(field["v"]) for field in found]


def entries(shop):
    return sorted(name for letter in shop.letters() for name in letter if name[:2] == "o:")


ALL = list(range(MANY))


def test_its_replay_gives_what_was_left_out_of_events_that_were_taken_in_part(shop):
    shop.receive(*partly())
    shop.correct(LOOSE)
    replay(shop)
    assert stocks(shop) == ALL
    assert shop.letters() == []


def test_a_replay_that_mends_nothing_leaves_it_open(shop):
    shop.receive(*partly())
    before = entries(shop)
    replay(shop)
    assert entries(shop) == before
    assert len(before) == MANY


def test_what_still_fails_of_its_replay_stays_alone(shop):
    shop.receive(*partly(), event(999, price=1, qty="x"))
    shop.correct(LOOSE)
    replay(shop)
    assert stocks(shop) == ALL
    assert entries(shop) == ['o:["products","i999","stock"]']


def test_a_repeat_of_one_of_its_events_is_a_replay(shop):
    shop.receive(*partly())
    shop.correct(LOOSE)
    for one in partly():
        shop.receive(one)
    assert stocks(shop) == ALL
    assert shop.letters() == []


def test_a_repeat_of_one_of_its_events_puts_nothing_over_what_came_after_it(shop):
    shop.receive(*partly())
    shop.receive(event(1000, "i1", price=77))
    shop.correct(LOOSE)
    shop.receive(event(1, price=1, qty="1"))
    assert (shop.value("i1", "price"), shop.value("i1")) == (77, 1)


def test_a_repeat_of_the_body_is_a_replay(shop):
    shop.receive(*partly())
    shop.correct(LOOSE)
    shop.receive(*partly())
    assert stocks(shop) == ALL
    assert shop.letters() == []


def test_a_repeat_of_the_body_that_mends_nothing_changes_nothing(shop):
    shop.receive(*partly())
    before = entries(shop), shop.counts()
    shop.receive(*partly())
    assert (entries(shop), shop.counts()) == before


def test_an_event_that_came_before_in_another_body_stays_with_that_ones_letter(shop):
    shop.receive(event(0, price=0, qty="0"))
    (own,) = shop.letters()
    shop.receive(*partly())
    assert own["id"] in [letter["id"] for letter in shop.letters()]
    assert len(entries(shop)) == MANY


def test_what_a_later_event_of_the_body_overtakes_is_not_in_it(shop):
    later = [event(1000 + n, f"i{n}", qty=n) for n in range(1, MANY)]
    shop.receive(*partly(), *later)
    assert entries(shop) == ['o:["products","i0","stock"]']


def test_what_an_earlier_event_of_the_body_gives_does_not_overtake_it(keeping):
    keeping.receive(event(1000, "i0", qty=5), *partly())
    assert len(entries(keeping)) == MANY
    keeping.correct(LOOSE)
    replay(keeping)
    assert stocks(keeping) == ALL


@pytest.mark.parametrize("id", ["id", None], ids=["ids", "no ids"])
def test_of_two_of_its_events_the_later_one_stands(store, tmp_path, id):
    options = {"events": "events", **({"id": id} if id else {})}
    shop = Shop(store, tmp_path, STRICT, options=options, keep_hours=0)
    shop.receive(*partly(), event(1000, "i1", price=7, qty="9"))
    shop.correct(LOOSE)
    replay(shop)
    assert (shop.value("i1"), shop.value("i1", "price")) == (9, 7)
    assert shop.letters() == []


def test_a_remap_takes_out_what_it_could_read(keeping):
    keeping.receive(*partly(), event(999, price=1, qty="x"))
    keeping.correct(LOOSE)
    keeping.remap()
    assert stocks(keeping) == ALL
    assert entries(keeping) == ['o:["products","i999","stock"]']


def test_a_remap_closes_it_though_nothing_wants_the_last_event(keeping):
    meta = 'when = "price != `-1`"'
    keeping.correct(STRICT, meta=meta)
    keeping.receive(*partly(), event(999, price=-1, qty="x"))
    keeping.correct(LOOSE, meta=meta)
    keeping.remap()
    assert stocks(keeping) == ALL
    assert keeping.letters() == []


def test_an_event_with_a_problem_without_a_name_is_not_taken_for_a_whole_one(shop):
    fields = 'stock = fields.Integer(data_key="each.qty")'
    meta = "\n        ".join(("each = 'lines'", "item = 'each.sku'"))
    shop.correct(fields, meta=meta)
    lines = [{"id": f"e{n}", "lines": [{"sku": f"i{n}", "qty": n}, {"qty": 1}]} for n in ALL]
    shop.receive(lines[0])
    (own,) = shop.letters()
    shop.receive(*lines)
    assert own["id"] in [letter["id"] for letter in shop.letters()]
    (body,) = (each for each in shop.letters() if each["index"] == str(WHOLE_BODY))
    shop.intake.replay(DeadLetters(shop.steps, shop.settings).show(body["id"]))
    assert body["id"] in [letter["id"] for letter in shop.letters()]
