"""
Measures which lines of the product a run of pytest executes, and fails where too few are.

    pytest -p tests.support.line_coverage

Counted is what pytest's own processes execute, not what they start. SlipCover takes each probe out
once its line was seen, so that the run takes little longer; a tracer on Python 3.11 would slow
down everything, also what is not measured.
"""

import gc
from pathlib import Path
from types import FunctionType
from unittest import mock

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("service", "workers")
SOURCES = tuple(str(ROOT / folder) for folder in PRODUCT)
# What decides, and reads nothing else but its arguments.
PURE = (
    *("workers/model/", "workers/fields/", "workers/policy/", "workers/webflow/"),
    *("service/reconcile/plan/", "service/senders/", "service/mapping/"),
    *("service/onboarding/names", "service/onboarding/payload_", "service/onboarding/pairing"),
    *("service/onboarding/field_reading", "service/onboarding/module_text"),
    *("service/onboarding/suggest", "service/onboarding/key_choice"),
    *("workers/alerts/cause", "workers/alerts/rules", "workers/alerts/silence"),
    *("workers/alerts/message", "workers/alerts/memory_form", "workers/outgoing/message_signature"),
)
NOT_PURE = ("workers/webflow/client.py",)
# So often a line may be executed again before its probe is taken out, beside those of all lines
# that were executed: that takes 0.02 to 0.3 s. With SlipCover's own 50 it came too often.
PATIENCE = 1_000
LEAST, LEAST_PURE = 95.0, 100.0  # % of all lines, and of those


def is_pure(name):
    return name.startswith(PURE) and name not in NOT_PURE


def functions():
    """Return all of the product: wrapped ones, those of properties, and inner ones as well."""
    objects = (each for each in gc.get_objects() if type(each) is FunctionType)
    return [each for each in objects if each.__code__.co_filename.startswith(SOURCES)]


def probes():
    """Return a SlipCover that finds all functions, not only those that modules and classes name."""
    import slipcover  # not before pytest has asked for its plugin, else it warns

    class Probes(slipcover.Slipcover):
        kept = ()  # functions that there were before `gc.freeze` hid them

        def deinstrument_seen(self):
            with self.lock:
                for file, lines in self._get_newly_seen().items():
                    for code in tuple(self.instrumented[file]):
                        self.deinstrument(code, lines)
                    self.all_seen[file].update(lines)
                for each in (*self.kept, *functions()):
                    each.__code__ = self.replace_map.get(each.__code__, each.__code__)
                self.replace_map.clear()

    return Probes(source=list(SOURCES), d_miss_threshold=PATIENCE)


class LineCoverage:
    """The lines that this process and those forked from it have executed."""

    def __init__(self):
        import slipcover

        self._here, self._executed = probes(), {}
        # Which lines there are is not asked at each import, but once for all at the end.
        self._asks_nothing = mock.patch.object(
            slipcover.Slipcover, "lines_from_code", return_value=()
        )
        self._asks_nothing.start()
        matcher = slipcover.FileMatcher(sources=SOURCES)
        slipcover.ImportManager(self._here, matcher).__enter__()

    def _lines(self):
        """Return the lines of each file of the product."""
        self._asks_nothing.stop()
        self._here.code_lines.clear()
        return {
            str((ROOT / name).relative_to(ROOT)): {*each["executed_lines"], *each["missing_lines"]}
            for name, each in self._here.get_coverage()["files"].items()
        }

    def _add(self, executed):
        for name, lines in executed.items():
            self._executed.setdefault(name, set()).update(lines)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self):
        self._here.kept = functions()

    @pytest.hookimpl(optionalhook=True)
    def pytest_process_ended(self, output):
        self._add(output["executed_lines"])

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session):
        self._here.deinstrument_seen()
        executed = self._here.all_seen.items()
        executed = {str(Path(name).relative_to(ROOT)): sorted(lines) for name, lines in executed}
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["executed_lines"] = executed
            return
        self._add(executed)
        lines = self._lines()
        pure = {name: own for name, own in lines.items() if is_pure(name)}
        self.report = [*self._report("all", lines, LEAST), *self._report("pure", pure, LEAST_PURE)]
        if any(low for _, low in self.report) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _report(self, which, lines, least):
        """Yield each line of the report on *lines*, and whether too few were executed."""
        missing = {
            name: sorted(own - self._executed.get(name, set())) for name, own in lines.items()
        }
        total = sum(map(len, lines.values()))
        share = 100 - 100 * sum(map(len, missing.values())) / total
        low = share < least
        yield f"{which}: {share:.2f} % of {total} lines, at least {least:g} % expected", low
        for name, own in sorted(missing.items()):
            if own and low:
                yield f"{name}: not executed: {', '.join(map(str, own))}", low

    def pytest_terminal_summary(self, terminalreporter):
        terminalreporter.section("lines executed")
        for text, low in self.report:
            terminalreporter.write_line(text, red=low)


def pytest_load_initial_conftests(early_config):
    """Begin before any conftest imports the product."""
    early_config.pluginmanager.register(LineCoverage())
