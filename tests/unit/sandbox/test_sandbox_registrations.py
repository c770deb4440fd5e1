"""Registering webhooks in v2."""

import pytest

from service.sandbox.site.site import SITE_ID

CHANGED = {"triggerType": "collection_item_changed", "url": "https://hooks.example.com/a"}


@pytest.fixture
def base(v2):
    return f"{v2.root}/v2/sites/{SITE_ID}/webhooks"


def test_a_webhook_is_registered_and_told_its_secret_once(v2, base, site):
    answer = v2.call("POST", base, CHANGED)
    assert answer.status_code == 201
    made = answer.json()
    (kept,) = site.webhooks.values()
    assert made.pop("secretKey") == kept.secret
    assert kept.secret not in repr(kept)
    assert (kept.id, kept.trigger, kept.url) == (made["id"], *CHANGED.values())
    assert (made["siteId"], made["triggerType"], made["url"]) == (SITE_ID, *CHANGED.values())
    assert v2.get(base).json()["webhooks"] == [made]
    assert v2.get(f"{v2.root}/v2/webhooks/{made['id']}").json() == made


def test_a_webhook_can_be_removed(v2, base):
    url = f"{v2.root}/v2/webhooks/{v2.call('POST', base, CHANGED).json()['id']}"
    assert v2.call("DELETE", url).status_code == 204
    assert v2.get(base).json()["webhooks"] == []
    assert v2.get(url).status_code == v2.call("DELETE", url).status_code == 404


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"triggerType": "nothing"}, "unsupported_webhook_trigger_type"),
        ({"filter": {"name": "Contact"}}, "incompatible_webhook_filter"),
        ({"url": "nowhere"}, "validation_error"),
        ({"url": "http://[x"}, "validation_error"),
        ({"url": None}, "validation_error"),
        ({"triggerType": 1}, "validation_error"),
        ({"filter": "Contact"}, "validation_error"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused(v2, base, change, code):
    answer = v2.call("POST", base, CHANGED | change)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_form_may_be_named(v2, base):
    body = {"triggerType": "form_submission", "url": "https://a.example", "filter": {"name": "F"}}
    assert v2.call("POST", base, body).json()["filter"] == {"name": "F"}


def test_there_are_75_webhooks_of_one_kind_at_most(v2, base):
    v2.control("POST", "/budget", {"limit": 100})
    statuses = [v2.call("POST", base, CHANGED).status_code for _ in range(76)]
    assert statuses == [201] * 75 + [400]
    other = {**CHANGED, "triggerType": "site_publish"}
    assert v2.call("POST", base, other).status_code == 201
