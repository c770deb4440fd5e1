"""check: what a destination answers to the token, and what the store says."""

import json
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from service.cli import main
from service.commands import check_page
from service.operate.check_findings import Findings
from workers.errors import Problem

TOML = """
[destinations.site]
token = "t0ken"
base_url = "{url}"
[collections.products]
destination = "site"
id = "65f000000000000000000001"
"""


@pytest.fixture
def site():
    """A site that answers every request with ``site.answer``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            types = {"price": "Number"}
            fields = [{"slug": s, "type": types.get(s, "PlainText")} for s in self.server.slugs]
            body = json.dumps({"id": "65f000000000000000000001", "fields": fields}).encode()
            self.server.asked.append((self.path, self.headers["Authorization"]))
            self.send_response(self.server.answer)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with closing(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        server.close = server.server_close
        server.answer, server.asked, server.slugs = 200, [], []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def check(tmp_path, site):
    """Run ``instep check`` on a collection of the site; returns exit code and JSON."""

    def _check(text=TOML, **environ):
        path = tmp_path / "instep.toml"
        path.write_text(text.format(url=f"http://127.0.0.1:{site.server_address[1]}"))
        env = {"INSTEP_CONFIG": str(path), "INSTEP_DATA": str(tmp_path / "data"), "REDIS_URL": ""}
        result = CliRunner().invoke(main, ["check", "--json"], env=env | environ)
        return result.exit_code, json.loads(result.stdout)

    return _check


def test_a_collection_that_answers_is_right_and_a_store_that_does_not_run_is_no_problem(
    check, site
):
    code, found = check()
    assert (code, found["ok"], found["problems"]) == (0, True, [])
    assert site.asked == [("/v2/collections/65f000000000000000000001", "Bearer t0ken")]
    assert "not running yet" in found["notes"][0]


def test_a_key_that_will_go_is_a_warning_that_names_the_next_one(check):
    code, found = check(f"{TOML}[collections.products.reconcile]\nretire_at_most = 3\n")
    assert (code, found["ok"]) == (0, True)
    [warning] = found["problems"]
    assert (warning["level"], warning["expected"]) == (
        "warning",
        "at_most in [collections.products.guard]",
    )


TWO_SOURCES = """
mappings = ["mappings.py"]
[sources.erp]
sender = "bearer"
secrets = ["s"]
{erp}
[sources.shop]
{shop}
secrets = ["s"]
"""
BOTH = """
from marshmallow import fields
from service.mapping import Mapping

class Erp(Mapping):
    class Meta:
        source, collection, item = "erp", "products", "id"

    stock = fields.Integer()

class Shop(Mapping):
    class Meta:
        source, collection, item = "shop", "products", "id"

    stock = fields.Integer()
"""


@pytest.mark.parametrize(
    ("erp", "shop", "told"),
    [
        ("", 'sender = "shopify"', "erp by no times, shop by times"),
        ("", 'sender = "debezium"\nscheme = "bearer"', "erp by no times, shop by numbers"),
        ('occurred_at = "at"', 'sender = "debezium"\nscheme = "bearer"', "erp by times"),
        ('occurred_at = "at"', 'sender = "shopify"', None),
        ("", 'sender = "bearer"', None),
    ],
)
def test_sources_of_two_kinds_on_one_field_are_warned_of(check, tmp_path, erp, shop, told):
    (tmp_path / "mappings.py").write_text(BOTH)
    code, found = check(TWO_SOURCES.format(erp=erp, shop=shop) + TOML)
    warned = [each for each in found["problems"] if each["found"].startswith("stock written by")]
    assert (code, len(warned)) == (0, told is not None)
    assert not warned or (told in warned[0]["found"] and warned[0]["level"] == "warning")


@pytest.mark.parametrize(
    ("settings", "version", "warned"),
    [
        ('file = "erp.csv"', "", True),
        ('file = "erp.csv"', 'version = "updated_at"', False),
        ('orphans = "report"', "", False),
    ],
)
def test_a_mapping_without_a_version_that_is_reconciled_is_warned_of(
    check, tmp_path, settings, version, warned
):
    one = BOTH.partition("class Shop")[0]
    text = one.replace('"products", "id"', f'"products", "id"\n        {version}')
    (tmp_path / "mappings.py").write_text(text)
    code, found = check(f"{ONE_SOURCE}{TOML}[collections.products.reconcile]\n{settings}\n")
    told = [
        each["level"] for each in found["problems"] if each["where"].endswith("Erp.Meta.version")
    ]
    assert (code, told) == (0, ["warning"] * warned)


ONE_SOURCE = """
mappings = ["mappings.py"]
[sources.erp]
sender = "bearer"
secrets = ["s"]
"""
CREATION = """
from marshmallow import fields
from service.mapping import Mapping

class Erp(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "id"
        on_create = ("slug",)

    name = fields.String()
    slug = fields.String()
"""


@pytest.mark.parametrize(("missing", "warned"), [("dead-letter", 1), ("create", 0)])
def test_fields_for_new_items_where_none_is_made_are_warned_of(check, tmp_path, missing, warned):
    (tmp_path / "mappings.py").write_text(CREATION)
    code, found = check(f'{ONE_SOURCE}{TOML}key = "sku"\nmissing = "{missing}"\n')
    told = [each for each in found["problems"] if each["where"].endswith("Erp.Meta.on_create")]
    assert (code, len(told)) == (0, warned)
    assert not told or "slug will be counted as ignored" in told[0]["do"]


MISSPELT = """
from marshmallow import fields
from service.mapping import Mapping

class Erp(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "id"

    stok = fields.Integer(data_key="qty")
    price = fields.Decimal()
    _draft = fields.Boolean()
"""
KEYED = TOML + 'key = "skus"\n'


def test_a_field_that_the_collection_does_not_have_is_a_problem_that_names_the_nearest(
    check, tmp_path, site
):
    (tmp_path / "mappings.py").write_text(MISSPELT)
    site.slugs = ["name", "slug", "sku", "price", "stock"]
    code, found = check(ONE_SOURCE + KEYED)
    told = [
        (each["where"].rpartition(": ")[2], each["do"].split(",")[0]) for each in found["problems"]
    ]
    assert code == 1
    assert told == [("collections.products.key", "write sku"), ("Erp.stok", "write stock")]


def test_a_wrong_mapping_hides_nothing_else_that_is_wrong(check, tmp_path, site):
    wrong = MISSPELT.replace("fields.Decimal()", 'fields.Decimal(data_key="a[")')
    (tmp_path / "mappings.py").write_text(wrong)
    (tmp_path / "more.py").write_text("class More(")
    site.slugs = ["name", "slug", "sku", "price", "stock"]
    both = ONE_SOURCE.replace('"mappings.py"', '"mappings.py", "more.py"') + KEYED
    code, found = check(
        f'{both}missing = "create"\n[sources.lone]\nsender = "bearer"\nsecrets = ["s"]\n'
    )
    told = [each["where"].rpartition(": ")[2] for each in found["problems"]]
    assert (code, told) == (1, ["Erp.price", "more.py", "collections.products.key", "Erp.stok"])
    # What the file that cannot be read writes is not known: nothing is said to be missing.
    assert not any("no mapping" in note for note in found["notes"])
    assert "What the mappings with errors write is checked once they are mended" in found["notes"]


def test_of_a_collection_whose_fields_are_not_told_none_is_a_problem(check, tmp_path):
    (tmp_path / "mappings.py").write_text(MISSPELT)
    code, found = check(ONE_SOURCE + KEYED)
    assert (code, found["problems"]) == (0, [])


@pytest.mark.parametrize(("live", "word"), [("true", "live"), ("false", "staged")])
def test_what_is_created_and_where_is_noted(check, live, word):
    create = 'missing = "create"\nkey = "sku"\n'
    text = TOML.replace("[collections.products]\n", f"[collections.products]\n{create}")
    text = text.replace("[destinations.site]\n", f"[destinations.site]\nlive = {live}\n")
    _, found = check(text)
    assert any(f"missing items are created, {word}" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("status", "key"),
    [
        (401, "destinations.site.token"),
        (403, "destinations.site.token"),
        (404, "collections.products.id"),
        (503, "collections.products"),
    ],
)
def test_a_refusal_is_a_problem_of_what_was_refused(check, site, status, key):
    site.answer = status
    code, found = check()
    assert (code, found["ok"]) == (1, False)
    (problem,) = found["problems"]
    assert problem["where"].endswith(f": {key}")
    assert str(status) in problem["found"]
    assert "t0ken" not in json.dumps(found)


TWO = (
    TOML
    + """
[collections.people]
destination = "site"
id = "65f000000000000000000002"
"""
)
ALONE = TOML.partition("[collections")[0]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_told_once_and_asked_for_once(check, site, status):
    site.answer = status
    _, found = check(TWO)
    assert len(found["problems"]) == len(site.asked) == 1


def test_an_unknown_id_says_nothing_of_the_other_collections(check, site):
    site.answer = 404
    _, found = check(TWO)
    places = [problem["where"].rpartition(": ")[2] for problem in found["problems"]]
    assert places == ["collections.people.id", "collections.products.id"]


@pytest.mark.parametrize(
    ("status", "keys"),
    [
        (200, []),
        (401, ["destinations.site.token"]),
        (403, []),
        (404, []),
        (500, ["destinations.site.base_url"]),
    ],
)
def test_a_destination_without_collections_is_asked_for_its_sites(check, site, status, keys):
    site.answer = status
    _, found = check(ALONE)
    assert [path for path, _ in site.asked] == ["/v2/sites"]
    assert [problem["where"].rpartition(": ")[2] for problem in found["problems"]] == keys


def test_no_answer_is_a_problem_of_the_address(check):
    code, found = check(TOML.replace("{url}", "http://127.0.0.1:1"))
    assert code == 1
    (problem,) = found["problems"]
    assert problem["where"].endswith("destinations.site.base_url")


def test_a_given_store_that_does_not_answer_is_a_problem(check, tmp_path):
    code, found = check(REDIS_URL=f"unix://{tmp_path}/nothing")
    assert code == 1
    (problem,) = found["problems"]
    assert problem["where"] == "REDIS_URL"


@pytest.mark.usefixtures("store")
def test_a_given_store_that_is_weaker_than_wanted_is_a_problem(check, store_socket):
    code, found = check(REDIS_URL=f"unix://{store_socket}")
    assert code == 1
    assert "store: appendonly, appendfsync" in {each["where"] for each in found["problems"]}


SECRET = """
mappings = ["mappings.py"]
[sources.erp]
sender = "bearer"
secrets = [{{ value = "s", until = {until} }}{more}]
"""


@pytest.mark.parametrize(
    ("until", "more", "code", "levels"),
    [
        pytest.param(-1, "", 1, ["error"], id="ended"),
        pytest.param(1, "", 0, ["warning"], id="ends soon"),
        pytest.param(30, "", 0, [], id="ends later"),
        pytest.param(-1, ', "next"', 0, [], id="has a successor"),
    ],
)
def test_a_source_whose_secrets_end_is_named(check, tmp_path, until, more, code, levels):
    (tmp_path / "mappings.py").write_text(BOTH.partition("class Shop")[0])
    end = (datetime.now(UTC) + timedelta(days=until)).isoformat()
    found = check(SECRET.replace("{until}", end).replace("{more}", more) + TOML)
    named = [each for each in found[1]["problems"] if each["where"].endswith("erp.secrets")]
    assert (found[0], [each["level"] for each in named]) == (code, levels)


def test_a_source_that_no_mapping_reads_is_warned_of(check):
    code, found = check(f'{TOML}[sources.erp]\nsender = "bearer"\nsecrets = ["s"]\n')
    (warning,) = found["problems"]
    assert (code, warning["level"]) == (0, "warning")
    assert (warning["where"].endswith("sources.erp"), warning["found"]) == (True, "no mapping")
    assert "Collection products: no mapping writes it" in found["notes"]


def test_people_read_the_errors_first(check, tmp_path, site):
    check(f'{TOML}[sources.erp]\nsender = "bearer"\nsecrets = ["s"]\n')
    site.answer = 401
    env = {"INSTEP_CONFIG": str(tmp_path / "instep.toml"), "REDIS_URL": ""}
    result = CliRunner().invoke(main, ["check"], env=env | {"INSTEP_DATA": str(tmp_path)})
    lines = result.stdout.splitlines()
    heads = [line for line in lines if not line.startswith("  ")]
    assert heads[:-1] == ["Errors:", "", "Warnings:", "", "Notes:", ""]
    assert max(map(len, lines)) <= 80
    assert (result.exit_code, lines[-1]) == (1, "Errors: 1, warnings: 1")


def test_a_finding_is_wrapped():
    problem = Problem(
        "instep.toml: destinations.site.token", "status 401", "a token " * 9, "set it"
    )
    lines = list(check_page.lines(Findings(errors=[problem], notes=["fine"]), 80))
    assert max(map(len, lines[1:])) <= 80
    assert [line[:6] for line in lines[1:3]] == ["  inst", "    to"]
    assert lines[-1] == "Errors: 1, warnings: 0"


def test_warnings_alone_are_no_failure(check, tmp_path):
    check(f'{TOML}[sources.erp]\nsender = "bearer"\nsecrets = ["s"]\n')
    env = {"INSTEP_CONFIG": str(tmp_path / "instep.toml"), "REDIS_URL": ""}
    result = CliRunner().invoke(main, ["check"], env=env | {"INSTEP_DATA": str(tmp_path)})
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "Warnings:")


def test_a_question_to_the_site_takes_from_the_budget_of_a_running_system(
    check, store_socket, store
):
    check(REDIS_URL=f"unix://{store_socket}")
    assert store.keys("instep:budget:*")
