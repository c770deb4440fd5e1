"""The files that run Instep: whole, of one mind with it, and as far as can be seen here, right."""

import configparser
import re
import shlex
import shutil
import subprocess

import click
import pytest
import yaml
from click.testing import CliRunner

from service.cli import main
from service.commands import deployment
from workers.config.store_url import is_store_url

UNITS = [name for name in deployment.FILES["systemd"] if name.startswith("instep")]
SERVICES = [name for name in UNITS if name.endswith(".service")]
PROGRAM = "/opt/instep/bin/instep"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, ["init", *arguments])


def unit(name):
    found = configparser.ConfigParser(strict=False, interpolation=None)
    found.optionxform = str
    found.read_string(deployment.files("systemd")[name])
    return found


def parsed(words):
    """Fail unless instep knows these *words*."""
    command = main.commands[words[0]]
    values, rest, _ = command.make_parser(click.Context(command)).parse_args(words[1:])
    assert not rest
    return values


@pytest.mark.parametrize("kind", deployment.FILES)
def test_the_files_are_written_where_they_are_expected(run, tmp_path, kind):
    result = run("--deploy", kind)
    assert result.exit_code == 0
    folder = tmp_path / ("systemd" if kind == "systemd" else "")
    assert {path.name for path in folder.iterdir()} == set(deployment.FILES[kind])
    assert "{" not in result.output


def test_they_are_written_to_a_folder_that_is_named_and_never_over_others(run, tmp_path):
    assert "docker build -t instep 'my files'" in run("my files", "--deploy", "docker").output
    result = run("my files", "--deploy", "compose")
    assert result.exit_code == 1
    assert "already has Dockerfile, .dockerignore; nothing was written" in result.stderr
    assert not (tmp_path / "my files" / "compose.yaml").exists()


def test_only_one_kind_of_files_is_written_by_a_call(run, tmp_path):
    assert run("--deploy", "docker", "--monitoring").exit_code == 2
    assert run("--deploy", "kubernetes").exit_code == 2
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("kind", ["docker", "compose"])
def test_who_uses_containers_is_told_of_the_spool(run, kind):
    assert "spool_mb = 0" in run("--deploy", kind).output


# --- systemd ---


@pytest.mark.parametrize("name", SERVICES[:-1])
def test_a_unit_starts_and_reloads_what_there_is(name):
    service = unit(name)["Service"]
    program, *words = shlex.split(service["ExecStart"])
    assert program == PROGRAM
    assert parsed(words).get("bind", "127.0.0.1:8000") in ("127.0.0.1:8000", ("127.0.0.1", 8000))
    assert service["ExecReload"] == f"{PROGRAM} reload"
    assert (service["Restart"], service["KillMode"]) == ("always", "mixed")
    assert int(service["TimeoutStopSec"]) >= 5 + 10  # of the processes; of the embedded store
    assert service["Environment"] == f"INSTEP_DATA=/var/lib/{service['StateDirectory']}"
    assert "AF_UNIX" in service["RestrictAddressFamilies"].split()


def test_the_backup_copies_the_store_of_the_units():
    words = shlex.split(unit("instep-backup.service")["Service"]["ExecStart"])
    assert words[-2:] == ["/var/lib/instep/store", "/var/lib/instep-backups"]
    assert unit("instep-backup.timer")["Timer"]["OnCalendar"]


@pytest.mark.parametrize("name", UNITS)
def test_systemd_takes_each_unit(tmp_path, name):
    text = deployment.files("systemd")[name]
    assert re.fullmatch(r"(?:(?:#.*|\[\w+\]|\w+=.*|)\n)+", text)
    if shutil.which("systemd-analyze") is None:
        return
    for other in UNITS:
        there = deployment.files("systemd")[other].replace(PROGRAM, "/bin/true")
        (tmp_path / other).write_text(there)
    name = name.replace("@.", "@1.")
    done = subprocess.run(  # noqa: S603
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


# --- Docker ---


def instructions():
    text = re.sub(r"^#.*\n", "", deployment.files("docker")["Dockerfile"], flags=re.MULTILINE)
    return [line.split(" ", 1) for line in text.replace("\\\n", " ").splitlines() if line]


def test_the_image_runs_what_there_is_as_a_user_without_rights():
    found = instructions()
    last = dict(found)
    assert last["ENTRYPOINT"] == '["instep"]'
    assert parsed(yaml.safe_load(last["CMD"]))
    assert int(last["USER"]) > 0
    assert [name for name, _ in found].index("USER") < [name for name, _ in found].index("CMD")
    assert "/healthz" in last["HEALTHCHECK"]
    assert "INSTEP_DATA=/data" in last["ENV"]
    assert {name for name, _ in found} <= {
        *("FROM", "WORKDIR", "COPY", "ARG", "RUN", "ENV", "USER", "EXPOSE", "HEALTHCHECK"),
        *("ENTRYPOINT", "CMD"),
    }


def test_the_image_has_this_release_and_no_secrets():
    assert re.fullmatch(r'INSTEP="instep==\d+\.\d+\.\d+"', dict(instructions())["ARG"])
    assert ".env" in deployment.files("docker")[".dockerignore"].splitlines()


# --- compose ---


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load(deployment.files("compose")["compose.yaml"])


def test_one_web_and_several_workers_share_one_store(compose):
    services = compose["services"]
    web, worker = services["web"], services["worker"]
    assert parsed(web["command"])["bind"]
    assert parsed(worker["command"])
    assert "replicas" not in web.get("deploy", {})
    assert worker["deploy"]["replicas"] > 1
    assert web["environment"] == worker["environment"]
    assert is_store_url(web["environment"]["REDIS_URL"])
    assert web["depends_on"] == {"store": {"condition": "service_healthy"}}
    assert "/readyz" in web["healthcheck"]["test"][-1]


def test_what_must_outlive_a_container_lies_on_a_volume(compose):
    services, volumes = compose["services"], compose["volumes"]
    assert services["web"]["volumes"] == [f"spool:{services['web']['environment']['INSTEP_DATA']}"]
    named = {
        volume.partition(":")[0]
        for each in services.values()
        for volume in each.get("volumes", [])
        if not volume.startswith("./")
    }
    assert named == set(volumes)
    files = {
        volume.partition(":")[0].removeprefix("./")
        for each in services.values()
        for volume in each.get("volumes", [])
        if volume.startswith("./")
    }
    assert files - {"backups"} <= set(deployment.FILES["compose"])


def test_the_store_is_reached_by_instep_alone(compose):
    services = compose["services"]
    assert compose["networks"]["inside"] == {"internal": True}
    assert services["store"]["networks"] == ["inside"]
    inside = {name for name, each in services.items() if "inside" in each.get("networks", [])}
    assert inside == {"web", "worker", "store"}
    assert [name for name, each in services.items() if "ports" in each] == ["proxy"]


def test_the_proxy_sends_to_web(compose):
    text = deployment.files("compose")["Caddyfile"]
    port = compose["services"]["web"]["command"][2].rpartition(":")[2]
    assert f"reverse_proxy web:{port}" in text
    assert text.count("{") == text.count("}")
    assert "DOMAIN" in compose["services"]["proxy"]["environment"]
