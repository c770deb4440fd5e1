"""
The Lua steps, as one library of functions in the store: a file of ``lua/steps`` is one atomic step,
and a function. What they share: ``lua/lib``.

A file there returns a table. Steps and libraries name the libraries that they use in a line
``--! uses items step``; each stands before what uses it, as a local of its own name::

    local items = (function()
    ... lua/lib/items.lua
    end)()

All of them are made once, at the first call after the store has loaded them; what is of one call
alone is set anew as it begins (``lua/lib/calls.lua``), in the libraries that its step uses. Some
calls share a round trip, and what they know of the store: those of ``…_several``.
``--! flags allow-oom`` says that a full store carries out the step as well. Nothing else is done to
the text of a file, and nothing is ever formatted into one.

The names of the library and of its functions end with a hash of its text: two releases on one store
call their own. The store keeps functions like data, in its files and replicas; where it has lost
them they are loaded again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

_FOLDER = files("workers.store") / "lua"
_FIRST = ("step", "sliced_request")  # before all that reads the request, which they make
NAME = "instep_"
# A store knows what the libraries call only once it calls a function, not when it loads one.
_FUNCTIONS = """
local steps
local function register(step, flags)
  local function call(_, ARGV)
    steps = steps or make()
    return steps[step](ARGV)
  end
  redis.register_function{function_name = step .. '_' .. release, callback = call, flags = flags}
end
"""
_SCRIPT = "\nreturn make()[table.remove(ARGV, 1)](ARGV)\n"


class Library:
    """
    All steps, as a store is given them.

    Args:
        text: Of the Lua function that makes them.
        flags: Step → its flags.
    """

    def __init__(self, text: str, flags: Mapping[str, Sequence[str]]) -> None:
        self.text, self.flags = text, flags
        self._release = hashlib.sha1(self._body.encode(), usedforsecurity=False).hexdigest()[:12]
        self.name = f"{NAME}{self._release}"

    @property
    def functions(self) -> str:
        """What the store loads."""
        return f"#!lua name={self.name}\nlocal release = '{self._release}'\n{self._body}"

    @property
    def script(self) -> str:
        """
        The same for a store that is too full to load anything: it makes all of them at each call.

        Its first argument is the step.
        """
        return f"#!lua flags=allow-oom\n{self.text}{_SCRIPT}"

    @property
    def _body(self) -> str:
        flags = ((step, ", ".join(map(repr, named))) for step, named in self.flags.items())
        registered = (f"register('{step}', {{{named}}})\n" for step, named in flags)
        return f"{self.text}{_FUNCTIONS}{''.join(registered)}"

    def function_of(self, step: str) -> str:
        """Return the name of *step* in the store."""
        return f"{step}_{self._release}"


@cache
def library() -> Library:
    """Return the steps of this release, put together from their files."""
    libraries, steps = _texts("lib"), _texts("steps")
    uses = {name: _named(text, "uses") for name, text in libraries.items()}
    parts = (
        "local function make()\n",
        *(_made(name, libraries[name]) for name in _in_order([*_FIRST, *libraries], uses)),
        "local steps = {}\n",
        *(
            _called(step, text, _in_order(_named(text, "uses"), uses))
            for step, text in steps.items()
        ),
        "return steps\nend\n",
    )
    return Library("".join(parts), {step: _named(text, "flags") for step, text in steps.items()})


def _texts(folder: str) -> dict[str, str]:
    """Return the texts of the files in *folder*, by their names."""
    found = sorted((_FOLDER / folder).iterdir(), key=lambda file: file.name)
    return {file.name.removesuffix(".lua"): file.read_text(encoding="utf-8") for file in found}


def _made(name: str, text: str) -> str:
    begun = "" if name == "calls" else f"calls.library('{name}')\n"
    return f"{begun}local {name} = (function()\n{text}end)()\n"


def _called(step: str, text: str, used: Iterable[str]) -> str:
    names = ", ".join(f"{name} = 1" for name in used)
    return f"steps.{step} = calls.step({{{names}}}, function(ARGV)\n{text}end)\n"


def _named(text: str, what: str) -> list[str]:
    """Return what the lines ``--! <what>`` of *text* name."""
    return " ".join(re.findall(f"^--! {what} (.+)$", text, re.MULTILINE)).split()


def _in_order(names: Iterable[str], uses: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield *names* and all that they use, each after what it uses, none twice."""
    found: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        if name in found:
            return
        found.add(name)
        for other in uses[name]:
            yield from visit(other)
        yield name

    for name in names:
        yield from visit(name)
