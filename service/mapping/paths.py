"""
JMESPath expressions, compiled once, that distinguish absent from null.

A **plain path** (identifiers and indexes only) is walked; the library evaluates any other
expression. https://jmespath.org/specification.html (read 2025-11-23)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from marshmallow import missing

from service.mapping.display import plain, reason
from service.mapping.path_checks import CHAINS, PROJECTIONS, Node, PathInvalid, check_path, quoting
from service.senders.expressions import Expression, finite

Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Path:
    """
    An expression, or a function in its place (:mod:`service.mapping.functions`).

    Args:
        text: As the user wrote it.
        steps: The keys and indexes of a plain path; None: it is another expression.
        uses: The plain paths from the root that another expression reads; empty: it is constant.
    """

    text: str
    steps: Steps | None
    uses: tuple[Steps, ...] = ()
    expression: Expression | None = field(default=None, repr=False, compare=False)
    call: Callable[[Any], Any] | None = field(default=None, repr=False)

    def read(self, root: Any) -> Any:
        """
        Return the value in *root*, or marshmallow's ``missing`` for a value to leave out.

        A path, plain or not, is missing if nothing is there to read. A constant is missing if it
        is null.

        Raises:
            ValueError: The expression cannot be evaluated on *root*, or finds no finite number.
        """
        if self.steps is not None:
            value = _walk(root, self.steps)
            return finite(value) if isinstance(value, float) else value
        if not self.reaches(root):
            return missing
        value = self.evaluate(root)
        return missing if value is None and not self.uses else value

    def reaches(self, root: Any) -> bool:
        """Whether *root* has a value that it reads, or it reads none."""
        places = self.uses if self.steps is None else (self.steps,)
        return not places or any(_walk(root, steps) is not missing for steps in places)

    def evaluate(self, root: Any) -> Any:
        """
        Return the result of JMESPath: None for absent values; raises ValueError if the expression
        cannot be evaluated on *root*.
        """
        if self.call is not None:
            return finite(self.call(root))
        if self.expression is None:
            value = finite(_walk(root, self.steps or ()))
            return None if value is missing else value
        try:
            return self.expression.search(root)
        except Exception as error:
            said = plain(str(error)) if type(error) is ValueError else reason(error)
            raise ValueError(f"cannot be evaluated: {said}") from error


def compile_path(text: Any) -> Path:
    """
    Return the expression *text*, compiled; raises PathInvalid if it is not JMESPath, or what
    `check_path` refuses.
    """
    if not isinstance(text, str):
        raise PathInvalid(f"{type(text).__name__} {text!r}")
    try:
        expression = Expression(text)
    except Exception as error:  # beside its own errors, IndexError for some truncated texts
        reason = str(error).splitlines()[0].removesuffix(", for expression:")
        raise PathInvalid(f"{text!r} ({reason})", quoting(text)) from error
    parsed = expression.parsed
    check_path(text, parsed)
    steps = _steps(parsed)
    if steps is not None:
        return Path(text, steps)
    return Path(text, None, tuple(dict.fromkeys(_uses(parsed, ()))), expression)


def _steps(node: Node) -> Steps | None:
    """Return the steps of a plain path, None for any other node."""
    if node["type"] in ("field", "index"):
        return (node["value"],)
    if node["type"] == "identity":  # the node before a leading index
        return ()
    if node["type"] not in ("subexpression", "index_expression"):
        return None
    steps: Steps = ()
    for child in node["children"]:
        more = _steps(child)
        if more is None:
            return None
        steps += more
    return steps


def _uses(node: Node, base: Steps) -> Iterator[Steps]:
    """Yield the plain paths in the root that *node* reads when evaluated at *base*."""
    kind, children = node["type"], node["children"]
    steps = _steps(node)
    if steps is not None or kind == "current":
        yield base + (steps or ())
    elif kind in CHAINS:
        yield from _uses_of_chain(children, base)
    elif kind in PROJECTIONS:
        # The other children are read from the elements, which have no path from the root.
        yield from _uses(children[0], base)
    elif kind not in ("literal", "expref", "slice"):
        for child in children:
            yield from _uses(child, base)


def _uses_of_chain(children: list[Node], base: Steps) -> Iterator[Steps]:
    start = base
    for child in children:
        steps = _steps(child)
        if steps is None:
            uses = tuple(_uses(child, base))
            yield from uses or ((base,) if base != start else ())
            return
        base += steps
    yield base


def _walk(value: Any, steps: Steps) -> Any:
    for step in steps:
        if isinstance(step, str):
            if not isinstance(value, dict) or step not in value:
                return missing
            value = value[step]
        else:
            if not isinstance(value, list):
                return missing
            try:
                value = value[step]
            except IndexError:
                return missing
    return value
