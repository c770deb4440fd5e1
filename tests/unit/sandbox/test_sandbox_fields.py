"""What each field type takes, refuses and reads back."""

import pytest

from service.sandbox.fields.values import TYPES as READERS
from service.sandbox.model.schema import TYPES
from service.sandbox.seeds.samples import product_id

ONE = product_id(1)
PICTURE = "https://shop.example.com/oak.png"


def test_every_type_has_a_reader():
    assert set(READERS) == set(TYPES)


@pytest.mark.parametrize(
    ("slug", "value", "read"),
    [
        ("line", "a", "a"),
        ("html", "<p>a</p>", "<p>a</p>"),
        ("html", "a", "<p>a</p>"),
        ("whole", 3.0, 3.0),
        ("above", 1.5, 1.5),
        ("day", "2025-02-03T10:00:00+02:00", "2025-02-03T00:00:00.000Z"),
        ("time", "2025-02-03T10:00:00+02:00", "2025-02-03T08:00:00.000Z"),
        ("time", "2025-02-03", "2025-02-03T00:00:00.000Z"),
        ("on", False, False),
        ("tint", "#aBc", "#aBc"),
        ("tint", "rgba(1, 2, 3, 0.5)", "rgba(1, 2, 3, 0.5)"),
        ("tint", "Tomato", "Tomato"),
        ("site", "mailto:a@example.com", "mailto:a@example.com"),
        ("mail", "a@example.com", "a@example.com"),
        ("call", "+49 30 1", "+49 30 1"),
        ("maker", ONE, ONE),
        ("makers", [ONE], [ONE]),
        ("makers", [], []),
    ],
)
def test_a_value_that_fits_is_read_back(v2, things, slug, value, read):
    answer = things(v2, slug, value)
    assert answer.status_code == 200, answer.text
    assert things.read(v2)[slug] == read


@pytest.mark.parametrize(
    ("slug", "value", "description"),
    [
        ("line", 1, "Expected value to be a string: 1"),
        ("line", "a\nb", "Expected value to be a single line: 'a\nb'"),
        ("line", "0123456789", "Is too long: '0123456789'"),
        ("long", "a", "Is too short: 'a'"),
        ("must", None, "Required field cannot be cleared: undefined"),
        ("name", None, "Required field cannot be cleared: undefined"),
        ("slug", "two", "Unique value is already in database: 'two'"),
        (
            "slug",
            "a b",
            "Must be alphanumerical and not contain any spaces or special characters: 'a b'",
        ),
        ("whole", True, "Expected value to be a number: true"),
        ("whole", 1.5, "Expected value to be an integer: 1.5"),
        ("whole", 10, "Is too large: 10"),
        ("above", 0, "Is too small: 0"),
        ("above", -1, "Negative values are not allowed: -1"),
        ("day", "soon", "Expected value to be a date: 'soon'"),
        ("day", 5, "Expected value to be a date: 5"),
        ("on", "true", "Expected value to be a boolean: 'true'"),
        ("tint", "#12345", "Expected value to be a color: '#12345'"),
        ("kind", "Old", "Expected value to be the id of an option: 'Old'"),
        ("film", "nowhere", "Expected value to be a URL: 'nowhere'"),
        ("site", "nowhere", "Expected value to be a URL: 'nowhere'"),
        ("mail", "nobody", "Expected value to be an email address: 'nobody'"),
        ("picture", PICTURE, f"Expected value to have a 'url' field: '{PICTURE}'"),
        ("pictures", {}, "Expected value to be an array: {}"),
        ("maker", 5, "Expected value to be an ItemRef: 5"),
        ("maker", "0" * 24, f"Referenced item not found: '{'0' * 24}'"),
        ("nothing", 1, "Field not described in schema: undefined"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(v2, things, slug, value, description):
    answer = things(v2, slug, value)
    assert answer.status_code == 400
    assert answer.json()["details"] == [{"param": slug, "description": description}]


def test_null_clears_an_optional_field(v2, things):
    things(v2, "line", "a")
    assert "line" not in things(v2, "line", None).json()["fieldData"]


def test_an_item_may_keep_its_own_slug(v2, things):
    assert things(v2, "slug", "one").status_code == 200


def test_an_option_is_written_by_its_id(v2, things):
    collection = v2.call("GET", things.path(v2).partition("/items")[0]).json()
    fields = {one["slug"]: one for one in collection["fields"]}
    (old, new) = fields["kind"]["validations"]["options"]
    assert (old["name"], len(new["id"])) == ("Old", 32)
    assert things(v2, "kind", new["id"]).json()["fieldData"]["kind"] == new["id"]


def test_a_video_is_read_back_as_an_object(v2, things):
    film = things(v2, "film", "https://video.example.com/1").json()["fieldData"]["film"]
    assert film["url"] == "https://video.example.com/1"
    assert isinstance(film["metadata"], dict)


def test_every_import_of_a_picture_makes_a_new_file(v2, things):
    first, second = (
        things(v2, "picture", {"url": PICTURE, "alt": "Oak"}).json()["fieldData"]["picture"]
        for _ in range(2)
    )
    assert first["fileId"] != second["fileId"]
    assert first["url"] != PICTURE
    assert first["url"].endswith("_oak.png")
    assert first["alt"] == "Oak"


def test_a_picture_sent_as_it_was_read_is_kept(v2, things):
    first = things(v2, "picture", {"url": PICTURE}).json()["fieldData"]["picture"]
    again = things(v2, "picture", {"fileId": first["fileId"], "url": first["url"]})
    assert again.json()["fieldData"]["picture"] == first


def test_a_file_id_alone_is_enough_in_v1_only(v1, v2, things):
    first = things(v1, "picture", PICTURE).json()["picture"]
    assert things(v1, "picture", {"fileId": first["fileId"]}).json()["picture"] == first
    assert things(v2, "picture", {"fileId": first["fileId"]}).status_code == 400


def test_several_pictures_replace_the_whole_list(v2, things):
    things(v2, "pictures", [{"url": PICTURE}, {"url": PICTURE}])
    pictures = things(v2, "pictures", [{"url": PICTURE}]).json()["fieldData"]["pictures"]
    assert len(pictures) == 1


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://shop.invalid/oak.png", ""),
        ("https://shop.example.com/too-large.png", ": File size limit reached"),
        ("https://shop.example.com/oak.exe", ": Unsupported file type"),
    ],
)
def test_a_picture_that_cannot_be_imported_is_left_out_unless_told_otherwise(
    v2, things, address, why
):
    skipped = things(v2, "picture", {"url": address})
    assert skipped.status_code == 200
    assert "picture" not in skipped.json()["fieldData"]
    refused = things(v2, "picture", {"url": address}, skipInvalidFiles="false")
    assert refused.json()["details"] == [
        {"param": "picture", "description": f"Remote image failed to import{why}: '{address}'"}
    ]


def test_an_item_that_others_refer_to_is_not_deleted(v2, things):
    things(v2, "makers", [ONE])
    answer = v2.call("DELETE", f"/items/{ONE}")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    things(v2, "makers", [])
    assert v2.call("DELETE", f"/items/{ONE}").status_code == 204


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize(
    ("slug", "value"),
    [
        ("line", "Oak"),
        ("html", 'Oak & ash <img src="https://shop.example.com/oak.png">'),
        ("html", "Oak & ash"),
        ("whole", 3.0),
        ("day", "2025-02-03T10:00:00+02:00"),
        ("time", "2025-02-03T10:00:00+02:00"),
        ("on", True),
        ("tint", "hsl(1, 2%, 3%)"),
        ("film", "https://video.example.com/1"),
        ("site", "https://shop.example.com"),
        ("mail", "a@example.com"),
        ("call", "+49 30 1"),
        ("picture", {"url": PICTURE, "alt": "Oak"}),
        ("pictures", [{"url": PICTURE}, {"url": PICTURE, "alt": "Oak"}]),
        ("paper", {"url": "https://shop.example.com/oak.pdf"}),
        ("maker", ONE),
        ("makers", [product_id(2), ONE]),
        ("line", None),
        ("on", None),
        ("picture", None),
    ],
)
def test_a_field_may_be_sent_as_it_was_read(request, things, version, slug, value):
    client = request.getfixturevalue(version)
    written = things(client, slug, value)
    assert written.status_code == 200, written.text
    read = things.read(client)
    again = things(client, slug, read.get(slug))
    assert again.status_code == 200, again.text
    assert things.read(client).get(slug) == read.get(slug)


@pytest.mark.parametrize(
    "value",
    ["", None, [], {}, 0, "\ud800", "\0", [[[[[]]]]], pytest.param(10**400, id="no double")],
)
def test_no_value_breaks_an_answer(v1, v2, things, value):
    for client in (v1, v2):
        for field in things.fields:
            answer = things(client, field["slug"], value)
            assert answer.status_code in (200, 400), answer.text
            assert answer.json()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" * 100_000, id="deep array"),
        pytest.param(b'{"a":' * 100_000, id="deep object"),
        pytest.param(b"1" * 5000, id="long number"),
        b"\xff",
        b'"a',
    ],
)
def test_no_body_breaks_an_answer(v1, v2, body):
    assert v1.call("PATCH", f"/items/{ONE}", data=body).json()["name"] == "SyntaxError"
    assert v2.call("PATCH", f"/items/{ONE}", data=body).json()["code"] == "bad_request"


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_a_file_that_cannot_be_imported_is_told_of_without_its_field_as_the_site_is_set(
    request, v2, things, api
):
    client = request.getfixturevalue(api)
    v2.control("POST", "/site", {"names_no_files": True})
    value = {"url": "https://shop.example.com/oak.txt"}
    answer = things(client, "picture", value, skipInvalidFiles="false")
    wanted = "Remote file failed to import: Unsupported file type"
    told = answer.json()
    assert answer.status_code == 400
    assert told.get("msg", told.get("message")).endswith(wanted)
    assert not told.get("details")
    assert not told.get("problems")
