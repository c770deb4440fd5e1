import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from service.senders.signatures import (
    credentials,
    decode_base64,
    decode_hex,
    header_bytes,
    require_one,
    require_recent,
    require_signature,
    signatures,
)
from workers.errors import SignatureInvalid

NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
UNIX = 1778578200
BODY = b'{"qty":31}'
HEX = hmac.new(b"key", BODY, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("age", [-300, -1, 0, 299, 300])
def test_a_timestamp_within_the_tolerance_passes(age):
    require_recent(str(UNIX - age), now=NOW)


@pytest.mark.parametrize(("age", "word"), [(-301, "new"), (301, "old")])
def test_a_timestamp_beyond_the_tolerance_is_refused(age, word):
    with pytest.raises(SignatureInvalid, match=f"301 s too {word}"):
        require_recent(str(UNIX - age), now=NOW)


def test_an_age_counts_in_whole_units_as_the_stamp_does():
    late = NOW + timedelta(milliseconds=999)
    require_recent(str(UNIX - 300), now=late)
    with pytest.raises(SignatureInvalid):
        require_recent(str(UNIX * 1000 - 300_000), now=late, unit="ms")


def test_a_timestamp_may_be_in_milliseconds():
    require_recent(str(UNIX * 1000 - 2_000), now=NOW, unit="ms", tolerance=2)
    with pytest.raises(SignatureInvalid):
        require_recent(str(UNIX * 1000 - 2_001), now=NOW, unit="ms", tolerance=2)


@pytest.mark.parametrize(
    "stamp",
    [
        "",
        "+1778578200",
        "-1",
        "1_778_578_200",
        " 1778578200",
        "1778578200\n",
        "1778578200.0",
        "1e9",
        "nan",
        "1" * 14,
        "١٧٧٨٥٧٨٢٠٠",
    ],
)
def test_a_timestamp_is_ascii_digits_only(stamp):
    with pytest.raises(SignatureInvalid, match="not 1 to 13 digits"):
        require_recent(stamp, now=NOW)


def test_a_hex_signature_may_be_written_in_either_case():
    require_signature(HEX, BODY, [b"key"])
    require_signature("sha256=" + HEX.upper(), BODY, [b"key"], prefix="sha256=")


@pytest.mark.parametrize(
    "found",
    ["", HEX[:-1], HEX + "0", " " + HEX, f"{HEX[:2]} {HEX[2:]}", "é" * 64, "€" * 64, "\udcff"],
)
def test_anything_but_the_signature_itself_is_refused(found):
    with pytest.raises(SignatureInvalid):
        require_signature(found, BODY, [b"key"])


def test_a_signature_without_its_prefix_is_refused():
    with pytest.raises(SignatureInvalid, match="does not start with 'sha256='"):
        require_signature(HEX, BODY, [b"key"], prefix="sha256=")


def test_a_second_spelling_of_a_base64_digest_is_refused():
    digest = hmac.new(b"key", BODY, hashlib.sha256).digest()
    text = base64.b64encode(digest).decode()
    require_signature(text, BODY, [b"key"], encoding="base64")
    twin = text[:-2] + chr(ord(text[-2]) + 1) + "="  # other unused bits, the same bytes
    for other in (twin, text.rstrip("="), text + "="):
        with pytest.raises(SignatureInvalid):
            require_signature(other, BODY, [b"key"], encoding="base64")


@pytest.mark.parametrize("text", ["YQ", "YR==", "YQ==\n", "Y Q==", "YQ==YQ==", "é", "_-8="])
def test_only_canonical_base64_is_decoded(text):
    assert decode_base64("YQ==") == b"a"
    with pytest.raises(ValueError):  # noqa: PT011
        decode_base64(text)


@pytest.mark.parametrize("text", ["6", "6 1", "0x61", "zz", "é"])
def test_only_hex_digits_are_decoded(text):
    assert decode_hex("61Fe") == b"a\xfe"
    with pytest.raises(ValueError):  # noqa: PT011
        decode_hex(text)


def test_a_scheme_matches_in_any_case_and_the_rest_exactly():
    assert credentials({"authorization": "bEARER a b "}, "bearer") == "a b "
    for other in ("Basic a", "Bearera", ""):
        with pytest.raises(SignatureInvalid):
            credentials({"authorization": other}, "bearer")


def test_header_bytes_are_those_that_came_over_the_wire():
    assert header_bytes("pÃ¤ss") == "päss".encode()
    assert header_bytes("€") == "€".encode()


@pytest.mark.parametrize("place", [i for i, letter in enumerate(HEX) if letter.isalpha()])
def test_a_hex_signature_in_both_cases_at_once_is_refused(place):
    mixed = HEX[:place] + HEX[place].upper() + HEX[place + 1 :]
    with pytest.raises(SignatureInvalid):
        require_signature(mixed, BODY, [b"key"])


@pytest.mark.parametrize("headers", [{}, {"x-id": ""}, {"x-id": "a,a"}, {"x-id": "a, b"}])
def test_a_header_that_has_to_be_there_once_is_not_missing_and_not_doubled(headers):
    require_one({"x-id": "a"}, "x-id")
    with pytest.raises(SignatureInvalid):
        require_one(headers, "x-id")


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 128, 129, 5_000])
def test_a_signature_is_an_hmac_of_its_own_text_alone(algorithm, length):
    keys = (b"", b"key", b"k" * length)
    for text in (b"", BODY, b"x" * length, BODY):
        wanted = [hmac.digest(key, text, algorithm) for key in keys]
        assert signatures(text, keys, algorithm=algorithm) == [
            each.hex().encode() for each in wanted
        ]
        as_text = [base64.b64encode(each) for each in wanted]
        assert signatures(text, keys, algorithm=algorithm, encoding="base64") == as_text
