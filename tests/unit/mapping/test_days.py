"""Days and times of a local zone: the CMS keeps a day as midnight UTC."""

import pytest

DAY = """
    class Day(Mapping):
        class Meta:
            source, collection, key = "erp", "products", "sku"

        day = fields.{field}
"""


def read(mappings, field, value):
    mapped = mappings(DAY.format(field=field)).changes(
        "erp", None, {"sku": "A", "day": value}, version=None
    )
    return [f.value for c in mapped.changes for f in c.fields], [p.message for p in mapped.problems]


@pytest.mark.parametrize(
    "value",
    [
        "2025-11-14",
        "2025-11-14T22:00:00-05:00",
        "2025-11-14T01:00:00+09:00",
        "2025-11-14 22:00",
        "2025-11-14T22:00:00.123Z",
    ],
)
def test_a_day_is_the_one_that_is_written(mappings, value):
    assert read(mappings, "Date()", value) == (['"2025-11-14T00:00:00.000Z"'], [])


@pytest.mark.parametrize("value", ["2025-11-14T", "14.11.2025 22:00", "x2025-11-14T22:00", 7])
def test_what_is_no_day_is_none(mappings, value):
    values, problems = read(mappings, "Date()", value)
    assert (values, len(problems)) == ([], 1)


def test_a_format_of_its_own_takes_what_it_says(mappings):
    values, _ = read(mappings, 'Date(format="%d.%m.%Y")', "14.11.2025")
    assert values == ['"2025-11-14T00:00:00.000Z"']


def test_a_time_without_an_offset_is_told_what_to_do(mappings):
    values, (problem,) = read(mappings, "AwareDateTime()", "2025-11-14T15:19:03")
    assert values == []
    assert "default_timezone" in problem


def test_words_of_the_user_are_kept(mappings):
    field = 'AwareDateTime(error_messages={"invalid_awareness": "Whose time?"})'
    _, (problem,) = read(mappings, field, "2025-11-14T15:19:03")
    assert problem.startswith("Whose time?")
