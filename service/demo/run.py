"""``instep demo``, from the first process to the verdict."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TextIO

from service.demo import report, simulation, site_check, workspace
from service.demo.display import Display, DisplayState
from service.demo.processes import DemoProcess, DemoProcessError, SandboxSite
from service.demo.report import DemoResult
from service.demo.scenario import Scenario, scenes
from service.demo.simulation import Day
from service.demo.status_client import StatusClient, SystemState
from service.demo.stop import Stop
from service.demo.traffic import Sources
from service.demo.workspace import Workspace
from workers.errors import ProcessorError

PRODUCTS = 1000
REAL = 60  # calls a minute that the CMS allows
FEW = 1200  # events; fewer make a quick demo with a higher limit
PATIENCE = 180.0  # s, after the day, until nothing may be waiting
TICK = 0.25  # s

# One line per paragraph: the terminal wraps it.
_INTRO = """\
A day of shop life: {seconds:.0f} seconds of events, and up to half a minute more until the last \
of them is on the site.

On this machine, and nowhere else: a stand-in site with {products:,} products, which allows \
{limit} calls a minute; and Instep as you would run it: a durable store, two web processes, two \
workers.
A shop, a stock system and a CRM now report {events:,} events, each about other fields of the same \
products. One PATCH for each would take {alone}.
And things will go wrong.
"""
_MORE = """\
(The real site allows 60. That would take minutes here: {reason}.)
"""
_REASONS = {"v1": "v1 takes one product a call", "v2": "so few events say little about a pace"}


@dataclass(frozen=True, slots=True)
class Scale:
    """
    The size of the day.

    Args:
        limit: Calls that the site allows in a minute.
        products: Number of products with events.
        seconds: Duration of the day.
    """

    limit: int
    products: int
    seconds: float


def scale(events: int, api: str) -> Scale:
    """Return the scale for *events* events: up to 120 a second, more only beyond 6,000."""
    seconds = max(7.0, min(50.0, events / 120), events / 400)
    if api == "v1":
        return Scale(10 * REAL, max(20, min(150, events // 10)), seconds)
    return Scale(REAL if events >= FEW else 4 * REAL, PRODUCTS, seconds)


def run(events: int, api: str, as_json: bool) -> int:
    """
    Run the demo and return its exit code: 0 if every field of the site is right at the end.

    Args:
        events: Number of regular events; the odd ones come on top.
        as_json: Print one JSON object on stdout; the display goes to stderr.
    """
    stop = Stop()
    stop.listen()
    out = sys.stderr if as_json else sys.stdout
    size = scale(events, api)
    here = workspace.prepare(api, size.limit)
    good = False
    try:
        found = _day(events, api, size, here, out, stop, quiet=as_json)
        good = found.good
        if as_json:
            sys.stdout.write(json.dumps(found.as_dict(), ensure_ascii=False, indent=2) + "\n")
        else:
            report.show(found, out)
    except KeyboardInterrupt:
        good = True  # there is nothing to investigate
        sys.stderr.write("Stopped.\n")
        return 130
    except (ProcessorError, OSError) as error:
        sys.stderr.write(f"{error}\n")
    finally:
        if good:
            here.remove()
        else:
            sys.stderr.write(f"Logs and data are kept in {here.folder}\n")
    return 0 if good else 1


def _day(
    events: int, api: str, size: Scale, here: Workspace, out: TextIO, stop: Stop, *, quiet: bool
) -> DemoResult:
    with Display(out, quiet=quiet) as shown, contextlib.ExitStack() as stack:
        shown.say(
            _INTRO.format(
                seconds=size.seconds,
                products=PRODUCTS,
                limit=size.limit,
                events=events,
                alone=report.duration(events, size.limit),
            )
        )
        if size.limit > REAL:
            shown.say(_MORE.format(reason=_REASONS[api]))
        cms, hooks, processes = stack.enter_context(_processes(size, here))
        system = StatusClient(here.environ(cms))
        stack.callback(system.close)
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        day = simulation.make(events, size.products, begins=today - timedelta(days=1))
        sources = Sources(day.deliveries, hooks.removeprefix("http://"), here.keys, size.seconds)
        stack.callback(sources.stop)
        stage = DemoRun(SandboxSite(cms), system, sources, processes, shown, size, stop)
        return stage.play(day, events, api)


@contextlib.contextmanager
def _processes(size: Scale, here: Workspace) -> Iterator[tuple[str, str, list[DemoProcess]]]:
    """Start the site and Instep; yield their addresses and processes, and stop them in order."""
    with contextlib.ExitStack() as stack:
        arguments = ("--products", str(PRODUCTS), "--requests-per-minute", str(size.limit))
        bind = ("--bind", "127.0.0.1:0")
        site = DemoProcess(
            "sandbox", here.folder, None, "sandbox", *bind, *arguments, "--token", here.token
        )
        stack.callback(site.stop)
        cms = site.url()
        up = DemoProcess("ready", here.folder, here.environ(cms), "up", *bind)
        stack.callback(up.stop)
        yield cms, up.url(), [site, up]


@dataclass(eq=False)
class DemoRun:
    site: SandboxSite
    system: StatusClient
    sources: Sources
    processes: list[DemoProcess]
    shown: Display
    size: Scale
    stop: Stop

    def __post_init__(self) -> None:
        self._look: SystemState | None = None

    def play(self, day: Day, events: int, api: str) -> DemoResult:
        before = self.site.items()
        scenario = Scenario(scenes(self.site, self.system, self.size.seconds, api))
        begin = time.monotonic()
        self.sources.start()
        while (share := (time.monotonic() - begin) / self.size.seconds) < 1.0:
            sentence = scenario.play(share)
            if sentence:
                self.shown.say(sentence)
            self._tick(share, scenario.message)
        self.shown.say("The day is over. The last of it goes out.")
        self._settle()
        seconds = time.monotonic() - begin
        return self._outcome(day, before, events, api, seconds)

    def _tick(self, share: float, message: str) -> None:
        self.stop.check()
        for process in self.processes:
            process.check()
        self._look = self.system.look() or self._look
        if self._look:
            calls, budget = self.site.calls(), self.site.budget()
            self.shown.show(
                DisplayState(
                    share=share,
                    deliveries=self.sources.sent,
                    calls=calls["total"],
                    pending=self._look.pending,
                    used=budget["used"],
                    limit=budget["limit"],
                    dead=self._look.dead,
                    state=self._look.state,
                    workers=self._look.workers,
                    message=message,
                )
            )
        time.sleep(TICK)

    def _settle(self) -> None:
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            answered = not self.sources.left
            self._tick(1.0, self._waits_for())
            if answered and self._look and not self._look.pending:
                return

    def _waits_for(self) -> str:
        """Return what the demo waits for, in a sentence."""
        if left := self.sources.left:
            return f"Waiting for the answer to {left:,} deliveries."
        look = self._look
        if look is None or not look.pending:
            return "Waiting for the store to answer."
        (held, held_for), (put_off, put_off_for) = look.held, look.put_off
        if put_off and put_off_for >= held_for:
            return (
                f"Waiting: {put_off:,} products were in calls that the CMS refused, and may be "
                f"sent again in {put_off_for:.0f} s."
            )
        if held:
            return (
                f"Waiting: {held:,} products were in the hands of the worker that was killed, and "
                f"are given to another in {held_for:.0f} s."
            )
        if look.state == "waiting":
            budget = self.site.budget()
            return (
                f"Waiting for the site's next calls: {budget['used']} of {budget['limit']} a "
                "minute are used."
            )
        return f"The last {look.pending:,} values are on their way."

    def _outcome(
        self, day: Day, before: site_check.Items, events: int, api: str, seconds: float
    ) -> DemoResult:
        look = self.system.look()
        if look is None:
            raise DemoProcessError("the store does not answer")
        letters, calls = self.system.letters(), self.site.calls()
        truth, excused = day.truth(), day.refused()
        compared = site_check.compare(before, self.site.items(), truth, excused)
        fields = dict(look.status["fields"])
        answers = self.sources.answers
        return DemoResult(
            api=api,
            events=events,
            deliveries=self.sources.sent,
            duplicates=sum(each["duplicates"] for each in look.status["sources"].values()),
            late=day.marks["late"],
            refused=answers[401],
            resent=sum(count for status, count in answers.items() if status in (0, 503)),
            field_values=fields.pop("accepted"),
            fields=fields,
            calls=calls["total"],
            calls_one_per_event=len(day.facts),
            limit=self.size.limit,
            rate_limited=calls["rate_limited"],
            checked=compared.checked,
            wrong=len(compared.wrong),
            lost=len(compared.lost),
            unexpected=site_check.unexpected(letters, excused),
            pending=look.pending,
            unanswered=self.sources.left,
            repairs=look.repairs,
            balanced=look.status["balanced"],
            dead_letters=site_check.reasons(letters),
            seconds=round(seconds, 1),
        )
