"""What a user can set, call or watch stands in the README: else it does not exist."""

from pathlib import Path

import click
import pytest

from service.cli import main
from service.fetchers import KINDS
from service.senders import SENDERS
from workers.config import loader, reconcile_schema, schemas
from workers.store.metrics import METRICS

README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")


def commands():
    for name, command in main.commands.items():
        yield name
        if isinstance(command, click.Group):
            yield from command.commands


def keys():
    for value in (*vars(schemas).values(), *vars(reconcile_schema).values()):
        if isinstance(value, type) and issubclass(value, schemas.Section):
            yield from value._declared_fields


@pytest.mark.parametrize("name", sorted(set(commands())))
def test_every_command_is_documented(name):
    assert any(
        f"{start}{name}{end}" in README for start in ("instep ", "dead ", "`") for end in "` "
    )


@pytest.mark.parametrize("name", sorted(SENDERS))
def test_every_sender_is_documented_with_its_keys(name):
    row = next((line for line in README.splitlines() if line.startswith(f"| `{name}` ")), "")
    assert row


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_of_fetcher_is_documented_with_its_keys(name):
    row = next((line for line in README.splitlines() if line.startswith(f"| `{name}` ")), "")
    keys = KINDS[name].options._declared_fields
    assert row
    assert all(f"`{key}`" in row for key in keys)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_metric_is_documented(name):
    assert f"`{name}`" in README


@pytest.mark.parametrize("name", sorted(set(keys())))
def test_every_key_of_the_configuration_is_documented(name):
    written = (f"`{name}`", f"] {name}`", f"… {name}`", f"`[{name}.")
    assert any(each in README for each in written)


def test_every_environment_variable_is_documented():
    for name in ("REDIS_URL", "INSTEP_CONFIG", "INSTEP_DATA", "INSTEP_ADMIN_TOKEN"):
        assert f"`{name}`" in README
        assert name in Path(loader.__file__).read_text(encoding="utf-8")
