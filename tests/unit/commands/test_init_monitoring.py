"""The alert rules and the dashboard that ship ask for metrics that there are."""

import re

import pytest
from click.testing import CliRunner

from service.cli import main
from tests.support import promql
from workers.store.metric_names import METRICS, NAMES

FILES = ("prometheus.yml", "alerts.yml", "dashboard.json")
QUERIES = {place: (query, shown) for place, query, shown in promql.queries()}
ADDED = {"job", "instance", "le"}  # by Prometheus; of a bucket


def labels_of(name):
    """Return the labels of the series *name*; None: no such series is exported."""
    if name == "up":
        return ADDED
    whole = re.sub(r"_(?:bucket|count|sum)$", "", name)
    if whole != name and whole in METRICS and METRICS[whole].kind == "histogram":
        return {*METRICS[whole].labels, *ADDED}
    known = METRICS.get(name)
    return None if known is None or known.kind == "histogram" else {*known.labels, *ADDED}


@pytest.mark.parametrize("place", QUERIES)
def test_every_metric_of_a_query_is_exported(place):
    names = promql.metrics(QUERIES[place][0])
    assert names
    assert all(labels_of(name) is not None for name in names), names


@pytest.mark.parametrize("place", QUERIES)
def test_no_query_needs_an_old_name(place):
    assert not promql.metrics(QUERIES[place][0]) & (set(METRICS) - set(NAMES))


@pytest.mark.parametrize("place", QUERIES)
def test_every_label_of_a_query_is_one_of_its_metric(place):
    query, shown = QUERIES[place]
    assert all(label in labels_of(name) for name, label in promql.matched(query))
    known = set().union(*(labels_of(name) for name in promql.metrics(query)))
    assert promql.grouped(query) <= known
    told = set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", shown))
    assert told <= known


@pytest.mark.parametrize("place", QUERIES)
def test_what_a_query_shows_of_its_labels_is_left_by_its_sum(place):
    query, shown = QUERIES[place]
    told = set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", shown))
    if re.search(r"\bsum\b", query):
        assert told <= promql.grouped(query)


def test_the_parser_of_queries_finds_what_they_name():
    query = """sum by (source, le) (rate(instep_x_total{outcome!="re(f)used"}[6h] offset 1h)) > 0
               and on (source) time() - instep_y"""
    assert promql.metrics(query) == {"instep_x_total", "instep_y"}
    assert list(promql.matched(query)) == [("instep_x_total", "outcome")]
    assert promql.grouped(query) == {"source", "le"}


def test_the_dashboard_shows_what_an_operator_asks_for():
    shown = set().union(*(promql.metrics(query) for _, query, _ in promql.queries()))
    wanted = {
        *("instep_state", "instep_backlog_items", "instep_freshness_seconds_bucket"),
        *("instep_budget_left", "instep_calls_total", "instep_dead_letters"),
        *("instep_refusals_total", "instep_workers", "instep_store_bytes"),
    }
    assert wanted <= shown


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, ["init", *arguments])


def test_the_files_are_written_to_a_folder_of_their_own(run, tmp_path):
    result = run("--monitoring")
    assert result.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "monitoring").iterdir()) == sorted(FILES)
    assert "import dashboard.json into Grafana" in result.output


def test_the_files_are_written_to_the_folder_that_is_named(run, tmp_path):
    assert run("--monitoring", "here").exit_code == 0
    assert {path.name for path in (tmp_path / "here").iterdir()} == set(FILES)


def test_no_file_is_overwritten(run, tmp_path):
    (tmp_path / "alerts.yml").write_text("mine")
    result = run("--monitoring", ".")
    assert (result.exit_code, (tmp_path / "alerts.yml").read_text()) == (1, "mine")
    assert "alerts.yml; nothing was written" in result.stderr
    assert not (tmp_path / "dashboard.json").exists()


def test_without_monitoring_a_directory_has_to_be_named(run):
    result = run()
    assert (result.exit_code, "DIRECTORY" in result.stderr) == (2, True)
