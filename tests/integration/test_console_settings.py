"""The settings page and the audit list."""

import pytest

from service.operate.audit_list import list_audit
from service.operate.page import FilterInvalid
from tests.support.console import TOKENS
from workers.store.audit import Audit


def test_settings_in_force_without_secrets(console):
    text = console.person().page("/settings")
    for name in (
        "products",
        "orders",
        "erp",
        "till",
        "viewer",
        "clerk",
        "65f000000000000000000001",
    ):
        assert name in text
    secrets = ("t0ken-of-the-site", "s3cret-of-the-erp", *TOKENS.values())
    assert not [secret for secret in secrets if secret in text]
    assert "***" in text


def test_who_sees_one_destination_sees_its_settings_alone(console):
    for name in ("shop", "clerk"):
        text = console.person(name).page("/settings")
        assert "orders" in text
        for other in ("products", "erp", "Access", "viewer"):
            assert other not in text.partition("<main")[2].partition("<h2>More")[0], other


@pytest.mark.parametrize("name", sorted(set(TOKENS) - {"admin"}))
def test_the_audit_list_is_for_the_admin(console, name):
    someone = console.person(name)
    assert "/settings/audit" not in someone.page("/settings")
    answer = someone.get("/settings/audit")
    assert (answer.status_code, "INSTEP_ADMIN_TOKEN" in answer.text) == (403, True)


def test_the_audit_list_by_filter_and_page(console):
    audit = Audit(console.context.steps)
    for number in range(60):
        by = "viewer" if number % 2 else "clerk"
        audit.record(by, "pause", f"<b>\u05d0{number}</b>", note="x" * 400)
    someone = console.person()
    text = someone.page("/settings/audit")
    assert "&lt;b&gt;\u05d059&lt;/b&gt;" in text
    assert text.count("<tr data-row>") == 50
    following = text.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert someone.page(following).count("<tr data-row>") == 10
    text = someone.page("/settings/audit?by=clerk&target=>5")
    assert text.count("<tr data-row>") == 0
    text = someone.page("/settings/audit?by=clerk&target=%D7%905")
    assert text.count("<tr data-row>") == 5  # of 5 and 50 to 59 the even ones
    assert "Nothing that was looked at matches" in someone.page("/settings/audit?action=resume")


@pytest.mark.parametrize("path", ["cursor=x", "cursor=1", "colour=red", "by=" + 501 * "x"])
def test_what_selects_nothing_because_it_is_wrong_says_so(console, path):
    assert console.person().get(f"/settings/audit?{path}").status_code == 404


def test_a_page_with_filters_reads_a_bounded_part_of_the_list(console, monkeypatch):
    monkeypatch.setattr("service.operate.audit_list.SCANNED", 4)
    monkeypatch.setattr("service.operate.audit_list._READ", 2)
    audit = Audit(console.context.steps)
    for number in range(7):
        audit.record("clerk" if number < 2 else "viewer", "pause", "site")
    first = list_audit(console.context, by="clerk", limit=5)
    assert (first.items, bool(first.next)) == ([], True)
    second = list_audit(console.context, by="clerk", cursor=first.next, limit=5)
    assert (len(second.items), second.next) == (2, None)
    one = list_audit(console.context, by="clerk", cursor=first.next, limit=1)
    assert len(list_audit(console.context, by="clerk", cursor=one.next, limit=1).items) == 1


def test_a_cursor_that_is_none_is_refused(console):
    with pytest.raises(FilterInvalid):
        list_audit(console.context, cursor="x", limit=1)


def test_a_table_shows_what_is_set_and_names_the_rest(console):
    text = console.person().page("/settings").partition("[sources.NAME]")[2]
    erp = text.partition("<details")[2].partition("</details>")[0]
    assert '<span class="hint">bearer</span></summary>' in erp
    assert "<code>options.topic</code></dt><dd>" in erp
    assert "<code>name</code>" not in erp
    assert "Not set: ends, url, path_token" in erp
    assert 'href="/sources/erp"' in erp


def test_what_stands_in_the_audit_list_beside_an_action(console):
    until = "2026-05-12T09:30:00Z"
    Audit(console.context.steps).record("clerk", "pause", "site", reason="a <b>", until=until)
    text = console.person().page("/settings/audit")
    assert 'Reason</span> <bdi class="value">a &lt;b&gt;</bdi>' in text
    assert 'Until</span> <time datetime="2026-05-12T09:30:00.000+00:00"' in text
