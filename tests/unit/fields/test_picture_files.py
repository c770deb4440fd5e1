"""What is certainly no picture for the CMS, by its first bytes and headers."""

import pytest

from workers.fields.files import addresses
from workers.fields.picture_files import LARGEST, refusal

PNG = b"\x89PNG\r\n\x1a\n"
PART = {"content-range": f"bytes 0-65535/{LARGEST + 1}"}


@pytest.mark.parametrize(
    ("status", "headers", "first", "found"),
    [
        (206, PART, PNG, "4,194,305 bytes"),
        (200, {"content-length": str(LARGEST + 1)}, PNG, "4,194,305 bytes"),
        (200, {}, b"%PDF-1.7", "a PDF"),
        (200, {}, b"II*\0....", "a TIFF"),
        (200, {}, b"MM\0*....", "a TIFF"),
        (200, {}, b"8BPS....", "a Photoshop"),
        (200, {}, b"PK\x03\x04....", "a ZIP"),
        (200, {}, b"BM\x10\x20\x30\x40\0\0\0\0", "a BMP"),
        (200, {}, b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC"),
        (206, {}, b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "a video"),
        (
            200,
            {"content-type": "text/html; charset=utf-8"},
            b"\xef\xbb\xbf\n<!DOCTYPE HTML>",
            "a web page",
        ),
        (200, {"content-type": "text/html"}, b"<html lang=en>", "a web page"),
    ],
)
def test_what_is_certainly_none_is_refused(status, headers, first, found):
    assert refusal(status, headers, first).startswith(f"found {found}")


@pytest.mark.parametrize(
    ("status", "headers", "first"),
    [
        (206, {"content-range": f"bytes 0-65535/{LARGEST}"}, PNG),
        (206, {"content-range": "bytes 0-65535/*", "content-length": str(LARGEST + 1)}, PNG),
        (200, {"content-length": str(LARGEST)}, PNG),
        (200, {"content-length": "x"}, PNG),
        (200, {"content-length": str(LARGEST + 1), "content-encoding": "gzip"}, PNG),
        (200, {}, b"\xff\xd8\xff\xe0"),
        (200, {}, b"GIF89a"),
        (200, {}, b"RIFF....WEBP"),
        (200, {}, b"\0\0\0\x1cftypavif"),
        (200, {}, b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif"),  # AVIF, too
        (200, {}, b"\0\0\0\x1cftypheic\0\0\0\0avif"),
        (200, {"content-type": "text/html"}, b"<svg>"),
        (200, {"content-type": "image/svg+xml"}, b"<!DOCTYPE svg>"),
        (200, {"content-type": "image/png"}, b"<!DOCTYPE html>"),
        (200, {}, b""),
        (403, {"content-type": "text/html"}, b"<html>"),  # to us; the CMS may see a picture
        (404, {}, b"%PDF-1.7"),
        (500, PART, PNG),
        (416, {}, b""),
    ],
)
def test_what_may_be_one_passes(status, headers, first):
    assert refusal(status, headers, first) is None


@pytest.mark.parametrize(
    ("body", "urls"),
    [
        ({"url": "https://a.example/1.png", "alt": "A"}, ("https://a.example/1.png",)),
        ("https://a.example/1.png", ("https://a.example/1.png",)),  # v1
        ({"fileId": "f", "url": "https://cdn.example/1.png"}, ()),
        ([{"url": "u"}, {"fileId": "f"}, "v"], ("u", "v")),
        (None, ()),
        ([], ()),
    ],
)
def test_what_the_cms_imports_is_named(body, urls):
    assert addresses(body) == urls
