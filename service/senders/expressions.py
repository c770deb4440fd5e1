"""
JMESPath for settings and mappings, with the string functions of JMESPath Community and
``parse_json`` for JSON in a text.

https://jmespath.org/specification.html (read 2025-11-23),
https://jmespath.site/main/ (read 2026-11-28)
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import jmespath
from jmespath import exceptions, functions
from jmespath.visitor import Options, TreeInterpreter

from service.senders.payload import MAX_DEPTH, too_deep

WIDEST: Final = 10_000  # characters that a text may be padded to

F = TypeVar("F", bound=Callable[..., Any])
Signature = Sequence[dict[str, Any]]


def _takes(*required: str, optional: Sequence[str] = (), more: bool = False) -> Callable[[F], F]:
    """Return a decorator that declares argument types; *more*: the last one may repeat."""
    types: list[dict[str, Any]] = [{"types": [each]} for each in required]
    rest = [{"types": [each], "optional": True} for each in optional]
    if more:
        types[-1] |= {"variadic": True}
    decorator: Callable[[F], F] = functions.signature(*types, *rest)
    return decorator


class Functions(functions.Functions):  # type: ignore[misc]
    """The functions of jmespath.org and of JMESPath Community."""

    def call_function(self, function_name: str, resolved_args: Any) -> Any:
        for each in resolved_args:
            finite(each)
            for element in each if isinstance(each, list) else ():
                finite(element)  # max() of a list with a NaN is undefined
        try:
            return super().call_function(function_name, resolved_args)
        except exceptions.JMESPathTypeError as error:
            # Its message shows the whole value, which may be too long or too deeply nested.
            types = " or ".join(error.expected_types)
            message = f"{function_name}() takes {types}, not {error.actual_type}"
            raise ValueError(message) from None

    def _validate_arguments(self, args: Any, signature: Signature, function_name: str) -> Any:
        least, most = arity(signature)
        if most is not None and least <= len(args) < most:  # the library knows no optional ones
            return self._type_check(args, signature[: len(args)], function_name)
        return super()._validate_arguments(args, signature, function_name)

    @_takes("string")
    def _func_lower(self, subject: str) -> str:
        return subject.lower()

    @_takes("string")
    def _func_upper(self, subject: str) -> str:
        return subject.upper()

    @_takes("string", optional=["string"])
    def _func_trim(self, subject: str, chars: str = "") -> str:
        return subject.strip(chars or None)

    @_takes("string", optional=["string"])
    def _func_trim_left(self, subject: str, chars: str = "") -> str:
        return subject.lstrip(chars or None)

    @_takes("string", optional=["string"])
    def _func_trim_right(self, subject: str, chars: str = "") -> str:
        return subject.rstrip(chars or None)

    @_takes("string", "string", "string", optional=["number"])
    def _func_replace(self, subject: str, old: str, new: str, count: float | None = None) -> str:
        return subject.replace(old, new, -1 if count is None else _whole("replace", count))

    @_takes("string", "string", optional=["number"])
    def _func_split(self, subject: str, search: str, count: float | None = None) -> list[str]:
        most = -1 if count is None else _whole("split", count)
        if search:
            return subject.split(search, most)
        if most < 0 or most >= len(subject):
            return list(subject)
        return [*subject[:most], subject[most:]]

    @_takes("string", "number", optional=["string"])
    def _func_pad_left(self, subject: str, width: float, pad: str = " ") -> str:
        return subject.rjust(_width("pad_left", width), _pad("pad_left", pad))

    @_takes("string", "number", optional=["string"])
    def _func_pad_right(self, subject: str, width: float, pad: str = " ") -> str:
        return subject.ljust(_width("pad_right", width), _pad("pad_right", pad))

    @_takes("string", "string", optional=["number", "number"])
    def _func_find_first(
        self, subject: str, sub: str, start: float = 0, end: float | None = None
    ) -> int | None:
        place = subject.find(sub, *_slice("find_first", subject, start, end))
        return place if sub and place >= 0 else None

    @_takes("string", "string", optional=["number", "number"])
    def _func_find_last(
        self, subject: str, sub: str, start: float = 0, end: float | None = None
    ) -> int | None:
        place = subject.rfind(sub, *_slice("find_last", subject, start, end))
        return place if sub and place >= 0 else None

    @_takes("object")
    def _func_items(self, obj: dict[str, Any]) -> list[list[Any]]:
        return [[name, value] for name, value in obj.items()]

    @_takes("array")
    def _func_from_items(self, pairs: list[Any]) -> dict[str, Any]:
        for pair in pairs:
            if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str)):
                raise ValueError("from_items() takes a list of pairs of a text and a value")
        return {pair[0]: pair[1] for pair in pairs}

    @_takes("array", more=True)
    def _func_zip(self, *arrays: list[Any]) -> list[list[Any]]:
        for each in arrays:
            if not isinstance(each, list):
                raise ValueError(f"zip() takes lists, not {type(each).__name__}")
        return [list(each) for each in zip(*arrays, strict=False)]

    @_takes("array", "expref")
    def _func_group_by(self, elements: list[Any], expref: Any) -> dict[str, list[Any]]:
        groups: dict[str, list[Any]] = {}
        for element in elements:
            name = expref.visit(expref.expression, element)
            if name is None:
                continue
            if not isinstance(name, str):
                raise ValueError(f"group_by() takes texts to group by, not {type(name).__name__}")
            groups.setdefault(name, []).append(element)
        return groups

    @_takes("string")
    def _func_parse_json(self, text: str) -> Any:
        if too_deep(text):
            raise ValueError(f"parse_json(): the text nests deeper than {MAX_DEPTH} levels")
        return json.loads(text)


class _Interpreter(TreeInterpreter):  # type: ignore[misc]
    """Refuses NaN and infinities: results computed from them are meaningless."""

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        return finite(super().visit(node, *args, **kwargs))

    def visit_comparator(self, node: Any, value: Any) -> Any:
        try:
            return super().visit_comparator(node, value)
        except TypeError:
            raise ValueError("it compares a text with a number; expected two of a kind") from None


class Expression:
    """A compiled expression; safe to share between threads."""

    def __init__(self, text: str) -> None:
        """
        Raises:
            ValueError: *text* is not JMESPath. For some truncated texts IndexError.
        """
        self.text = text
        self.parsed: dict[str, Any] = jmespath.compile(text).parsed
        self._names = _names(self.parsed)

    def search(self, value: Any) -> Any:
        """
        Return the result on *value*, None for nothing.

        Raises:
            Exception: It cannot be evaluated; the library lets exceptions of its functions through,
                such as OverflowError for ceil of an infinity, and RecursionError.
        """
        if self._names is None:
            return _Interpreter(_OPTIONS).visit(self.parsed, value)
        # Most expressions are names, and the interpreter takes a multiple of this for them.
        for name in self._names:
            if not isinstance(value, dict):
                return None
            value = value.get(name)
            if isinstance(value, float):
                finite(value)
        return value


def _names(node: dict[str, Any]) -> tuple[str, ...] | None:
    """Return the names that *node* is, as in ``a.b``; None: it is anything else."""
    if node["type"] == "field":
        return (node["value"],)
    if node["type"] != "subexpression":
        return None
    parts = [_names(child) for child in node["children"]]
    return None if None in parts else tuple(name for part in parts for name in part or ())


def finite(value: Any) -> Any:
    """Return *value*; raises ValueError for NaN or an infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"found {json.dumps(value)}; expected a finite number")
    return value


def arity(signature: Signature) -> tuple[int, int | None]:
    """Return the least and the largest number of arguments; None: any number."""
    least = sum(not each.get("optional", False) for each in signature)
    variadic = bool(signature) and signature[-1].get("variadic", False)
    return least, None if variadic else len(signature)


def _whole(name: str, number: float) -> int:
    if number != int(number) or number < 0:
        raise ValueError(f"{name}() takes a whole number from 0 on, not {number}")
    return int(number)


def _width(name: str, number: float) -> int:
    if number > WIDEST:
        raise ValueError(f"{name}() takes a width of {WIDEST} at most, not {number}")
    return _whole(name, number)


def _pad(name: str, pad: str) -> str:
    if len(pad) != 1:
        raise ValueError(f"{name}() takes one character to pad with, not {pad!r}")
    return pad


def _slice(name: str, subject: str, start: float, end: float | None) -> tuple[int, int]:
    for number in (start, end if end is not None else 0):
        if number != int(number):
            raise ValueError(f"{name}() takes whole numbers, not {number}")
    # A negative one is before the text, not counted from its end.
    return max(int(start), 0), max(len(subject) if end is None else int(end), 0)


_OPTIONS: Final = Options(custom_functions=Functions())
