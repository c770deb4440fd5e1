"""The front: whole requests alone reach the application."""

import asyncio
import json
import threading
import time

import pytest

from service.web.front import Front
from service.web.threads import Threads
from tests.support.asgi import CHUNKED, CUT, END, NEVER, PATIENCE, Door, Wire, length, piece
from tests.support.store_clients import eventually


def test_a_whole_body_reaches_the_application():
    door = Door()
    wire = door.take(piece(b'{"a"'), piece(b": 1}"), headers=[length(8)])
    assert (wire.status, wire.body, door.refused) == (200, b"taken", [])
    (environ, body) = door.asked[0]
    assert (body, environ["CONTENT_LENGTH"]) == (b'{"a": 1}', "8")


def test_a_chunked_body_has_a_length_for_the_application():
    door = Door()
    door.take(piece(b"12"), piece(b"345"), END, headers=[CHUNKED])
    (environ, body) = door.asked[0]
    assert (body, environ["CONTENT_LENGTH"]) == (b"12345", "5")
    assert "HTTP_TRANSFER_ENCODING" not in environ


@pytest.mark.parametrize("headers", [[], [length(0)]])
def test_a_request_without_a_body_waits_for_none(headers):
    door = Door()
    wire = door.take(NEVER, method="GET", headers=headers)
    assert (wire.status, wire.asked) == (200, 0)


@pytest.mark.parametrize(
    ("messages", "header"),
    [
        ([CUT], length(5)),
        ([piece(b"123"), CUT], length(5)),
        ([piece(b"123"), END], length(5)),
        ([piece(b"123456"), END], length(5)),
        ([CUT], CHUNKED),
        ([piece(b"12345"), CUT], CHUNKED),
    ],
)
def test_what_is_not_whole_is_answered_400_and_goes_no_further(messages, header):
    door = Door()
    wire = door.take(*messages, headers=[header])
    assert (wire.status, door.asked) == (400, [])
    assert wire.headers[b"connection"] == b"close"
    assert door.refused == [("/webhooks/erp", "incomplete", 400)]


@pytest.mark.parametrize(
    ("headers", "method"),
    [
        ([(b"transfer-encoding", b"gzip, chunked")], "POST"),
        ([(b"transfer-encoding", b"identity")], "POST"),
        ([CHUNKED, CHUNKED], "POST"),
        ([CHUNKED, length(5)], "POST"),
        ([length(5), length(5)], "POST"),
        ([(b"content-length", b"+5")], "POST"),
        ([(b"content-length", b"\xd9\xa5")], "POST"),
        ([length(5)], "post"),
        ([length(5)], "Post"),
    ],
)
def test_a_head_that_two_readers_could_read_in_two_ways_is_answered_400(headers, method):
    door = Door()
    wire = door.take(piece(b"12345"), END, headers=headers, method=method)
    assert (wire.status, door.asked, wire.asked) == (400, [], 0)
    assert door.refused == [("/webhooks/erp", "malformed", 400)]


@pytest.mark.parametrize("messages", [[NEVER], [piece(b"123"), NEVER]])
def test_what_is_not_whole_in_time_is_answered_408(messages):
    door = Door(seconds=0.01)
    wire = door.take(*messages, headers=[length(5)])
    assert (wire.status, door.asked) == (408, [])
    assert wire.headers[b"connection"] == b"close"
    assert door.refused == [("/webhooks/erp", "late", 408)]


def test_a_body_of_the_limit_passes_and_one_byte_more_is_answered_413():
    door = Door(limit=10)
    assert door.take(piece(b"1234567890"), headers=[length(10)]).status == 200
    wire = door.take(piece(b"12345678901"), headers=[length(11)])
    assert (wire.status, len(door.asked)) == (413, 1)
    assert door.refused == [("/webhooks/erp", "too-large", 413)]


@pytest.mark.parametrize(
    ("path", "form"), [(b"/api/pause", {"found", "expected", "do"}), (b"/apis", None)]
)
def test_what_is_refused_under_api_has_the_form_of_its_errors(path, form):
    for messages, header, status in (([piece(b"x" * 11)], 11, 413), ([CUT], 5, 400)):
        wire = Door(limit=10).take(*messages, headers=[length(header)], path=path)
        error = json.loads(wire.body)["error"]
        assert (wire.status, set(error) if form else None) == (status, form)


def test_a_body_over_the_limit_is_read_to_its_end_so_that_the_answer_is_seen():
    door = Door(limit=10)
    wire = door.take(piece(b"12345678"), piece(b"12345678"), piece(b"1"), END, headers=[CHUNKED])
    assert (wire.status, wire.messages) == (413, [])


def test_one_that_waits_for_our_word_is_answered_413_at_once():
    door = Door(limit=10)
    wire = door.take(NEVER, headers=[length(11), (b"expect", b"100-continue")])
    assert (wire.status, wire.asked) == (413, 0)


def test_an_endless_body_is_answered_413():
    door = Door(limit=10)
    wire = door.take(*[piece(bytes(65_536))] * 300, headers=[CHUNKED])
    assert wire.status == 413
    assert len(wire.messages) > 0


def test_a_body_in_more_small_pieces_than_it_is_worth_is_answered_413():
    door = Door(limit=100_000)
    wire = door.take(*[piece(b"1234567")] * 5_000, END, headers=[CHUNKED])
    assert (wire.status, door.asked) == (413, [])
    assert len(wire.messages) > 0


def test_a_body_in_many_pieces_of_a_line_each_passes():
    door = Door(limit=1_000_000)
    wire = door.take(*[piece(bytes(100))] * 5_000, END, headers=[CHUNKED])
    assert (wire.status, len(door.asked[0][1])) == (200, 500_000)


def beside(door, stalls, *messages):
    """Return two wires: one of a large body that stalls, and another that comes meanwhile."""

    async def both():
        wires = Wire([piece(bytes(stalls)), NEVER]), Wire(list(messages))
        held = asyncio.create_task(door.call(wires[0], headers=[length(stalls + 1)]))
        while wires[0].messages:
            await asyncio.sleep(0)
        await door.call(wires[1], headers=[CHUNKED])
        if not wires[0].sent:
            held.cancel()
        return wires

    return asyncio.run(both())


def test_a_large_body_that_stalls_makes_room_for_one_that_comes():
    door = Door(limit=500_000, bound=200_000, silent=0.01)
    stalled, coming = beside(door, 200_000, *[piece(bytes(100_000))] * 2, END)
    assert (stalled.status, coming.status) == (408, 200)


def test_a_body_for_which_there_is_no_room_in_time_is_answered_503():
    # By these the large one has 50 s, the other 0.4 s.
    door = Door(limit=20_000_000, bound=100_000, seconds=0.05, rate=200_000, silent=60)
    stalled, coming = beside(door, 10_000_000, piece(bytes(70_000)), NEVER)
    assert (stalled.sent, coming.status) == ([], 503)
    assert door.refused == [("/webhooks/erp", "busy", 503)]


def test_two_large_bodies_that_hold_what_the_other_needs_both_pass():
    door = Door(limit=500_000, bound=200_000)
    large = [piece(bytes(60_000))] * 6

    async def both():
        wires = [Wire([*large, END]) for _ in range(2)]
        await asyncio.gather(*(door.call(wire, headers=[CHUNKED]) for wire in wires))
        return [wire.status for wire in wires]

    assert asyncio.run(both()) == [200, 200]


def test_a_small_body_passes_whatever_waits():
    door = Door(limit=500_000, bound=100_000, silent=60)
    stalled, coming = beside(door, 180_000, piece(bytes(60_000)), END)
    assert (stalled.sent, coming.status) == ([], 200)


def fails(_):
    raise RuntimeError("no")


def test_room_is_given_back_with_every_answer():
    door = Door(limit=500_000, bound=100_000)

    broken = Door(limit=500_000, bound=100_000, answer=fails)
    for _ in range(5):
        assert door.take(piece(bytes(160_000)), headers=[length(160_000)]).status == 200
        assert door.take(piece(bytes(160_000)), CUT, headers=[length(170_000)]).status == 400
        assert broken.take(piece(bytes(160_000)), headers=[length(160_000)]).status == 500


def test_an_error_of_the_application_is_answered_500_and_ends_no_thread():
    door = Door(answer=fails)
    assert [door.take(piece(b"1"), headers=[length(1)]).status for _ in range(20)] == [500] * 20


def test_a_request_that_waited_too_long_for_a_thread_is_not_answered():
    asked = []

    async def wait():
        threads = Threads(lambda *request: asked.append(request) or [], 1, "test", -1.0)
        return await threads.ask({}, asyncio.get_running_loop())

    assert asyncio.run(wait()) is None
    assert asked == []


def hanging(released):
    """Answer those that hang once they are released, and all others at once."""

    def application(environ, start):
        if "hangs" in environ:
            released.wait(PATIENCE)
        start("200 OK", [])
        return [b""]

    return application


def test_where_every_thread_hangs_others_answer():
    released = threading.Event()

    async def ask():
        threads = Threads(hanging(released), 2, "test", stuck=0.0)
        loop = asyncio.get_running_loop()
        stuck = [threads.ask({"hangs": True}, loop) for _ in range(2)]
        async with asyncio.timeout(PATIENCE):
            answer = await threads.ask({}, loop)
            waiting = [each.done() for each in stuck]
            released.set()
            return answer, waiting, await asyncio.gather(*stuck)

    answer, waiting, late = asyncio.run(ask())
    assert (answer.status, waiting) == (200, [False, False])
    assert [each.status for each in late] == [200, 200]


def test_answers_that_are_ready_together_wake_the_loop_once(monkeypatch):
    woken = []

    async def ask():
        loop = asyncio.get_running_loop()
        wake = loop.call_soon_threadsafe
        counted = lambda *call: woken.append(call) or wake(*call)  # noqa: E731
        monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
        threads = Threads(hanging(None), 1, "test")
        asked = [threads.ask({}, loop) for _ in range(5)]
        eventually(lambda: len(threads._done) == 5)  # the loop does not turn meanwhile
        async with asyncio.timeout(PATIENCE):
            return await asyncio.gather(*asked)

    assert [each.status for each in asyncio.run(ask())] == [200] * 5
    assert len(woken) == 1


async def helped_out(threads, released):
    """Have another thread help out while the only one hangs."""
    loop = asyncio.get_running_loop()
    stuck = threads.ask({"hangs": True}, loop)
    await threads.ask({}, loop)
    released.set()
    await stuck


def test_who_has_helped_out_stays_for_the_next_one():
    released, helpers = threading.Event(), []

    def application(environ, start):
        if "hangs" not in environ:
            helpers.append(threading.current_thread())
        return hanging(released)(environ, start)

    async def ask():
        threads = Threads(application, 1, "test", stuck=0.0, linger=PATIENCE)
        loop = asyncio.get_running_loop()
        stuck = threads.ask({"hangs": True}, loop)
        async with asyncio.timeout(PATIENCE):
            for _ in range(3):
                await threads.ask({}, loop)
        released.set()
        await stuck

    asyncio.run(ask())
    assert len(set(helpers)) == 1


def test_those_who_helped_out_end():
    released = threading.Event()

    async def ask():
        async with asyncio.timeout(PATIENCE):
            await helped_out(Threads(hanging(released), 1, "helped", stuck=0.0), released)

    asyncio.run(ask())
    helpers = [each for each in threading.enumerate() if each.name in ("helped-1", "helped-2")]
    for each in helpers:
        each.join(PATIENCE)
    assert not any(each.is_alive() for each in helpers)


def test_those_who_helped_out_end_under_load_once_others_answer():
    released, done = threading.Event(), []

    def application(environ, start):
        time.sleep(0.005)  # so that the next thread takes the next request
        done.append(threading.current_thread().name)
        return hanging(released)(environ, start)

    async def ask():
        threads = Threads(application, 1, "load", stuck=0.0, linger=PATIENCE)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE):
            await helped_out(threads, released)
            threads._stuck = PATIENCE  # from here on nobody is to help out
            for _ in range(2):
                await asyncio.gather(*(threads.ask({}, loop) for _ in range(10)))

    asyncio.run(ask())
    assert set(done[-10:]) == {"load-0"}


def test_no_more_threads_help_out_than_may():
    released, inside, counts = threading.Event(), threading.Semaphore(0), []

    def application(_, start):
        counts.append(1)
        inside.release()
        released.wait(PATIENCE)
        start("200 OK", [])
        return [b""]

    async def ask():
        threads = Threads(application, 1, "few", stuck=0.0, most=2)
        loop = asyncio.get_running_loop()
        asked = [threads.ask({}, loop) for _ in range(5)]
        for _ in range(2):
            await asyncio.to_thread(inside.acquire, timeout=PATIENCE)
        begun = len(counts)
        released.set()
        await asyncio.gather(*asked)
        return begun

    assert asyncio.run(ask()) == 2


@pytest.mark.parametrize(
    ("path", "headers", "body", "threads"),
    [
        (b"/webhooks/erp", [], b"1", "deliveries"),
        (b"/webhooks/erp", [(b"content-encoding", b"gzip")], b"1", "heavy"),
        (b"/webhooks/erp", [], bytes(300_000), "heavy"),
        (b"/healthz", [(b"content-encoding", b"gzip")], b"1", "pages"),
    ],
)
def test_what_may_take_long_holds_no_thread_of_ordinary_deliveries(path, headers, body, threads):
    names = []
    door = Door(
        limit=500_000, answer=lambda _: names.append(threading.current_thread().name) or b""
    )
    door.take(piece(body), headers=[length(body), *headers], path=path)
    assert [name.rpartition("-")[0] for name in names] == [threads]


def test_a_name_with_an_underscore_overrides_none_with_a_dash():
    door = Door()
    headers = [(b"x-signature", b"right"), (b"x_signature", b"wrong"), (b"x_other", b"1")]
    door.take(method="GET", headers=headers)
    environ, _ = door.asked[0]
    assert environ["HTTP_X_SIGNATURE"] == "right"
    assert "HTTP_X_OTHER" not in environ


def test_fields_that_stand_twice_are_joined():
    door = Door()
    headers = [(b"x-a", b"1"), (b"x-a", b"2"), (b"cookie", b"a=1"), (b"cookie", b"b=2")]
    door.take(method="GET", headers=headers)
    environ, _ = door.asked[0]
    assert (environ["HTTP_X_A"], environ["HTTP_COOKIE"]) == ("1,2", "a=1; b=2")


def test_the_path_keeps_bytes_that_are_no_text():
    door = Door()
    door.take(method="GET", path=b"/webhooks/%ff%20r%C3%A4", query_string=b"a=%ff")
    environ, _ = door.asked[0]
    assert environ["PATH_INFO"].encode("latin-1") == b"/webhooks/\xff r\xc3\xa4"
    assert environ["QUERY_STRING"] == "a=%ff"


def test_threads_that_all_hang_are_stuck_and_not_before():
    released = threading.Event()

    async def ask():
        threads = Threads(hanging(released), 2, "stuck", stuck=60.0, most=2)
        loop = asyncio.get_running_loop()
        before = threads.is_stuck(0.0)
        asked = [threads.ask({"hangs": True}, loop) for _ in range(2)]
        during = threads.is_stuck(-1.0), threads.is_stuck(60.0)
        released.set()
        await asyncio.gather(*asked)
        return before, during, threads.is_stuck(-1.0)

    assert asyncio.run(ask()) == (False, (True, False), False)


def test_a_front_is_alive_while_its_loop_turns(monkeypatch):
    front = Front(lambda *_: [], lambda _: 1, lambda *_: None)
    assert front.is_alive()
    loop = asyncio.new_event_loop()
    try:
        front._loop = loop
        monkeypatch.setattr("service.web.front.TURN", 0.0)
        assert not front.is_alive()  # asked, and not done yet
        loop.run_until_complete(asyncio.sleep(0))
        monkeypatch.setattr("service.web.front.TURN", 60.0)
        assert front.is_alive()
    finally:
        loop.close()


def test_before_it_ends_each_answer_closes_its_connection():
    door = Door()
    assert b"connection" not in door.take(piece(b"{}", more=False), headers=[length(2)]).headers
    door.front.close_connections()
    wire = door.take(piece(b"{}", more=False), headers=[length(2)])
    assert (wire.status, wire.headers[b"connection"]) == (200, b"close")
    refused = door.take(CUT, headers=[length(2)])
    names = [name for name, _ in refused.sent[0]["headers"]]
    assert names.count(b"connection") == 1
