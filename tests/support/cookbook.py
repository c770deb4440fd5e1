"""
The pages of service/docs/senders as what they show: configurations, mappings, requests, results.

A section (``##``) with Python in it is a recipe. It goes with the TOML and the lines of .env that
stand in it, or above it before any recipe. A request is an ``http`` block; the blocks behind it say
what comes of it: ``json writes``, ``json fetches``, ``text problems``. ``json fetched`` is what a
fetch answers, and the blocks behind it say what comes of that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PAGES = Path(__file__).parents[2] / "service/docs/senders"
FENCE = re.compile(r"^( *)```(\w+)(?: ([^\n]*))?\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
SECTION = re.compile(r"^## (.*)\n", re.MULTILINE)
CONFIGURATION = """
mappings = ["mappings.py"]
public_url = "https://hooks.example.com"
[destinations.site]
token = "t0ken"
"""
RESULTS = ("json writes", "json fetches", "text problems")


@dataclass(frozen=True, slots=True)
class Block:
    kind: str  # the words behind the fence
    text: str


@dataclass(frozen=True, slots=True)
class Request:
    path: str
    headers: dict[str, str]
    body: str

    @property
    def source(self) -> str:
        return self.path.split("?")[0].split("/")[2]


@dataclass(slots=True)
class Example:
    """What goes in, and what the page says comes out."""

    request: Request
    fetched: str | None = None  # what a fetch has read for the request
    results: dict[str, str] = field(default_factory=dict)  # by kind of block

    @property
    def writes(self) -> Any:
        return json.loads(self.results.get("json writes", "{}"))

    @property
    def fetches(self) -> Any:
        return json.loads(self.results.get("json fetches", "{}"))

    @property
    def problems(self) -> list[str]:
        return self.results.get("text problems", "").splitlines()


@dataclass(slots=True)
class Recipe:
    page: str
    title: str
    toml: str
    env: str
    mappings: str
    examples: list[Example]

    def __str__(self) -> str:
        return f"{self.page}: {self.title}"

    def write(self, folder: Path) -> None:
        """Put the files of the recipe into *folder*, as its reader would."""
        (folder / "instep.toml").write_text(CONFIGURATION + self.toml, encoding="utf-8")
        (folder / "mappings.py").write_text(self.mappings, encoding="utf-8")
        (folder / ".env").write_text(self.env, encoding="utf-8")


def blocks(text: str) -> list[Block]:
    return [
        Block(f"{language} {words or ''}".strip(), re.sub(f"^{indent}", "", body, flags=re.M))
        for indent, language, words, body in FENCE.findall(text)
    ]


def pages() -> list[Path]:
    return sorted(PAGES.glob("*.md"))


def recipes() -> Iterator[Recipe]:
    for path in pages():
        yield from _recipes(path)


def _recipes(path: Path) -> Iterator[Recipe]:
    head, *rest = SECTION.split(path.read_text(encoding="utf-8"))
    shared = blocks(head)
    for title, text in zip(rest[::2], rest[1::2], strict=True):
        own = blocks(text)
        if not any(block.kind == "python" for block in own):
            shared += own
            continue
        env = joined("sh", shared + own)
        yield Recipe(
            page=path.stem,
            title=title,
            toml=joined("toml", own if joined("toml", own) else shared),
            env=env,
            mappings=joined("python", own),
            examples=_examples(path, own, variables(env)),
        )


def joined(kind: str, found: list[Block]) -> str:
    return "\n\n".join(block.text for block in found if block.kind == kind)


def variables(env: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(\S*)", env, re.MULTILINE))


def _examples(path: Path, found: list[Block], names: dict[str, str]) -> list[Example]:
    examples: list[Example] = []
    for block in found:
        if block.kind == "http":
            examples.append(Example(_request(_filled(block.text, names))))
        elif block.kind == "json fetched":
            examples.append(Example(examples[-1].request, fetched=block.text))
        elif block.kind in RESULTS:
            examples[-1].results[block.kind] = block.text
        else:
            assert block.kind in ("toml", "python", "sh", "sql", "properties"), (
                f"{path.name}: {block.kind}?"
            )
    return examples


def _filled(text: str, names: dict[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda found: names[found[1]], text)


def _request(text: str) -> Request:
    head, _, body = text.partition("\n\n")
    first, *lines = head.splitlines()
    method, path = first.split(" ")
    assert method == "POST", first
    headers = dict(line.split(": ", 1) for line in lines)
    return Request(path, headers, body.removesuffix("\n"))
