"""The import rules, read from the source: a reader may rely on them."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("service", "workers")
    for path in (ROOT / folder).rglob("*.py")
    if "starter" not in path.parts and "shop" not in path.parts
)
PURE = (
    "workers/errors.py",
    "workers/model/changes.py",
    "workers/model/attempts.py",
    "workers/policy/messages.py",
    "workers/policy/rules.py",
    "workers/policy/update.py",
    "workers/policy/backoff.py",
    "workers/policy/readback.py",
    "workers/fields/equality.py",
    "workers/fields/types.py",
    "workers/fields/files.py",
    "workers/fields/colors.py",
    "workers/fields/addresses.py",
    "workers/fields/cms_forms.py",
    "workers/fields/html_content.py",
    "workers/fields/marks.py",
    "workers/policy/case.py",
    "workers/policy/unknown_outcome.py",
    "workers/webflow/item_answers.py",
    "workers/webflow/error_details.py",
    "workers/webflow/item_payloads.py",
    "workers/store/codec.py",
    "workers/store/item_record.py",
    "workers/store/lua_limits.py",
    "workers/webflow/filters.py",
    "service/reconcile/plan/causes.py",
    "service/reconcile/plan/diff.py",
    "service/reconcile/plan/field_diff.py",
    "workers/policy/run_guard.py",
    "workers/model/run_limits.py",
    "service/reconcile/plan/policies.py",
    "service/reconcile/plan/field_match.py",
    "service/reconcile/plan/model.py",
    "service/reconcile/due_times.py",
)
IMPURE = {"flask", "redis", "rq", "requests", "time", "random", "socket", "subprocess", "os"}


@cache
def parsed(path):
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def imports(path):
    """Yield the full names of the modules that the file at *path* imports, anywhere in it."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def packages(path):
    return {name.partition(".")[0] for name in imports(path)}


def test_there_are_files_to_check():
    assert len(FILES) > 50
    assert set(PURE) <= set(FILES)


# From the top: a folder imports those below it, never one beside or above it.
FLOORS = (
    ("service/__main__",),
    ("service/cli",),
    ("service/commands",),
    ("service/run", "service/demo", "service/starter"),
    ("service/web",),
    ("service/reconcile", "service/operate"),
    ("service/ingest", "service/config"),
    ("service/mapping", "service/fetchers"),
    ("service/senders",),
    ("service/sandbox",),
    ("service/sandbox/ui",),
    ("service/sandbox/control",),
    ("service/sandbox/api", "service/sandbox/seeds"),
    ("service/sandbox/site",),
    ("service/sandbox/webhooks",),
    ("service/sandbox/faults", "service/sandbox/fields"),
    ("service/sandbox/model",),
    ("workers/runtime",),
    ("workers/delivery",),
    ("workers/policy", "workers/store"),
    ("workers/embedded", "workers/webflow"),
    ("workers/config", "workers/transport", "workers/fields"),
    ("workers/model",),
    ("workers/errors",),
)
FLOOR = {folder: number for number, floor in enumerate(FLOORS) for folder in floor}


def folder_of(name):
    """The folder in the table of a module of ours, by its name or path: the deepest one."""
    parts = name.replace(".py", "").replace(".", "/").split("/")
    return "/".join(parts[:3] if "/".join(parts[:3]) in FLOOR else parts[:2])


def ours(path):
    """The folders of ours that the file at *path* imports anything of."""
    names = {name for name in imports(path) if name.partition(".")[0] in ("service", "workers")}
    return {folder_of(name) for name in names if "." in name}


@pytest.mark.parametrize("path", [path for path in FILES if not path.endswith("__init__.py")])
def test_imports_run_down(path):
    own = folder_of(path)
    up = {each for each in ours(path) if each != own and FLOOR[each] <= FLOOR[own]}
    assert not up


def test_no_files_import_one_another():
    """At their top: what is imported as a function runs, or for types alone, ties nothing."""
    imported = {
        path: {module_path(name) for name in top_imports(path)} & {*FILES} for path in FILES
    }
    left = set(FILES)
    while ends := {path for path in left if not imported[path] & left - {path}}:
        left -= ends
    assert not left


def module_path(name):
    return f"{name.replace('.', '/')}.py"


def top_imports(path):
    """The full names of what the file at *path* imports as it is imported itself."""
    for node in parsed(path).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", [path for path in FILES if path.startswith("workers/")])
def test_workers_know_no_flask(path):
    assert "flask" not in packages(path)


RQ = ("workers/runtime/jobs.py", "workers/runtime/wakeups.py", "workers/runtime/rq_worker.py")


@pytest.mark.parametrize("path", [path for path in FILES if path not in RQ])
def test_rq_is_imported_by_its_entry_points_alone(path):
    assert "rq" not in packages(path)


@pytest.mark.parametrize("path", PURE)
def test_the_core_is_pure(path):
    assert not packages(path) & IMPURE


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.startswith(("service/senders/", "service/mapping/"))]
)
def test_senders_and_mappings_know_no_store_no_web_and_no_network(path):
    assert not packages(path) & {"flask", "redis", "rq", "requests", "random", "socket"}


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in FILES
        if not path.startswith(("service/sandbox/", "service/demo/"))
        and path != "workers/webflow/client.py"
    ],
)
def test_addresses_of_the_cms_stand_in_its_client_alone(path):
    source = (ROOT / path).read_text(encoding="utf-8")
    tree = ast.parse(source)
    documented = {id(node) for node in docstrings(tree)}
    for node in ast.walk(tree):
        text = getattr(node, "value", None)
        if isinstance(node, ast.Constant) and isinstance(text, str) and id(node) not in documented:
            assert "/collections/" not in text
            assert "/items" not in text


def docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value


def test_names_of_keys_are_built_in_one_place():
    """In no text, comment or docstring either: a name that stands twice goes two ways."""
    found = {path for path in FILES if "instep:" in (ROOT / path).read_text(encoding="utf-8")}
    assert found == {"workers/store/keys.py"}


def test_one_file_knows_under_which_names_fields_are_stored():
    names = {"f:", "o:", b"f:", b"o:"}
    found = {
        path
        for path in FILES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and node.value in names
    }
    assert found == {"workers/store/item_record.py"}


@pytest.mark.parametrize("path", FILES)
def test_no_file_is_longer_than_300_lines(path):
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("path", FILES)
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(parsed(path))
