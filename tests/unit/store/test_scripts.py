"""Steps as they reach the store: what a shared file says stands in them as it says it."""

import re
from importlib.resources import files

from workers.store.scripts import text_of

FOLDER = files("workers.store") / "lua"
TEXTS = {
    each.name.removesuffix(".lua"): each.read_text()
    for folder in FOLDER.iterdir()
    for each in folder.iterdir()
}
STEPS = sorted(name for name, text in TEXTS.items() if text.startswith("#!lua"))
NUMBER = re.compile(r"^local ([A-Z][A-Z_]*) = (\d+(?: \* \d+)*)", re.MULTILINE)


def test_what_is_a_product_is_one_in_every_file_that_uses_it():
    found = [pair for text in TEXTS.values() for pair in NUMBER.findall(text)]
    names = [name for name, _ in found]
    products = {name: text for name, text in found if "*" in text and names.count(name) == 1}
    assert products["TOMBSTONE_MS"] == "30 * 86400000"
    for step in STEPS:
        made = re.findall(r"\b([A-Z][A-Z_]*) = (\d+(?: \* \d+)*)", text_of(step))
        assert {text for name, text in made if name in products} == {
            products[name] for name, _ in made if name in products
        }
