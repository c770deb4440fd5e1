"""
The application as ``instep web`` serves it, but for its clock: a request says when it arrives.

    INSTEP_CONFIG=… REDIS_URL=… python -m tests.support.clocked PORT
"""

import os
import sys
from datetime import UTC, datetime

from flask import request
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

CLOCK = "X-Received-At"  # Unix seconds


def application():
    from service.config.build import build
    from service.web.app import create_app
    from workers.runtime import jobs
    from workers.store import durability
    from workers.store.refusals import Refusals

    configuration = build(os.environ)
    context = jobs.build(configuration.settings)
    return create_app(
        configuration,
        outbox=context.outbox,
        wake=str,  # nobody
        status=context.report.status,
        check_store=lambda: durability.check(
            context.steps.client, configuration.settings.store
        ).as_dict(),
        workers_alive=lambda: 1,
        count_refusal=Refusals(context.steps.client).count,
        clock=lambda: datetime.fromtimestamp(int(request.headers[CLOCK]), UTC),
    )


def _loaded(*_):
    return application()


if __name__ == "__main__":
    Granian(
        target="tests.support.clocked:application",
        address="127.0.0.1",
        port=int(sys.argv[1]),
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=4,
        log_level=LogLevels.warning,
        log_access=False,
    ).serve(target_loader=_loaded, wrap_loader=False)
