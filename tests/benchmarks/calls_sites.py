"""Loads of `tests.benchmarks.calls`: pictures, references, locales, a publish of the site."""

from collections import Counter
from dataclasses import replace

from service.sandbox.model.schema import Field
from service.sandbox.site.site import SITE_ID
from tests.benchmarks.calls_loads import ITEMS, ByKey, Load, Shown, change, use
from tests.benchmarks.calls_planner import Piece, pages
from tests.support.locale_rig import DE, FR, add_variant, localize
from workers.config.settings import Collection


def images(play, items=100):
    """
    A picture for each of 100 items. A request ends once all of its pictures are fetched, and how
    long that takes shows only one that is sent: the others may go together then.
    """
    use(play)
    numbers = range(1, items + 1)

    def look(n):
        held = (play.live(n) or {}).get("image")
        return {"image": bool(held) and held["fileId"] != before[n]}

    before = {n: (play.live(n).get("image") or {}).get("fileId") for n in numbers}
    url = "https://img.example.com/{}.jpg"
    return Load(
        [change(play, 0.0, n, image=url.format(n)) for n in numbers],
        [Piece(0.0, str(n)) for n in numbers],
        Shown({n: {"image": True} for n in numbers}, look),
        Counter() if play.by_v1 else Counter(tried=1),
    )


def references(play, items=100, shelves=10, later=30.0):
    """
    New products on new shelves, which come half a minute later. Whether a shelf is there has to be
    asked as the product comes, and again as the shelf comes; by v1 both by a listing of the whole.
    """
    known = play.add_collection("shelves")
    validations = {"collectionId": known}
    play.products.fields["shelf"] = Field("shelf", "Reference", validations=validations)
    options = Collection("shelves", "site", known, "sku", "create")
    play.settings = replace(
        play.settings, collections={**play.settings.collections, "shelves": options}
    )
    play.begin()
    use(play)
    play.change("P-shelf", name="A shelf", collection="shelves")
    play.play([])
    play.pass_time(3600)
    load, truth = Load([], [], lambda: False), {}
    ask = () if play.by_v1 else ("look-up",)
    for n in range(items):
        key, shelf = f"N-{n:03d}", f"S-{n % shelves}"
        truth[key] = {"shelf": shelf}
        link = {"key": shelf, "to": "shelves"}
        load.arrivals.append(change(play, 0.0, key, name=f"New {n}", shelf=link))
        load.pieces.append(Piece(0.0, key, (*ask, "create")))
        load.pieces.append(Piece(later, key, ("write",), after=shelf))
    for n in range(shelves):
        key = f"S-{n}"
        made = {"name": f"Shelf {n}"}
        load.arrivals.append(change(play, later, key, collection="shelves", **made))
        load.pieces.append(Piece(later, key, ("shelf look-up", "shelf create")[play.by_v1 :]))
    load.extra = Counter({"shelf look-up": 1})
    if play.by_v1:
        load.extra = Counter(listing=pages(ITEMS) + 2 * pages(shelves))
    shelf_of = play.site.collections[known].items
    shown = ByKey(play.products)

    def look(key):
        held = shown(key) or {}
        item = shelf_of.get(held.get("shelf"))
        return {"shelf": item and item.staged.fields["sku"]}

    load.is_right = Shown(truth, look)
    return load


def locales(play, items=100):
    """Items with variants in three locales, each of which takes an entry of a request."""
    localize(play, "en", "de", "fr")
    numbers = range(1, items + 1)
    for n in numbers:
        add_variant(play, n, DE)
        add_variant(play, n, FR)
    use(play, numbers)

    def look(n):
        shown = [play.products.variants(tag).items[play.id(n)].live for tag in (DE, FR)]
        values = {copy.fields["stock"] for copy in shown} | {play.live(n)["stock"]}
        return {"stock": values.pop() if len(values) == 1 else None}

    return Load(
        [change(play, 0.0, n, stock=1000 + n) for n in numbers],
        [],
        Shown({n: {"stock": 1000 + n} for n in numbers}, look),
        Counter(write=pages(3 * items)),
    )


def publish_site(play, items=500):
    """
    500 changes, written staged, and one publish of the site. Before it the site's collections are
    asked for, and what is queued in them, which is what was just written as well; after it whether
    it has happened.
    """
    use(play)
    numbers = range(1, items + 1)
    return Load(
        [change(play, 0.0, n, stock=1000 + n) for n in numbers],
        [Piece(0.0, str(n)) for n in numbers],
        Shown({n: {"stock": 1000 + n} for n in numbers}, play.live),
        Counter(site=2, listing=pages(items), publish=1),
    )


STAGED = {"live": False, "publish": "site", "site": SITE_ID}
