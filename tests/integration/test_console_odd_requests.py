"""Requests that no page of the console sends: each is refused, none is an error of the server."""

import base64
import json

import pytest

LONG = "9" * 5000  # more digits than int() takes
HALF = "\ud800"  # half of a surrogate pair: JSON can name it, UTF-8 has none


def cursor(*parts):
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.fixture
def someone(console):
    console.rig.fill()
    console.app.testing = False  # as it is served: what is not caught is answered with 500
    yield console.person()
    console.app.testing = True


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(f"/sources/erp/deliveries/erp-sX.{LONG}", id="delivery"),
        pytest.param(f"/records/record/{cursor('products', HALF)}", id="record"),
        pytest.param(f"/records?q=x&cursor={cursor(1, 'products', HALF)}", id="no text"),
        pytest.param(f"/records?q=x&cursor={cursor(0, 'products', 'a')}", id="another search"),
    ],
)
def test_an_address_that_no_page_has_is_refused(someone, path):
    answer = someone.get(path)
    assert (answer.status_code, "<dt>Expected</dt>" in answer.text) == (404, True)


def test_a_run_that_never_was_begins_no_page(someone):
    assert someone.get("/runs", query_string={"cursor": "r²"}).status_code == 200


def test_deletes_that_never_were_are_none(someone):
    answer = someone.post("/deletes/drop", ids=[f"products:{LONG}", "products:1"])
    assert (answer.status_code, "Nothing to do" in answer.text) == (200, True)


def test_a_form_that_is_too_large_says_how_large_it_may_be(someone):
    body = {"body": "x" * 700_000}
    assert someone.post("/sources/erp/preview", **body).status_code in (200, 400)
    answer = someone.post("/sources/erp/preview", body="x" * 1_100_000)
    assert (answer.status_code, "at most 1 MiB" in answer.text) == (413, True)
