"""The wheel and the sdist hold what the product needs, and only that."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = next(path for path in Path(__file__).parents if (path / "pyproject.toml").exists())
PACKAGES = ("service", "workers")


def build(target, folder, *, source=ROOT):
    """Build a *target* of the tree at *source*, without a network, and return its path."""
    command = (sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder))
    subprocess.run(command, cwd=source, check=True, stdout=subprocess.PIPE)  # noqa: S603
    (path,) = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    return build("sdist", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Run a command of the unpacked wheel, away from the tree."""
    tmp_path = tmp_path_factory.mktemp("installed")  # one: its first command compiles the product
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")  # noqa: S202

    def _run(*arguments, folder="."):
        command = (sys.executable, "-m", "service", *arguments)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": str(tmp_path / "site"),
        }
        return subprocess.run(  # noqa: S603
            command,
            cwd=tmp_path / folder,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=30,
        ).stdout

    return _run


def product_files():
    return {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_carries_every_file_of_the_product_and_no_other(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name for name in names if ".dist-info/" not in name} == product_files()


@pytest.mark.parametrize("package", PACKAGES)
def test_the_wheel_tells_type_checkers_that_it_is_typed(wheel, package):
    with zipfile.ZipFile(wheel) as archive:
        assert f"{package}/py.typed" in archive.namelist()


def test_the_wheel_carries_its_license(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [each for each in archive.namelist() if each.endswith("licenses/LICENSE")]
        assert archive.read(name) == (ROOT / "LICENSE").read_bytes()


def test_the_wheel_says_whose_it_is_and_under_which_license(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [each for each in archive.namelist() if each.endswith(".dist-info/METADATA")]
        metadata = message_from_bytes(archive.read(name))
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Author"] == "Instep"
    assert "Typing :: Typed" in metadata.get_all("Classifier")
    assert "webflow" in metadata["Keywords"].split(",")


def test_the_sdist_builds_the_same_wheel(wheel, sdist, tmp_path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    (tmp_path / "again").mkdir()
    again = build("wheel", tmp_path / "again", source=source)
    assert again.read_bytes() == wheel.read_bytes()


def test_what_runs_before_a_commit_runs_in_ci_too():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    entries = re.findall(r"entry: (.+)", hooks)
    assert len(entries) == 3
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert all(entry in ci for entry in entries)


def test_the_sdist_holds_no_tests(sdist):
    with tarfile.open(sdist) as archive:
        tops = {name.split("/")[1] for name in archive.getnames()}
    assert tops == {"service", "workers", "README.md", "LICENSE", "pyproject.toml"} | {
        *(".gitignore", "PKG-INFO")
    }


def test_the_wheel_knows_its_version(installed):
    assert installed("--version") == "instep 0.1.0\n"


def test_a_first_configuration_comes_with_the_wheel(installed):
    installed("init", "shop")
    assert "stock     number   -       7" in installed(
        "preview", "erp", "stock.json", folder="shop"
    )
    # The samples are in it, too.
    assert '"sku":"P-0001"' in installed("trigger", "erp", "x", "--print", folder="shop")
