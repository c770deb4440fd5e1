"""
One scheduled pull, in a process of its own.

    python -m service.pulls.process NAME
"""

from __future__ import annotations

import sys

from service.config.build import of_process
from service.pulls import runner
from workers.errors import ProcessorError


def main(name: str) -> int:
    """Pull *name*; print what came of it, and return the exit code."""
    try:
        result = runner.run(of_process(), name, by="schedule", scheduled=True)
    except ProcessorError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    sys.stdout.write("".join(f"{line.strip()}\n" for line in result.lines))
    return result.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
