"""A record of the log: JSON for programs, a short line for people, and nothing that breaks out."""

import io
import json
import logging
import re
import subprocess
import sys
import uuid
from collections import Counter
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

import pytest

from service.config import logging_setup
from service.config.error_text import error_text, message_of
from service.config.log_lines import as_json, as_text, printable, values_of
from workers.config.settings import Destination, Settings, StoreSettings
from workers.errors import ConfigurationInvalid
from workers.model.log_fields import MOST, TOTAL, bounded_names, without_values

EVIL = "a\nb\rc\x1b[2Jd\x9be\u2028f\u202eg\x00h\ud800"


class Place(NamedTuple):
    x: int
    y: int


class Terminal(io.StringIO):
    def isatty(self):
        return True


def record(message, level=logging.INFO, **extra):
    made = logging.makeLogRecord(
        {"name": "workers.x", "levelno": level, "levelname": logging.getLevelName(level)}
    )
    made.msg, made.created = message, 1748779200.5
    vars(made).update(extra)
    return made


@pytest.fixture
def kept_logging():
    root = logging.getLogger()
    before = root.level, root.handlers[:]
    yield
    root.setLevel(before[0])
    root.handlers[:] = before[1]


def text(**values):
    return as_text({"time": "2025-06-01T12:00:00.500Z", "level": "info", **values})


def test_a_record_is_one_object_with_its_extras_under_their_names():
    line = logging_setup.JsonLine().format(record("attempt", items=3, keys=("A-1",), error_code=""))
    found = json.loads(line)
    assert isinstance(found.pop("process"), int)
    assert found == {
        "time": "2025-06-01T12:00:00.500Z",
        "level": "info",
        "logger": "workers.x",
        "message": "attempt",
        "items": 3,
        "keys": ["A-1"],
        "error_code": "",
    }


@pytest.mark.parametrize(
    "created", [0.0, 1748779200.0, 1748779200.0004, 1748779200.123, 1748779259.9999999, 1e9 + 0.5]
)
def test_the_time_is_that_of_its_record_to_the_millisecond(created):
    made = record("attempt")
    made.created = created
    moment = datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds")
    assert values_of(made)["time"] == moment.replace("+00:00", "Z")


def test_the_ids_of_a_trace_that_an_instrumentation_adds_are_shown():
    traced = "import logging\nplain = logging.getLogRecordFactory()\n"
    traced += (
        "def factory(*a, **k):\n    r = plain(*a, **k)\n    r.otelTraceID = 'abc'\n    return r\n"
    )
    traced += "logging.setLogRecordFactory(factory)\n"
    traced += "from service.config.logging_setup import JsonLine\n"
    traced += "print(JsonLine().format(logging.makeLogRecord({'msg': 'x'})))\n"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", traced], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["otelTraceID"] == "abc"


def test_an_error_stays_on_its_line_with_its_traceback():
    try:
        raise ValueError("a\nb")
    except ValueError:
        line = logging_setup.JsonLine().format(record("failed", exc_info=sys.exc_info()))
    assert "\n" not in line
    error = json.loads(line)["error"]
    assert error.endswith("ValueError: a\nb")
    assert "test_log_lines.py" in error


def test_an_error_shows_where_it_happened_and_no_value_of_a_payload():
    try:
        try:
            float("ann@example.com")
        except ValueError as error:
            raise KeyError("ann@example.com") from error
    except KeyError as error:
        told = error_text(error)
    assert told.count("test_log_lines.py") == 2
    assert "ann@" not in told.replace('float("ann@example.com")', "").replace(
        'KeyError("ann@example.com")', ""
    )


def test_an_error_of_a_file_or_a_connection_is_told_in_full():
    assert "'/no/such'" in message_of(FileNotFoundError(2, "No such file", "/no/such"))


def test_nothing_in_a_record_begins_a_line_of_json_or_controls_a_terminal():
    line = as_json({"message": "x", "key": EVIL})
    assert json.loads(line)["key"] == EVIL
    assert len(line.splitlines()) == 1
    assert line.isascii()


@pytest.mark.parametrize(
    "value",
    [
        datetime(2025, 6, 1, tzinfo=UTC),
        uuid.UUID(int=7),
        Settings,
        Place(1, 2),
        StoreSettings(),
        {1: "a", None: "b"},
        Counter("aab"),
        (0.1, 12.0, -0.0, 10**30, True, None, HTTPStatus.OK),
        ValueError("a"),
        {"halves": "\ud800\udc00 \udfff"},
        "/<é漢😀>\u2028\x7f\x00\\",
    ],
)
def test_every_value_is_written_as_by_the_standard_library(value):
    line = json.dumps({"x": value}, ensure_ascii=False, default=str, separators=(",", ":"))
    assert as_json({"x": value}) == re.sub(
        "[\x7f\u2028\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", line
    )


@pytest.mark.parametrize("message", ["delivery", "attempt", "anything", EVIL])
def test_nothing_in_a_record_begins_a_line_of_text_or_controls_a_terminal(message):
    names = ("source", "destination", "outcome", "collection", "reason", "code", "error", "other")
    line = text(
        message=message,
        keys=[EVIL] * 3,
        event_ids=[EVIL],
        collections=[EVIL],
        problems=1,
        **dict.fromkeys(names, EVIL),
    )
    assert len(line.splitlines()) == 1
    assert line.isprintable()


def test_a_delivery_reads_as_a_line():
    line = text(
        message="delivery",
        source="erp",
        outcome="kept",
        status=200,
        events=3,
        accepted=6,
        collections=["products"],
        keys=["A-1", "A-2", "A-3"],
        records=3,
        event_ids=["e1", "e2", "e3"],
        ms=3.2,
    )
    assert re.sub(r" {2,}", "  ", line) == (
        "2025-06-01T12:00:00.500Z info  delivery erp  200 kept  products A-1, A-2 +1  6 values"
        "  3.2 ms  e1, e2 +1"
    )


def test_an_attempt_reads_as_a_line():
    line = text(
        message="attempt",
        destination="site",
        collection="products",
        request="update",
        items=100,
        keys=["A-1", "A-2", "A-3"],
        status=200,
        outcome="99 written, 1 dead letter",
        ms=212,
        event_ids=["e1"],
    )
    assert re.sub(r" {2,}", "  ", line) == (
        "2025-06-01T12:00:00.500Z info  attempt  site  200 update  products A-1, A-2 +98"
        "  99 written, 1 dead letter  212 ms  e1"
    )


def test_a_terminal_gets_colours_and_a_traceback_that_can_be_read():
    formatter = logging_setup.formatter_for(Terminal(), {})
    try:
        raise ValueError("a\x1b[2J")
    except ValueError:
        told = formatter.format(record("failed", logging.ERROR, exc_info=sys.exc_info()))
    first, *rest = told.replace("\x1b[0m", "").splitlines()
    assert "\x1b[31m" in first
    assert rest[-1] == "    | ValueError: a\\u001b[2J"


def test_no_color_is_obeyed():
    formatter = logging_setup.formatter_for(Terminal(), {"NO_COLOR": "1"})
    assert "\x1b" not in formatter.format(record("failed", logging.ERROR))


@pytest.mark.parametrize(
    ("stream", "chosen", "form"),
    [
        (Terminal, None, "TextLine"),
        (Terminal, "json", "JsonLine"),
        (io.StringIO, None, "JsonLine"),
        (io.StringIO, "text", "TextLine"),
    ],
)
def test_a_terminal_gets_text_and_the_rest_json_unless_instep_log_says_otherwise(
    stream, chosen, form
):
    environ = {"INSTEP_LOG": chosen} if chosen else {}
    assert type(logging_setup.formatter_for(stream(), environ)).__name__ == form


def test_another_form_is_refused_with_those_there_are():
    with pytest.raises(ConfigurationInvalid, match="INSTEP_LOG: found 'xml', expected \"text\" or"):
        logging_setup.form_of({"INSTEP_LOG": "xml"})


@pytest.mark.usefixtures("kept_logging")
def test_a_secret_of_the_configuration_is_masked_in_warnings_and_errors(capsys, monkeypatch):
    monkeypatch.delenv("SENTRY_DSN", raising=False)
    site = Destination("site", "v2", "wf-token-0123456789")
    settings = Settings(Path("instep.toml"), StoreSettings(), {"site": site}, {}, {})
    logging_setup.configure()
    logging_setup.observe(settings.hiding_secrets())
    logging.getLogger("workers.x").error("failed with wf-token-0123456789")
    (line,) = map(json.loads, capsys.readouterr().err.splitlines())
    assert line["message"] == "failed with ***"


@pytest.mark.usefixtures("kept_logging")
def test_a_long_running_command_logs_to_stderr(capsys, monkeypatch):
    monkeypatch.delenv("INSTEP_LOG", raising=False)
    logging_setup.configure()
    logging.getLogger("workers.x").info("attempt", extra={"items": 1})
    logging.getLogger("urllib3.pool").info("connection")
    logged = capsys.readouterr()
    assert logged.out == ""
    (line,) = map(json.loads, logged.err.splitlines())
    assert (line["logger"], line["message"], line["items"]) == ("workers.x", "attempt", 1)


def test_names_are_bounded_in_number_and_in_length():
    assert bounded_names(["a", "b", "a"]) == ("a", "b")
    assert len(bounded_names(map(str, range(1000)))) == MOST
    assert sum(map(len, bounded_names(f"{n:0500}" for n in range(1000)))) <= TOTAL


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Field 'price': 'a@b.c' is no number", "Field 'price': '…' is no number"),
        ('can\'t take "42 Elm St"', 'can\'t take "…"'),
        ("Not a valid integer.", "Not a valid integer."),
        ("found -1, expected no number below 0", "found …, expected no number below 0"),
        ("data: found [1, {2}]; send a text", "data: found …; send a text"),
        ("Field may not be null; found null", "Field may not be null; found null"),
    ],
)
def test_a_foreign_message_is_logged_without_the_values_that_it_quotes(message, shown):
    assert without_values(message, ["price"]) == shown


def test_what_was_sent_is_not_logged_where_a_message_repeats_it_unquoted():
    message = "Value ann@example.com is no number, nor is 12345; 7 is"
    shown = without_values(message, (), ['"ann@example.com"', "12345", "7"])
    assert shown == "Value … is no number, nor is …; 7 is"


def test_a_printable_text_stays_as_it_is():
    assert printable("Größe 5 € “ok”") == "Größe 5 € “ok”"
