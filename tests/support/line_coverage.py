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
# So often a line may be executed again before its probe is taken out, which takes 0.1 s since all
# modules are searched for it. With SlipCover's own 50 that took a third of the whole run.
PATIENCE = 10_000
LEAST, LEAST_PURE = 95.0, 100.0  # % of all lines, and of those


def is_pure(name):
    return name.startswith(PURE) and name not in NOT_PURE


class LineCoverage:
    """The lines that this process and the workers of pytest-xdist have executed."""

    def __init__(self):
        import slipcover  # not before pytest has asked for its plugin, else it warns

        sources = [str(ROOT / folder) for folder in PRODUCT]
        self._here = slipcover.Slipcover(source=sources, d_miss_threshold=PATIENCE)
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
        lines = {name: {*seen, *unseen} for name, (seen, unseen) in measured.items()}
        pure = {name: own for name, own in lines.items() if is_pure(name)}
        self.report = [*self._report("all", lines, LEAST), *self._report("pure", pure, LEAST_PURE)]
        if any(low for _, low in self.report) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _report(self, which, lines, least):
        """Yield each line of the report on *lines*, and whether too few were executed."""
        missing = {name: sorted(own - self._executed[name]) for name, own in lines.items()}
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
