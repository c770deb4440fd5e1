"""What an item means that was read because no answer showed the values that were sent."""

from workers.config.settings import Collection, Destination
from workers.model.attempts import Batch, ClaimedField, ClaimedItem
from workers.policy import localized
from workers.policy.case import Case
from workers.policy.unknown_outcome import come_late, read_back
from workers.webflow.item_answers import Answer, ItemView

PRODUCTS = Collection("products", "site", "c1", key="sku")
STOCK = ClaimedField("stock", "2", "number", 1, misses=2)
PRICE = ClaimedField("price", "5", "number", 2, misses=2)


def outcome_of(answer, **more):
    """Return the outcome of an item whose stock, 2, and price, 5, no answer showed."""
    item = ClaimedItem("k", "i", (STOCK, PRICE), **more)
    batch = Batch("t", "site", "products", (item,), locales={"de-id": "de"}, primary="en-id")
    case = Case(
        batch,
        answer,
        destination=Destination("site", "v2", "token"),
        collection=PRODUCTS,
        sent={"k": {"stock": 2, "price": 5}},
        spread=0.5,
    )
    return localized.read_back(read_back, case, item)


def shows(**fields):
    return Answer(200, items={"i": ItemView("i", {"sku": "k"} | fields)})


def test_values_of_an_item_that_is_not_there_fail():
    found = outcome_of(Answer(404))
    (failure,) = found.failures
    assert (found.written, failure.kind, failure.slugs) == (
        (),
        "not-applied",
        ("stock", "price"),
    )
    assert {problem.message for problem in failure.problems} == {"the answer leaves the item out"}


def test_what_the_variant_that_was_read_shows_is_written_there():
    found = outcome_of(shows(stock=2, price=5), variants={"de-id": ("stock", "price")})
    assert found.written == ("stock", "price")
    assert found.shown == {"stock": ("de-id",), "price": ("de-id",)}
    assert found.failures == ()


def test_what_the_variant_that_was_read_lacks_fails_and_names_its_locale():
    found = outcome_of(shows(stock=2, price=6), variants={"de-id": ("stock", "price")})
    (failure,) = found.failures
    assert (found.shown, failure.slugs) == ({"stock": ("de-id",)}, ("price",))
    assert failure.message.startswith("in de: ")


def test_a_file_shown_by_an_item_with_another_key_has_not_come():
    known = '{"fileId": "f0", "url": "https://cdn.example/f0.jpg"}'
    photo = {"url": "https://a.example/a.jpg"}
    field = ClaimedField("photo", '{"url":"https://a.example/a.jpg"}', "image", 1, file=known)
    item = ClaimedItem("k", "i", (field,))
    new = {"fileId": "f1", "url": "https://cdn.example/f1_a.jpg"}
    ours, others = (ItemView("i", {"sku": key, "photo": new}) for key in ("k", "another"))
    assert come_late(PRODUCTS, item, ours, {"photo": photo}, 15.0).written == ("photo",)
    found = come_late(PRODUCTS, item, others, {"photo": photo}, 15.0)
    assert (found.written, found.sought) == ((), ("photo",))
