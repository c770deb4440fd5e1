"""
Sends many requests with one thing wrong through the proof of every signed sender.

    python -m tests.benchmarks.mutations [NUMBER] [SEED]

Each is a recorded request with a bit flipped in its body, signature, time or the name of a header,
a byte more or less, or a header dropped or doubled. Prints what was sent, what was accepted, which
has to be nothing, and the rate; exits with 1 if anything was.
"""

# ruff: noqa: T201

import random
import sys
import time

from tests.support.mutants import requests, spoiled
from workers.errors import SignatureInvalid


def main(number=1_000_000, seed=1):
    source = random.Random(seed)  # noqa: S311 - to be the same in every run
    right = requests()
    accepted = []
    started = time.perf_counter()
    for turn in range(number):
        request = right[turn % len(right)]
        headers, body = spoiled(request, source)
        try:
            request.verify(headers, body)
        except SignatureInvalid:
            continue
        accepted.append((request.name, headers, body))
    seconds = time.perf_counter() - started
    print(f"{number:,} spoiled requests of {len(right)} recorded ones: {len(accepted)} accepted")
    print(f"{seconds:.1f} s, {number / seconds:,.0f} a second")
    for name, headers, body in accepted[:10]:
        print(f"accepted: {name} {headers} {body!r}")
    return 1 if accepted else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
