"""init, preview and usage: what the command does without any running system."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from service import cli
from service.cli import main
from service.config.build import build

COMMANDS = {
    "alerts",
    *("init", "up", "web", "worker", "demo", "sandbox", "check", "preview", "reconcile", "status"),
    *("senders", "docs", "undo", "deletes", "mcp", "suggest", "test", "trigger"),
    *("why", "deliveries", "tail", "dead", "runs", "remap", "reload", "pause", "resume", "forget"),
    *("sync", "redirects", "publish", "writeback"),
}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run ``instep`` with some arguments in an empty folder, with nothing in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("REDIS_URL", "INSTEP_CONFIG", "INSTEP_DATA", "INSTEP_ADMIN_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def _run(*arguments, **kwargs):
        return CliRunner().invoke(main, [str(each) for each in arguments], **kwargs)

    return _run


@pytest.fixture
def shop(run, tmp_path, monkeypatch):
    """The folder that init wrote, as the current one."""
    assert run("init", "shop").exit_code == 0
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


def test_every_command_of_the_documentation_is_there():
    assert set(main.commands) == COMMANDS
    assert set(main.commands["dead"].commands) == {"list", "show", "replay", "discard", "export"}


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(run, command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert main.commands[command].help.split()[:5] == result.output.split("\n\n")[1].split()[:5]


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_the_help_says_of_each_command_what_that_says_itself(command):
    told = main.commands[command].get_short_help_str(200)
    assert cli.COMMANDS[command][1] == told


def test_version_help_and_completion_import_no_command():
    look = """
import sys
from service import cli
from service.cli import main
for words in (["--version"], ["--help"]):
    main(words, standalone_mode=False)
offered = [each.value for each in main.shell_complete(main.make_context("instep", ["up"]), "")]
assert "up" in offered, offered
print(*sorted(name for name in sys.modules if name.startswith(("service.", "workers."))))
"""
    said = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)  # noqa: S603
    loaded = said.stdout.splitlines()[-1].split()
    assert loaded == [
        "service.cli",
        "service.commands",
        "service.commands.completion",
        "workers.errors",
    ]


def test_options_of_the_command_itself_are_completed():
    context = main.make_context("instep", ["up"])
    assert {each.value for each in main.shell_complete(context, "--")} == {"--version", "--help"}


def test_the_command_says_its_version(run):
    result = run("--version")
    assert (result.exit_code, result.output) == (0, "instep 0.1.0\n")


def test_init_writes_a_configuration_that_is_right(shop):
    configuration = build({"INSTEP_CONFIG": str(shop / "instep.toml")})
    assert set(configuration.senders) == {"erp"}
    assert configuration.settings.destinations["site"].token == "sandbox-token"


def test_init_writes_the_files_that_it_promises(shop):
    assert {path.name for path in shop.iterdir()} == {
        *("instep.toml", "mappings.py", "stock.json", "Procfile"),
        *(".env", ".env.example", ".gitignore"),
    }


def test_init_makes_secrets_of_its_own_and_keeps_them_from_others(run, shop):
    run("init", "other")
    texts = [(path / ".env").read_text() for path in (shop, shop / "other")]
    assert texts[0] != texts[1]
    assert "ERP_SECRET=\n" not in texts[0]
    assert "ERP_SECRET=\n" in (shop / ".env.example").read_text()
    assert stat.S_IMODE((shop / ".env").stat().st_mode) == 0o600


def test_init_shows_how_to_send_the_sample(run):
    output = run("init", "my shop").output
    assert "cd 'my shop'" in output
    assert "openssl dgst -sha256 -hmac" in output


def test_init_shows_where_instep_is_if_it_is_not_on_the_path(run, monkeypatch):
    monkeypatch.setenv("PATH", "")
    lines = run("init", "my shop").output.splitlines()
    (line,) = [line.strip() for line in lines if line.endswith(" sandbox &")]
    assert Path(line.removesuffix(" sandbox &")).is_absolute()


def test_init_overwrites_nothing(run, shop):
    (shop / "instep.toml").write_text("mine")
    result = run("init", ".")
    assert result.exit_code == 1
    assert "instep.toml" in result.stderr
    assert (shop / "instep.toml").read_text() == "mine"


def test_init_says_where_it_cannot_write(run):
    Path("file").write_text("")
    result = run("init", "file/below")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


@pytest.mark.usefixtures("shop")
def test_preview_shows_what_the_sample_would_change(run):
    result = run("preview", "erp", "stock.json", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "changes": [
            {
                "mapping": "Stock",
                "collection": "products",
                "key": "P-0001",
                "item": None,
                "fields": {"stock": 7, "in-stock": True},
                "version": "t01748779200000000",
                "topic": "stock.changed",
                "before": {"stock": None, "in-stock": None},
                "after": {"stock": 7, "in-stock": True},
            }
        ],
        "fetches": [],
        "problems": [],
        "unmatched": [],
    }


def test_preview_says_where_an_item_would_be_created(run, shop):
    text = (shop / "instep.toml").read_text()
    text = text.replace('key = "sku"', 'key = "sku"\nmissing = "create"')
    (shop / "instep.toml").write_text(text)
    mappings = (shop / "mappings.py").read_text()
    named = mappings + '\n    name = fields.String(data_key="data.name")\n'
    (shop / "mappings.py").write_text(named)
    (change,) = json.loads(run("preview", "erp", "stock.json", "--json").stdout)["changes"]
    assert "once an event has given it a name" in change["creates"]
    payload = json.loads((shop / "stock.json").read_text())
    payload["data"]["name"] = "Oak desk"
    shown = run("preview", "erp", "-", input=json.dumps(payload)).stdout
    assert "  if no item has this key, one is created" in shown.splitlines()
    payload["data"]["qty"] = "many"
    shown = run("preview", "erp", "-", "--json", input=json.dumps(payload)).stdout
    ((change), *_) = json.loads(shown)["changes"]
    assert change["fields"] == {"name": "Oak desk"}
    assert "none is created" in change["creates"]


@pytest.mark.usefixtures("shop")
def test_preview_reads_standard_input_and_says_no_where_something_does_not_fit(run):
    payload = {"type": "stock.changed", "data": {"sku": "a", "qty": 1.5}}
    result = run("preview", "erp", "-", "--json", input=json.dumps(payload))
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert [change["fields"] for change in found["changes"]] == [{"in-stock": True}]
    assert [problem["path"] for problem in found["problems"]] == ["data.qty"]


@pytest.mark.usefixtures("shop")
def test_preview_takes_another_topic(run):
    result = run("preview", "erp", "stock.json", "--topic", "order.created", "--json")
    why = "it takes stock.changed; the topic is order.created"
    assert json.loads(result.stdout) == {
        "changes": [],
        "fetches": [],
        "problems": [],
        "unmatched": [{"mapping": "Stock", "why": why}],
    }
    assert (
        "Stock: not used: it takes stock.changed"
        in run("preview", "erp", "stock.json", "--topic", "order.created").stdout
    )


def test_preview_takes_headers(run, shop):
    text = (shop / "instep.toml").read_text()
    (shop / "instep.toml").write_text(text.replace('topic = "type"', 'topic = "header:X-Topic"'))
    result = run("preview", "erp", "stock.json", "--header", "x-TOPIC: stock.changed", "--json")
    assert len(json.loads(result.stdout)["changes"]) == 1


def test_preview_without_the_headers_that_tell_the_topic_says_which_are_read(run, shop):
    text = (shop / "instep.toml").read_text()
    (shop / "instep.toml").write_text(text.replace('topic = "type"', 'topic = "header:X-Topic"'))
    said = run("preview", "erp", "stock.json").stdout.splitlines()
    hint = "The source also reads these headers (--header 'NAME: VALUE'): x-topic"
    assert said[-1] == hint
    other = run("preview", "erp", "stock.json", "--header", "x-topic: order.created")
    assert hint not in other.stdout


@pytest.mark.usefixtures("shop")
def test_preview_for_people_is_plain_in_a_pipe(run):
    result = run("preview", "erp", "stock.json")
    assert result.stdout.splitlines() == [
        "Topic: stock.changed",
        "Stock: products, key P-0001:",
        "  field     type     before  after",
        "  stock     number   -       7",
        "  in-stock  boolean  -       true",
    ]


def test_preview_says_why_no_mapping_can_use_a_payload(run, shop):
    more = '\n[sources.crm]\nsender = "bearer"\nsecrets = ["f7c3bc1d808e0473"]\n'
    (shop / "instep.toml").write_text((shop / "instep.toml").read_text() + more)
    shown = run("preview", "crm", "stock.json").stdout
    assert "No mapping uses this payload: none has the source crm" in shown


@pytest.mark.usefixtures("shop")
def test_preview_shows_no_code_that_a_terminal_obeys(run):
    payload = {"type": "stock.changed", "data": {"sku": "\x1b[2Ja", "qty": 1}}
    result = run("preview", "erp", "-", input=json.dumps(payload))
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout


@pytest.mark.usefixtures("shop")
def test_preview_says_that_nothing_is_wanted_and_by_which_topic(run):
    result = run("preview", "erp", "stock.json", "--topic", "order.created")
    assert result.stdout == (
        "No mapping uses this payload\n"
        "Stock: not used: it takes stock.changed; the topic is order.created\n"
    )


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    "arguments",
    [
        ("preview", "crm", "stock.json"),
        ("preview", "erp", "no-such-file.json"),
        ("preview", "erp", "stock.json", "--header", "no colon"),
        ("preview", "erp"),
        ("dead", "replay"),
        ("dead", "replay", "a", "--all"),
        ("dead", "discard", "a", "--kind", "refused"),
        ("dead", "replay", "a", "--group", "p1"),
        ("dead", "replay", "--all"),
        ("dead", "replay", "--group", "p1"),
        ("dead", "replay", "a", "b"),
        ("dead", "discard", "a"),
        ("dead", "list", "--kind", "no-such-kind"),
        ("dead", "list", "--state", "seen", "--json"),
        ("web", "--bind", "8000"),
        ("up", "--bind", "127.0.0.1:http"),
        ("up", "--bind", "::1:8000"),
        ("sandbox", "--bind", "127.0.0.1:65536"),
        ("worker", "--processes", "0"),
        ("demo", "--api", "v3"),
        ("nothing-of-the-sort",),
    ],
)
def test_wrong_usage_ends_with_two(run, arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("up",), ("web",), ("worker",), ("status",), ("dead", "list"), ("pause", "site")],
)
def test_a_wrong_configuration_ends_with_two_and_every_problem(run, shop, arguments):
    (shop / "instep.toml").write_text('one = 1\ntwo = 2\nmappings = ["mappings.py"]\n')
    result = run(*arguments)
    assert result.exit_code == 2
    assert "instep.toml: one: " in result.stderr
    assert "instep.toml: two: " in result.stderr


def test_problems_of_settings_senders_and_mappings_come_together(run, shop):
    text = (shop / "instep.toml").read_text()
    (shop / "instep.toml").write_text(
        text.replace('api = "v2"', 'api = "v3"').replace('header = "X-Signature"', "")
    )
    mappings = (shop / "mappings.py").read_text()
    (shop / "mappings.py").write_text(mappings.replace('"products"', '"producs"'))
    result = run("check", "--json")
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert found["ok"] is False
    places = " ".join(problem["where"] for problem in found["problems"])
    assert len(found["problems"]) == 3
    assert "instep.toml: destinations.site.api" in places
    assert "instep.toml: sources.erp.header" in places
    assert "mappings.py" in places


def test_a_mapping_that_is_wrong_is_a_no_of_check(run, shop):
    mappings = (shop / "mappings.py").read_text()
    wrong = mappings.replace('key = "', 'when = \'state == "IN_STOCK"\'\n        key = "')
    (shop / "mappings.py").write_text(wrong)
    result = run("check")
    assert result.exit_code == 1
    assert "write 'IN_STOCK' for the text" in result.stdout


def test_a_sender_shows_no_value_that_came_from_the_environment(run, shop):
    text = (shop / "instep.toml").read_text()
    (shop / "instep.toml").write_text(text.replace('"X-Signature"', '"${ERP_SECRET} !"'))
    secret = (shop / ".env").read_text().partition("ERP_SECRET=")[2].split("\n")[0]
    result = run("check")
    assert result.exit_code == 2
    assert "sources.erp.header" in result.stdout
    assert secret not in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("dead", "list"),
        ("dead", "show", "x"),
        ("dead", "replay", "--all", "--yes"),
        ("dead", "discard", "x", "--yes"),
        ("dead", "export"),
        ("pause", "site"),
        ("resume", "site"),
    ],
)
def test_a_command_that_joins_says_so_when_nothing_runs(run, shop, arguments):
    result = run(*arguments)
    assert result.exit_code == 1
    assert "instep up" in result.stderr
    assert not (shop / ".instep").exists()
