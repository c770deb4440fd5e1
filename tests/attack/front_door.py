"""
The door: each request is cut, mangled, too large or stalled; nothing incomplete is accepted, and
nothing that was answered 200 is lost.
"""

import contextlib
import random
import tempfile
from pathlib import Path

from tests.attack.judge import Outcome
from tests.e2e.test_door_refusals import CHUNKED, CUTS, PROOFS, chunk
from tests.support.raw_door import connect, event, head, start, talk

WHOLE = (200,)


def play(seed):
    """Try every way in with every way to be incomplete; returns the Outcome and how many."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    outcome, tried = Outcome(), 0
    with tempfile.TemporaryDirectory(prefix="instep-door-") as folder:
        instep, _ = start(Path(folder))
        try:
            with stalls(instep.address, chance):
                kept = 0
                for source in PROOFS:
                    for name, broken, whole in requests(source, seed, chance):
                        tried += 1
                        status, _ = talk(instep.address, broken, half_close=True)
                        if status in WHOLE:
                            outcome.stale.append(f"{source}, {name}: answered {status}")
                        status, _ = talk(instep.address, whole)
                        if status not in WHOLE:
                            outcome.lost.append(f"{source}, {name}: whole, and answered {status}")
                        kept += 1
            _judge(instep, kept, outcome)
        finally:
            instep.close()
    return outcome, tried


def requests(source, seed, chance):
    """Yield a name, a request that is not whole, and the same that is."""
    for name, cut in CUTS.items():
        body, lines, target = _given(source, f"{seed} {name}")
        yield (
            name,
            head(target, *lines, CHUNKED) + cut(body),
            head(target, *lines, CHUNKED) + chunk(body) + b"0\r\n\r\n",
        )
    for n in range(10):
        name = f"cut at random {n}"
        body, lines, target = _given(source, f"{seed} {name}")
        request = head(target, *lines, b"Content-Length: %d" % len(body)) + body
        yield name, request[: chance.randrange(len(request))], request
    for name, length in (("too large", 99_999_999), ("below zero", -1)):
        body, lines, target = _given(source, f"{seed} {name}")
        broken = head(target, *lines, b"Content-Length: %d" % length) + body
        yield name, broken, head(target, *lines, b"Content-Length: %d" % len(body)) + body


def _given(source, name):
    body = event(f"{source} {name}", token="sesame")
    target, proof = PROOFS[source](body)
    return body, (proof, b"X-Id: " + name.encode()), target


@contextlib.contextmanager
def stalls(address, chance):
    """Clients that begin a request and go no further."""
    body = event("stalled")
    request = head(b"/webhooks/erp", b"Content-Length: %d" % len(body)) + body
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            wire = stack.enter_context(connect(address))
            wire.sendall(request[: chance.randrange(1, len(request) - 1)])
        yield


def _judge(instep, kept, outcome):
    status = instep.status()
    if not status["balanced"]:
        outcome.unbalanced.append(str(status["fields"]))
    accepted = status["fields"]["accepted"]
    if accepted != kept:
        (outcome.lost if accepted < kept else outcome.twice).append(
            f"{accepted} values accepted, {kept} were answered 200"
        )
