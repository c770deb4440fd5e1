"""
Lets Schemathesis make requests up from Webflow's description, and sends them to the sandbox.

    python -m tests.contract.openapi.fuzz [--examples N]

No answer may be a 5xx, nor have a status that the description does not give for its call. The
requests are the same in every run. Every call that can succeed has to, at least once: else nothing
but the refusal of unknown ids would have been seen. Exits with 1 otherwise.
"""

# ruff: noqa: T201

import argparse
import contextlib
import json
import sys

from schemathesis.cli import schemathesis

from tests.benchmarks import rig as rigs
from tests.contract.openapi.description import load, operations, without_misplaced_examples
from tests.contract.openapi.hooks import WORLD

OPTIONS = (
    "--checks=not_a_server_error,status_code_conformance",
    "--phases=examples,coverage,fuzzing",
    "--generation-deterministic",
    "--continue-on-failure",
    "--warnings=off",
    "--no-color",
)
FORBIDDEN = {"update-site", "delete-site"}  # they need an Enterprise plan


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=10, help="of the fuzzing, an operation")
    chosen = parser.parse_args()
    description = load()
    with rigs.folder() as place, rigs.sandbox(place, limit=1_000_000) as url:
        document = place / "v2-cms.json"
        document.write_text(json.dumps(without_misplaced_examples(description)))
        WORLD.begin(url, rigs.TOKEN)
        where = (str(document), f"--url={url}/v2", f"--header=Authorization: Bearer {rigs.TOKEN}")
        arguments = ["run", *where, f"--max-examples={chosen.examples}", *OPTIONS]
        try:
            with contextlib.chdir(place):  # it leaves its reports where it runs
                schemathesis.main(arguments)
        except SystemExit as ended:
            status = ended.code
    wanted = operations(description).keys() - FORBIDDEN
    never = sorted(id for id in wanted if not any(code < 300 for code in WORLD.answers[id]))
    for id in never:
        print(f"WRONG {id}: no call has succeeded, only {dict(WORLD.answers[id])}")
    calls = sum(found.total() for found in WORLD.answers.values())
    good = sum(found[code] for found in WORLD.answers.values() for code in found if code < 300)
    print(f"{calls} calls to {len(WORLD.answers)} operations, {good} of them answered with 2xx")
    return 1 if status or never else 0


if __name__ == "__main__":
    sys.exit(main())
