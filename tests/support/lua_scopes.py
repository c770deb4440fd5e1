"""What a Lua file assigns and reads, and where: enough of the language to follow its names."""

import re
from dataclasses import dataclass, field

TOKEN = re.compile(
    r"(?P<skip>\s+|--[^\n]*)|(?P<text>'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>\.{2,3}|[=~<>]=|\d[\w.]*|.)",
    re.DOTALL,
)
OPEN, CLOSE = {"(": ")", "{": "}", "[": "]"}, {")": "(", "}": "{", "]": "["}
CHANGES = ("insert", "remove", "sort")  # of `table`
BEGINS, ENDS = {"do", "then", "repeat", "else"}, {"end", "elseif", "until", "else"}
BLOCKS = BEGINS | ENDS
BEGINNINGS = ("calls.on_begin(", "calls.on_group(")  # of a call, or of several that go together
WORDS = BLOCKS | {
    "and",
    "break",
    "false",
    "for",
    "function",
    "if",
    "in",
    "local",
    "nil",
    "not",
    "or",
}
WORDS |= {"return", "true", "while"}


@dataclass
class Scope:
    """A block; *function*: how deep in functions, 0: the file itself; *begins*: in BEGINNINGS."""

    function: int
    begins: bool
    brackets: int  # that are open around it
    names: dict = field(default_factory=dict)  # name → the scope of a file or block, and an alias


@dataclass(frozen=True)
class Use:
    """
    A name of the file itself, or one that it does not declare, that is assigned or read.

    ``key``: the first field of it, "*" where that is not known; None: the name itself.
    """

    name: str
    key: str | None
    own: bool  # the file declares it
    at_load: bool  # in no function
    begins: bool  # in what a call begins with
    line: int


class Source:
    """``assigned`` and ``read``: every `Use` in *text*."""

    def __init__(self, text):
        self._tokens, line = [], 1
        for found in TOKEN.finditer(text):
            if found.lastgroup != "skip":
                self._tokens.append((found[0], found.lastgroup == "name", line))
            line += found[0].count("\n")
        self.assigned, self.read = [], []
        self._scopes = [Scope(0, False, 0)]
        self._brackets, self._awaited = [], []
        self._declaring = {
            "local": self._declare,
            "function": self._enter_function,
            "for": self._enter_loop,
        }
        self._walk()
        assert len(self._scopes) == 1

    def _word(self, place):
        return self._tokens[place][0] if 0 <= place < len(self._tokens) else ""

    def _is_name(self, place):
        return (
            0 <= place < len(self._tokens)
            and self._tokens[place][1]
            and self._word(place) not in WORDS
        )

    def _walk(self):
        place = 0
        while place < len(self._tokens):
            place = self._step(place)

    def _step(self, place):
        word = self._word(place)
        if declare := self._declaring.get(word):
            return declare(place)
        if word in BLOCKS:
            self._turn(word)
        elif word in OPEN:
            self._brackets.append(word)
        elif word in CLOSE:
            assert self._brackets.pop() == CLOSE[word]
        elif word == "=" and not self._is_in_brackets():
            self._assign(place)
        elif self._is_name(place):
            self._note_read(place)
        return place + 1

    def _turn(self, word):
        """One block ends, or another begins, or both."""
        if word in ENDS:
            self._scopes.pop()
        if word in BEGINS:
            self._enter(self._awaited.pop() if word == "do" and self._awaited else ())

    def _is_in_brackets(self):
        return len(self._brackets) > self._scopes[-1].brackets

    def _enter(self, names=(), *, function=0, begins=None):
        top = self._scopes[-1]
        begins = top.begins if begins is None else begins
        scope = Scope(top.function + function, begins, len(self._brackets))
        scope.names = dict.fromkeys(names)
        self._scopes.append(scope)

    def _declare(self, place):
        if self._word(place + 1) == "function":
            self._scopes[-1].names[self._word(place + 2)] = None
            return self._enter_function(place + 1)
        names, at = [self._word(place + 1)], place + 2
        while self._word(at) == ",":
            names.append(self._word(at + 1))
            at += 2
        alias = self._aliased(at + 1) if len(names) == 1 and self._word(at) == "=" else None
        self._scopes[-1].names.update(dict.fromkeys(names, alias))
        return at + 1 if self._word(at) == "=" else at

    def _aliased(self, place):
        """What the name is another one for; None: it is a value of its own, as of a call."""
        if not self._is_name(place):
            return None
        name, key = self._path(place)
        behind = place + (1 if key is None else 3)
        return None if self._word(behind) == "(" else (name, key)

    def _enter_function(self, place):
        at = place + 1
        if self._is_name(at):  # function a.b(…)
            while self._word(at) != "(":
                at += 1
            if self._word(at - 2) == ".":
                self._note(self.assigned, self._word(at - 3), self._word(at - 1), place)
        last = at
        while self._word(last) != ")":
            last += 1
        params = [self._word(n) for n in range(at + 1, last) if self._is_name(n)]
        begins = "".join(self._word(n) for n in range(place - 4, place)) in BEGINNINGS
        self._enter(params, function=1, begins=begins)
        return last + 1

    def _enter_loop(self, place):
        """Its names are of its block, which begins at `do`."""
        at, names = place + 1, []
        while self._word(at) not in ("=", "in"):
            names += [self._word(at)] if self._is_name(at) else []
            at += 1
        self._awaited.append(names)
        return at + 1

    def _path(self, place):
        """The name at *place*, and the first field of it that is read there."""
        key = None
        if self._word(place + 1) == "." and self._is_name(place + 2):
            key = self._word(place + 2)
        elif self._word(place + 1) == "[":
            key = "*"
        return self._word(place), key

    def _assign(self, place):
        """Note what stands before the sign at *place*: names, apart by commas."""
        while True:
            place -= 1
            while self._word(place) == "]" or self._word(place - 1) == ".":
                place = self._opening(place) - 1 if self._word(place) == "]" else place - 2
            self._note(self.assigned, *self._path(place), place)
            if self._word(place - 1) != ",":
                return
            place -= 1

    def _opening(self, place):
        depth = 0
        while True:
            depth += (self._word(place) == "]") - (self._word(place) == "[")
            if depth == 0:
                return place
            place -= 1

    def _note_read(self, place):
        if self._word(place - 1) in (".", ":"):
            return
        if self._word(place + 1) == "=" and self._is_in_brackets():
            return  # a name in a table
        name, key = self._path(place)
        self._note(self.read, name, key, place)
        if name == "table" and key in CHANGES and self._word(place + 3) == "(":
            self._note(self.assigned, *self._changed(place + 4), place)

    def _changed(self, place):
        """What `table` changes is within what it is given."""
        name, key = self._path(place)
        return name, key or "*"

    def _note(self, uses, name, key, place):
        scope = next((each for each in reversed(self._scopes) if name in each.names), None)
        if scope and scope.function > 0:
            if not (alias := scope.names[name]) or key is None:
                return
            name, key = alias[0], alias[1] or key
            scope = next((each for each in self._scopes[:1] if name in each.names), None)
            if not scope and name not in self._known():
                return
        top = self._scopes[-1]
        at_load = top.function == 0
        uses.append(Use(name, key, scope is not None, at_load, top.begins, self._tokens[place][2]))

    def _known(self):
        """Names that no function declares: those of libraries."""
        return {name for name, is_name, _ in self._tokens if is_name} - {
            name for each in self._scopes[1:] for name in each.names
        }
