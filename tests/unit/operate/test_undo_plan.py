"""What an undo puts back, and what it leaves: the newest entries of a field, without a gap."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from service.operate import undo_model
from service.operate.undo_model import RecordNow
from service.operate.undo_plan import plan
from service.reconcile.plan.field_match import FieldMatcher
from service.reconcile.plan.model import ListedItem
from service.reconcile.plan.written_variants import WrittenVariants
from workers.fields.marks import mark_of
from workers.model.changes import canonical
from workers.store.item_record import FieldRecord, ItemRecord, KnownValue
from workers.store.undo_log import UndoEntry

AT = datetime(2026, 5, 12, tzinfo=UTC)


def wrote(value, before=0, arrival=7, *, run="r1", kind="number", slug="stock", **more):
    """An entry: *before* was there, and *value* was written over it; ...: unknown."""
    text = None if before is ... else canonical(before)
    made = UndoEntry(
        "products",
        "k1",
        None,
        slug,
        "write",
        arrival,
        "t1",
        text,
        canonical(value),
        kind,
        "erp",
        run,
        AT,
        True,
    )
    return replace(made, **more)


def holds(value, arrival=7, *, kind="number", source="erp", seen=None, **more):
    known = () if seen is None else (KnownValue(arrival, mark_of(canonical(seen)), "t1"),)
    text = canonical(value)
    return FieldRecord(
        text, kind, "t1", arrival, "written", source=source, **{"known": known} | more
    )


def undo(entries, held, shown, *, run="", slug="stock", variants=None, options=None, missing=False):
    """What becomes of one field; *shown*: by the CMS."""
    fields = {} if held is None else {slug: held}
    name = slug.partition("@")[0]
    item = None if missing else ListedItem("i1", {name: shown})
    now = RecordNow(
        ItemRecord(fields),
        item,
        FieldMatcher(options=options or {}),
        {tag: ListedItem("i1", {name: value}) for tag, value in (variants or {}).items()},
        WrittenVariants("all", ("en", "de")),
    )
    (found,) = plan(entries, now, run)
    return found


def back(found):
    return found.value, found.undoes


def test_what_was_there_before_is_put_back():
    found = undo([wrote(5, before=3)], holds(5), 5)
    assert (back(found), found.now, found.type, found.source) == (("3", 7), 5, "number", "erp")
    assert (found.why, found.same, found.done) == ("", False, False)


def test_of_several_writes_the_first_knows_what_was_there_and_the_last_is_undone():
    chain = [wrote(6, before=5, arrival=9), wrote(5, before=3, arrival=7)]
    assert back(undo(chain, holds(6, 9), 6)) == ("3", 9)


def test_another_write_in_between_ends_the_chain():
    entries = [wrote(6, before=5, arrival=9), wrote(4, before=3, arrival=7)]
    assert back(undo(entries, holds(6, 9), 6)) == ("5", 9)


@pytest.mark.parametrize(
    ("entries", "held", "shown", "why"),
    [
        pytest.param([wrote(5, ...)], holds(5), 5, undo_model.UNKNOWN, id="never read before"),
        pytest.param(
            [wrote(5)],
            holds(6, 9),
            6,
            "it was changed since, by erp",
            id="by an event",
        ),
        pytest.param(
            [wrote(5)],
            holds(6, 9, run="r2"),
            6,
            "it was changed since, by run r2",
            id="by another run",
        ),
        pytest.param(
            [wrote(5)],
            holds(6, 9, source="crm"),
            5,
            "it was changed since, by crm",
            id="by an event that is not written yet",
        ),
        pytest.param([wrote(5)], holds(5), 8, undo_model.EDITED, id="by an editor"),
        pytest.param([wrote(5)], None, 5, undo_model.NOT_HELD, id="forgotten"),
    ],
)
def test_it_leaves_with_a_reason(entries, held, shown, why):
    found = undo(entries, held, shown)
    assert (found.value, found.why, found.now) == (None, why, shown)


def test_an_item_that_is_gone_is_left():
    found = undo([wrote(5)], holds(5), None, missing=True)
    assert (found.value, found.why) == (None, undo_model.NO_ITEM)


def test_what_an_editor_has_put_back_already_is_put_back_all_the_same():
    found = undo([wrote(5, before=3)], holds(5), 3)
    assert back(found) == ("3", 7)
    assert found.same


def test_a_form_of_the_cms_is_no_edit():
    held = holds(" Blue ", kind="plain")
    assert back(undo([wrote(" Blue ", "Red", kind="plain")], held, "Blue")) == ('"Red"', 7)


def test_what_the_cms_answered_is_no_edit():
    entry = wrote("Large", "id-small", kind="option")
    assert back(undo([entry], holds("Large", kind="option", seen="id-large"), "id-large"))[1] == 7
    held = holds("Large", kind="option", seen="id-other")
    assert undo([entry], held, "id-large").why == undo_model.EDITED


def test_an_option_is_put_back_by_its_id():
    options = {"stock": [{"id": "o1", "name": "Small"}, {"id": "o2", "name": "Large"}]}
    found = undo(
        [wrote("Large", "o1", kind="option")], holds("Large", kind="option"), "o2", options=options
    )
    assert (found.value, found.type) == ('"o1"', "option")


def test_a_reference_by_key_is_put_back_as_the_cms_shows_it():
    entry = wrote({"key": "b", "to": "brands"}, "i9", kind="reference-key")
    entry = replace(entry, before_type="reference")
    found = undo([entry], holds(1, kind="reference-key", seen="i8"), "i8")
    assert (found.value, found.type) == ('"i9"', "reference")


def test_a_video_is_put_back_by_its_address():
    before = {"url": "https://v.example/1", "metadata": {"title": "One"}}
    shown = {"url": "https://v.example/2"}
    entry = wrote("https://v.example/2", before, kind="video")
    held = holds("https://v.example/2", kind="video", seen="https://v.example/2")
    assert undo([entry], held, shown).value == '"https://v.example/1"'
    other = {"url": "https://v.example/3"}
    assert undo([entry], held, other).why == undo_model.EDITED


def test_a_write_of_unknown_outcome_is_undone_whatever_the_cms_shows_of_the_two():
    chain = [wrote(6, 5, 9, sure=False), wrote(5, 3, 7)]
    assert back(undo(chain, holds(6, 9), 6)) == ("3", 9)
    assert back(undo(chain, holds(6, 9), 5)) == ("3", 9)
    assert undo(chain, holds(6, 9), 4).why == undo_model.EDITED


def test_a_value_that_still_waits_is_taken_back():
    found = undo([wrote(5, ..., waits=True)], holds(5), 3)
    assert back(found) == ("3", 7)
    assert found.same


def test_a_value_that_waits_over_one_of_unknown_origin_is_left():
    chain = [wrote(6, 5, 9, waits=True), wrote(5, ..., 7)]
    assert undo(chain, holds(6, 9), 5).why == undo_model.UNKNOWN


def test_what_this_run_has_put_back_is_done():
    found = undo([wrote(5, 3)], holds(3, 9, run="r5"), 3, run="r5")
    assert found.done
    assert (found.value, found.why) == (None, "")


def test_a_field_that_was_empty_is_cleared():
    assert back(undo([wrote(5, before=None)], holds(5), 5)) == ("null", 7)


def test_fields_are_told_apart():
    now = RecordNow(
        ItemRecord({"stock": holds(5), "name": holds("A", 8, kind="plain")}),
        ListedItem("i1", {"stock": 5, "name": "A"}),
    )
    entries = [wrote("A", "B", 8, slug="name", kind="plain"), wrote(5, 3)]
    found = [*plan(entries, now)]
    assert [(each.slug, each.value) for each in found] == [("name", '"B"'), ("stock", "3")]


def test_a_field_of_all_variants_gets_one_value_back():
    found = undo([wrote(5, 3)], holds(5), 5, variants={"de": 5})
    assert (back(found), found.same) == (("3", 7), False)
    assert not undo([wrote(5, 3)], holds(5), 3, variants={"de": 5}).same


def test_a_variant_that_was_edited_leaves_the_field():
    assert undo([wrote(5, 3)], holds(5), 5, variants={"de": 6}).why == undo_model.EDITED


def test_a_field_of_one_locale_is_compared_there():
    entry = wrote(5, 3, slug="stock@de", locale="de")
    found = undo([entry], holds(5), 5, slug="stock@de", variants={"de": 5})
    assert (found.slug, back(found)) == ("stock@de", ("3", 7))
    found = undo([entry], holds(5), 5, slug="stock@de")
    assert found.why == undo_model.NO_VARIANT


# retirements and creations -------------------------------------------------------------------


def gone(way="archive", arrival=9, **more):
    text = canonical(way)
    return replace(wrote(1, slug=":gone", arrival=arrival), act="retire", value=text, **more)


def made(arrival=7, **more):
    return replace(wrote("i1", ..., slug="", arrival=arrival), act="create", type="item", **more)


def of_record(entries, *, held=None, retired=None, run="", **now):
    known = tuple(filter(None, [*(held or {}).values(), retired]))
    record = ItemRecord(
        held or {}, gone=None if retired and retired.undone else retired, stored=known
    )
    now = RecordNow(record, **{"item": ListedItem("i1", {"stock": 5})} | now)
    return [*plan(entries, now, run)]


def test_a_retirement_is_taken_back():
    item = ListedItem("i1", {}, archived=True)
    (found,) = of_record([gone()], retired=holds("archive", 9, kind="gone"), item=item)
    assert (found.slug, found.value, found.type, found.undoes) == (":gone", "null", "gone", 9)
    assert not found.same


def test_a_record_that_is_back_is_left():
    back = holds("archive", 12, kind="gone", undone=True)
    (found,) = of_record([gone()], retired=back)
    assert found.why == undo_model.BACK
    (found,) = of_record([gone()], retired=holds("archive", 12, kind="gone"))
    assert found.why == "it was changed since, by erp"
    (found,) = of_record([gone()])
    assert found.why == undo_model.NOT_HELD


def test_a_retirement_that_this_run_has_taken_back_is_done():
    for mark in ({"undo": "r5"}, {}):
        back = holds("archive", 9, kind="gone", undone=True, **mark)
        (found,) = of_record([gone()], retired=back, run="r5")
        assert found.done


def test_an_undo_that_brought_a_record_back_is_undone_by_retiring_it():
    lifted = replace(gone(), act="write", value="null", before='"archive"')
    back = holds("archive", 9, kind="gone", undone=True, undo="r1")
    (found,) = of_record([lifted], held={"stock": holds(5)}, retired=back)
    assert (found.slug, found.value, found.undoes) == (":gone", '"archive"', 9)
    (found,) = of_record([lifted], held={"stock": holds(5, 11)}, retired=back)
    assert found.why == "it was changed since, by erp"
    (found,) = of_record([lifted], retired=holds("archive", 9, kind="gone"))
    assert found.why == undo_model.RETIRED
    (found,) = of_record([lifted], retired=holds("archive", 12, kind="gone", run="r5"), run="r5")
    assert found.done


def test_an_item_that_an_editor_brought_back_stays_so():
    (found,) = of_record([gone()], retired=holds("archive", 9, kind="gone"))
    assert (found.value, found.same) == ("null", True)


def test_a_deleted_item_is_made_anew_only_where_items_are_created():
    retired = holds("delete", 9, kind="gone")
    (found,) = of_record([gone("delete")], retired=retired, item=None)
    assert found.why == undo_model.DELETED
    (found,) = of_record([gone("delete")], retired=retired, item=None, creates=True)
    assert (found.value, found.same) == ("null", False)


def test_an_archived_item_that_somebody_deleted_is_left():
    (found,) = of_record([gone()], retired=holds("archive", 9, kind="gone"), item=None)
    assert found.why == undo_model.NO_ITEM


def test_a_creation_is_taken_back_as_a_whole():
    entries = [wrote(5, 4, 8), made()]
    held = {"stock": holds(5, 8), "name": replace(holds("A", 7), state="dead")}
    (found,) = of_record(entries, held=held)
    assert (found.slug, found.value, found.undoes) == (":gone", '"unpublish"', 8)


def test_an_item_that_others_have_changed_since_its_creation_stays():
    (found,) = of_record([made()], held={"stock": holds(5, 8, source="crm")})
    assert found.why == "it was changed since, by crm"


def test_of_an_item_that_stays_the_fields_are_put_back():
    entries = [wrote(5, 4, 8), made()]
    held = {"stock": holds(5, 8), "name": holds("B", 9)}
    left, put = of_record(entries, held=held)
    assert (left.why, put.value) == ("it was changed since, by erp", "4")


def test_an_item_that_an_editor_has_changed_since_its_creation_stays():
    (found,) = of_record([made()], held={"stock": holds(4, 7)})
    assert found.why == undo_model.EDITED


def test_a_creation_of_which_nothing_is_left_is_left():
    (found,) = of_record([made()], held={"stock": holds(5)}, item=None)
    assert found.why == undo_model.NO_ITEM
    (found,) = of_record([made()])
    assert found.why == undo_model.NOT_HELD


def test_a_creation_that_this_run_has_taken_back_is_done():
    retired = holds("unpublish", 9, kind="gone", run="r5")
    (found,) = of_record([made()], retired=retired, run="r5")
    assert found.done


def test_an_answer_is_the_last_word_on_what_a_creation_wrote():
    held = {"stock": holds("Large", 7, kind="option", seen=5)}
    (found,) = of_record([made()], held=held)
    assert found.value == '"unpublish"'
