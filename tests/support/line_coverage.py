"""
Measures which lines of the product a run of pytest executes, and fails where too few are.

    pytest -p tests.support.line_coverage

Counted is what pytest's own processes execute, not what they start. SlipCover takes each probe out
once its line was seen, so that the run takes little longer; a tracer on Python 3.11 would slow
down everything, also what is not measured.
"""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("service", "workers")
LEAST = 95.0  # % of all lines
# What decides and reads nothing else but its arguments: no line of it may stay without a test.
PURE = (
    *("workers/model/", "workers/fields/", "workers/policy/", "workers/webflow/"),
    *("service/reconcile/plan/", "service/senders/", "service/mapping/"),
)
NOT_PURE = ("workers/webflow/client.py",)


class LineCoverage:
    """The lines that this process and the workers of pytest-xdist have executed."""

    def __init__(self):
        import slipcover  # not before pytest has asked for its plugin, else it warns

        sources = [str(ROOT / folder) for folder in PRODUCT]
        self._here = slipcover.Slipcover(source=sources)
        self._imports = slipcover.ImportManager(self._here, slipcover.FileMatcher(sources=sources))
        self._executed = {}
        self._imports.__enter__()

    def _measured(self):
        """Return (executed, missing) lines of this process by file."""
        files = self._here.get_coverage()["files"]
        return {
            str((ROOT / name).relative_to(ROOT)): (each["executed_lines"], each["missing_lines"])
            for name, each in files.items()
        }

    def _add(self, executed):
        for name, lines in executed.items():
            self._executed.setdefault(name, set()).update(lines)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node, error):
        self._add(getattr(node, "workeroutput", {}).get("executed_lines", {}))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session):
        measured = self._measured()
        executed = {name: lines for name, (lines, _) in measured.items()}
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["executed_lines"] = executed
            return
        self._add(executed)
        self.missing, self.total = {}, 0
        for name, (seen, unseen) in measured.items():
            self.total += len(seen) + len(unseen)
            self.missing[name] = sorted({*seen, *unseen} - self._executed[name])
        self.complaints = list(self._complaints())
        if self.complaints and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _share(self):
        return 100 - 100 * sum(map(len, self.missing.values())) / self.total

    def _complaints(self):
        low = self._share() < LEAST
        if low:
            yield f"found {self._share():.1f} % of the lines executed, expected {LEAST:g} %"
        for name, lines in sorted(self.missing.items()):
            if lines and name.startswith(PURE) and name not in NOT_PURE:
                yield f"{name}: lines {lines} never executed, expected all: test or remove them"
            elif lines and low:
                yield f"{name}: {len(lines)} lines never executed"

    def pytest_terminal_summary(self, terminalreporter):
        terminalreporter.section("lines executed")
        terminalreporter.write_line(f"{self._share():.1f} % of {self.total} lines")
        for each in self.complaints:
            terminalreporter.write_line(each, red=True)


def pytest_load_initial_conftests(early_config):
    """Begin before any conftest imports the product."""
    early_config.pluginmanager.register(LineCoverage())
