"""Bodies that are packed, or in another charset."""

import gzip
import json
import tracemalloc
import zlib

import pytest

from service.senders.content_encoding import MAX_MEMBERS, readable, unpack
from service.senders.payload import parse
from service.senders.soap import parse_xml
from workers.errors import BodyTooLarge, PayloadInvalid

BODY = '{"title": "Büroleuchte", "qty": 27}'.encode()
FORM = "application/x-www-form-urlencoded"


def bare(body):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def unpacked(coding, body, limit=1_000):
    return unpack({"content-encoding": coding}, body, limit)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(BODY, mtime=0)),
        ("x-gzip", gzip.compress(BODY, mtime=0)),
        (" GZip ", gzip.compress(BODY, mtime=0)),
        ("identity, gzip", gzip.compress(BODY, mtime=0)),
        ("gzip", gzip.compress(BODY[:9], mtime=0) + gzip.compress(BODY[9:], mtime=0)),
        ("gzip", gzip.compress(BODY, mtime=0) + b"\0" * 20),
        ("deflate", zlib.compress(BODY)),
        ("deflate", bare(BODY)),
        ("identity", BODY),
        ("", BODY),
    ],
    ids=[
        *("gzip", "its old name", "in capitals", "beside identity", "in two parts", "padded"),
        *("zlib", "bare deflate", "identity", "empty"),
    ],
)
def test_a_packed_body_is_unpacked(coding, body):
    assert unpacked(coding, body) == BODY


def test_a_body_that_a_proxy_has_unpacked_is_read_though_the_header_is_still_there():
    assert unpacked("gzip", BODY) == BODY
    assert unpacked("deflate", BODY) == BODY


@pytest.mark.parametrize(
    ("coding", "body", "message"),
    [
        ("gzip", gzip.compress(BODY, mtime=0)[:-3], "not gzip, as its Content-Encoding says"),
        ("gzip", gzip.compress(BODY, mtime=0) + b"\xff", "not gzip"),
        ("gzip", zlib.compress(BODY), "not gzip"),
        ("deflate", zlib.compress(BODY)[:-3], "not deflate"),
        ("deflate", zlib.compress(BODY) + b"\0", "not deflate"),
        ("gzip", b"".join([gzip.compress(b"", mtime=0)] * (MAX_MEMBERS + 1)), "not gzip"),
        ("br", b"\x0b\x02\x80", "found Content-Encoding: br, expected gzip, deflate or none"),
        ("gzip, gzip", b"\x1f\x8b", "found Content-Encoding: gzip, gzip, expected"),
        ("deflate,gzip", BODY, "found Content-Encoding: deflate, gzip, expected"),
    ],
    ids=[
        *("cut off", "more behind it", "another coding", "zlib cut off", "more behind zlib"),
        *("very many parts", "unknown", "twice", "two codings"),
    ],
)
def test_what_cannot_be_unpacked_is_refused_with_the_reason(coding, body, message):
    with pytest.raises(PayloadInvalid, match=message):
        unpacked(coding, body)


@pytest.mark.parametrize("pack", [lambda body: gzip.compress(body, mtime=0), zlib.compress, bare])
def test_a_body_may_fill_its_limit_unpacked_and_no_more(pack):
    coding = "gzip" if pack not in (zlib.compress, bare) else "deflate"
    assert len(unpacked(coding, pack(b"a" * 1_000))) == 1_000
    with pytest.raises(BodyTooLarge, match="larger than 1000 bytes"):
        unpacked(coding, pack(b"a" * 1_001))


def test_no_more_of_a_bomb_than_its_limit_is_held_in_memory():
    bomb = gzip.compress(b"\0" * 100_000_000, mtime=0)  # 97 kB
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge):
            unpacked("gzip", bomb, limit=1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def read(content_type, body):
    headers, text = readable({"content-type": content_type}, body)
    # What is kept is what was read: a second time nothing changes.
    assert readable(headers, text) == (headers, text)
    return parse(headers, text)


@pytest.mark.parametrize(
    ("charset", "python"),
    [
        ("ISO-8859-1", "latin-1"),
        ('"iso-8859-1"', "latin-1"),
        ("latin1", "latin-1"),
        ("windows-1252", "cp1252"),
        ("ISO-8859-15", "iso8859-15"),
        ("UTF-16", "utf-16"),
        ("UTF-16", "utf-16-be"),
        ("utf-16", "utf-16-le"),
        ("UTF-16LE", "utf-16-le"),
        ("utf-16be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("UTF-8", "utf-8"),
        ("utf8", "utf-8-sig"),
        ("macintosh", "mac-roman"),
    ],
)
def test_a_body_is_read_by_the_charset_that_it_declares(charset, python):
    text = '{"title": "Büroleuchte"}'
    found = read(f"application/json; charset={charset}", text.encode(python))
    assert found == {"title": "Büroleuchte"}


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("windows-1251", "Лампа"),
        ("KOI8-R", "Лампа"),
        ("Shift_JIS", "机のランプ"),
        ("EUC-JP", "机のランプ"),
        ("GBK", "模"),
        ("Big5", "檯燈"),
        ("EUC-KR", "램프"),
        ("ISO-8859-2", "Żarówka"),
        ("windows-1252", "5 € … ‰"),
    ],
)
def test_charsets_of_other_scripts_are_read(charset, text):
    body = json.dumps({"a": text}, ensure_ascii=False).encode(charset)
    assert read(f"text/plain;charset={charset}", body) == {"a": text}


def test_what_says_latin_1_and_means_windows_1252_is_read_as_browsers_do():
    assert read("application/json; charset=ISO-8859-1", b'["\x80 5 \x85 \xfc"]') == ["€ 5 … ü"]
    assert read("application/json; charset=ISO-8859-1", b'["\x81\xfc"]') == ["\x81ü"]


@pytest.mark.parametrize("charset", ["us-ascii", "ISO-8859-1", "windows-1252", "utf-16", "euc-kr"])
def test_a_body_that_is_in_utf_8_after_all_is_read_as_that(charset):
    assert read(f"application/json; charset={charset}", '["Büro 机"]'.encode()) == ["Büro 机"]


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("ISO-8859-1", b"title=B%FCro+%26+Licht&n%FC=1&raw=\xfc"),
        ("windows-1252", b"title=B%FCro+%26+Licht&n%FC=1&raw=\xfc"),
        ("utf-8", b"title=B%C3%BCro+%26+Licht&n%C3%BC=1&raw=\xc3\xbc"),
        ("ISO-8859-1", b"title=B%C3%BCro+%26+Licht&n%C3%BC=1&raw=\xc3\xbc"),
    ],
    ids=["latin-1", "windows-1252", "UTF-8", "UTF-8 under a wrong label"],
)
def test_a_form_is_read_by_the_charset_that_it_declares(charset, body):
    found = {"title": "Büro & Licht", "nü": "1", "raw": "ü"}
    assert read(f"{FORM}; charset={charset}", body) == found


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-32"])
def test_the_escapes_of_a_form_in_a_wide_charset_are_of_utf_8(charset):
    body = "title=B%C3%BCro+%26+Licht&raw=ü".encode(charset)
    found = {"title": "Büro & Licht", "raw": "ü"}
    assert read(f"{FORM}; charset={charset}", body) == found


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/xml; charset=ISO-8859-1", "<a>Büro</a>".encode("latin-1")),
        ("", "<?xml version='1.0' encoding='ISO-8859-1'?><a>Büro</a>".encode("latin-1")),
        ("text/xml", '<?xml version="1.0" encoding="utf-16"?><a>Büro</a>'.encode("utf-16")),
        # .NET writes UTF-16 into what it then sends as UTF-8.
        ("text/xml", '<?xml version="1.0" encoding="utf-16"?><a>Büro</a>'.encode()),
        (
            "text/xml; charset=utf-8",
            '<?xml version="1.0" encoding="ISO-8859-1"?><a>Büro</a>'.encode(),
        ),
    ],
    ids=["content type", "declaration", "UTF-16", "UTF-8 that says UTF-16", "both"],
)
def test_xml_is_read_by_its_content_type_else_by_its_declaration(content_type, body):
    headers, text = readable({"content-type": content_type}, body)
    assert parse_xml(text).text == "Büro"
    assert readable(headers, text) == (headers, text)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<a>nice &#xD83D;</a>", "nice \ufffd"),
        (b"<a>&#55357;&#56832;&#xd83d;&#xDE00;</a>", "😀😀"),
        (b"<a>&#56832;&#55357;</a>", "\ufffd\ufffd"),
        (b"<a>&#55295;&#57344;</a>", "\ud7ff\ue000"),
        (b"<a>\xed\xa0\xbd\xed\xb8\x80 \xed\xa0\xbd</a>", "😀 \ufffd"),
    ],
)
def test_half_a_surrogate_pair_in_xml_is_replaced(body, text):
    assert parse_xml(body).text == text


def test_half_a_surrogate_pair_in_utf_16_is_replaced():
    body = '["nice \ud83d"]'.encode("utf-16-le", "surrogatepass")
    assert read("application/json; charset=utf-16", body) == ["nice \ufffd"]


@pytest.mark.parametrize(
    ("charset", "body", "message"),
    [
        ("x-none", b"[]", "found charset x-none, expected a known one"),
        ("hex", b"5b5d", "found charset hex"),
        ("zip", b"[]", "found charset zip"),
        ("unicode_escape", b"[]", "found charset unicode_escape"),
        ("utf-7", b"[]", "found charset utf-7"),
        ("a\0b", b"[]", "found charset"),
        ("../x", b"[]", "found charset"),
        ("us-ascii", b'["\xfc"]', "not us-ascii, as it says it is at byte 2"),
        ("euc-kr", b'["\xff"]', "not euc-kr"),
    ],
)
def test_a_charset_that_cannot_be_read_is_told(charset, body, message):
    with pytest.raises(PayloadInvalid, match=message):
        readable({"content-type": f"application/json; charset={charset}"}, body)


def test_a_body_that_declares_nothing_stays_as_it_is():
    for kind in ("application/json", "application/json; version=1", "", ";;", "charset"):
        headers = {"content-type": kind}
        assert readable(headers, BODY) == (headers, BODY)
        assert readable(headers, BODY)[1] is BODY
