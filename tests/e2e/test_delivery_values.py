"""What goes out for each kind of field, and how its answer is read back."""

from dataclasses import replace

import pytest

from service.sandbox.fields.files import shown
from service.sandbox.site.site import new_id

PICTURE = "https://shop.example.com/oak.png"
OTHER = "https://shop.example.com/ash.png"
BROKEN = "https://nowhere.invalid/oak.png"


def held(way, n, slug="image"):
    """The file that a product's field holds, as the CMS shows it."""
    return way.staged(n)[slug]


def test_a_picture_is_imported_by_its_url_once(way):
    way.change(1, image=PICTURE)
    way.run()
    assert held(way, 1)["fileId"]
    assert way.sent_to(1)[0]["image"] == (PICTURE if way.by_v1 else {"url": PICTURE})
    way.change(1, image=PICTURE)
    way.run()
    assert len(way.requests) == 1
    assert way.counts("written", "unchanged") == (1, 1)


def test_another_picture_takes_its_place(way):
    way.change(1, image=PICTURE)
    way.run()
    before = held(way, 1)["fileId"]
    way.change(1, image=OTHER)
    way.run()
    assert held(way, 1)["fileId"] != before
    assert way.counts("written") == (2,)


def test_a_picture_is_kept_by_its_file_id(way):
    way.change(1, image=PICTURE)
    way.run()
    file = held(way, 1)
    way.change(1, image=None)
    way.run()
    assert "image" not in way.staged(1)
    way.change(1, image={"fileId": file["fileId"], "url": file["url"]})
    way.run()
    assert held(way, 1)["fileId"] == file["fileId"]


def test_v1_takes_a_bare_file_id(open_way):
    way = open_way(api="v1")
    way.change(1, image=PICTURE)
    way.run()
    file = held(way, 1)["fileId"]
    way.change(2, image=file)
    way.run()
    assert way.sent_to(2) == [{"image": {"fileId": file}}]
    assert held(way, 2)["fileId"] == file
    assert not way.gets()


def test_v2_sends_a_file_id_with_the_url_that_the_item_shows(bulk):
    bulk.edit(1, image=_imported(bulk))
    file = held(bulk, 1)
    bulk.change(1, image=file["fileId"], stock=7)
    bulk.run()
    assert bulk.counts("written") == (2,)
    assert held(bulk, 1)["fileId"] == file["fileId"]
    assert [request.method for request in bulk.requests] == ["PATCH", "GET", "PATCH"]
    assert bulk.sent_to(1)[1]["image"] == {"fileId": file["fileId"], "url": file["url"]}


def test_v2_reads_the_url_anew_for_a_file_that_it_has_not_seen(bulk):
    bulk.change(1, image=PICTURE)
    bulk.run()
    bulk.edit(1, image=_imported(bulk))  # by an editor, whose picture is sent back to us
    file = held(bulk, 1)
    bulk.change(1, image=file["fileId"])
    bulk.run()
    assert held(bulk, 1)["fileId"] == file["fileId"]
    assert bulk.counts("written", "dead") == (2, 0)


def test_v2_refuses_a_file_id_that_no_item_shows(bulk):
    bulk.change(1, image="0123456789abcdef01234567", stock=7)
    bulk.run()
    (letter,) = bulk.letters()
    assert set(letter.fields) == {"image"}
    assert "'url' field" in letter.problems[0]["message"]
    assert bulk.live(1)["stock"] == 7


def test_a_get_that_fails_stops_neither_the_other_fields_nor_kills_the_picture(bulk):
    bulk.edit(1, image=_imported(bulk))
    file = held(bulk, 1)["fileId"]
    bulk.down(500, match={"method": "GET"})
    bulk.change(1, image=file, stock=7)
    bulk.run(120)
    assert bulk.live(1)["stock"] == 7
    assert bulk.counts("pending", "dead") == (1, 0)
    bulk.mend()
    bulk.run()
    assert bulk.counts("pending", "dead", "written") == (0, 0, 2)


def test_pictures_of_many_items_are_read_at_one_call_each(bulk):
    for n in range(1, 6):
        bulk.edit(n, image=_imported(bulk))
        bulk.change(n, image=held(bulk, n)["fileId"])
    bulk.run()
    assert len(bulk.gets()) == 5
    assert len(bulk.patches()) <= 5
    assert bulk.context.report.status()["destinations"]["site"]["calls"] == len(bulk.requests)


def test_a_gallery_is_one_value(way):
    way.change(1, gallery=[PICTURE, OTHER])
    way.run()
    first = [file["fileId"] for file in held(way, 1, "gallery")]
    assert len(first) == 2
    way.change(1, gallery=[OTHER])
    way.run()
    assert len(held(way, 1, "gallery")) == 1
    way.change(1, gallery=[])
    way.run()
    assert way.counts("written", "dead") == (3, 0)


def test_a_file_is_imported_like_a_picture(way):
    way.change(1, manual="https://shop.example.com/oak.pdf")
    way.run()
    assert held(way, 1, "manual")["fileId"]
    assert way.counts("written") == (1,)


def test_a_file_that_cannot_be_imported_is_a_letter_that_names_the_field(way):
    way.change(1, image=BROKEN, stock=7)
    way.run()
    (letter,) = way.letters()
    assert set(letter.fields) == {"image"}
    assert letter.problems[0]["field"] == "image"
    if way.by_v1:
        assert letter.kind in ("refused", "not-applied")
    else:
        assert letter.kind == "refused"
        assert "import" in letter.problems[0]["message"]
    assert way.live(1)["stock"] == 7


def test_v2_sends_files_in_a_request_of_their_own_that_may_be_refused(bulk):
    for n in range(1, 6):
        bulk.change(n, stock=n)
    for n in range(6, 9):
        bulk.change(n, image=PICTURE)
    bulk.run()
    plain, *files = sorted(bulk.patches(), key=lambda request: len(request.query))
    assert (len(plain.sent), plain.query) == (5, {})
    assert {n for request in files for n in request.sent} == {bulk.id(n) for n in range(6, 9)}
    assert all(request.query == {"skipInvalidFiles": "false"} for request in files)


def test_an_option_is_sent_by_the_id_of_its_label(way):
    for n, label in ((1, "Sofas"), (2, "Desks"), (3, "Sofas")):
        way.change(n, category=label)
    way.run()
    options = {name: id for id, name in way.products.fields["category"].options.items()}
    assert way.shown("category", (1, 2, 3)) == [options[x] for x in ("Sofas", "Desks", "Sofas")]
    assert len(way.gets()) == 1


def test_the_schema_is_kept(way):
    way.change(1, category="Sofas")
    way.run()
    way.pass_time(3600)
    way.change(2, category="Desks")
    way.run()
    assert len(way.gets()) == 1


def test_an_unknown_label_dies_with_the_labels_named(way):
    way.change(1, category="Boats", stock=7)
    way.run()
    (letter,) = way.letters()
    assert (letter.kind, set(letter.fields)) == ("refused", {"category"})
    assert "'Boats'" in letter.message
    assert "'Sofas'" in letter.message
    assert letter.problems[0]["field"] == "category"
    assert way.live(1)["stock"] == 7


def test_a_label_that_is_new_in_the_cms_is_found(way):
    way.change(1, category="Sofas")
    way.run()
    way.pass_time(3600)
    _rename(way, "Chairs", "Boats")
    way.change(2, category="Boats")
    way.run()
    assert way.counts("written", "dead") == (2, 0)
    assert len(way.gets()) == 2


def test_the_schema_is_read_again_once_an_answer_contradicts_it(way):
    way.change(1, category="Sofas")
    way.run()
    _rename(way, "Sofas", "Sofas", id=new_id())
    way.pass_time(60)
    way.change(2, category="Sofas")
    way.run()
    assert not way.letters()
    assert len(way.gets()) == 2
    assert way.counts("written", "dead") == (2, 0)


def test_a_schema_that_cannot_be_read_holds_up_the_option_alone(way):
    way.down(500, match={"method": "GET"})
    way.change(1, category="Sofas", stock=7)
    way.change(2, stock=8)
    way.run(120)
    assert way.shown("stock", (1, 2)) == [7, 8]
    assert way.counts("pending", "dead") == (1, 0)
    way.mend()
    way.run()
    assert way.counts("written") == (3,)


def test_status_flags_go_beside_the_fields_in_v2_and_among_them_in_v1(way):
    way.change(1, _archived=True, _draft=False, stock=7)
    way.run()
    names = ("_archived", "_draft") if way.by_v1 else ("isArchived", "isDraft")
    (sent,) = way.sent_to(1)
    assert [sent[name] for name in names] == [True, False]
    assert way.products.items[way.id(1)].staged.archived
    assert way.counts("written") == (3,)


@pytest.mark.parametrize(
    ("slug", "sent"),
    [
        ("launched", "2025-03-01T12:00:00+02:00"),
        ("launched", "2025-03-01"),
        ("description", "Oak"),
        ("video", "https://tube.example.com/1"),
    ],
)
def test_a_value_that_comes_back_in_another_form_is_written(way, slug, sent):
    way.change(1, {slug: sent})
    way.run()
    assert way.live(1)[slug] != sent
    assert way.counts("written", "dead") == (1, 0)
    assert len(way.patches()) == 1


@pytest.mark.parametrize("slug", ["stock", "description", "color", "launched", "category", "image"])
def test_null_clears_a_field(way, slug):
    way.change(1, {slug: None})
    way.run()
    assert slug not in way.live(1)
    assert way.counts("written", "dead") == (1, 0)


def _imported(way):
    """A picture as the CMS holds it."""
    return shown(way.site.files.add(PICTURE, image=True), None)


def _rename(way, label, new, *, id=None):
    """Change an option of the category, as somebody does in the designer."""
    field = way.products.fields["category"]
    options = [
        {"id": id or one["id"], "name": new} if one["name"] == label else one
        for one in field.validations["options"]
    ]
    way.products.fields["category"] = replace(field, validations={"options": options})
