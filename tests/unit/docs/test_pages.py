"""The pages hold what they show: links, paths, commands, configurations and mappings."""

import itertools
import os
import re
import shlex
from functools import cache
from pathlib import Path

import click
import pytest
from marshmallow import fields

from service import mapping
from service.cli import main
from service.config.build import build
from service.operate import documentation
from service.web.docs_pages import html
from tests.support import cookbook

ROOT = cookbook.PAGES.parents[2]
DOCS = cookbook.PAGES.parent
FILES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
# Recipes of senders: test_sender_pages; commands of start: test_start_pages.
PAGES = [path for path in FILES if path.parent in (DOCS, DOCS / "start")]
VALUES = {  # of variables that not every text fits
    "ALERTS_URL": "https://hooks.example/1",
    "ALERTS_SECRET": "whsec_c2VjcmV0IG9mIHRoZSBzaW5rLCBsb25nIGVub3VnaA==",
    "HEARTBEAT_URL": "https://hearts.example/1",
    "CLIENT_B_TOKEN": "a-long-random-text",
}
LINK = re.compile(r"\]\(([^)\s]+)\)")
SPAN = re.compile(r"`([^`]+)`")
PLACE = re.compile(r"(?:service|workers|tests)(?:/[\w.*-]+)+")
MODULE = re.compile(r"python -m ((?:tests|service|workers)(?:\.\w+)+)")


def below_root(path):
    return str(path.relative_to(ROOT))


every_file = pytest.mark.parametrize("path", FILES, ids=below_root)
every_page = pytest.mark.parametrize("path", PAGES, ids=below_root)


def read(path):
    return path.read_text(encoding="utf-8")


def prose(text):
    """Return *text* without its blocks of code."""
    return cookbook.FENCE.sub("", text)


def test_the_index_lists_every_page_once():
    there = {str(path.relative_to(DOCS).with_suffix("")) for path in DOCS.rglob("*.md")}
    listed = re.findall(r"\]\(([\w/-]+)\.md\)", read(DOCS / "index.md"))
    assert sorted(listed) == sorted(there - {"index"})
    assert list(documentation.pages()) == listed


@cache
def anchors(path):
    return set(re.findall(r'id="([^"]+)"', html("index", read(path), "/docs")))


@every_file
def test_links_resolve(path):
    for target in LINK.findall(prose(read(path))):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.is_file(), target
        assert path.name == "README.md" or there.is_relative_to(DOCS), target
        if anchor:
            assert anchor in anchors(there), target


@every_file
def test_files_and_modules_that_are_named_exist(path):
    text = read(path)
    named = SPAN.findall(text) + [
        each.text for each in cookbook.blocks(text) if each.kind == "text"
    ]
    spans = itertools.chain.from_iterable(map(PLACE.findall, named))
    for place in (each for each in spans if "/acme" not in each):  # the example of a new file
        assert list(ROOT.glob(place.rstrip("."))), place
    for module in MODULE.findall(text):
        file = ROOT / module.replace(".", "/")
        assert file.with_suffix(".py").is_file() or (file / "__main__.py").is_file(), module


def calls(text):
    """Yield the words of each call of instep in the shell blocks of *text*."""
    for block in cookbook.blocks(text):
        if block.kind not in ("sh", "console"):
            continue
        joined = block.text.replace("\\\n", " ")
        lines = joined.splitlines()
        if block.kind == "console":
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        for line in lines:
            yield from _calls(line)


def _calls(line):
    tokens = shlex.shlex(line, posix=True, punctuation_chars=True)
    tokens.whitespace_split = True
    for separator, words in itertools.groupby(tokens, lambda word: set(word) <= set("&;|")):
        words = itertools.dropwhile(lambda word: "=" in word, words)
        words = list(itertools.takewhile(lambda word: word != ">", words))
        if not separator and words and os.path.basename(words[0]) == "instep":
            yield words[1:]


def parsed(words, *, whole):
    """Fail unless instep knows these *words*; *whole*: and nothing that it needs is missing."""
    command, words = main, list(words)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        assert words[0] in command.commands, f"no command {words[0]}"
        command = command.commands[words.pop(0)]
    context = click.Context(command)
    options = {name for each in command.get_params(context) for name in each.opts}
    if isinstance(command, click.Group) or not whole:
        assert {word for word in words if re.match(r"-\w|--\w", word)} <= options, words
        return
    values, rest, _ = command.make_parser(context).parse_args(words)
    assert not rest, rest
    needed = {each.name for each in command.params if each.required}
    given = {name for name, value in values.items() if isinstance(value, str | tuple) and value}
    assert needed <= given, words


@every_file
def test_the_commands_of_shell_blocks_exist_with_their_options(path):
    for words in calls(read(path)):
        parsed(words, whole=True)


@every_file
def test_the_commands_in_the_text_exist_with_their_options(path):
    for span in SPAN.findall(prose(read(path))):
        words = span.split()
        if words[:1] == ["instep"] and len(words) > 1 and words[1].isalpha() and words[1].islower():
            parsed([word.strip("…[]") for word in words[1:]], whole=False)


def completed(text):
    """Return the configuration *text* with what it leaves out: a site, and its collections."""
    collections = set(re.findall(r"^\[collections\.(\w+)", text, re.MULTILINE))
    for name in collections:
        head = f"[collections.{name}]"
        if head not in text:
            text += f"\n{head}\n"
        if not re.search(rf"^\[collections\.{name}\]\n(?:\w.*\n)*id =", text, re.MULTILINE):
            text = text.replace(head, f'{head}\ndestination = "site"\nid = "65f0"\nkey = "sku"', 1)
    if "[writeback." in text:
        text += '\n[collections.products]\ndestination = "site"\nid = "65f0"\nkey = "sku"\n'
    return f'[destinations.site]\ntoken = "t0ken"\n{text}'


@every_page
def test_configurations_load(path, tmp_path):
    for block in cookbook.blocks(read(path)):
        if block.kind == "toml":
            (tmp_path / "instep.toml").write_text(completed(block.text), encoding="utf-8")
            names = dict.fromkeys(re.findall(r"\$\{(\w+)\}", block.text), "sqlite:///x")
            build({"INSTEP_CONFIG": str(tmp_path / "instep.toml"), **names, **VALUES})


@pytest.mark.parametrize("path", [FILES[0], *PAGES], ids=below_root)
def test_mappings_load(path):
    names = {**vars(mapping), "fields": fields}
    for block in cookbook.blocks(read(path)):
        if block.kind == "python":
            exec(compile(block.text, path.name, "exec"), names)  # noqa: S102


def test_drawings_fit_a_terminal():
    for path in FILES:
        for block in cookbook.blocks(read(path)):
            if block.kind == "text":
                widest = max(block.text.splitlines(), key=len)
                assert len(widest) <= 78, (below_root(path), widest)


def test_nothing_is_left_of_the_packages_own_readmes():
    assert not list(Path(ROOT / "service").glob("*/README.md"))
