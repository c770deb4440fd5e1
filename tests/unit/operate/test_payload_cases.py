"""A user's own cases: how they are found, compared and written down."""

import json

import pytest
from click.testing import CliRunner

from service.cli import main
from service.operate.payload_cases import differences

TOML = """
mappings = ["mappings.py"]
[destinations.site]
token = "t"
[collections.products]
destination = "site"
id = "c"
key = "sku"
[sources.erp]
sender = "bearer"
secrets = ["s"]
id = "id"
topic = "header:X-Topic"
"""
MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping

class Stock(Mapping):
    class Meta:
        source, collection, key, topics = "erp", "products", "sku", ("stock",)

    stock = fields.Integer(data_key="qty")
"""
TILL = '[sources.till]\nsender = "bearer"\nsecrets = ["s"]\n'


@pytest.fixture
def place(tmp_path):
    (tmp_path / "instep.toml").write_text(TOML)
    (tmp_path / "mappings.py").write_text(MAPPINGS)
    return tmp_path


@pytest.fixture
def case(place):
    def _case(name="cases/erp/seven", payload=None, headers=None, expected=None):
        path = place / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(payload or {"id": "1", "sku": "A", "qty": 7}))
        headers = {"X-Topic": "stock"} if headers is None else headers
        path.with_name(f"{path.stem}.headers.json").write_text(json.dumps(headers))
        if expected is not None:
            path.with_name(f"{path.stem}.expected.json").write_text(json.dumps(expected))
        return path

    return _case


@pytest.fixture
def run(place, monkeypatch):
    monkeypatch.chdir(place)

    def _run(*arguments):
        return CliRunner().invoke(main, ["test", *arguments])

    return _run


def test_what_is_expected_has_to_be_in_the_preview(run, case):
    case(expected={"changes": [{"key": "A", "fields": {"stock": 7}}]})
    result = run()
    assert result.exit_code == 0, result.output
    assert result.output == "same     erp/seven\n1 case, 0 differing\n"


def test_a_difference_is_told_with_its_place(run, case):
    case(expected={"changes": [{"key": "B", "fields": {"stock": 8, "price": 1}}]})
    result = run()
    assert result.exit_code == 1
    assert 'changes[0].key: expected "B", found "A"' in result.output
    assert "changes[0].fields.stock: expected 8, found 7" in result.output
    assert "changes[0].fields.price: expected 1, found nothing" in result.output
    assert "1 case, 1 differing" in result.output


def test_the_headers_of_a_case_are_read(run, case):
    case(headers={"X-Topic": "price"}, expected={"changes": [{}]})
    result = run()
    assert result.exit_code == 1
    assert "changes: expected 1 of them, found 0: []" in result.output


def test_a_case_without_an_expectation_fails_until_it_is_written_down(run, case):
    path = case()
    assert run().exit_code == 1
    result = run("--update")
    assert (result.exit_code, result.output) == (0, "written  erp/seven\n")
    told = json.loads(path.with_name("seven.expected.json").read_text())
    assert told["changes"][0]["fields"] == {"stock": 7}
    assert told["problems"] == []
    assert run("--update").output == "same     erp/seven\n"
    assert run().exit_code == 0


def test_an_update_keeps_what_still_holds(run, case):
    path = case(expected={"changes": [{"key": "A"}]})
    run("--update")
    assert json.loads(path.with_name("seven.expected.json").read_text()) == {
        "changes": [{"key": "A"}]
    }


def test_the_only_source_needs_no_folder(run, case):
    case(name="cases/seven", expected={})
    assert run().exit_code == 0


def test_a_case_of_no_source_is_refused(run, case, place):
    (place / "instep.toml").write_text(TOML + TILL)
    case(name="cases/seven", expected={})
    result = run()
    assert result.exit_code == 2
    assert "a folder with the name of its source (erp, till)" in result.output


def test_a_folder_may_be_the_source(run, case):
    case(expected={})
    assert run("cases/erp").exit_code == 0


def test_a_form_is_a_payload_too(run, case, place):
    case(expected={}).with_name("form.form").write_text("id=1&sku=A&qty=7")
    (place / "cases/erp/form.headers.json").write_text('{"X-Topic": "stock"}')
    (place / "cases/erp/form.expected.json").write_text('{"changes": [{"key": "A"}]}')
    assert "same     erp/form" in run().output


def test_no_case_is_no_success(run, place):
    (place / "cases").mkdir()
    result = run()
    assert result.exit_code == 2
    assert "found no case in cases" in result.output


@pytest.mark.parametrize("name", ["seven.headers.json", "seven.expected.json"])
def test_a_file_that_is_no_json_is_told(run, case, name):
    case(expected={}).with_name(name).write_text("{")
    result = run()
    assert result.exit_code == 2
    assert name in result.output


def test_headers_are_texts(run, case):
    case(headers={"X-Topic": 1}, expected={})
    assert "an object of texts" in run().output


@pytest.mark.parametrize(
    ("expected", "found", "lines"),
    [
        ({}, {"a": 1}, []),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, []),
        ([1, 2], [1, 2], []),
        (1, 1.0, []),
        (True, 1, ["all of it: expected true, found 1"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a: expected 1 of them, found 2: [1, 2]"]),
        ({"a": None}, {}, ["a: expected null, found nothing"]),
        ({"a": {"b": 1}}, {"a": 3}, ['a: expected {"b": 1}, found 3']),
    ],
)
def test_what_contains_what(expected, found, lines):
    assert [*differences(expected, found)] == lines
