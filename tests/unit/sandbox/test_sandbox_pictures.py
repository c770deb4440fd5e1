"""Pictures and files: how each version names them, and what their address says of them."""

import pytest

from service.sandbox.fields.files import IMAGE_BYTES, Files
from service.sandbox.fields.media import MOST_PICTURES
from service.sandbox.model.refusals import FileUnavailable, ValueRefused
from tests.support.sandbox_values import PICTURE, UNKNOWN, read, refusal, rules


@pytest.mark.parametrize("kind", ["Image", "File"])
def test_a_file_is_named_as_its_version_names_files(kind):
    files = Files("65e000000000000000000002")
    held = read(kind, {"url": PICTURE, "alt": "Oak"}, files=files)
    id, url = held["fileId"], held["url"]
    for api in ("v1", "v2"):
        assert read(kind, held, api, files=files) == held
        assert read(kind, {"fileId": id, "url": url}, api, files=files) == {**held, "alt": None}
        # The address of another picture counts for more than the id of the old one.
        assert read(kind, {"fileId": id, "url": PICTURE}, api, files=files)["fileId"] != id
        assert read(kind, {"fileId": UNKNOWN, "url": url}, api, files=files)["fileId"] != id
    assert read(kind, id, "v1", files=files)["fileId"] == id
    assert read(kind, {"fileId": id}, "v1", files=files)["fileId"] == id
    assert read(kind, PICTURE, "v1", files=files)["url"].endswith("_oak.png")
    for value in (id, PICTURE, {"fileId": id}):
        with pytest.raises(ValueRefused, match="Expected value to have a 'url' field"):
            read(kind, value, "v2", files=files)
    with pytest.raises(ValueRefused, match=f"Remote {kind.lower()} failed"):
        read(kind, UNKNOWN, "v1", files=files)


def test_a_picture_in_html_is_imported_once():
    files = Files("65e000000000000000000002")
    html = '<p>a</p><img alt="b" src="https://shop.example.com/a.png?b=1&amp;c=2"><img src=x>'
    first = read("RichText", html, files=files)
    assert first.startswith('<p>a</p><img alt="b" src="https://cdn.')
    assert first.endswith('_a.png"><img src=x>')
    assert read("RichText", first, files=files) == first
    gone = '<img src="https://shop.invalid/a.png">'
    assert read("RichText", gone, files=files) == gone


def test_a_list_of_pictures_has_an_end():
    assert len(read("MultiImage", [{"url": PICTURE}] * MOST_PICTURES)) == MOST_PICTURES
    told = refusal("MultiImage", [{"url": PICTURE}] * (MOST_PICTURES + 1))
    assert told == "Expected value to have at most 25 items: undefined"


@pytest.mark.parametrize(
    ("said", "validations", "why"),
    [
        (f"bytes={IMAGE_BYTES + 1}", {}, "File size limit reached"),
        ("bytes=102401", rules(maxImageSize=100), "File size limit reached"),
        ("bytes=102401", rules(maxSize=100), "File size limit reached"),
        ("bytes=1", rules(minImageSize=1), "File size is too small"),
        ("width=801", rules(maxImageWidth=800), "Image is too wide"),
        ("width=9", rules(minImageWidth=10), "Image is not wide enough"),
        ("width=9&height=601", rules(maxImageHeight=600), "Image is too high"),
        ("height=9", rules(minImageHeight=10), "Image is not high enough"),
        ("", rules(acceptedExtensions=["jpg", ".WEBP"]), "Unsupported file type"),
    ],
)
def test_a_picture_is_measured_by_what_its_address_says(said, validations, why):
    address = f"{PICTURE}?{said}"
    with pytest.raises(FileUnavailable) as caught:
        read("Image", {"url": address}, **validations)
    assert caught.value.reason == f"Remote image failed to import: {why}"
    with pytest.raises(FileUnavailable):
        read(
            "MultiImage", [{"url": PICTURE.replace("png", "jpg")}, {"url": address}], **validations
        )


@pytest.mark.parametrize(
    ("said", "validations"),
    [
        (f"bytes={IMAGE_BYTES}&width=800&height=10", rules(maxImageWidth=800, minImageHeight=10)),
        ("", rules(minImageSize=10, minImageWidth=10)),
        ("bytes=many&width=-1", rules(minImageWidth="wide", minImageSize=5)),
        ("&".join(["a=1"] * 200), rules(minImageWidth=5)),
        ("", rules(acceptedExtensions=["png"])),
    ],
)
def test_a_picture_that_says_nothing_else_fits(said, validations):
    assert read("Image", {"url": f"{PICTURE}?{said}"}, **validations)["fileId"]


def test_only_a_file_by_name_is_too_large_where_any_kind_is_taken():
    assert read("File", {"url": f"{PICTURE}?bytes=99999999"})["fileId"]
    told = refusal("File", {"url": "https://a.example/too-large.zip"})
    assert told.startswith("Remote file failed to import: File size limit reached")


def test_the_name_of_a_file_stays_readable_in_its_address():
    address = "https://shop.example.com/" + "x" * 300 + "%20é\ud800.png"
    url = read("Image", {"url": address})["url"]
    assert url.isascii()
    assert url.endswith("x%20%C3%A9%3F.png")
    assert len(url) < 250
