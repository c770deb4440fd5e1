"""Sites in v2: what a site is, and publishing it, with a limit of its own."""

import pytest

from service.sandbox.seeds.samples import product_id
from service.sandbox.site.publish import publish_site
from service.sandbox.site.site import SITE_ID

ONE, UNKNOWN = product_id(1), "0" * 24
SUBDOMAIN = {"publishToWebflowSubdomain": True}


@pytest.fixture
def base(v2):
    return f"{v2.root}/v2/sites"


@pytest.fixture
def publish(v2, base):
    def publish(body=SUBDOMAIN, **more):
        return v2.call("POST", f"{base}/{SITE_ID}/publish", body, **more)

    return publish


def test_the_site_is_listed_and_can_be_had_by_its_id(v2, base):
    (site,) = v2.get(base).json()["sites"]
    assert site == v2.get(f"{base}/{SITE_ID}").json()
    assert (site["id"], site["displayName"]) == (SITE_ID, "Sandbox")
    assert {"workspaceId", "shortName", "lastPublished", "timeZone", "locales"} <= set(site)


def test_the_domains_are_listed(v2, base):
    (domain,) = v2.get(f"{base}/{SITE_ID}/custom_domains").json()["customDomains"]
    assert domain["url"] == "www.example.com"
    made = v2.control("POST", "/site", {"domains": ["a.example", "b.example"]})["domains"]
    assert v2.get(f"{base}/{SITE_ID}/custom_domains").json()["customDomains"] == made
    assert [one["url"] for one in made] == ["a.example", "b.example"]


@pytest.mark.parametrize("path", ["", "/custom_domains", "/collections", "/webhooks"])
def test_there_is_no_other_site(v2, base, path):
    answer = v2.get(f"{base}/{UNKNOWN}{path}")
    assert answer.status_code == 404
    assert answer.json()["message"] == "Requested resource not found: The site cannot be found"


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_what_takes_an_enterprise_workspace_is_refused(v2, base, method):
    answer = v2.call(method, f"{base}/{SITE_ID}", {"name": "Mine"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_enterprise_plan_workspace")


def test_a_publish_is_answered_as_recorded(publish, clock):
    clock.at = 1_699_907_542.0
    answer = publish()
    assert answer.status_code == 202
    assert answer.json() == {
        "customDomains": [],
        "publishToWebflowSubdomain": True,
        "publishScope": "site",
    }
    assert answer.headers["X-RateLimit-Limit"] == "1"
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert answer.headers["X-RateLimit-Reset"] == "1699907603"
    assert "Retry-After" not in answer.headers


def test_a_publish_names_the_domains_that_it_went_to(v2, base, publish, clock):
    (domain,) = v2.get(f"{base}/{SITE_ID}/custom_domains").json()["customDomains"]
    clock.at += 10
    (shown,) = publish({"customDomains": [domain["id"]]}).json()["customDomains"]
    assert (shown["id"], shown["url"]) == (domain["id"], domain["url"])
    assert shown["lastPublished"] > domain["lastPublished"]
    assert v2.get(f"{base}/{SITE_ID}").json()["lastPublished"] == shown["lastPublished"]


def test_the_site_is_published_once_a_minute(publish, clock):
    assert publish().status_code == 202
    clock.at += 59.2
    answer = publish()
    assert answer.status_code == 429
    assert answer.json() == {
        "message": "Too Many Requests",
        "code": "too_many_requests",
        "externalReference": None,
        "details": [],
    }
    assert (answer.headers["X-RateLimit-Limit"], answer.headers["Retry-After"]) == ("1", "1")
    clock.at += 0.8
    assert publish().status_code == 202


def test_a_refused_publish_does_not_use_up_the_minute(publish):
    assert publish({"customDomains": [UNKNOWN]}).json()["code"] == "invalid_domain"
    assert publish({}).json()["code"] == "no_domains"
    assert publish({"customDomains": "all"}).json()["code"] == "validation_error"
    assert publish({"customDomains": [1]}).json()["code"] == "validation_error"
    assert publish().status_code == 202


def test_publishing_and_the_window_of_the_token_have_nothing_to_do_with_each_other(v2, publish):
    v2.control("POST", "/budget", {"used": 60})
    assert publish().status_code == 202
    assert v2.get().status_code == 429
    v2.control("POST", "/budget", {"reset": True})
    assert publish().status_code == 429
    assert v2.get().headers["X-RateLimit-Remaining"] == "59"


def test_a_null_in_the_order_to_publish_is_passed_over(publish):
    assert publish({"customDomains": None}).json()["code"] == "no_domains"
    order = {"customDomains": None, "publishToWebflowSubdomain": True, "pageId": None}
    answer = publish(order)
    assert (answer.status_code, answer.json()["publishScope"]) == (202, "site")


def test_a_publish_needs_a_valid_token(publish):
    assert publish(headers={"Authorization": "Bearer other"}).status_code == 401


def test_a_page_alone_publishes_no_items(v2, publish):
    v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 777}})
    answer = publish({**SUBDOMAIN, "pageId": "a" * 24})
    assert (answer.status_code, answer.json()["publishScope"]) == (202, "page")
    assert v2.field("stock", copy="live") != 777


def test_the_listeners_hear_of_the_site_and_of_each_item_that_went_out(site, v2):
    told = []
    v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 777}})
    site.watch(told.append)
    publish_site(site)
    assert [one.trigger for one in told] == ["collection_item_published", "site_publish"]
    assert (told[0].item.id, told[1].item) == (ONE, None)


def test_a_clock_that_is_set_back_holds_nothing_up(publish, clock):
    publish()
    clock.at -= 3600
    assert publish().status_code == 202
