"""What the shell completes: names that instep.toml has, senders, pages and ids of the store."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import click
import pytest
from click.shell_completion import BashComplete

from service.cli import main
from service.commands import completion

TOML = """
[destinations.site]
token = "${A_TOKEN_THAT_IS_NOT_SET}"
[destinations.shop]
[collections.products]
[sources.erp]
unknown = "key"
[sources.erp-2]
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Write instep.toml; None: there is none."""

    def _written(text):
        path = tmp_path / "instep.toml"
        monkeypatch.setenv("INSTEP_CONFIG", str(path))
        monkeypatch.setenv("REDIS_URL", f"unix://{tmp_path}/nothing.sock")
        if text is not None:
            path.write_text(text)

    return _written


def completed(line):
    *words, incomplete = line.split(" ")
    shell = BashComplete(main, {}, "instep", "_INSTEP_COMPLETE")
    return [each.value for each in shell.get_completions(words, incomplete)]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("pause ", ["site", "shop", "products"]),
        ("resume s", ["site", "shop"]),
        ("reconcile ", ["products"]),
        ("forget p", ["products"]),
        ("dead list --collection ", ["products"]),
        ("remap erp-", ["erp-2"]),
        ("preview ", ["erp", "erp-2"]),
        ("reconcile products --source ", ["erp", "erp-2"]),
        ("senders shopi", ["shopify"]),
        ("docs senders/shopi", ["senders/shopify"]),
    ],
)
def test_names_are_completed_even_where_settings_are_wrong(written, line, names):
    written(TOML)
    assert completed(line) == names


@pytest.mark.parametrize("text", [None, "[[[", "destinations = 3\n", "\n"])
@pytest.mark.parametrize("line", ["pause ", "remap ", "dead show ", "dead replay x "])
def test_without_names_nothing_is_completed_and_nothing_is_said(written, capfd, text, line):
    written(text)
    assert completed(line) == []
    assert capfd.readouterr() == ("", "")


def test_names_that_no_settings_hold_are_completed_without_a_configuration(written):
    written(None)
    assert completed("senders strip") == ["stripe"]
    assert completed("docs glos") == ["glossary"]


def test_a_store_that_hangs_is_not_waited_for(written):
    written("")
    never = threading.Event()

    def hanging(_):
        yield "a"
        never.wait()

    assert completion._stored(lambda: hanging)(click.Context(main)) == []
    never.set()


def test_a_store_that_answers_is_asked_for_no_more_than_is_offered(written):
    written("")
    names = completion._stored(lambda: lambda _: map(str, range(10**9)))
    assert len(names(click.Context(main))) == completion.MOST


def test_every_parameter_that_names_a_thing_of_the_settings_completes_it():
    def walk(command, path):
        for name, each in getattr(command, "commands", {}).items():
            yield from walk(each, (*path, name))
        yield from ((path, parameter.name) for parameter in command.params)

    named = {"collection", "source", "page", "ids"}
    missing = [
        (path, name)
        for path, name in walk(main, ())
        if name in named and completion._names_of(path, name) is None
    ]
    assert missing == []


BASH = """
eval "$(_INSTEP_COMPLETE=bash_source instep)"
COMP_WORDS=(instep pause s) COMP_CWORD=2
_instep_completion instep
echo "${COMPREPLY[@]}"
"""


def test_bash_completes_names(written):
    written(TOML)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    bash = subprocess.run(  # noqa: S603
        ["bash", "--norc", "-c", BASH],  # noqa: S607
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (bash.stdout, bash.stderr) == ("site shop\n", "")
