"""Alternative texts of pictures: a change of them alone imports nothing."""

import pytest

from service.sandbox.model.schema import Field
from tests.support import delivery_rig

URL = "https://shop.example/a.png"
OTHER = "https://shop.example/b.png"


@pytest.fixture(params=["v1", "v2"])
def way(request, reconciling, monkeypatch):
    monkeypatch.setitem(delivery_rig.TYPES, "signed", "images-no-query")
    way = reconciling(items=2, api=request.param)
    way.products.put_field(Field("image", "Image"))
    way.products.put_field(Field("gallery", "MultiImage"))
    way.products.put_field(Field("signed", "MultiImage"))
    return way


def picture(url, alt=None):
    return {"url": url, **({"alt": alt} if alt is not None else {})}


def sent(way, version, **fields):
    """Send product 1; return what its live copy holds of the one field."""
    way.forget_requests()
    way.change(1, fields, version=version)
    way.run()
    return way.live(1)[next(iter(fields))]


def test_another_text_keeps_the_picture(way):
    first = sent(way, 1, image=picture(URL, "one"))
    second = sent(way, 2, image=picture(URL, "two"))
    assert (second["fileId"], second["alt"]) == (first["fileId"], "two")
    assert len(way.patches()) == 1
    third = sent(way, 3, image=picture(OTHER, "two"))
    assert third["fileId"] != first["fileId"]


def test_another_text_keeps_the_pictures_of_a_list(way):
    first = sent(way, 1, gallery=[picture(URL, "one"), picture(OTHER)])
    second = sent(way, 2, gallery=[picture(URL, "two"), picture(OTHER, "three")])
    assert [each["fileId"] for each in second] == [each["fileId"] for each in first]
    assert [each["alt"] for each in second] == ["two", "three"]
    moved = sent(way, 3, gallery=[picture(OTHER), picture(URL)])
    assert not {each["fileId"] for each in moved} & {each["fileId"] for each in first}


def test_another_query_is_the_same_picture_where_it_is_ignored(way):
    first = sent(way, 1, signed=[picture(f"{URL}?a=1", "one"), picture(f"{OTHER}?a=1")])
    assert sent(way, 2, signed=[picture(f"{URL}?a=2", "one"), picture(f"{OTHER}?a=2")]) == first
    assert way.patches() == []
    other = sent(way, 3, signed=[picture(f"{URL}?a=3", "two"), picture(f"{OTHER}?a=3")])
    assert [each["fileId"] for each in other] == [each["fileId"] for each in first]
    assert other[0]["alt"] == "two"


def test_texts_that_come_faster_than_they_are_sent_keep_the_picture(way):
    first = sent(way, 1, image=picture(URL, "one"))
    way.change(1, image=picture(URL, "two"), version=2)
    last = sent(way, 3, image=picture(URL, "three"))
    assert (last["fileId"], last["alt"]) == (first["fileId"], "three")


def test_a_text_that_goes_is_not_left_beside_the_picture(way):
    first = sent(way, 1, image=picture(URL, "one"))
    second = sent(way, 2, image=picture(URL))
    assert second["fileId"] != first["fileId"]
    assert not second["alt"]


def test_a_picture_that_somebody_has_changed_is_imported(way):
    sent(way, 1, image=picture(URL, "one"))
    way.edit(1, image={"fileId": "f" * 24, "url": "https://cdn.example/other.png", "alt": "x"})
    way.reconcile({way.record(1): ({"stock": way.staged(1)["stock"]}, None)}, partial=True)
    assert sent(way, 2, image=picture(URL, "two"))["fileId"] != "f" * 24
