"""Tokens in v2: scopes, and what a token is told about itself."""

import pytest

from service.sandbox.seeds.samples import product_id
from service.sandbox.site.site import SITE_ID

ONE = product_id(1)


@pytest.fixture
def granted(v2):
    """Let the token do what is named, and nothing else."""

    def granted(*scopes):
        v2.control("POST", "/token", {"valid": True, "scopes": scopes})

    return granted


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v2/sites", "sites:read"),
        ("GET", f"/v2/sites/{SITE_ID}", "sites:read"),
        ("GET", f"/v2/sites/{SITE_ID}/custom_domains", "sites:read"),
        ("POST", f"/v2/sites/{SITE_ID}/publish", "sites:write"),
        ("GET", f"/v2/sites/{SITE_ID}/collections", "cms:read"),
        ("POST", f"/v2/sites/{SITE_ID}/collections", "cms:write"),
        ("GET", f"/v2/sites/{SITE_ID}/webhooks", "sites:read"),
        ("POST", f"/v2/sites/{SITE_ID}/webhooks", "sites:write"),
        ("GET", "{items}", "cms:read"),
        ("GET", "{items}/live", "cms:read"),
        ("PATCH", "{items}/live", "cms:write"),
        ("POST", "{items}/publish", "cms:write"),
        ("DELETE", f"{{items}}/{ONE}", "cms:write"),
        ("GET", "/v2/token/authorized_by", "authorized_user:read"),
    ],
)
def test_a_call_needs_its_scope(v2, granted, method, path, scope):
    path = f"{v2.root}{path}" if path.startswith("/v2") else path.format(items=f"{v2.base}/items")
    everything = {"sites:read", "sites:write", "cms:read", "cms:write", "authorized_user:read"}
    granted(*(everything - {scope}))
    answer = v2.call(method, path, {})
    assert answer.status_code == 403
    assert answer.json() == {
        "message": f"OAuthForbidden: You are missing the following scopes - '{scope}'",
        "code": "missing_scopes",
        "externalReference": None,
        "details": [],
    }
    granted(scope)
    assert v2.call(method, path, {}).status_code != 403


def test_a_token_may_do_everything_unless_it_is_told_otherwise(v2, granted):
    granted("cms:read")
    assert v2.patch(f"/items/{ONE}", {"isDraft": False}).status_code == 403
    v2.control("POST", "/token", {"valid": True})
    assert v2.patch(f"/items/{ONE}", {"isDraft": False}).status_code == 403
    v2.control("POST", "/token", {"valid": True, "scopes": None})
    assert v2.patch(f"/items/{ONE}", {"isDraft": False}).status_code == 200


def test_a_token_learns_whom_it_belongs_to(v2):
    answer = v2.get(f"{v2.root}/v2/token/authorized_by")
    assert answer.status_code == 200
    assert set(answer.json()) == {"id", "email", "firstName", "lastName"}


def test_a_token_learns_its_limit_and_its_scopes(v2, granted):
    url = f"{v2.root}/v2/token/introspect"
    assert "cms:write" in v2.get(url).json()["authorization"]["scope"]
    granted("cms:read", "sites:read")
    authorization = v2.get(url).json()["authorization"]
    assert authorization["scope"] == "cms:read,sites:read"
    assert authorization["rateLimit"] == 60
    assert authorization["authorizedTo"]["siteIds"] == [SITE_ID]
