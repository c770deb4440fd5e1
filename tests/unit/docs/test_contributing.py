"""The guide for contributors names files that exist."""

import re
from pathlib import Path

import pytest

ROOT = next(path for path in Path(__file__).parents if (path / "pyproject.toml").exists())
TEXT = (ROOT / "service/docs/contributing.md").read_text(encoding="utf-8")
NEW = ("acme", "NAME")  # what the reader is to write
PATHS = {
    path
    for path in re.findall(r"(?<![\w/])(?:service|workers|tests|\.ci)/[\w./-]*[\w/]", TEXT)
    if not any(name in path for name in NEW)
}
MODULES = set(re.findall(r"python -m ([\w.]+)", TEXT))


@pytest.mark.parametrize("path", sorted(PATHS))
def test_every_file_that_it_names_is_there(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize("module", sorted(MODULES))
def test_every_module_that_it_runs_is_there(module):
    path = ROOT.joinpath(*module.split("."))
    assert path.with_suffix(".py").exists() or (path / "__main__.py").exists()
