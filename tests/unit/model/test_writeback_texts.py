"""Placeholders in URLs, bodies and statements of write-backs."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.model.writeback import (
    PLACEHOLDERS,
    SAMPLE,
    body_for,
    has_fixed_host,
    is_json,
    names_in,
    parameters_of,
    url_for,
)

TEXT = st.text(max_size=20)


def test_the_whole_event_has_every_placeholder_and_its_id():
    whole = json.loads(SAMPLE.whole())
    assert whole.keys() == {"id", *PLACEHOLDERS}
    assert whole["at"] == "2025-11-29T21:00:00.000Z"


@given(key=TEXT, slug=TEXT)
def test_a_value_is_one_part_of_the_path_and_of_the_query(key, slug):
    told = replace(SAMPLE, key=f"k{key}", slug=slug)
    url = url_for("https://h.example/items/{key}/x?slug={slug}", told)
    path, _, query = url.partition("?")
    assert path.count("/") == 5
    assert query.startswith("slug=")
    assert url.isascii()
    assert not set(" &#\n") & set(url.removeprefix("https://h.example/items/"))


@pytest.mark.parametrize("key", [".", ".."])
def test_what_would_be_another_path_is_refused(key):
    with pytest.raises(ValueError, match="cannot stand alone"):
        url_for("https://h.example/items/{key}", replace(SAMPLE, key=key))


def test_what_is_not_known_is_nothing_in_a_url():
    assert url_for("https://h.example/{key}?i={item}", replace(SAMPLE, item=None)).endswith("?i=")


@given(key=TEXT, problem=st.none() | TEXT)
def test_a_body_is_json_whatever_the_values_are(key, problem):
    told = replace(SAMPLE, key=key, problem=problem)
    body = '{"key": {key}, "says": "of {key}: \\"{problem}\\"", "why": {problem}, "n": {sequence}}'
    assert json.loads(body_for(body, told)) == {
        "key": key,
        "says": f'of {key}: "{problem or ""}"',
        "why": problem,
        "n": SAMPLE.sequence,
    }


@pytest.mark.parametrize(
    ("body", "fits"),
    [
        ('{"id": {item}}', True),
        ("[{item}, {}]", True),
        ('{"id": {item}', False),
        ('{"id": x{item}}', False),
        ("", False),
    ],
)
def test_a_body_that_is_no_json_is_told(body, fits):
    assert is_json(body) is fits


@pytest.mark.parametrize(
    ("template", "fixed"),
    [
        ("https://h.example/{key}", True),
        ("https://{key}.example/", False),
        ("https://h.example:{key}/", False),
        ("{url}", True),  # no address of its own: refused for that
    ],
)
def test_a_record_never_chooses_the_host(template, fixed):
    assert has_fixed_host(template) is fixed


def test_the_names_of_placeholders_each_once():
    assert names_in("{key} {item}{key} {} { slug } {1a}") == ["key", "item"]
    statement = "UPDATE p SET a = :item, b = :item, c = now()::text, d = '1:2' WHERE k = :key\\:x"
    assert parameters_of(statement) == ["item", "key"]
