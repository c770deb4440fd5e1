"""
The Lua steps, loaded from ``lua/steps``: one file is one atomic step. What they share: ``lua/lib``.

A step names the shared files that it needs in a line ``--! uses state budget``; their text is put
before its own, behind the ``#!lua`` line, each as a block of its own: a function of Lua holds 200
local variables at most, so that only the names that others use leave their file. Functions that a
step never reaches are left out: the store makes every one anew at each call, which was up to a
third of what a step cost. For the same reason every few blocks a function begins that holds all the
rest: what it takes from outside it finds at once, where a name of its own is looked for among all
that were taken since. Nothing else is ever formatted into a script.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import redis

from workers.store.connection import guarded

# Made once: json.dumps makes a new encoder for every call that has an option.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_LOCAL = re.compile(r"^local (function )?(\w+(?:, *\w+)*)( *=)?", re.MULTILINE)
# A function of a shared file, in one line or up to the ``end`` at the margin.
_FUNCTION = re.compile(
    r"^(?:local )?function (\w+(?:\.\w+)?)(?!\.)\b(?:.*\bend|(?:.*\n(?!local |function ))+?end)$",
    re.MULTILINE,
)
# To the end of its line: of 30 * 86400000 the first number alone is another constant.
_CONSTANT = re.compile(r"^local ([A-Z][A-Z_]*) = (-?\d+|'[^'\n]*')(?= *(?:--.*)?$)", re.MULTILINE)
_TAKEN = 56  # names that a function of Lua takes from outside: 60 at most
_APART = 3  # blocks between one function and the next; more, or fewer, cost more
_COMMENT = re.compile(r"^ *--.*$", re.MULTILINE)


@cache
def text_of(step: str) -> str:
    """
    Return the whole text of *step*, e.g. ``"accept"``.

    Raises:
        FileNotFoundError: There is no such step.
    """
    folder = files("workers.store") / "lua"
    head, _, body = (folder / "steps" / f"{step}.lua").read_text(encoding="utf-8").partition("\n")
    uses = next((line for line in body.splitlines() if line.startswith("--! uses ")), "")
    libraries = uses.split()[2:]
    shared = [(folder / "lib" / f"{name}.lua").read_text(encoding="utf-8") for name in libraries]
    shared = _without_unused(shared, body)
    blocks, names, known = list[str](), list[set[str]](), dict[str, str]()
    for n, text in enumerate(shared):
        constants = dict(_CONSTANT.findall(text))
        block, seen = _block(text, [*shared[n + 1 :], body], known, constants)
        blocks.append(block)
        names.append(seen)
        known |= constants
    return "\n".join([head, *_nested([*blocks, _given(body, known) + body], names)])


def _nested(texts: list[str], names: list[set[str]]) -> list[str]:
    """
    Return *texts* with the functions that hold all the rest.

    Args:
        names: Of each text but the last, what others see of it.
    """
    words = list(map(_words, texts))
    nested, begun = [texts[0]], [0]
    for place in range(1, len(texts)):
        inside = set[str]().union(*words[place:])
        taken = inside & set[str]().union(*names[:place])
        if place - begun[-1] >= _APART and len(taken) <= _TAKEN:
            begun.append(place)
            nested.append("return (function()")
        nested.append(texts[place])
    return [*nested, " end)()" * (len(begun) - 1)]


def _given(text: str, known: Mapping[str, str]) -> str:
    """Return the constants that *text* takes from other files: each has them as its own."""
    used = _words(text) & known.keys() - dict(_CONSTANT.findall(text)).keys()
    return "".join(f"local {name} = {known[name]} " for name in sorted(used))


def _without_unused(shared: list[str], body: str) -> list[str]:
    """Return the *shared* texts without the functions that nothing leads to from *body*."""
    functions = [found for text in shared for found in _FUNCTION.finditer(text)]
    reached: set[str] = set()
    following = _words("\n".join([body, *(_FUNCTION.sub("", text) for text in shared)]))
    while following:
        reached |= following
        texts = [found[0] for found in functions if found[1] in following]
        following = _words("\n".join(texts)) - reached
    return [_FUNCTION.sub(lambda f: f[0] if f[1] in reached else "", text) for text in shared]


def _words(text: str) -> set[str]:
    """Return the words of *text*, and those that a dot joins."""
    bare = _COMMENT.sub("", text)
    return set(re.findall(r"\w+", bare)).union(re.findall(r"\w+\.\w+", bare))


def _block(
    text: str, others: list[str], known: Mapping[str, str], constants: Mapping[str, str]
) -> tuple[str, set[str]]:
    """
    Return the shared *text* as a block, and its names that *others* use: they are seen outside.

    Args:
        known: Constants of the files before it.
        constants: Its own, which whoever uses them declares: they take no name of the script.
    """
    used = _words("\n".join(others))
    seen: dict[str, None] = {}

    def declare(found: re.Match[str]) -> str:
        names = found[2].replace(" ", "").split(",")
        if used.isdisjoint(names) or constants.keys() >= set(names):
            return found[0]
        seen.update(dict.fromkeys(names))
        if found[1]:
            return f"function {found[2]}"
        return f"{found[2]}{found[3]}" if found[3] else ""

    body = _given(text, known) + _LOCAL.sub(declare, text)
    # What takes the place of the store's own name (read_only.lua) begins as that.
    begun = "local redis = redis " if seen.pop("redis", 0) is None else ""
    names = f"local {', '.join(seen)} " if seen else ""
    return f"{begun}{names}do {body} end", set(seen)


class Steps:
    """
    Runs the steps on one store.

    Args:
        client: Decodes responses; has explicit timeouts.
        clock_offset_ms: Added to the store's clock; 0 but in tests, which so move time.

    Raises (every call):
        StoreUnavailable: The store did not answer in time, or refused to keep anything.
    """

    def __init__(self, client: redis.Redis, *, clock_offset_ms: int = 0) -> None:
        self.client = client
        self.clock_offset_ms = clock_offset_ms
        self._scripts: dict[str, Any] = {}

    def run(self, step: str, request: dict[str, Any], *more: str | bytes) -> dict[str, Any]:
        """Run *step* with *request* (as JSON) and return its answer."""
        text = _encode(request)
        with guarded():
            answer: dict[str, Any] = json.loads(
                self._script(step)(keys=[], args=[self.clock_offset_ms, text, *more])
            )
        return answer

    def run_in_order(
        self, step: str, calls: Sequence[tuple[dict[str, Any], str, bytes, bytes]]
    ) -> list[dict[str, Any] | redis.RedisError]:
        """
        Run *step* once for each of *calls*, one behind the other, without waiting for the answers
        in between; return the answer of each, or what went wrong with it: those behind it were
        run all the same.
        """
        with guarded(), self.client.pipeline(transaction=False) as pipeline:
            for request, *more in calls:
                arguments = [self.clock_offset_ms, _encode(request), *more]
                self._script(step)(keys=[], args=arguments, client=pipeline)
            answers = pipeline.execute(raise_on_error=False)
        return [
            answer if isinstance(answer, redis.RedisError) else json.loads(answer)
            for answer in answers
        ]

    def _script(self, step: str) -> Any:
        script = self._scripts.get(step)
        if script is None:
            script = self._scripts[step] = self.client.register_script(text_of(step))
        return script
