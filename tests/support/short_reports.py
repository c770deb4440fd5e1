"""
A worker of pytest-xdist tells of a test that passes by two messages instead of seven.

    pytest -p tests.support.short_reports

That a test begins, is set up and is torn down shows nowhere, unless something of it failed or the
output is verbose; to write, send, read and count each message takes longer than most tests.
"""

import pytest

LEFT_OUT = {"left_out": True}


class ShortReports:
    """
    Of one worker.

    Args:
        worker: What sends the messages, the plugin of pytest-xdist.
    """

    def __init__(self, worker):
        self._failed = ""  # the test whose reports go whole from here on
        self._send = worker.sendevent
        worker.sendevent = self._send_needed

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_to_serializable(self, report):
        if not report.passed or report.when == "call":
            self._failed = report.nodeid if not report.passed else ""
            return None
        return None if report.nodeid == self._failed else dict(LEFT_OUT)

    def _send_needed(self, name, **message):
        if name not in ("logstart", "logfinish") and "left_out" not in message.get("data", ()):
            self._send(name, **message)


def pytest_sessionstart(session):
    config = session.config
    asked = config.option
    # --durations and --junit-xml count the time of each phase.
    whole = asked.verbose > 0 or asked.durations is not None or asked.xmlpath
    if hasattr(config, "workerinput") and not whole:
        manager = config.pluginmanager
        worker = next(each for each in manager.get_plugins() if hasattr(each, "sendevent"))
        manager.register(ShortReports(worker))
