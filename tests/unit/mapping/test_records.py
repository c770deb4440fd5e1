"""Keys, item ids and versions: one text per record, or what was found instead."""

import pytest
from marshmallow import missing

from service.mapping import record_keys


def shortly(value):
    """Tells apart what a test is given: 12 and "12", and numbers too long to write out."""
    if isinstance(value, int) and value.bit_length() > 99:
        return f"{value.bit_length()} bits"
    return ascii(value)[:30]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("12", "12"),
        (12, "12"),
        (12.0, "12"),
        (-3, "-3"),
        (0, "0"),
        (" a ", "a"),
        ("P-1" + 300 * " ", "P-1"),
        ("a b", "a b"),
        ("\u3000E\u0301\u00a0", "\u00c9"),
        ("é" * 256,) * 2,
    ],
    ids=shortly,
)
def test_a_key_compares_as_text(raw, text):
    assert record_keys.key(raw) == text


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (missing, "absent"),
        (None, "found null"),
        ("", 'found ""'),
        (" \u2009", 'found " \\u2009"'),
        (True, "found true"),
        (1.5, "found 1.5"),
        (1e300, "found 1e+300"),
        (float("nan"), "found NaN"),
        (10**300, "a number of more than 75 digits"),
        (10**5000, "a number of more than 75 digits"),
        ({"a": 1}, "found an object"),
        (["a"], "found a list"),
        ("x" * 257, "found"),
        ("\ud800", "not valid Unicode"),
    ],
    ids=shortly,
)
def test_what_is_no_key_is_named(raw, said):
    with pytest.raises(ValueError, match="expected") as caught:
        record_keys.key(raw)
    assert said in str(caught.value)


@pytest.mark.parametrize("raw", ["65f000000000000000000010", "a_b-C", 12, "x" * 64])
def test_an_item_id_is_opaque(raw):
    assert record_keys.item(raw) == str(raw)


@pytest.mark.parametrize("raw", ["", "a b", "a/b", "../x", "é", "x" * 65, "a\n", None, missing, []])
def test_what_could_not_stand_in_an_address_is_no_item_id(raw):
    with pytest.raises(ValueError, match="expected an item id"):
        record_keys.item(raw)


@pytest.mark.parametrize(
    ("raw", "version"),
    [
        (0, "s" + "0" * 20),
        (17, "s" + "17".zfill(20)),
        (10**20 - 1, "s" + "9" * 20),
        ("1970-01-01T00:00:01Z", "t" + "1000000".zfill(17)),
        ("1970-01-01T01:00:01+01:00", "t" + "1000000".zfill(17)),
        ("1970-01-01 00:00:01.0000019-00:00", "t" + "1000001".zfill(17)),
        ("1970-01-01t00:00:01z", "t" + "1000000".zfill(17)),
    ],
)
def test_a_whole_number_is_a_sequence_and_rfc_3339_is_a_time(raw, version):
    assert record_keys.version(raw) == version


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (missing, "absent"),
        (None, "found null"),
        (True, "found true"),
        (1.0, "found 1.0"),
        ("17", 'found "17"'),
        ("yesterday", 'found "yesterday"'),
        ("2025-02-03", 'found "2025-02-03"'),
        ("2025-02-03T09:10:11", "without offset"),
        ("2025-02-30T09:10:11Z", "day is out of range"),
        ("2025-02-03T09:10:11+99:99", "found"),
        ("1969-12-31T23:59:59Z", "between 1970 and 2286"),
        ("0001-01-01T00:00:00+23:00", "out of range"),
        (-1, "found -1"),
        (10**20, "is not between 0"),
        (10**5000, "out of range"),
        ([], "found a list"),
    ],
    ids=shortly,
)
def test_what_is_no_version_is_named(raw, said):
    with pytest.raises(ValueError, match=r"absent|found") as caught:
        record_keys.version(raw)
    assert said in str(caught.value)
