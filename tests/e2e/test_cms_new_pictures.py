"""Another picture behind the same address, and answers that are a bare list of items."""

import json

import pytest

OLD, NEW = "https://cdn.shop.example/a.jpg", "https://cdn.shop.example/a.jpg?v=2"


def test_the_same_address_is_imported_once_and_another_one_anew(way):
    for version, url in enumerate((OLD, OLD, NEW), start=1):
        way.change(1, image=url, version=version)
        way.run()
    sent = [sent["image"] for sent in way.sent_to(1)]
    assert len(sent) == 2
    assert NEW in json.dumps(sent[1])
    assert way.counts("written", "unchanged") == (2, 1)


@pytest.fixture
def bare(open_way):
    """A way to a CMS whose bulk answers are the list of the items alone."""
    way = open_way(by="key", collection={"missing": "create"})
    app = way.server.app

    def serve(environ, start_response):
        answer = app(environ, lambda status, headers: start_response(status, unsized(headers)))
        if environ["REQUEST_METHOD"] not in ("PATCH", "POST"):
            return answer
        document = json.loads(b"".join(answer))
        return [json.dumps(document.get("items", document)).encode()]

    way.server.app = serve
    return way


def unsized(headers):
    return [(name, value) for name, value in headers if name.lower() != "content-length"]


def test_an_update_that_a_bare_list_answers_is_written(bare):
    bare.change(3, stock=9)
    bare.run()
    assert len(bare.patches()) == 1
    assert bare.counts("written", "dead") == (1, 0)


def test_an_item_that_a_bare_list_shows_is_created_once(bare):
    bare.change("new-1", name="Product 3", stock=9)
    bare.run()
    assert bare.the("new-1").staged.fields["slug"] == "product-3-new-1"
    assert len(bare.posts()) == 2
    assert bare.counts("written", "dead") == (2, 0)
