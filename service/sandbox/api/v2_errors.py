"""
Errors and rate headers of v2.

https://developers.webflow.com/data/reference/error-handling
https://developers.webflow.com/data/reference/rate-limits
"""

from __future__ import annotations

import json
from typing import Any

from flask import Response

from service.sandbox.api.api_version import answer
from service.sandbox.faults.faults import Fault
from service.sandbox.model.rate_window import Allowance
from service.sandbox.model.refusals import Refused

_NOT_FOUND = "Requested resource not found"
_NO_SCOPE = "OAuthForbidden: You are missing the following scopes - '{}'"

# kind: status, code, message; {} is the text of the refusal
KINDS = {
    "malformed": (400, "bad_request", "Bad Request: Request is malformed"),
    "shape": (400, "validation_error", 'Validation Error: ["{}"]'),
    "id": (400, "validation_error", "Validation Error: Provided ID is invalid"),
    "fields": (400, "validation_error", "Validation Error"),
    "file": (400, "validation_error", "Validation Error: {}"),
    "token": (401, "not_authorized", "Request not authorized"),
    "collection": (404, "resource_not_found", f"{_NOT_FOUND}: The collection cannot be found"),
    "site": (404, "resource_not_found", f"{_NOT_FOUND}: The site cannot be found"),
    **dict.fromkeys(("item", "field", "webhook"), (404, "resource_not_found", _NOT_FOUND)),
    "argument": (400, "bad_request", "BadArgument: {}"),
    "domain": (400, "invalid_domain", "Bad Request: The domain {} cannot be found"),
    "no_domains": (400, "no_domains", "Bad Request: No domain to publish to"),
    "trigger": (400, "unsupported_webhook_trigger_type", "Unsupported trigger type: {}"),
    "filter": (400, "incompatible_webhook_filter", "{} takes no filter"),
    "scopes": (403, "missing_scopes", _NO_SCOPE),
    "enterprise": (
        403,
        "not_enterprise_plan_workspace",
        "Forbidden: The workspace is not on an Enterprise plan",
    ),
    "duplicate": (409, "duplicate_collection", "Collection already exists"),
    "conflict": (409, "conflict", "Conflict: Conflict with server data: {}"),
    "state": (409, "conflict", "Conflict: {}"),
    "rate": (429, "too_many_requests", "Too Many Requests"),
}

# status: default code and message of a fault
FAILURES = {
    400: ("validation_error", "Validation Error"),
    401: ("not_authorized", "Request not authorized"),
    403: ("missing_scopes", _NO_SCOPE.replace("{}", "cms:write")),
    404: ("resource_not_found", _NOT_FOUND),
    409: ("conflict", "Conflict: Conflict with server data"),
    413: ("bad_request", "Bad Request: Request is malformed"),
    429: ("too_many_requests", "Too Many Requests"),
    500: ("internal_error", "An Internal Error occurred"),
    503: ("service_unavailable", "An Internal Error occurred"),
}


def error(status: int, code: str, message: str, details: Any = ()) -> Response:
    """Return an error with the four keys of every v2 error."""
    body = {
        "message": message,
        "code": code,
        "externalReference": None,
        "details": list(details),
    }
    return answer(body, status)


def refusal(refused: Refused) -> Response:
    status, code, message = KINDS[refused.kind]
    details = [
        {"param": one.slug, "description": f"{one.reason}: {one.quoted}"} for one in refused.fields
    ]
    # The text for a shape is in a JSON array, where quotes are escaped.
    text = json.dumps(refused.text)[1:-1] if refused.kind == "shape" else refused.text
    return error(status, code, message.replace("{}", text), details)


def failure(fault: Fault) -> Response:
    """Return the answer of a ``status`` fault; its own message is sent unchanged."""
    code, message = FAILURES.get(fault.status, ("internal_error", "An Internal Error occurred"))
    return error(fault.status, fault.code or code, fault.message or message, fault.details)


def headers(allowance: Allowance) -> dict[str, str]:
    """Return the rate headers; every answer has ``Retry-After``, even a 200."""
    return {
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(allowance.remaining),
        "Retry-After": str(allowance.ends_in),
    }
