"""Refuses valid JMESPath that means something else than intended, at the start and with a hint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from jmespath.lexer import Lexer

from service.senders.expressions import Functions, arity

Node = dict[str, Any]

CHAINS: Final = frozenset({"subexpression", "index_expression", "pipe"})
PROJECTIONS: Final = frozenset({"projection", "value_projection", "filter_projection", "flatten"})
_COMPARATORS: Final = frozenset({"eq", "ne", "lt", "lte", "gt", "gte"})
_TEXTS: Final = {  # function: its arguments, from 0, that are usually text
    "contains": (1,),
    "starts_with": (1,),
    "ends_with": (1,),
    "join": (0,),
    "split": (1,),
    "replace": (1, 2),
    "trim": (1,),
    "trim_left": (1,),
    "trim_right": (1,),
    "pad_left": (2,),
    "pad_right": (2,),
    "find_first": (1,),
    "find_last": (1,),
}
_OPENING: Final = frozenset({"lparen", "lbracket", "lbrace", "filter"})
_CLOSING: Final = frozenset({"rparen", "rbracket", "rbrace"})
_BARE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FOREIGN: Final = {  # syntax of other languages, and what JMESPath has instead
    r"^\s*[$/]": "write a path without $ and /, such as data.qty",
    r"\b(?:and|or|not)\b": "write && for and, || for or, ! for not",
    r"(?<![=!<>])=(?!=)": "write == to compare",
}
_NAME: Final = r'(?:[A-Za-z_]\w*|"[^"]*")'
_NEGATED_PATH: Final = re.compile(rf"!\s*({_NAME}(?:\.(?:{_NAME}|\*)|\[[^\]]*\])+)")


class PathInvalid(ValueError):
    """An expression cannot be used; *do* says what to write instead, if known."""

    def __init__(self, message: str, do: str = "") -> None:
        self.do = do or "correct the expression"
        super().__init__(message)


def check_path(text: str, parsed: Node) -> None:
    """
    Refuse *text*, which was *parsed*, with PathInvalid if it does not mean what it seems to, or
    calls an unknown function.
    """
    _refuse_quoted_text(text)
    for node in _nodes(parsed):
        _refuse_negated_start(node, text)
        _refuse_wrong_call(node, text)


def quoting(text: str) -> str:
    """Return a hint for *text*, which is no JMESPath."""
    if bare := re.search(r"[<>=]\s*(-?\d[\d.]*)", text):
        return f"put a number in backticks: `{bare.group(1)}`"
    if hyphen := re.search(r"[A-Za-z_]\w*(?:-\w+)+", text):
        return f'put a name with a hyphen in quotes: "{hyphen.group()}"'
    return next((do for foreign, do in _FOREIGN.items() if re.search(foreign, text)), "")


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node["children"]:
        if isinstance(child, dict):  # the children of a slice are numbers
            yield from _nodes(child)


def _refuse_quoted_text(text: str) -> None:
    """
    Refuse ``state == "IN_STOCK"`` and ``contains(tags, "new")``: the quotes name a field, which is
    null there. A name that needs its quotes is accepted.
    """
    tokens = [{"type": ""}, *Lexer().tokenize(text)]
    place = _Arguments()
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        place.see(before, token)
        if token["type"] != "quoted_identifier" or not _BARE.fullmatch(token["value"]):
            continue
        right = before["type"] in _COMPARATORS and after["type"] not in ("dot", "lbracket")
        left = after["type"] in _COMPARATORS and before["type"] != "dot"
        alone = before["type"] in ("comma", "lparen") and after["type"] in ("comma", "rparen")
        if right or left or (alone and place.is_text):
            name = token["value"]
            message = f'{text!r}, in which "{name}" names a field, not a text'
            raise PathInvalid(message, f"write '{name}' for the text, {name} for the field")


class _Arguments:
    """The function and argument that a token belongs to."""

    def __init__(self) -> None:
        self._open: list[tuple[str, int]] = []  # function, or "" for other brackets; argument

    def see(self, before: Node, token: Node) -> None:
        if token["type"] in _OPENING:
            call = token["type"] == "lparen" and before["type"] == "unquoted_identifier"
            self._open.append((before["value"] if call else "", 0))
        elif token["type"] in _CLOSING and self._open:
            self._open.pop()
        elif token["type"] == "comma" and self._open:
            name, argument = self._open[-1]
            self._open[-1] = name, argument + 1

    @property
    def is_text(self) -> bool:
        name, argument = self._open[-1] if self._open else ("", 0)
        return argument in _TEXTS.get(name, ())


def _refuse_negated_start(node: Node, text: str) -> None:
    starts = (CHAINS | PROJECTIONS) - {"pipe"}
    if node["type"] in starts and node["children"][0]["type"] == "not_expression":
        match = _NEGATED_PATH.search(text)
        meant = match.group(1) if match else "a.b"
        message = f"{text!r}, which means (!a).b: a path in the result of !"
        raise PathInvalid(message, f"write !({meant})")


def _refuse_wrong_call(node: Node, text: str) -> None:
    if node["type"] != "function_expression":
        return
    name, given = node["value"], len(node["children"])
    known = Functions.FUNCTION_TABLE.get(name)
    if known is None:
        names = ", ".join(sorted(Functions.FUNCTION_TABLE))
        raise PathInvalid(f"{text!r}, and there is no function {name}()", f"use one of {names}")
    least, most = arity(known["signature"])
    if given < least or (most is not None and given > most):
        wanted = f"at least {least}" if most is None else _numbers(least, most)
        raise PathInvalid(f"{text!r}, and {name}() takes {wanted} arguments, not {given}")


def _numbers(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"
