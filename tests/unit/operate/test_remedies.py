"""What to do: in the words of what fits best, with the command or the button that does the rest."""

from copy import deepcopy

import pytest

from service.operate import remedies
from service.operate.remedies import COMMANDS, Remedy, remedy, words_of


@pytest.mark.parametrize(
    ("kind", "words", "fields", "expected"),
    [
        ("refused", "price: Is too long: …", ["price"], "the limit of the field"),
        ("refused", "slug: Unique value is already in database: …", ["slug"], "no other item has"),
        ("refused", "a: Field not described in schema", ["a"], "was renamed"),
        ("refused", "a: Required field cannot be cleared", ["a"], "wants this field filled"),
        ("refused", "a: Referenced item not found: …", ["a"], "create or publish the item"),
        ("refused", "c: found …, expected one of the options", ["c"], "add the option"),
        ("refused", "a: Remote image failed to import: …", ["a"], "without a login"),
        ("refused", "(retire): still referenced", ["(retire)"], "remove what refers"),
        ("refused", "anything else", [], "correct the value at its source"),
        ("missing", "no item has sku = …", [], "create the item in the CMS"),
        ("missing", "ref: no item has the key …", ["ref"], "that it refers to"),
        ("missing", "…, and none can be created: no event has given it a name", [], "map the name"),
        (
            "missing",
            "… could not be read whole: see the dead letter …",
            [],
            "first send the problem that it names",
        ),
        ("missing", "item … holds … as its key, not …", [], "put the key back"),
        ("missing", "no item has their keys; … this one stands for all such", [], "reconcile"),
        ("unmapped", "qty: Not a valid integer; found …", ["qty"], "correct mappings.py"),
        ("unmapped", "qty: Missing data for required field.", ["qty"], "make the field optional"),
        ("unmapped", "the body is not JSON: Expecting …", [], "have its source send it whole"),
        ("unmapped", "the body is neither JSON nor …", [], "have its source send it whole"),
        ("unmapped", "fetch: the answer 404", ["fetch"], "could not be fetched"),
        (
            "unmapped",
            "at: the time is more than an hour ahead of the store's clock",
            ["at"],
            "clock of the source",
        ),
        ("exhausted", "500: oops", [], "it alone fails"),
        ("not-applied", "a: not shown", ["a"], "does not show it"),
        ("not-applied", "image: the item holds null", ["image"], "without a login"),
        ("writeback", "write-back shop: 422: no", [], "correct the write-back"),
        ("writeback", "… the record is not there", [], "see that the record is there"),
        ("later", "whatever", [], "discard it or send it again"),
        ("refused", "other causes", [], "one by one"),
    ],
)
def test_each_kind_of_problem_has_its_remedy(kind, words, fields, expected):
    assert expected in remedy(kind, words, fields, target="d1").words


@pytest.mark.parametrize("row", [*remedies._ROWS, remedies._LAST])
def test_its_words_need_no_command_that_a_page_has_a_button_for(row):
    assert not row.action or row.action in COMMANDS
    for word in ("replay", "letter", "instep dead"):
        assert word not in row.do
    assert row.do.endswith("send it again") == (row.action == "replay")


def test_at_a_terminal_the_command_that_does_the_rest_stands_behind():
    found = Remedy("publish the site, then resume it", "resume", "collection:products")
    assert found == "publish the site, then resume it: `instep resume collection:products`"
    assert Remedy("see them all", "list") == "see them all: `instep dead list`"
    assert Remedy("wait") == words_of("wait") == "wait"


def test_a_copy_has_its_parts():
    found = deepcopy(Remedy("resume it", "resume", "lane:live"))
    assert (found.words, found.action, found.target) == ("resume it", "resume", "lane:live")
    assert found == "resume it: `instep resume lane:live`"
