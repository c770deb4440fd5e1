"""Values that the site keeps in another form than they were sent in, each as its rule says."""

import pytest

from service.sandbox.seeds.samples import product_id

ONE = product_id(1)


@pytest.fixture
def kept(v2, things):
    """Sets the rules of the site, writes one value, and returns it as it is read back."""

    def kept(slug, value, client=v2, **rules):
        v2.control("POST", "/site", rules)
        answer = things(client, slug, value)
        assert answer.status_code == 200, answer.text
        return things.read(client).get(slug)

    return kept


@pytest.mark.parametrize(
    ("rule", "slug", "sent", "form"),
    [
        ("lowers_emails", "mail", "Ann.Smith@Example.com", "ann.smith@example.com"),
        ("lowers_emails", "call", "Ann.Smith@Example.com", "Ann.Smith@Example.com"),
        ("trims_links", "site", "https://a.example/p/", "https://a.example/p"),
        ("trims_links", "site", "https://a.example/p", "https://a.example/p"),
        ("trims_links", "site", "/", "/"),
        ("trims_links", "call", "a/", "a/"),
        ("drops_empty_texts", "line", "", None),
        ("drops_empty_texts", "call", "", None),
        ("drops_empty_texts", "html", "", None),
        ("composes_texts", "line", "Cafe\u0301", "Café"),
        ("composes_texts", "html", "<p>Cafe\u0301</p>", "<p>Café</p>"),
    ],
)
@pytest.mark.parametrize("api", ["v1", "v2"])
def test_a_value_is_kept_in_the_form_of_the_site_or_as_it_was_sent(
    kept, api, request, rule, slug, sent, form
):
    client = request.getfixturevalue(api)
    assert kept(slug, sent, client, **{rule: True}) == form
    assert kept(slug, sent, client, **{rule: False}) == sent


@pytest.mark.parametrize(
    ("value", "text"),
    [(12, "12"), (12.0, "12"), (0.1, "0.1"), (1e21, "1e+21"), (True, "true"), (False, "false")],
)
def test_a_number_or_a_boolean_is_kept_as_text_where_the_site_takes_it(
    kept, things, v2, value, text
):
    assert kept("line", value, writes_numbers=True) == text
    v2.control("POST", "/site", {"writes_numbers": False})
    assert things(v2, "line", value).status_code == 400


@pytest.mark.parametrize("value", [[], {}, [1]])
def test_no_site_takes_a_list_or_an_object_as_text(things, v2, value):
    v2.control("POST", "/site", {"writes_numbers": True})
    assert things(v2, "line", value).status_code == 400


def test_a_null_clears_a_text_or_is_passed_over_as_the_site_is_set(kept):
    assert kept("line", "a") == "a"
    assert kept("line", None, passes_over_nulls=True) == "a"
    assert kept("on", True) is True
    assert kept("on", None) is None  # of texts alone
    assert kept("line", None, passes_over_nulls=False) is None


def test_an_empty_text_that_clears_no_required_one_is_refused_all_the_same(things, v2):
    answer = things(v2, "must", "")
    assert answer.json()["details"] == [
        {"param": "must", "description": "Required field cannot be cleared: undefined"}
    ]


LISTS = (
    "<p>a</p>\n<ul>\n  <li>one</li>\n</ul>\n<table> <tr><td>1</td></tr></table> <p>b <i>c</i></p>"
)
DENSE = "<p>a</p><ul><li>one</li></ul><table><tr><td>1</td></tr></table><p>b <i>c</i></p>"


def test_html_loses_the_space_between_tags_of_lists_and_tables(kept):
    assert kept("html", LISTS) == DENSE
    assert kept("html", LISTS, rewrites_html=False) == LISTS


def test_html_is_kept_with_pictures_of_the_sites_own(kept):
    sent = '<figure><img src="https://media.example/p.jpg"></figure>'
    held = kept("html", sent)
    assert held.startswith('<figure><img src="https://cdn.')
    assert kept("html", held) == held
    assert kept("html", sent, rewrites_html=False) == sent


def test_an_answer_of_v2_shows_html_as_it_was_sent_unless_it_is_rewritten_at_once(v2, things):
    assert things(v2, "html", LISTS).json()["fieldData"]["html"] == LISTS
    assert things.read(v2)["html"] == DENSE
    batch = {"items": [{"id": things.ids[0], "fieldData": {"html": LISTS}}]}
    path = things.path(v2).rpartition("/")[0]
    (item,) = v2.patch(path, batch).json()["items"]
    assert item["fieldData"]["html"] == LISTS
    v2.control("POST", "/site", {"echoes_html": False})
    assert things(v2, "html", LISTS).json()["fieldData"]["html"] == DENSE
    (item,) = v2.patch(path, batch).json()["items"]
    assert item["fieldData"]["html"] == DENSE


def test_the_answer_to_a_new_item_shows_html_as_it_was_sent(v2):
    new = {"fieldData": {"name": "New", "description": LISTS}}
    for path, body in (("/items", new), ("/items/bulk", new), ("/items", {"items": [new]})):
        made = v2.call("POST", path, body).json()
        assert made["fieldData"]["description"] == LISTS
        held = v2.get(f"/items/{made['id']}").json()["fieldData"]["description"]
        assert held == DENSE


def test_a_lost_write_is_not_shown_as_it_was_sent(v2):
    v2.fault("drop-field", slug="description")
    answer = v2.patch(f"/items/{ONE}", {"fieldData": {"description": LISTS}})
    assert answer.json()["fieldData"]["description"] == "<p>Product 1 of the sandbox.</p>"


def test_v1_shows_html_as_it_is_kept(v1, things):
    assert things(v1, "html", LISTS).json()["html"] == DENSE
