"""The import rules, read from the source: a reader may rely on them."""

import ast
from functools import cache
from pathlib import Path

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
    "workers/fields/html_pieces.py",
    "workers/fields/picture_files.py",
    "workers/transport/public_addresses.py",
    "workers/fields/marks.py",
    "workers/policy/case.py",
    "workers/policy/unknown_outcome.py",
    "workers/webflow/item_answers.py",
    "workers/webflow/error_details.py",
    "workers/webflow/item_payloads.py",
    "workers/store/codec.py",
    "workers/store/item_record.py",
    "workers/store/item_schedule.py",
    "workers/store/search_row.py",
    "service/operate/list_cursor.py",
    "service/operate/json_text.py",
    "workers/store/waits.py",
    "service/operate/destination_waits.py",
    "service/operate/record_waits.py",
    "service/operate/record_rests.py",
    "service/operate/record_fields.py",
    "service/operate/record_notes.py",
    "service/operate/attention.py",
    "service/operate/need_titles.py",
    "service/operate/problem_kinds.py",
    "service/operate/remedies.py",
    "service/operate/destination_view.py",
    "service/operate/drain_time.py",
    "service/operate/freshness.py",
    "service/operate/source_notices.py",
    "service/operate/alert_rules.py",
    "workers/config/json_template.py",
    "service/operate/traffic.py",
    "service/console/charts.py",
    "service/console/headline.py",
    "service/console/plurals.py",
    "service/onboarding/names.py",
    "service/onboarding/payload_values.py",
    "service/onboarding/payload_edit.py",
    "service/onboarding/field_reading.py",
    "service/onboarding/pairing.py",
    "service/onboarding/module_text.py",
    "service/onboarding/suggest.py",
    "service/operate/undo_model.py",
    "service/operate/undo_items.py",
    "service/operate/undo_plan.py",
    "workers/store/lua_limits.py",
    "workers/webflow/filters.py",
    "service/reconcile/plan/causes.py",
    "service/reconcile/plan/diff.py",
    "service/reconcile/plan/field_diff.py",
    "workers/policy/run_guard.py",
    "workers/model/run_limits.py",
    "workers/model/samples.py",
    "workers/model/held_reason.py",
    "service/reconcile/plan/policies.py",
    "service/reconcile/plan/field_match.py",
    "service/reconcile/plan/model.py",
    "service/reconcile/due_times.py",
    "workers/outgoing/message_signature.py",
    "workers/alerts/cause.py",
    "workers/alerts/rules.py",
    "workers/alerts/silence.py",
    "workers/alerts/message.py",
    "workers/alerts/memory_form.py",
)
IMPURE = {"flask", "redis", "rq", "requests", "time", "random", "socket", "subprocess", "os"}


def below(*folders):
    return [path for path in FILES if path.startswith(folders)]


@cache
def source(path):
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def parsed(path):
    return ast.parse(source(path))


def statements(node):
    """All statements below *node*; what they consist of takes most of a walk."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield child
            yield from statements(child)


@cache
def imports(path):
    """The full names of the modules that the file at *path* imports, anywhere in it."""
    return [*named(path, statements(parsed(path)))]


def named(path, nodes):
    for node in nodes:
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
    ("service/api", "service/console", "service/mcp"),
    ("service/operate",),
    ("service/pulls",),
    ("service/reconcile", "service/onboarding"),
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
    ("workers/delivery", "workers/alerts"),
    ("workers/policy", "workers/store"),
    ("workers/embedded", "workers/webflow", "workers/outgoing"),
    ("workers/config", "workers/transport", "workers/fields"),
    ("workers/model",),
    ("workers/errors", "workers/fibers"),
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


def test_imports_run_down():
    up = {
        (path, each)
        for path in FILES
        if not path.endswith("__init__.py")
        for each in ours(path)
        if each != folder_of(path) and FLOOR[each] <= FLOOR[folder_of(path)]
    }
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
    return named(path, parsed(path).body)


def importing(names, files):
    """Return those of *files* that import a package of *names*."""
    return {path for path in files if packages(path) & names}


def test_what_is_computed_once_knows_no_flask_and_no_click():
    assert not importing({"click", "flask", "flask_smorest"}, below("service/operate/"))


def test_the_api_serves_what_operate_computes():
    known = {"service/api", "service/operate", "service/config"}
    used = {name for path in below("service/api/") for name in ours(path)}
    assert {name for name in used if name.startswith("service/")} <= known


def test_the_console_shows_what_operate_computes():
    known = {"service/console", "service/operate"}
    used = {name for path in below("service/console/") for name in ours(path)}
    assert {name for name in used if name.startswith("service/")} <= known


def test_flask_is_known_to_what_answers_requests_alone():
    rooms = ("service/web/", "service/api/", "service/console/", "service/sandbox/")
    allowed = set(below(*rooms))
    assert importing({"flask", "flask_smorest", "flask_wtf"}, FILES) <= allowed


def test_the_mcp_server_serves_what_operate_computes_and_approves_nothing():
    files = below("service/mcp/")
    known = {"service/mcp", "service/operate", "service/config"}
    used = {name for path in files for name in ours(path)}
    assert {name for name in used if name.startswith("service/")} <= known
    assert not importing({"click", "flask", "marshmallow"}, files)
    decide = ("approve_run", "drop_run", "release", "held_runs", "bulk_runner", "run_release")
    named = {name for path in files for name in imports(path)}
    assert not {name for name in named if name.rpartition(".")[2] in decide}


def test_workers_know_no_flask():
    assert not importing({"flask"}, below("workers/"))


def test_rq_is_imported_by_its_entry_points_alone():
    entries = {f"workers/runtime/{name}.py" for name in ("jobs", "wakeups", "rq_worker")}
    assert importing({"rq"}, FILES) <= entries


def test_the_core_is_pure():
    assert not importing(IMPURE, PURE)


def test_senders_and_mappings_know_no_store_no_web_and_no_network():
    io = {"flask", "redis", "rq", "requests", "random", "socket"}
    assert not importing(io, below("service/senders/", "service/mapping/"))


def test_addresses_of_the_cms_stand_with_its_client_alone():
    known = {
        path
        for path in set(FILES) - set(below("service/sandbox/", "service/demo/"))
        if ("/collections/" in source(path) or "/items" in source(path))
        and any("/collections/" in text or "/items" in text for text in texts(path))
    }
    assert known == {"workers/webflow/client.py", "workers/webflow/request_lines.py"}


def texts(path):
    """The texts in the file at *path*, but for its docstrings."""
    documented = {id(node) for node in docstrings(parsed(path))}
    for node in ast.walk(parsed(path)):
        plain = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if plain and id(node) not in documented:
            yield node.value


def docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value


def test_names_of_keys_are_built_in_one_place():
    """In no text, comment or docstring either: a name that stands twice goes two ways."""
    found = {path for path in FILES if "instep:" in source(path)}
    assert found == {"workers/store/keys.py"}


def test_one_file_knows_under_which_names_fields_are_stored():
    names = {"f:", "o:", b"f:", b"o:"}
    found = {
        path
        for path in FILES
        if any(f'{name}:"' in source(path) for name in "fo")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and node.value in names
    }
    assert found == {"workers/store/item_record.py"}


def test_no_file_is_longer_than_300_lines():
    lines = {path: len(source(path).splitlines()) for path in FILES}
    del lines["workers/store/keys.py"]  # a list: each key has its line
    assert not {path: number for path, number in lines.items() if number > 300}


def test_every_module_says_what_it_is():
    assert not {path for path in FILES if not ast.get_docstring(parsed(path))}
