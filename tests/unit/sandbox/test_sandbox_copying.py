"""A site's export by its API, and a sandbox that starts from it."""

import pytest
from click.testing import CliRunner

from service.cli import main
from service.sandbox.options import SandboxOptions, open_site
from service.sandbox.seeds.copy_site import CopyRefused, Reader, save
from service.sandbox.seeds.samples import PRODUCTS, product_id
from service.sandbox.site.site import SITE_ID

ONE, TWO = product_id(1), product_id(2)
TOKEN = "a-token"


@pytest.fixture
def copy(url, tmp_path):
    """Copy the site; returns the waits, in seconds, and what was said."""

    def _copy(site=SITE_ID, token=TOKEN):
        waits, said = [], []
        save(Reader(f"{url}/v2", token, waits.append), site, tmp_path / "site.json", said.append)
        return waits, said

    return _copy


def test_a_copy_is_a_seed_of_the_same_site(v2, copy, site, tmp_path):
    v2.patch(f"/items/{ONE}", {"fieldData": {"price": 1.5}})
    v2.call("DELETE", f"/items/{TWO}/live")
    waits, said = copy()
    assert (waits, said) == ([], ["Products: 120 items, 119 live"])
    made = open_site(SandboxOptions(seeds=(tmp_path / "site.json",))).collection(PRODUCTS)
    original = site.collection(PRODUCTS)
    assert made.items == original.items
    assert made.fields.keys() == original.fields.keys()
    assert made.item(ONE).live.fields["price"] != 1.5
    assert made.item(TWO).live is None


def test_a_copy_reads_and_writes_nothing(v2, copy):
    copy()
    routes = v2.control("GET", "/calls")["routes"]
    assert {route.split()[0] for route in routes} == {"GET"}


def test_a_copy_waits_where_the_window_is_used_up_and_asks_again(v2, copy):
    v2.control("POST", "/budget", {"limit": 3})
    v2.fault("status", status=429, retry_after=7)
    v2.fault("status", status=503, retry_after=9)
    with pytest.raises(CopyRefused, match="found 429"):
        copy()  # its waits are noted and not waited: the window never ends
    v2.control("POST", "/budget", {"limit": 100, "reset": True})
    v2.fault("status", status=429, retry_after=7)
    v2.fault("status", status=503, retry_after=9)
    assert copy()[0] == [7, 9]


@pytest.mark.parametrize(
    ("more", "told"), [({"token": "x"}, "found 401"), ({"site": "0" * 24}, "found 404")]
)
def test_a_site_that_cannot_be_read_leaves_no_file(copy, tmp_path, more, told):
    with pytest.raises(CopyRefused, match=told):
        copy(**more)
    assert not (tmp_path / "site.json").exists()


def test_the_command_takes_the_token_from_the_environment(url, tmp_path):
    words = [
        "sandbox",
        "--copy",
        SITE_ID,
        "--save",
        tmp_path / "x.json",
        "--copy-from",
        f"{url}/v2",
    ]
    words = [str(one) for one in words]
    result = CliRunner().invoke(main, words, env={"WEBFLOW_TOKEN": "a-token"})
    assert (result.exit_code, "Products: 120 items" in result.output) == (0, True)
    result = CliRunner().invoke(main, words, env={"WEBFLOW_TOKEN": "wrong"})
    assert (result.exit_code, "found 401" in result.output) == (1, True)
    assert "wrong" not in result.output
    result = CliRunner().invoke(main, words, env={"WEBFLOW_TOKEN": ""})
    assert (result.exit_code, "WEBFLOW_TOKEN" in result.output) == (2, True)
    result = CliRunner().invoke(main, words[:3])
    assert (result.exit_code, "need each other" in result.output) == (2, True)
