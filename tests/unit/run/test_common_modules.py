"""What web processes and workers share, because it is imported before they are forked."""

from importlib.util import find_spec

from service.console.pages import PAGES
from service.run.services import COMMON


def test_each_module_is_there():
    assert all(find_spec(name) for name in COMMON)


def test_no_web_process_imports_pages_of_the_console_for_itself():
    assert {f"service.console.{page.module}" for page in PAGES} <= set(COMMON)
