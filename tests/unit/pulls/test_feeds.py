"""From an answer to records: JSON, CSV, RSS, Atom and XML, and what is none of them."""

import gzip

import pytest

from service.fetchers.responses import Answer
from service.mapping.paths import compile_path
from service.mapping.text_cells import read
from service.pulls.feeds import page_of
from workers.config.pull import Pull
from workers.errors import PullFailed

RSS = """<?xml version="1.0" encoding="ISO-8859-1"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">
<channel><title>Shop</title>
<item><title>Café</title><guid isPermaLink="false">P-1</guid><g:price>9.50 EUR</g:price>
<category>a</category><category>b</category><description/></item>
<item><title>Two</title><guid>P-2</guid><g:price>007</g:price><category>a</category></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:m="http://m.example/">
<entry><id>1</id><title type="text">One</title><link rel="alternate" href="https://x/1"/>
<m:stock>4</m:stock></entry></feed>"""
XML = """<shop><products><product sku="P-1"><qty>3</qty><size><w>1</w><h>2</h></size></product>
<product sku="P-2">plain</product></products></shop>"""


def page(body, *, headers=None, **options):
    raw = body if isinstance(body, bytes) else body.encode()
    headers = {"content-length": str(len(raw))} if headers is None else headers
    return page_of(Pull("feed", "https://x", **options), Answer(200, headers, raw))


def records(body, **options):
    return list(page(body, **options).records)


def refused(body, **options):
    with pytest.raises(PullFailed) as found:
        records(body, **options)
    return str(found.value)


def test_an_item_of_rss():
    one, two = records(RSS.encode("latin-1"), format="rss")
    assert one["title"] == "Café"
    assert one["guid"] == {"isPermaLink": "false", "text": "P-1"}
    assert (one["g_price"], one["category"], one["description"]) == ("9.50 EUR", ["a", "b"], "")
    assert (two["guid"], two["category"]) == ("P-2", "a")


def test_cells_are_text_that_expressions_see_as_numbers():
    _, two = records(RSS.encode("latin-1"), format="rss")
    assert read(compile_path("g_price"), two) == "007"
    (entry,) = records(ATOM, format="atom")
    assert read(compile_path("m_stock > `3`"), entry) is True
    (one, _) = records(RSS.encode("latin-1"), format="rss")
    assert read(compile_path("category[1]"), one) == "b"
    assert read(compile_path("length(category)"), one) == 2


def test_an_entry_of_atom():
    (entry,) = records(ATOM, format="atom")
    assert entry["title"] == {"type": "text", "text": "One"}
    assert entry["link"] == {"rel": "alternate", "href": "https://x/1"}


def test_elements_of_any_xml():
    one, two = records(XML, format="xml", items="product")
    assert one == {"sku": "P-1", "qty": "3", "size": {"w": "1", "h": "2"}}
    assert two == {"sku": "P-2", "text": "plain"}


def test_rows_of_csv_in_the_encoding_that_the_answer_names():
    headers = {"content-length": "1", "content-type": "text/csv; charset=windows-1252"}
    found = page("sku;name\nP-1;Café\n".encode("cp1252"), headers=headers, format="csv")
    assert (list(found.records), found.doubt) == ([{"sku": "P-1", "name": "Café"}], "")
    packed = gzip.compress(b"sku,data.qty\nP-1,3\n")
    assert records(packed, format="csv") == [{"sku": "P-1", "data": {"qty": "3"}}]


def test_csv_of_which_nothing_shows_the_end_is_doubted():
    assert "where the answer ends" in page("sku\nP-1\n", headers={}, format="csv").doubt
    chunked = {"transfer-encoding": "chunked"}
    assert page("sku\nP-1\n", headers=chunked, format="csv").doubt == ""


CUT = [
    ('{"data": [{"a": 1}', {"items": "data"}),
    ("sku,qty\nP-1,3\nP-2", {"format": "csv"}),
    ('sku,qty\n"P-1,3\n', {"format": "csv"}),
    (RSS[:200], {"format": "rss"}),
    (ATOM[:-4], {"format": "atom"}),
    (XML[:-9], {"format": "xml", "items": "product"}),
    ("", {}),
    (" \n", {"format": "csv"}),
    ("", {"format": "xml", "items": "product"}),
]


@pytest.mark.parametrize(("body", "options"), CUT)
def test_a_document_that_is_cut_off_is_none(body, options):
    assert refused(body, **options)


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x><product>&b;</product></x>'
OTHER = [
    (BOMB, {"format": "xml", "items": "product"}, "document type"),
    ("<html><body>Busy</body></html>", {"format": "rss"}, "element html, expected rss"),
    ("<rss><channel/></rss>", {"format": "atom"}, "expected feed"),
    ("<shop/>", {"format": "xml", "items": "product"}, "no element product"),
    (b"\xff<x/>", {"format": "xml", "items": "x"}, "not utf-8"),
    ('<?xml version="1.0" encoding="klingon"?><x/>', {"format": "xml", "items": "x"}, "klingon"),
    ("{}", {}, "as the document, expected a list"),
    ('{"data": null}', {"items": "data"}, "found nothing at data"),
    ('{"data": {"a": 1}}', {"items": "data"}, "expected a list"),
    ('{"error": "no such shop"}', {"items": "data"}, "holds error: no such shop"),
    ('{"errors": [{"message": "denied"}], "data": null}', {"items": "data"}, "errors: denied"),
    ('{"error": true}', {"items": "data"}, "the answer holds error"),
    (b"a,b\n\xff,2\n", {"format": "csv"}, "UTF-8"),
]


@pytest.mark.parametrize(("body", "options", "told"), OTHER)
def test_another_document_is_refused_with_what_was_found(body, options, told):
    assert told in refused(body, **options)


def test_an_error_beside_data_is_a_doubt():
    body = '{"errors": [{"message": "one shard is away"}], "data": [{"a": 1}]}'
    assert page(body, items="data").doubt == "the answer holds errors: one shard is away"


def test_a_total_stands_around_the_list_or_in_a_header():
    assert page('{"data": [], "total": 5}', items="data").beside[0]["total"] == 5
    headers = {"content-length": "2", "x-total-count": "7"}
    assert page("[]", headers=headers).beside == ({"total": "7"},)
    # What an expression makes of the list, no total counts.
    assert page('{"data": [], "total": 5}', items="data[]").beside == ()


def test_a_byte_order_mark_names_the_encoding():
    body = ATOM.encode("utf-16")
    assert records(body, format="atom")[0]["id"] == "1"
