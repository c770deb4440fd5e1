"""What the web server itself has to say."""

import json
import subprocess
import sys

SCRIPT = """
from granian.log import LogLevels, configure_logging, logger
from service.config import logging_setup
from service.web.server import LOGGING

logging_setup.configure()
configure_logging(LogLevels.warning, LOGGING)
logger.warning("more workers than CPU cores")
"""


def test_a_warning_of_granian_is_a_line_of_the_log_and_not_of_the_output():
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    line = json.loads(done.stderr.splitlines()[-1])
    assert (line["level"], line["logger"]) == ("warning", "_granian")
    assert line["message"] == "more workers than CPU cores"
