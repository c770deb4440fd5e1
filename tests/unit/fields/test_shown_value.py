"""What the CMS shows, as a value that can be written again."""

import pytest

from workers.fields.shown_value import MOST, shown_value

FILE = {"fileId": "f1", "url": "https://x/1.png", "alt": "A"}


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("number", 4, ("4", "number")),
        ("plain", "é", ('"é"', "plain")),
        ("plain", "", ("null", "plain")),
        ("references-key", ["a", "b"], ('["a","b"]', "references")),
        ("reference-key", None, ("null", "reference")),
        ("image-no-query", FILE, ('{"alt":"A","fileId":"f1","url":"https://x/1.png"}', "image")),
        ("video", {"url": "https://v/1", "metadata": {}}, ('"https://v/1"', "video")),
        ("richtext", "x" * MOST, None),
    ],
)
def test_a_value_of_the_cms_is_written_as_its_type_takes_it(kind, value, shown):
    assert shown_value(kind, value) == shown
