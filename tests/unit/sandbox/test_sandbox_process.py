"""The stand-in as a process of its own, and its server."""

import http.client
import signal
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import pytest
import requests

from service.sandbox.api.http_server import MAX_BODY
from service.sandbox.seeds.samples import PRODUCTS, product_id
from service.sandbox.server import run, start, stop

CODE = "from service.sandbox.server import run; raise SystemExit(run('127.0.0.1:0', products=3))"


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_when_told(signum):
    command = [sys.executable, "-c", CODE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603
        try:
            word, url = child.stdout.readline().split()
            headers = {"Authorization": "Bearer sandbox-token"}
            path = f"/v2/collections/{PRODUCTS}/items/{product_id(3)}"
            answer = requests.get(url + path, headers=headers, timeout=30)
            assert (word, answer.json()["fieldData"]["sku"]) == ("sandbox", "P-0003")
            child.send_signal(signum)
            assert child.wait(5) == 0
        finally:
            child.kill()


def test_an_address_that_is_taken_is_exit_code_2(url, capsys):
    assert run(urlsplit(url).netloc, products=0) == 2
    assert "cannot listen" in capsys.readouterr().err


def test_an_ipv6_address_stands_in_brackets(site, session):
    try:
        server = start(site, "[::1]:0")
    except OSError:
        return  # this machine has no IPv6: nothing to see
    assert server.url.startswith("http://[::1]:")
    assert session.get(f"{server.url}/_sandbox/calls", timeout=30).status_code == 200
    stop(site, server)


@pytest.mark.parametrize("bind", ["8900", "127.0.0.1:web"])
def test_an_address_without_host_or_port_is_refused(site, bind):
    with pytest.raises(ValueError, match="HOST:PORT"):
        start(site, bind)


def test_a_chunked_body_is_read(v2):
    body = (part for part in (b'{"fieldData":', b'{"stock":777}}'))
    assert v2.call("PATCH", f"/items/{product_id(1)}", data=body).status_code == 200
    assert v2.field("stock") == 777


def test_a_body_is_asked_for_where_the_client_waits(url, v2):
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    body = b'{"fieldData":{"stock":777}}'
    headers = v2.headers | {"Expect": "100-continue", "Content-Length": str(len(body))}
    path = f"/v2/collections/{PRODUCTS}/items/{product_id(1)}"
    connection.putrequest("PATCH", path)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 100")
    connection.send(body)
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize(("length", "status"), [(str(MAX_BODY + 1), 413), ("x", 400)])
def test_a_body_that_cannot_be_taken_is_refused(url, length, status):
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.putrequest("PATCH", "/")
    connection.putheader("Content-Length", length)
    connection.endheaders()
    assert connection.getresponse().status == status
    connection.close()


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PROPFIND"])
def test_a_method_that_no_route_has_is_not_found(v2, method):
    assert v2.call(method, "/items").status_code == 404


def test_parallel_writers_lose_nothing(v2, url):
    v2.control("POST", "/budget", {"limit": 10_000})

    def write(n):
        with requests.Session() as session:
            for turn in range(20):
                path = f"{url}/v2/collections/{PRODUCTS}/items/{product_id(n)}/live"
                body = {"fieldData": {"stock": turn}}
                session.patch(path, json=body, headers=v2.headers, timeout=30)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    calls = v2.control("GET", "/calls")
    assert (calls["statuses"], calls["items_written"]) == ({"200": 80}, 80)
    assert [v2.field("stock", n, "live") for n in range(1, 5)] == [19] * 4


def test_a_bulk_patch_of_100_items_is_quick(v2):
    entries = [{"id": product_id(n), "fieldData": {"stock": n}} for n in range(1, 101)]
    times = []
    for _ in range(10):
        begun = time.perf_counter()
        assert v2.patch("/items/live", {"items": entries}).status_code == 200
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.05
