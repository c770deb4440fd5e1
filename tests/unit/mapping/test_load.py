"""The named files: what is used of them, and every problem of all of them at once."""

import pytest

from service.mapping.load import load
from workers.errors import ConfigurationInvalid

ONE = """
    from marshmallow import fields
    from service.mapping import Mapping

    class {name}(Mapping):
        class Meta:
            source, collection, {by} = "erp", "products", "sku"
            {more}
        {field} = fields.String()
"""


def one(name="One", by="key", more="allow_slug = False", field="name"):
    return ONE.format(name=name, by=by, more=more, field=field)


@pytest.fixture
def problems(settings):
    """Returns the problems that a start with these files would tell."""

    def make(files, names=None):
        with pytest.raises(ConfigurationInvalid) as caught:
            load(settings(files, names))
        return [str(problem) for problem in caught.value.problems]

    return make


def test_no_files_are_no_mappings(settings):
    assert load(settings({})).rules == ()


def test_files_are_read_beside_the_configuration_in_the_order_of_their_names(settings):
    files = {"b.py": one("Second") + one("Third"), "sub/a.py": one("First")}
    loaded = load(settings(files, ["sub/a.py", "b.py"]))
    assert [rule.name for rule in loaded.rules] == ["First", "Second", "Third"]


def test_a_file_named_twice_is_read_once(settings):
    assert len(load(settings({"a.py": one()}, ["a.py", "a.py"])).rules) == 1


def test_an_importable_module_is_found_without_its_ending(settings):
    files = {"importable_package/__init__.py": "", "importable_package/stock.py": one("Stock")}
    loaded = load(settings(files, ["importable_package.stock"]))
    assert [(rule.file, rule.name) for rule in loaded.rules] == [
        ("importable_package.stock", "Stock")
    ]


def test_a_package_stands_for_the_modules_that_it_imports(settings):
    files = {
        "whole_package/__init__.py": "from . import stock",
        "whole_package/stock.py": one("Stock"),
    }
    assert [rule.name for rule in load(settings(files, ["whole_package"])).rules] == ["Stock"]


def test_what_a_file_imports_is_not_its_own(settings):
    files = {
        "shared_bases.py": one("Base"),
        "mappings.py": "from shared_bases import Base\n"
        "class Own(Base):\n    class Meta(Base.Meta):\n        topics = ('t',)\n",
    }
    assert [rule.name for rule in load(settings(files, ["mappings.py"])).rules] == ["Own"]


def test_a_changed_file_is_read_anew(settings):
    assert load(settings({"mappings.py": one("Once")})).rules[0].name == "Once"
    assert load(settings({"mappings.py": one("More")})).rules[0].name == "More"


def test_nothing_is_written_beside_the_file(settings, tmp_path):
    load(settings({"mappings.py": one()}))
    assert [path.name for path in tmp_path.iterdir()] == ["mappings.py"]


def test_classes_made_by_a_function_are_used(settings):
    text = one("Base", more="abstract = True").replace("            abstract = True\n", "")
    text += """
    def make(topic):
        class Meta(Base.Meta):
            topics = (topic,)
        return type(f"For{topic}", (Base,), {"Meta": Meta, "__module__": __name__})

    for topic in ("a", "b"):
        make(topic)
"""
    rules = load(settings({"mappings.py": text})).rules
    assert [rule.name for rule in rules] == ["Base", "Fora", "Forb"]


def test_annotations_and_dataclasses_work_in_a_mapping_file(settings):
    text = one().replace(
        "    from service", "    from dataclasses import dataclass\n    from service"
    )
    text = "    from __future__ import annotations\n" + text.lstrip("\n")
    text += "    @dataclass(slots=True)\n    class Row:\n        name: str\n"
    assert len(load(settings({"mappings.py": text})).rules) == 1


def test_a_file_that_is_not_there_is_named_with_what_was_looked_for(problems, tmp_path):
    (problem,) = problems({}, ["mapings.py"])
    assert problem.startswith(f"mapings.py: found no file {tmp_path}/mapings.py, expected ")


@pytest.mark.parametrize("name", ["no_such_module", "no_such.module", "", "..", "a b"])
def test_a_module_that_is_not_there_is_named(problems, name):
    (problem,) = problems({}, [name])
    assert problem.startswith(f"{name}: found ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\ny = x +\n", "SyntaxError in line 2"),
        ("x = 1\n\ny = nowhere\n", "NameError in line 3: name 'nowhere'"),
        ("import no_such_library\n", "ModuleNotFoundError in line 1"),
        ("def f():\n    return 1 / 0\n\nf()\n", "ZeroDivisionError in line 2"),
        ("import sys\nsys.exit(3)\n", "SystemExit in line 2"),
        ("import json\njson.loads('{')\n", "JSONDecodeError in line 2"),
        ("\x00", "SyntaxError"),
        (
            "from marshmallow import fields\nfrom service.mapping import Mapping\n"
            "class A(Mapping):\n    x = fields.String\n",
            "TypeError in line 3",
        ),
    ],
    ids=lambda value: None if "\n" in value or "\x00" in value else value,
)
def test_a_file_that_cannot_be_imported_is_told_with_exception_and_line(problems, text, said):
    (problem,) = problems({"mappings.py": text})
    assert problem.startswith("mappings.py: found ")
    assert said in problem


def test_bytes_that_are_no_text_are_told(settings, tmp_path):
    made = settings({}, ["mappings.py"])
    (tmp_path / "mappings.py").write_bytes(b"x = '\xff'\n")
    with pytest.raises(ConfigurationInvalid, match=r"mappings\.py: found SyntaxError"):
        load(made)


@pytest.mark.parametrize(
    "text",
    ["", "just = 'some values'\n", one().replace("class Meta:", "Meta = {}\n        class Other:")],
    ids=["empty", "no class", "Meta is no class"],
)
def test_a_file_without_any_mapping_is_refused(problems, text):
    (problem,) = problems({"mappings.py": text})
    assert problem.startswith("mappings.py: found no mapping")


def test_two_classes_of_one_name_are_refused_since_one_would_be_lost(problems):
    (problem,) = problems({"mappings.py": one("Stock") + one("Stock")})
    assert problem.startswith("mappings.py: Stock: found two classes with this name")


def test_all_problems_of_all_files_are_told_at_once(problems):
    files = {
        "a.py": one("A", more="sorce = 'erp'", field="slug"),
        "b.py": one("B").replace("'products'", "'x'").replace('"products"', '"shoes"'),
        "c.py": "nowhere\n",
    }
    told = problems(files, ["a.py", "b.py", "c.py", "d.py"])
    assert [problem.split(": found")[0] for problem in told] == [
        "a.py: A.Meta.sorce",
        "a.py: A.slug",
        "b.py: B.Meta.collection",
        "c.py",
        "d.py",
    ]


def test_a_schema_that_cannot_be_made_without_its_wrong_field_is_no_second_problem(problems):
    text = f"{one('A', field='slug')}\n    def __init__(self):\n        super().__init__()\n"
    (problem,) = problems({"a.py": text})
    assert problem.startswith("a.py: A.slug: found")


def test_key_and_item_may_not_be_mixed_in_one_collection(problems):
    (problem,) = problems({"a.py": one("A"), "b.py": one("B", by="item")})
    assert problem.startswith("b.py: B.Meta.item: found item, while A (a.py) has key")


def test_a_version_on_one_of_two_mappings_of_a_field_is_refused(problems):
    files = {"a.py": one("A"), "b.py": one("B", more="version = 'rev'")}
    for names in (["a.py", "b.py"], ["b.py", "a.py"]):
        (problem,) = problems(files, names)
        assert "Meta.version in B (b.py) but not in A (a.py), which both write name" in problem


def test_a_version_on_one_of_two_mappings_of_different_fields_is_fine(settings):
    files = {"a.py": one("A"), "b.py": one("B", more="version = 'rev'", field="title")}
    assert len(load(settings(files)).rules) == 2
