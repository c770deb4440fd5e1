"""JSON as text: what people wrote stays readable, and any text can be encoded."""

import json

import pytest

from service.operate.json_text import json_text


@pytest.mark.parametrize("text", ["שלום 👟", "a \ud83d b", "\udc5f\ud83d", '"\\ud83d"'])
def test_it_can_be_encoded_and_means_the_same(text):
    told = json_text({"name": text})
    assert json.loads(told.encode()) == {"name": text}
    assert ("👟" in told) == ("👟" in text)
