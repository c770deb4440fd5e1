"""The page on assistants holds what the server has."""

import json
import re
from contextlib import nullcontext

from service.mcp.server import tools
from service.mcp.session import Session
from service.operate import documentation
from tests.support import cookbook

PAGE = documentation.pages()["mcp"].text


def named(heading):
    text = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)


def test_the_tables_name_each_tool_in_its_order():
    session = Session(nullcontext, lambda: None, "mcp:ada@desk")
    reads = [each.name for each in tools(session, read_only=True)]
    every = [each.name for each in tools(session)]
    assert named("Tools that read") == reads
    assert named("Tools that propose") == every[len(reads) :]
    assert {each.startswith("propose_") for each in every[len(reads) :]} == {True}


def test_what_is_to_be_pasted_is_json_that_starts_the_command():
    blocks = [json.loads(each.text) for each in cookbook.blocks(PAGE) if each.kind == "json"]
    assert len(blocks) == 2
    for block in blocks:
        (server,) = block["mcpServers"].values()
        assert "instep mcp" in " ".join([server["command"], *server["args"]])
