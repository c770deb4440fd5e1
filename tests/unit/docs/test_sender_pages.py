"""Every recipe of service/docs/senders does what its page says, and every sender has one."""

import json
import runpy
import tomllib
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from service.cli import main
from service.config.build import build
from service.ingest.intake import Intake
from service.operate.check_meeting import unmet
from service.operate.check_overlap import overlapping
from service.operate.check_secrets import unfilled
from service.operate.check_use import topicless, unused_mappings
from service.senders import SENDERS
from service.senders.base import QUERY
from tests.support import cookbook
from tests.support.page_signatures import signed
from workers.store.connection import connect
from workers.store.dead_letters import DeadLetters
from workers.store.outbox import Outbox, balanced
from workers.store.scripts import Steps

RECIPES = list(cookbook.recipes())
NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)

recipe_by_recipe = pytest.mark.parametrize("recipe", RECIPES, ids=str)


@pytest.fixture
def environ(tmp_path):
    """Writes the files of a recipe, and returns the environment that names them."""

    def make(recipe):
        recipe.write(tmp_path)
        return {
            "INSTEP_CONFIG": str(tmp_path / "instep.toml"),
            "INSTEP_DATA": str(tmp_path / "data"),
            "REDIS_URL": "",
        }

    return make


def previewed(example, environ):
    """Return what ``instep preview`` says of *example*."""
    request = example.request
    fetched = [] if example.fetched is None else ["--fetched"]
    headers = [part for item in request.headers.items() for part in ("--header", ": ".join(item))]
    done = CliRunner().invoke(
        main,
        ["preview", request.source, "-", "--json", *fetched, *headers],
        input=(request.body if example.fetched is None else example.fetched).encode(),
        env=environ,
    )
    assert done.exit_code in (0, 1), done.output
    return json.loads(done.stdout)


def written(changes):
    """Return *changes* by collection and key: fields by slug, or how the item is retired."""
    found = {}
    for change in changes:
        records = found.setdefault(change["collection"], {})
        key = change["key"] or change["item"]
        if "retire" in change:
            records[key] = change["retire"]
        else:
            records.setdefault(key, {}).update(change["fields"])
    return found


def delivered(request, settings):
    """Return source, headers and body of *request*, signed."""
    source = settings.sources[request.source]
    headers = signed(source.sender, [*source.secrets, ""][0], request, now=NOW)
    path, _, query = request.path.partition("?")
    assert path == "/".join(filter(None, ("/webhooks", source.name, source.path_token)))
    return request.source, headers | {QUERY: query}, request.body.encode()


def wanted(example):
    """Tell whether any mapping takes the request, and so more than its arrival is kept."""
    return bool(example.writes or example.fetches or example.problems)


@recipe_by_recipe
def test_a_recipe_writes_what_its_page_says(recipe, environ):
    files = environ(recipe)
    assert recipe.examples
    for example in recipe.examples:
        assert example.results, f"nothing is said of {example.request}"
        found = previewed(example, files)
        problems = [f"{each['path']}: {each['message']}" for each in found["problems"]]
        fetches = {}
        for each in found["fetches"]:
            fetches.setdefault(each["fetcher"], []).append(each["object"])
        assert problems == example.problems
        assert written(found["changes"]) == example.writes
        assert fetches == example.fetches


@recipe_by_recipe
def test_the_requests_of_a_recipe_are_proven_and_accepted_in_their_order(recipe, environ, store):
    where = store.connection_pool.connection_kwargs["path"]
    configuration = build(environ(recipe) | {"REDIS_URL": f"unix://{where}"})
    settings = configuration.settings
    steps = Steps(connect(settings.store))
    outbox, letters = Outbox(steps, settings), DeadLetters(steps, settings)
    intake = Intake(
        configuration.senders,
        configuration.mappings,
        outbox,
        wake=str,
        collections=settings.collections,
    )
    problems = 0
    for example in recipe.examples:
        if example.fetched is not None:
            continue
        receipt = intake.receive(*delivered(example.request, settings), now=NOW)
        # What no mapping takes for its topic is unwanted, what ``when`` leaves out is kept.
        outcomes = ("kept",) if wanted(example) else ("kept", "unwanted")
        assert receipt.outcome in outcomes
        problems += bool(example.problems)
    counts = outbox.counts()
    assert balanced(counts)
    # Nothing of a recipe is stale beside what came before it, or of another kind of version.
    assert counts["pending"] + counts["superseded"] == counts["accepted"]
    assert letters.count() == problems


@recipe_by_recipe
def test_every_mapping_of_a_recipe_is_shown_at_work(recipe, environ, tmp_path):
    files = environ(recipe)
    worked = {
        change["mapping"]
        for example in recipe.examples
        for change in previewed(example, files)["changes"]
    }
    defined = runpy.run_path(str(tmp_path / "mappings.py"))
    used = {name for name, cls in defined.items() if hasattr(getattr(cls, "Meta", None), "source")}
    assert worked == used


def test_every_sender_has_a_recipe_and_every_page_one():
    shown = [
        source["sender"]
        for recipe in RECIPES
        for source in tomllib.loads(recipe.toml)["sources"].values()
    ]
    assert set(shown) == set(SENDERS)
    assert {recipe.page for recipe in RECIPES} == {page.stem for page in cookbook.pages()}


@pytest.mark.parametrize("page", cookbook.pages(), ids=lambda page: page.stem)
def test_a_page_ends_with_notes(page):
    assert cookbook.SECTION.findall(page.read_text(encoding="utf-8"))[-1] == "Notes"


@pytest.mark.parametrize("page", cookbook.pages(), ids=lambda page: page.stem)
def test_the_overview_of_senders_links_to_every_page(page):
    overview = (cookbook.PAGES.parent / "senders.md").read_text(encoding="utf-8")
    assert f"(senders/{page.name})" in overview


@recipe_by_recipe
def test_check_finds_nothing_wrong_with_a_recipe_by_itself(recipe, environ):
    made = build(environ(recipe))
    found = (
        *unmet(made),
        *overlapping(made),
        *unfilled(made.settings),
        *topicless(made),
        *unused_mappings(made),
    )
    assert [str(each) for each in found] == []
