"""
Errors and rate headers of v1.

https://developers.webflow.com/data/v1.0.0/reference/errors
"""

from __future__ import annotations

from typing import Any

from flask import Response

from service.sandbox.api import answer
from service.sandbox.faults import Fault
from service.sandbox.refusals import FieldRefusal, Refused, Undefined
from service.sandbox.window import Allowance

# kind: status, name, message; {} takes the text of the refusal
KINDS = {
    "malformed": (400, "SyntaxError", "{}"),
    "version": (400, "UnsupportedVersion", "Unsupported version: {}"),
    "shape": (400, "ValidationError", "{}"),
    "fields": (400, "ValidationError", "Validation Failure"),
    "token": (401, "Unauthorized", "Cannot access resource"),
    "collection": (404, "NotFound", "Collection not found: {}"),
    "site": (404, "NotFound", "Site not found: {}"),
    "item": (404, "NotFound", "CMS Items not found: {}"),
    "conflict": (400, "Conflict", "{}"),
    "state": (400, "Conflict", "{}"),
    "rate": (429, "RateLimit", "Rate limit hit"),
}

# status: name, message, of a fault that names neither
FAILURES = {
    400: ("ValidationError", "Validation Failure"),
    401: ("Unauthorized", "Cannot access resource"),
    403: ("Forbidden", "Cannot access resource"),
    404: ("NotFound", "CMS Items not found"),
    409: ("Conflict", "Conflict with server data"),
    429: ("RateLimit", "Rate limit hit"),
}


def error(status: int, name: str, message: str, path: str, **more: Any) -> Response:
    """Return an error with the five keys that v1's errors always have."""
    body = {
        "msg": message,
        "code": status,
        "name": name,
        "path": path,
        "err": f"{name}: {message}",
    }
    return answer(body | more, status)


def refusal(refused: Refused, path: str) -> Response:
    """Return the answer for what was refused."""
    status, name, message = KINDS[refused.kind]
    more: dict[str, Any] = {}
    if refused.fields:
        more["problems"] = [_problem(one) for one in refused.fields]
        more["problem_data"] = [_data(one) for one in refused.fields]
    return error(status, name, message.replace("{}", refused.text), path, **more)


def _problem(one: FieldRefusal) -> str:
    quoted = "" if isinstance(one.value, Undefined) else f": {one.quoted}"
    return f"Field '{one.slug}': {one.reason}{quoted}"


def _data(one: FieldRefusal) -> dict[str, Any]:
    valued = {} if isinstance(one.value, Undefined) else {"value": one.value}
    return {"slug": one.slug, "msg": one.reason, **valued}


def failure(fault: Fault, path: str) -> Response:
    """Return the answer of a ``status`` fault; its details become problems."""
    name, message = FAILURES.get(fault.status, ("ServerError", "Server Error"))
    more: dict[str, Any] = {}
    if fault.details:
        more["problems"] = [
            f"Field '{one.get('param')}': {one.get('description')}" for one in fault.details
        ]
    return error(fault.status, fault.code or name, fault.message or message, path, **more)


def headers(allowance: Allowance) -> dict[str, str]:
    """Return the rate headers; v1 has no ``Retry-After``."""
    return {
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(allowance.remaining),
    }
