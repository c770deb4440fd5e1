"""
Functions in place of JMESPath: ``Meta.key``, ``item``, ``each``, ``when`` and ``version`` take one
of the payload.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import datetime
from typing import Any

from service.mapping.display import reason
from service.mapping.path_checks import PathInvalid
from service.mapping.paths import Path


def called(option: str, value: Any) -> Path:
    """
    Return the function *value* as a path, named after it.

    Args:
        option: The option of ``Meta``.

    Raises:
        PathInvalid: It is no function of one argument.
    """
    function = value.__func__ if isinstance(value, staticmethod) else value
    if isinstance(function, classmethod | type) or not callable(function):
        raise PathInvalid(f"{type(value).__name__} {value!r}", "use JMESPath or a function")
    name = getattr(function, "__name__", "<lambda>")
    text = f"{option} = lambda" if name == "<lambda>" else f"{name}()"
    require_one_argument(text.removesuffix("()"), function, "the payload")
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise PathInvalid(f"{text}, which is async or a generator", "make it return its result")
    return Path(text, None, call=_guarded(text, function))


def require_one_argument(name: str, function: Callable[..., Any], argument: str) -> None:
    """
    Return if *function* can be called with one argument; raises PathInvalid if it cannot; *name*
    and *argument* say in the message what they are.
    """
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        found = f"{name}{inspect.signature(function)}"
        raise PathInvalid(found, f"give it one argument, {argument}") from None
    except ValueError:  # a C function without a signature
        pass


def _guarded(text: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def call(payload: Any) -> Any:
        try:
            return _as_json(function(payload))
        except Exception as error:  # a user's function may raise anything
            raise ValueError(f"{text} raised {reason(error)}") from error

    return call


def _as_json(value: Any) -> Any:
    """Return *value* with tuples as lists and times as text, as in JSON."""
    if isinstance(value, tuple | list):
        return [_as_json(element) for element in value]
    return value.isoformat() if isinstance(value, datetime) else value
