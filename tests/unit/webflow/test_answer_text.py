"""Halves of surrogate pairs in answers: a CMS cuts a text in the middle of an emoji."""

import json

import pytest

from workers.webflow import item_answers
from workers.webflow.answer_text import parsed

GOOD = "\N{GRINNING FACE}"
BAD = "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (rb'["a\ud83d", 1.10]', [f"a{BAD}", 1.1]),
        (rb'{"\ude00b": "\uD83D\uDE00"}', {f"{BAD}b": GOOD}),
        (b'["a\xed\xa0\xbd"]', [f"a{BAD}"]),
        (r'["\ud83d"]', [BAD]),
        ("[1]", [1]),
        (b'["\xc3\xa9"]', ["é"]),
    ],
)
def test_half_a_pair_is_replaced_and_a_whole_one_stays(text, value):
    assert parsed(text) == value


def test_every_text_of_an_answer_can_be_stored():
    said = {"code": "validation_error\ud83d", "message": 'Validation: ["Bad \\ud83d"]\ud83d'}
    details = [{"param": "title\ud83d", "description": "too long: \ud83d"}]
    answer = item_answers.read(400, {}, json.dumps(said | {"details": details}).encode())
    assert repr(answer).encode()
    for text in (answer.message, answer.code, *(each.message for each in answer.problems)):
        assert BAD in text
        text.encode()
    items = {"items": [{"id": "1", "fieldData": {"name": "a\ud83d"}}]}
    (held,) = item_answers.read(200, {}, json.dumps(items).encode()).items.values()
    assert held.fields["name"] == f"a{BAD}"
