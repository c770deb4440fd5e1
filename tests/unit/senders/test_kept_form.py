"""What is kept of a delivery is read once, and would be read the same again."""

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.senders import build
from tests.support.depth import examples
from workers.config.settings import Source
from workers.errors import SignatureInvalid

NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
SENDERS = {
    name: build(Source("erp", name, ("s3cret",), options=options | {"id": "id"}), public_url=None)
    for name, options in (
        ("bearer", {"topic": "header:X-Topic"}),
        ("body-token", {"field": "token"}),
    )
}
TEXT = '{"id": "Büro €", "token": "s3cret"}'
XML = "<?xml version='1.0' encoding='iso-8859-1'?><a>ü</a>"
FORM = "application/x-www-form-urlencoded"
MEDIA = st.sampled_from(["", "application/json", "text/xml", FORM, "text/plain; a=b"])
CHARSETS = ["utf-8", "UTF8", "latin1", "windows-1252", "utf-16", "utf-16le", "shift_jis", "klingon"]
TYPES = MEDIA | st.builds("{}; charset={}".format, MEDIA, st.sampled_from(CHARSETS))
ENCODED = st.builds(
    lambda text, python: text.encode(python, "replace"),
    st.sampled_from([TEXT, XML, "id=B%FCro&token=s3cret", "id=Büro&token=s3cret", "\ufeff" + TEXT]),
    st.sampled_from(["utf-8", "cp1252", "utf-16", "utf-16-be", "shift_jis"]),
)
BODIES = ENCODED | st.binary(max_size=20)
CODINGS = st.sampled_from([None, "", "identity", "gzip", "br"])


@pytest.mark.parametrize("name", SENDERS)
@examples(300, 3000, deadline=None)
@given(kind=TYPES, coding=CODINGS, body=BODIES, packed=st.booleans())
def test_a_replay_reads_what_the_delivery_did(name, kind, coding, body, packed):
    headers = {"content-type": kind, "authorization": "Bearer s3cret", "x-topic": "stock"}
    if coding is not None:
        headers["content-encoding"] = coding
    sender = SENDERS[name]
    received = _received(sender, headers, gzip.compress(body, mtime=0) if packed else body)
    if received is None:
        return
    again = sender.split(received.headers, received.body)
    assert (again.events, again.problem) == (received.events, received.problem)


def _received(sender, headers, body):
    """Return what *sender* makes of a request; None: its token cannot be read."""
    try:
        return sender.receive(headers, body, now=NOW)
    except SignatureInvalid:
        return None
