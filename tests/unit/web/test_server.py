"""What a web process has at hand before its first request."""

import logging
import socket

import pytest

import service.web.app
from service.config import live_lines
from service.config.build import of_process
from service.config.inherited import left_to_children
from service.ingest.spool_parts import SpoolParts
from service.ingest.store_gate import SOON
from service.web import server
from service.web.threads import TOGETHER
from workers.runtime import jobs
from workers.store import durability
from workers.store.connection import TIMEOUT
from workers.store.step_library import library

TOML = """
mappings = ["mappings.py"]
[destinations.site]
token = "t0ken"
[collections.products]
destination = "site"
id = "65f000000000000000000001"
key = "sku"
[sources.erp]
sender = "bearer"
secrets = ["s3cret"]
"""
MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping

class Stock(Mapping):
    class Meta:
        source = "erp"
        collection = "products"
        key = "sku"

    stock = fields.Integer()
"""


class Sound:
    def as_dict(self):
        return {}


@pytest.fixture
def kept_loggers():
    loggers = [logging.getLogger(name) for name in live_lines.OURS]
    levels = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, levels, strict=True):
        live_lines.detach(logger)
        logger.setLevel(level)


@pytest.fixture
def installation(tmp_path, monkeypatch, kept_loggers):  # noqa: ARG001
    (tmp_path / "mappings.py").write_text(MAPPINGS)
    (tmp_path / "instep.toml").write_text(TOML)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INSTEP_CONFIG", str(tmp_path / "instep.toml"))
    monkeypatch.setenv("INSTEP_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setattr(SpoolParts, "start", lambda _: None)


@pytest.mark.usefixtures("installation")
def test_the_steps_are_put_together_before_the_first_request():
    library.cache_clear()
    server.application()
    assert is_put_together()


@pytest.mark.usefixtures("installation")
@pytest.mark.parametrize(("spool", "seconds"), [("", SOON), ("[store]\nspool_mb = 0\n", TIMEOUT)])
def test_a_delivery_gives_up_early_where_the_spool_keeps_it(tmp_path, monkeypatch, spool, seconds):
    (tmp_path / "instep.toml").write_text(TOML + spool)
    found = {}
    monkeypatch.setattr(service.web.app, "create_app", lambda _, **parts: found.update(parts))
    server.application()
    clients = [found["outbox"].steps.client, found["wake"].__self__.queue.connection]
    monkeypatch.setattr(durability, "check", lambda client, _: clients.append(client) or Sound())
    found["check_store"]()
    waits = [each.connection_pool.connection_kwargs["socket_timeout"] for each in clients]
    assert waits == [seconds] * 3


@pytest.fixture
def serve(monkeypatch):
    """Return a function that serves, as far as granian; it returns what would be served."""
    seen = []

    class Granian:
        def __init__(self, *_, **__):
            pass

        def serve(self, target_loader, **_):
            seen.append(target_loader.args[-1])

    monkeypatch.setattr(server, "Server", Granian)
    monkeypatch.setattr(server.gc, "freeze", lambda: None)
    monkeypatch.setattr(server.gc, "set_threshold", lambda *_: None)

    def _serve():
        with socket.socket() as bound:
            server.serve(bound.fileno())
        return seen.pop()

    return _serve


@pytest.mark.usefixtures("installation")
def test_a_process_serves_the_application_that_was_built_before_it_was_forked(serve):
    configuration = of_process()
    built = server.build(configuration, jobs.build(configuration.settings))
    with left_to_children(built):
        assert serve() is built


@pytest.mark.usefixtures("installation")
def test_a_collection_looks_at_more_than_the_deliveries_under_way(serve, monkeypatch):
    young = []
    monkeypatch.setattr(server.gc, "set_threshold", lambda *counts: young.append(counts))
    serve()
    assert [first > TOGETHER * 150 for first, *_ in young] == [True]


@pytest.mark.usefixtures("installation")
def test_a_process_to_which_none_was_left_builds_its_own(serve):
    library.cache_clear()
    assert serve().application.name == "service.web.app"
    assert is_put_together()


def is_put_together():
    return library.cache_info().currsize == 1
