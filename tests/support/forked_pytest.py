"""
Runs the tests in several processes, forked from the one that has collected them.

    pytest -p tests.support.forked_pytest -n 6

Whichever is free is given the next file, in the order of the collection. To collect takes 10 s of a
core, and 30 s where nothing is compiled yet: here one process does it for all. One that dies in a
test fails this test, and another goes on with the file.
"""

import atexit
import contextlib
import os
import signal
import sys
import time
import traceback
import warnings
from collections import deque
from itertools import groupby
from multiprocessing.connection import Pipe, wait

import pytest
from setproctitle import setproctitle

PATIENCE = 30.0  # s that a process has to end what it has started


def pytest_addoption(parser):
    # Not addoption: it keeps short options in lower case for pytest itself.
    parser.getgroup("processes")._addoption(
        *("-n", "--numprocesses"), type=int, default=0, help="how many processes run the tests"
    )


class Hooks:
    def pytest_process_ended(self, output):
        """Called with what plugins have put in ``config.workeroutput`` of a forked process."""


def pytest_addhooks(pluginmanager):
    pluginmanager.add_hookspecs(Hooks)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    option = session.config.option
    files = [list(numbers) for _, numbers in groupby(range(len(session.items)), _path_of(session))]
    count = min(option.numprocesses, len(files))
    if count < 2 or option.collectonly or option.usepdb or session.testsfailed:
        return None  # pytest's own loop has it
    Processes(session, files).run(count)
    return True


def _path_of(session):
    return lambda number: session.items[number].path


class Process:
    """One that runs tests, as the one that has forked it knows it."""

    def __init__(self, number, pid):
        self.number, self.pid = number, pid
        self.left = deque()  # numbers of the tests that it has, and has told nothing of


class Processes:
    """
    All that run the tests of *session*.

    Args:
        files: Numbers of the tests of each file.
    """

    def __init__(self, session, files):
        self._session, self._config = session, session.config
        self._waiting = deque(files)
        self._running = {}  # by connection
        self._begun = 0

    def run(self, count):
        self._config._tmp_path_factory.getbasetemp()  # that of each is in it
        try:
            for _ in range(count):
                self._begin()
            while self._running:
                for connection in wait(list(self._running)):
                    self._hear(connection)
                    if self._session.shouldfail:
                        raise self._session.Failed(self._session.shouldfail)
                    if self._session.shouldstop:
                        raise self._session.Interrupted(self._session.shouldstop)
        finally:
            self._end()

    def _begin(self):
        number, self._begun = self._begun, self._begun + 1
        connection, other = Pipe()
        for stream in (self._config.get_terminal_writer(), sys.stdout, sys.stderr):
            stream.flush()  # else each process writes once more what is not written yet
        pid = os.fork()
        if pid == 0:
            for each in (connection, *self._running):
                each.close()  # else none of them notices that this process ends
            Work(self._session, number, other).run()
        other.close()
        self._running[connection] = Process(number, pid)

    def _hear(self, connection):
        process = self._running[connection]
        try:
            kind, *told = connection.recv()
        except (EOFError, ConnectionError):
            self._died(connection, process)
            return
        if kind == "tested":
            process.left.popleft()
        getattr(self, f"_{kind}")(connection, process, *told)

    def _next(self, connection, process):
        process.left = deque(self._waiting.popleft() if self._waiting else ())
        with contextlib.suppress(OSError):  # its end is heard next
            connection.send(list(process.left))

    def _tested(self, connection, process, reports):
        for data in reports:
            report = self._config.hook.pytest_report_from_serializable(
                config=self._config, data=data
            )
            self._config.hook.pytest_runtest_logreport(report=report)

    def _warned(self, connection, process, message, category, file, line, place):
        warned = warnings.WarningMessage(message, category, file, line)
        self._config.hook.pytest_warning_recorded.call_historic(
            kwargs={"warning_message": warned, **place}
        )

    def _broken(self, connection, process, text):
        """Something else than a test has failed in it, or a test has asked for the end of all."""
        self._session.shouldstop = f"process {process.number}: {text}"

    def _ended(self, connection, process, output):
        self._forget(connection, process)
        self._config.hook.pytest_process_ended(output=output)

    def _died(self, connection, process):
        status = self._forget(connection, process)
        if not process.left:
            self._session.shouldstop = f"process {process.number} {status}, in no test"
            return
        item = self._session.items[process.left.popleft()]
        words = f"process {process.number} {status} in this test"
        report = pytest.TestReport(item.nodeid, item.location, {}, "failed", words, "call")
        self._config.hook.pytest_runtest_logreport(report=report)
        if process.left:
            self._waiting.appendleft(process.left)
        if self._waiting:
            self._begin()

    def _forget(self, connection, process):
        """Return how it ended."""
        connection.close()
        del self._running[connection]
        status = os.waitstatus_to_exitcode(os.waitpid(process.pid, 0)[1])
        return f"ended with status {status}" if status >= 0 else f"was ended by signal {-status}"

    def _end(self):
        """End what still runs: something is wrong, or somebody has pressed Ctrl-C."""
        for process in self._running.values():
            os.kill(process.pid, signal.SIGINT)
        ends = time.monotonic() + PATIENCE
        for connection, process in self._running.items():
            connection.close()
            while not os.waitpid(process.pid, os.WNOHANG)[0]:
                if time.monotonic() > ends:
                    os.kill(process.pid, signal.SIGKILL)
                time.sleep(0.01)


class Work:
    """What a forked process does, which has all that the one before it had."""

    def __init__(self, session, number, connection):
        self._session, self._config = session, session.config
        self._number, self._connection = number, connection

    def run(self):
        """Run files of tests, as many as there are; it does not return."""
        code = 1
        try:
            self._begin()
            self._tests()
            self._config.hook.pytest_sessionfinish(session=self._session, exitstatus=0)
            self._config._ensure_unconfigure()
            self._connection.send(("ended", self._config.workeroutput))
            code = 0
        except (BrokenPipeError, EOFError):
            self._give_back()  # nobody listens any more
        except BaseException:
            with contextlib.suppress(OSError):
                self._connection.send(("broken", traceback.format_exc(limit=-8)))
            self._give_back()
        finally:
            # Not by SystemExit: this copy would go back through all that called it.
            atexit._run_exitfuncs()
            os._exit(code)

    def _begin(self):
        atexit._clear()  # these are for the process that was copied
        signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
        config, manager = self._config, self._config.pluginmanager
        config.workerinput, config.workeroutput = (
            {},
            {},
        )  # by these do plugins know what they are in
        manager.unregister(name="terminalreporter")
        capture = manager.getplugin("capturemanager")
        capture.stop_global_capturing()  # in the same files as all the others
        capture.start_global_capturing()
        capture.suspend_global_capture()
        factory = config._tmp_path_factory
        factory._basetemp = factory.getbasetemp() / f"process-{self._number}"
        factory._basetemp.mkdir(mode=0o700)
        self._reports = Reports(config, self._connection)
        manager.register(self._reports)

    def _tests(self):
        session = self._session
        while numbers := self._asked():
            for number, following in zip(numbers, [*numbers[1:], None], strict=True):
                item = session.items[number]
                # After the last of a file, what is of the whole session stays: more may come.
                then = session if following is None else session.items[following]
                setproctitle(f"pytest {item.nodeid}")
                self._config.hook.pytest_runtest_protocol(item=item, nextitem=then)
                self._reports.send()

    def _asked(self):
        self._connection.send(("next",))
        return self._connection.recv()

    def _give_back(self):
        """Tear down what there is, whatever comes of it, and be it a second Ctrl-C."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with contextlib.suppress(BaseException):
            self._session._setupstate.teardown_exact(None)


class Reports:
    """
    Tells of each test in one message.

    That it was set up and torn down shows nowhere, unless something of it failed or the output is
    verbose; to write, send, read and count each report takes longer than most tests.
    """

    def __init__(self, config, connection):
        option = config.option
        # --durations and --junit-xml count the time of each phase.
        self._whole = option.verbose > 0 or option.durations is not None or option.xmlpath
        self._config, self._connection, self._reports = config, connection, []

    def pytest_runtest_logreport(self, report):
        self._reports.append(report)

    def pytest_warning_recorded(self, warning_message, when, nodeid, location):
        place = {"when": when, "nodeid": nodeid, "location": location}
        given = (getattr(warning_message, name) for name in ("category", "filename", "lineno"))
        self._connection.send(("warned", str(warning_message.message), *given, place))

    def send(self):
        reports, self._reports = self._reports, []
        if not self._whole and all(report.passed for report in reports):
            reports = [report for report in reports if report.when == "call"]
        written = self._config.hook.pytest_report_to_serializable
        data = [written(config=self._config, report=report) for report in reports]
        self._connection.send(("tested", data))
