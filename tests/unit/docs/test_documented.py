"""What a user can set, call or watch stands in the documentation: else it does not exist."""

import ast
import re
import tomllib
from pathlib import Path

import click
import pytest

from service.cli import main
from service.config import error_reports, logging_setup
from service.fetchers import KINDS
from service.operate import documentation
from service.senders import SENDERS
from workers.config import (
    access_schema,
    alerts_schema,
    environment,
    loader,
    reconcile_schema,
    schemas,
    sections,
    writeback_schema,
)
from workers.model.attempt_action import ACTIONS
from workers.model.writeback import EVENTS, PLACEHOLDERS
from workers.model.writeback import STATES as WRITEBACK_STATES
from workers.store import state_log
from workers.store.metric_names import NAMES, OLD

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
# What every sender for a system of one's own has; the configuration reference says it.
COMMON = {"id", "topic", "occurred_at", "events", "body"}
TABLES = {
    "Top level": schemas.FileSection,
    "[store]": schemas.StoreSection,
    "[destinations.NAME]": schemas.DestinationSection,
    "[collections.NAME]": schemas.CollectionSection,
    "[collections.NAME.reconcile]": reconcile_schema.ReconcileSection,
    "[collections.NAME.guard]": reconcile_schema.GuardSection,
    "[sources.NAME]": schemas.SourceSection,
    "[fetchers.NAME]": schemas.FetcherSection,
    "[access.NAME]": access_schema.AccessSection,
    "[alerts]": alerts_schema.AlertsSection,
    "[writeback.NAME]": writeback_schema.WriteBackSection,
}


def page(name):
    return documentation.pages()[name].text


def section(name, heading):
    """Return the part of the page *name* below *heading*, up to the next of its level."""
    found = re.split(r"^## (.*)\n", page(name), flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))[heading]


def rows(text):
    """Yield the names in the first cell of each row, and the whole row."""
    for line in text.splitlines():
        if line.startswith("| `"):
            names = re.findall(r"`([^`]+)`", line.split(" | ")[0])
            yield from ((name, line) for name in names)


def commands(group=main, path=()):
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize(("path", "command"), [*commands()], ids=lambda each: str(each)[:20])
def test_every_command_is_documented_with_its_options(path, command):
    places = {"web": "web and worker", "worker": "web and worker"}
    places |= {"pause": "pause and resume", "resume": "pause and resume"}
    text = section("commands", places.get(path[0], path[0]))
    if path == ("sandbox",):
        text += section("sandbox", "Options")
    assert f"`instep {' '.join(path)}" in text or (len(path) == 1 and path[0] == "dead")
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            assert f"`{option.opts[0]}" in text


@pytest.mark.parametrize("name", sorted(SENDERS))
def test_every_sender_is_documented_with_its_keys(name):
    proof = dict(rows(section("senders", "Proof")))[name]
    own = set(SENDERS[name].options._declared_fields) - COMMON
    assert all(f"`{key}`" in proof for key in own)


@pytest.mark.parametrize("name", sorted(SENDERS))
def test_every_sender_is_documented_with_its_event_ids_and_its_order(name):
    lines = section("senders", "Event ids, order, retries").splitlines()
    assert any(f"`{name}`" in line.split(" | ")[0] for line in lines)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_of_fetcher_is_documented_with_its_keys(name):
    row = dict(rows(section("fetching", "Fetchers that ship with Instep")))[name]
    assert all(f"`{key}`" in row for key in KINDS[name].options._declared_fields)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_metric_is_documented_with_its_labels(name):
    row = dict(rows(section("metrics", "All metrics")))[name]
    assert all(label in row for label in NAMES[name].labels)


def test_no_metric_is_documented_that_is_not_there():
    assert {name for name, _ in rows(section("metrics", "All metrics"))} == set(NAMES)


def test_what_replaces_an_old_metric_is_documented():
    assert {name: row.split(" | ")[1] for name, row in rows(section("metrics", "Old names"))} == {
        old: f"`{new}` |" for old, new in OLD.items()
    }


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_of_an_attempt_is_documented(action):
    assert action in dict(rows(section("metrics", "Actions")))


@pytest.mark.parametrize("table", TABLES)
def test_every_key_of_the_configuration_is_documented_and_no_other(table):
    documented = {name for name, _ in rows(section("configuration", table))}
    more = COMMON if table == "[sources.NAME]" else set()
    assert documented == set(TABLES[table]._declared_fields) | more


def test_every_table_of_the_configuration_is_documented():
    every = {
        each
        for module in (
            schemas,
            reconcile_schema,
            access_schema,
            alerts_schema,
            writeback_schema,
        )
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, schemas.Section)
    }
    assert {each for each in every if each._declared_fields} - {reconcile_schema._Plain} == set(
        TABLES.values()
    )


def test_what_a_store_must_answer_is_documented_and_nothing_else():
    """In one table: every place of the store that a check can name."""
    told = {"REDIS_URL"}
    for path in ("service/operate/check_store.py", "workers/store/durability.py"):
        told |= set(re.findall(r'"(store: [^"]+)"', (ROOT / path).read_text(encoding="utf-8")))
    table = section("running", "The store")
    assert {name for name, _ in rows(table)} == told


def test_every_event_and_placeholder_of_write_backs_is_documented_and_no_other():
    documented = {name for name, _ in rows(section("write-back", "What is told, and when"))}
    assert documented == {*EVENTS, *PLACEHOLDERS}
    assert all(f"`{state}`" in page("write-back") for state in WRITEBACK_STATES)


def test_every_environment_variable_is_documented():
    documented = {name for name, _ in rows(section("configuration", "Environment"))}
    modules = (environment, loader, sections, logging_setup, error_reports)
    texts = [Path(each.__file__).read_text(encoding="utf-8") for each in modules]
    read = {name for text in texts for name in re.findall(r'\.get\("([A-Z_]+)"\)', text)}
    assert documented == read - {"NO_COLOR", "SENTRY_RELEASE"}


def logged(path):
    """Yield the messages of the warnings and errors that the file at *path* logs."""
    text = path.read_text(encoding="utf-8")
    if not re.search(r"\.(?:warning|error|exception)\b|\bComplaint\b", text):
        return  # most files: to take them apart takes seconds
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        warns = method in ("warning", "error", "exception") and ast.unparse(node.func).startswith(
            "_l"
        )
        if texts and (warns or ast.unparse(node.func) == "Complaint"):
            yield texts[0]


def test_every_warning_and_error_of_the_log_is_documented():
    text = page("log")
    files = [path for name in ("service", "workers") for path in (ROOT / name).rglob("*.py")]
    files = [path for path in files if not {"sandbox", "demo"} & set(path.parts)]
    found = {message for path in files for message in logged(path)}
    assert len(found) > 40
    missing = [each for each in found if f"`{each.partition('%')[0].strip()}" not in text]
    missing += [each for _, each, _ in state_log.MESSAGES.values() if f"`{each}`" not in text]
    assert missing == []


def test_every_dependency_has_its_reason_in_the_readme():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    optional = [
        each for name in ("mcp", "mysql", "postgresql", "sentry", "sql") for each in extras[name]
    ]
    wanted = [*project["dependencies"], *optional]
    table = README[README.index("## Dependencies") :]
    given = {name.partition("[")[0] for line in rows(table) for name in [line[0]]}
    assert {re.match(r"[\w-]+", each)[0] for each in wanted} == given


def test_the_readme_is_short():
    assert len(README.splitlines()) < 200
