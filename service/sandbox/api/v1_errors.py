"""
Errors and rate headers of v1.

https://developers.webflow.com/data/v1.0.0/reference/errors
"""

from __future__ import annotations

from typing import Any

from flask import Response

from service.sandbox.api.api_version import answer
from service.sandbox.faults.faults import Fault
from service.sandbox.model.rate_window import Allowance
from service.sandbox.model.refusals import UNDEFINED, FieldRefusal, Refused

# kind: status, name, message; {} is the text of the refusal
KINDS = {
    "malformed": (400, "SyntaxError", "{}"),
    "no version": (400, "InvalidAPIVersion", "Invalid API version: {}"),
    "version": (400, "UnsupportedVersion", "Unsupported version: {}"),
    "not imitated": (400, "NotImplemented", "This feature is not currently implemented"),
    "shape": (400, "ValidationError", "{}"),
    "fields": (400, "ValidationError", "Validation Failure"),
    "file": (400, "ValidationError", "{}"),
    "token": (401, "Unauthorized", "Cannot access resource"),
    "collection": (404, "NotFound", "Collection not found: {}"),
    "site": (404, "NotFound", "Site not found: {}"),
    "item": (404, "NotFound", "CMS Items not found: {}"),
    "conflict": (400, "Conflict", "{}"),
    "state": (400, "Conflict", "{}"),
    "rate": (429, "RateLimit", "Rate limit hit"),
}

# text of a conflict with the state of the site: v1's error, instead of Conflict
CONFLICTS = {
    "collection structure changed": (400, "CollectionSchemaChangedError", "{}"),
    "multiple domains": (400, "InconsistentPublicationsError", "{}"),
    "site is not published": (404, "NotFound", "Collection not found: null"),
}

# status: default name of a fault
NAMES = {
    400: "ValidationError",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    429: "RateLimit",
}

# name: default message of a fault; the names are those of every error of v1
MESSAGES = {
    "SyntaxError": "Unexpected end of JSON input",
    "InvalidAPIVersion": "Invalid API version",
    "UnsupportedVersion": "Unsupported version",
    "NotImplemented": "This feature is not currently implemented",
    "ValidationError": "Validation Failure",
    "Conflict": "Conflict with server data",
    "Unauthorized": "Cannot access resource",
    "Forbidden": "Cannot access resource",
    "NotFound": "CMS Items not found",
    "RateLimit": "Rate limit hit",
    "ServerError": "Server Error",
    "UnknownError": "Unknown Error",
    "InconsistentPublicationsError": "Site is published to multiple domains at different times",
    "CollectionSchemaChangedError": "The collection structure changed since the last publish",
}

# Internals that the real API sends beside the problems: clients are to ignore them.
_EXTENSIONS = {
    "input": {"target": "staging", "mode": "staging", "skipInvalidFiles": False},
    "meta": {"authType": "oauth_user"},
}


def error(status: int, name: str, message: str, path: str, **more: Any) -> Response:
    """Return an error with the five keys of every v1 error."""
    body = {
        "msg": message,
        "code": status,
        "name": name,
        "path": path,
        "err": f"{name}: {message}",
    }
    return answer(body | more, status)


def refusal(refused: Refused, path: str) -> Response:
    status, name, message = _answer_for(refused)
    more: dict[str, Any] = {}
    if refused.fields:
        more["problems"] = [_problem(one) for one in refused.fields]
        more["problem_data"] = [_data(one) for one in refused.fields]
        more["extensions"] = _EXTENSIONS
    return error(status, name, message.replace("{}", refused.text), path, **more)


def _answer_for(refused: Refused) -> tuple[int, str, str]:
    told = KINDS[refused.kind]
    if told[1] != "Conflict":
        return told
    return next((own for words, own in CONFLICTS.items() if words in refused.text), told)


def _problem(one: FieldRefusal) -> str:
    quoted = "" if one.value is UNDEFINED else f": {one.quoted}"
    return f"Field '{one.slug}': {one.reason}{quoted}"


def _data(one: FieldRefusal) -> dict[str, Any]:
    valued = {} if one.value is UNDEFINED else {"value": one.quotable}
    return {"slug": one.slug, "msg": one.reason, **valued}


def failure(fault: Fault, path: str) -> Response:
    """Return the answer of a ``status`` fault; its details become problems."""
    name = fault.code or NAMES.get(fault.status, "ServerError")
    message = fault.message or MESSAGES.get(name, name)
    more: dict[str, Any] = {}
    if fault.details:
        more["problems"] = [_problem_of(one) for one in fault.details]
        more["problem_data"] = [
            {"slug": one.get("param"), "msg": one.get("description")}
            for one in fault.details
            if isinstance(one, dict)
        ]
    return error(fault.status, name, message, path, **more)


def _problem_of(detail: Any) -> str:
    if not isinstance(detail, dict):
        return str(detail)
    slug, text = detail.get("param"), detail.get("description", "")
    return f"{text}" if slug is None else f"Field '{slug}': {text}"


def headers(allowance: Allowance, *, counted: bool = True) -> dict[str, str]:
    """Return the rate headers, none unless *counted*; v1 has no ``Retry-After``."""
    if not counted:
        return {}
    return {
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(allowance.remaining),
    }
