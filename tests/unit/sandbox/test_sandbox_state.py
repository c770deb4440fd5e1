"""State in a file: whole at every moment, and the same after a start from it."""

import json
import os
import signal
import stat
import subprocess
import sys
import time

import pytest
import requests

from service.sandbox.options import SandboxOptions, open_site
from service.sandbox.seeds.samples import PRODUCTS, product_id, seed_products
from service.sandbox.server import run
from service.sandbox.site.site import Site
from service.sandbox.site.state_file import StateLines, StateRefused, decode, encode, load
from service.sandbox.site.state_writer import StateWriter

ONE = product_id(1)
CODE = """
import sys
from pathlib import Path
from service.sandbox.server import run
options = {'products': 50, 'requests_per_minute': 100_000, 'state': Path(sys.argv[1])}
raise SystemExit(run('127.0.0.1:0', **options))
"""


def fresh(clock):
    return Site(token="a-token", now=clock)


def dump(site):
    return [json.loads(line) for line in StateLines(site).lines()]


def saved(site, path):
    assert StateWriter(site, path).close()


@pytest.fixture
def keep(site, tmp_path):
    """Begin to keep the site's state in a file; ends with the test."""
    kept = []

    def _keep():
        kept.append(StateWriter(site, tmp_path / "state"))
        kept[-1].start()
        return kept[-1]

    yield _keep
    for keeper in kept:
        keeper.close()


def test_a_site_is_the_same_after_a_start_from_its_file(v2, site, clock, tmp_path):
    picture = {"url": "https://shop.example.com/a.png"}
    v2.patch(f"/items/{ONE}", {"fieldData": {"image": picture, "price": 1.5}})
    v2.control("POST", "/item", {"item": product_id(2), "archived": True, "unpublish": True})
    v2.control("POST", "/schema", {"add": [{"slug": "weight", "type": "Number"}], "blocked": "No"})
    v2.control("POST", "/webhooks", {"url": "http://127.0.0.1:9/x", "secret": "hush"})
    site.collection(PRODUCTS).variants().held.add("gone")
    saved(site, tmp_path / "state")
    other = fresh(clock)
    load(other, tmp_path / "state")
    assert dump(other) == dump(site)
    assert other.collection(PRODUCTS).slugs == site.collection(PRODUCTS).slugs
    assert other.collection(PRODUCTS).items == site.collection(PRODUCTS).items
    assert [one.secret for one in other.hooks] == ["hush"] * 6
    events = []
    other.watch(events.append)
    other.collection(PRODUCTS).blocked = None
    products = other.collection(PRODUCTS)
    products.announce_change("collection_item_changed", products.item(ONE))
    assert len(events) == 1


def test_the_file_is_for_its_owner_alone(site, tmp_path):
    saved(site, tmp_path / "state")
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o600


@pytest.mark.parametrize("value", [{"$": "x", "a": 1}, {"a": [1, {"b": None}]}, ("a", 1), {"a"}])
def test_every_value_comes_back_as_it_was(value):
    assert decode(json.loads(json.dumps(encode(value)))) == value


def test_only_what_changed_is_written_out_anew(site, v2, monkeypatch):
    writing = StateLines(site)
    list(writing.lines())
    written = []
    monkeypatch.setattr(
        "service.sandbox.site.state_file.encode",
        lambda value: written.append(value) or encode(value),
    )
    v2.patch(f"/items/{ONE}", {"fieldData": {"price": 1.5}})
    list(writing.lines())
    assert [one.id for one in written if type(one).__name__ == "Item"] == [ONE]


def line(**record):
    return json.dumps(record) + "\n"


FIRST = {"format": "instep sandbox state", "version": 1}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "found no state of a sandbox"),
        ('{"collections": []}', "found no state of a sandbox.*--seed"),
        ("[1]\n[2]", "found no state of a sandbox"),
        (line(**FIRST | {"version": 7}) + line(lines=0), "found version 7, expected 1"),
        (line(**FIRST) + line(lines=1), "found 0 records, expected 1"),
        (line(**FIRST) + '{"item": {"na', "expected a last line that counts them: .* not whole"),
        (line(**FIRST), "expected a last line that counts them"),
        (line(**FIRST) + "nonsense\n" + line(lines=1), "line 2: found no record"),
        (line(**FIRST) + line(item={"$": "Nonsense"}) + line(lines=1), "line 2: found no record"),
        (line(**FIRST) + "[" * 100_000 + "\n" + line(lines=1), "line 2: found no record"),
        ("[" * 100_000, "found no state of a sandbox"),
        (line(**FIRST) + "[]\n" + line(lines=1), "line 2: found no record"),
        (line(**FIRST) + line(file={"$": "File", "x": 1}) + line(lines=1), "line 2: found no"),
    ],
)
def test_a_file_that_is_no_state_is_refused_and_left_as_it_is(clock, tmp_path, text, told):
    path = tmp_path / "state"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StateRefused, match=told):
        load(fresh(clock), path)
    assert path.read_text(encoding="utf-8") == text


def test_a_state_that_cannot_be_read_stops_the_start(tmp_path, capsys):
    path = tmp_path / "state"
    path.write_bytes(b"\xff")
    assert run("127.0.0.1:0", state=path) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_stops_the_start(tmp_path, capsys):
    assert run("127.0.0.1:0", products=0, state=tmp_path / "nowhere" / "state") == 2
    assert "cannot be written" in capsys.readouterr().err


def test_one_file_is_for_one_sandbox(keep):
    keeper = keep()
    with pytest.raises(StateRefused, match="another sandbox"):
        keep()
    keeper.close()
    keep()


def test_what_the_file_holds_goes_before_seeds(tmp_path, clock):
    site = fresh(clock)
    seed_products(site, 7)
    saved(site, tmp_path / "state")
    opened = open_site(SandboxOptions(state=tmp_path / "state", products=3))
    assert opened.collection(PRODUCTS).count == 7


def test_a_change_is_in_the_file_within_a_second(keep, v2, tmp_path):
    keep()
    for field, marker in (("supplier", "first-marker"), ("supplier", "second-marker")):
        v2.patch(f"/items/{ONE}", {"fieldData": {field: marker}})
        assert appears(tmp_path / "state", marker) < 5  # a second, on a machine that is free
    v2.control("POST", "/collections", {"name": "third-marker"})  # no item: no event
    assert appears(tmp_path / "state", "third-marker") < 5


def appears(path, text, seconds=20):
    begun = time.monotonic()
    while text not in path.read_text(encoding="utf-8"):
        assert time.monotonic() - begun < seconds
        time.sleep(0.02)
    return time.monotonic() - begun


def test_the_end_writes_what_has_changed(keep, v2, tmp_path):
    keeper = keep()
    v2.patch(f"/items/{ONE}", {"fieldData": {"supplier": "at-the-end"}})
    assert keeper.close()
    assert "at-the-end" in (tmp_path / "state").read_text(encoding="utf-8")


def test_a_disk_that_refuses_is_told_and_tried_again(keep, v2, tmp_path, caplog):
    keep()
    (tmp_path / ".state.new").mkdir()
    v2.patch(f"/items/{ONE}", {"fieldData": {"supplier": "in-the-end"}})
    for _ in range(1000):
        if "state not written" in caplog.text:
            break
        time.sleep(0.01)
    assert "in-the-end" not in (tmp_path / "state").read_text(encoding="utf-8")
    (tmp_path / ".state.new").rmdir()
    appears(tmp_path / "state", "in-the-end")


def begin(path):
    child = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", CODE, str(path)], stdout=subprocess.PIPE, text=True
    )
    return child, child.stdout.readline().split()[1]


def stock_in(path, clock):
    site = fresh(clock)
    load(site, path)
    return site.collection(PRODUCTS).item(ONE).staged.fields["stock"]


def test_killed_under_a_stream_of_writes_it_goes_on_from_what_was_kept(tmp_path, clock):
    path = tmp_path / "state"
    number, kept = 1000, None
    for turn in range(3):
        child, url = begin(path)
        with requests.Session() as session:
            session.headers["Authorization"] = "Bearer sandbox-token"
            item = f"{url}/v2/collections/{PRODUCTS}/items/{ONE}"
            known = session.get(item, timeout=30).json()["fieldData"]["stock"]
            started, ends = number + 1, time.monotonic() + 20
            # Until some of what is written now is kept: every look finds the file whole.
            while stock_in(path, clock) < started or number < started + 20 * (turn + 1):
                assert time.monotonic() < ends
                number += 1
                body = {"fieldData": {"stock": number}}
                assert session.patch(item, json=body, timeout=30).status_code == 200
        before = stock_in(path, clock)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        assert known == kept or (turn == 0 and known < 1000)
        kept = stock_in(path, clock)
        assert started <= before <= kept <= number
