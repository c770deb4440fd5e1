"""``instep mcp``: what it needs, and what stops it before it serves."""

import pytest
from click.testing import CliRunner

from service.cli import main


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("service.commands.mcp.find_spec", lambda _: None)
    result = CliRunner().invoke(main, ["mcp"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "pip install 'instep[mcp]'" in result.stderr


@pytest.mark.parametrize("text", [None, "nonsense = 1\n"])
def test_a_configuration_that_is_missing_or_wrong_stops_it(tmp_path, text):
    path = tmp_path / "instep.toml"
    if text is not None:
        path.write_text(text)
    result = CliRunner().invoke(main, ["mcp"], env={"INSTEP_CONFIG": str(path)})
    assert (result.exit_code, result.stdout) == (2, "")
    assert "instep.toml" in result.stderr
