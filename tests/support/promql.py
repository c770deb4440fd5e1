"""What a query of Prometheus asks for: the metrics that it names, and the labels that it uses."""

import json
import re
from pathlib import Path

import yaml

STARTER = Path(__file__).parents[2] / "service" / "starter" / "monitoring"
# Words of the language, in the queries that ship.
WORDS = {
    *("sum", "by", "or", "and", "unless", "on", "rate", "increase", "histogram_quantile", "vector"),
    *("time", "offset", "without"),
}
_STRINGS = re.compile(r"\"[^\"]*\"|'[^']*'")
_GROUPING = re.compile(r"\b(by|on|without)\s*\(([^)]*)\)")
_MATCHERS = re.compile(r"([a-z_:]+)\s*\{([^}]*)\}")
_NAME = re.compile(r"(?<![\w.$])[a-zA-Z_:][\w:]*")


def without_dashboard(query):
    """Return *query* with what Grafana puts in for its variables."""
    return query.replace("$__rate_interval", "1m")


def metrics(query):
    """Return the names of the metrics that *query* reads."""
    return {name for name in _names(query) if name not in WORDS}


def matched(query):
    """Yield the name of a metric and a label by which *query* chooses its series."""
    for name, inside in _MATCHERS.findall(_STRINGS.sub('""', query)):
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", inside):
            yield name, label


def grouped(query):
    """Return the labels by which *query* adds up or joins."""
    inside = (labels for _, labels in _GROUPING.findall(query))
    return {label.strip() for labels in inside for label in labels.split(",")}


def _names(query):
    text = _STRINGS.sub("", without_dashboard(query))
    text = re.sub(r"\{[^}]*\}|\[[^\]]*\]|offset\s+\w+", "", _GROUPING.sub("", text))
    return set(_NAME.findall(text))


def rules():
    """Return the alert rules by name."""
    (group,) = yaml.safe_load((STARTER / "alerts.yml").read_text("utf-8"))["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def panels():
    """Return the panels of the dashboard by title."""
    dashboard = json.loads((STARTER / "dashboard.json").read_text("utf-8"))
    return {panel["title"]: panel for panel in dashboard["panels"]}


def queries():
    """Yield where a query stands, the query, and the texts that show its labels."""
    for name, rule in rules().items():
        yield name, rule["expr"], " ".join(rule["annotations"].values())
    for title, panel in panels().items():
        for target in panel["targets"]:
            yield f"{title} {target['refId']}", target["expr"], target["legendFormat"]
