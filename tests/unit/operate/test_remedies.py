"""What to do is told for every kind of problem, in the words of the one that fits best."""

import pytest

from service.operate.remedies import remedy


@pytest.mark.parametrize(
    ("kind", "words", "fields", "expected"),
    [
        ("refused", "price: Is too long: …", ["price"], "the limit of the field"),
        ("refused", "slug: Unique value is already in database: …", ["slug"], "no other item has"),
        ("refused", "a: Field not described in schema", ["a"], "was renamed"),
        ("refused", "a: Required field cannot be cleared", ["a"], "wants this field filled"),
        ("refused", "a: Referenced item not found: …", ["a"], "create or publish the item"),
        ("refused", "c: found …, expected one of the options", ["c"], "add the option"),
        ("refused", "a: Remote image failed to import: …", ["a"], "without login"),
        ("refused", "(retire): still referenced", ["(retire)"], "remove what refers"),
        ("refused", "anything else", [], "correct the value at its source"),
        ("missing", "no item has sku = …", [], "create the item in the CMS"),
        ("missing", "ref: no item has the key …", ["ref"], "that it refers to"),
        ("missing", "…, and none can be created: no event has given it a name", [], "map the name"),
        ("missing", "… could not be read whole: see the dead letter …", [], "that it names first"),
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
        ("not-applied", "image: the item holds null", ["image"], "without login"),
        ("writeback", "whatever", [], "replay or discard"),
        ("refused", "other causes", [], "one by one"),
    ],
)
def test_each_kind_of_problem_has_its_remedy(kind, words, fields, expected):
    assert expected in remedy(kind, words, fields)
