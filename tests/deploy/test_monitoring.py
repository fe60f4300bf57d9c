"""What the dashboard and the alerts ask Prometheus for is what a running service measures, by the same names."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from harness import bundles
from harness.held_grids import held_grid, holding
from tests.conftest import ROOT, Server, running

DASHBOARD = json.loads((ROOT / "deploy/grafana/dashboard.json").read_text())
RULES = [rule for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"]
         for rule in group["rules"]]  # fmt: skip
SCRAPE = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())

PANELS = {panel["title"]: [target["expr"] for target in panel["targets"]] for panel in DASHBOARD["panels"]}
EXPRESSIONS = {
    **{f"{title} {i}": expression for title, found in PANELS.items() for i, expression in enumerate(found)},
    **{rule["alert"]: rule["expr"] for rule in RULES},
}

OF_THE_TARGET = {"instance", "job"}
"""Labels that Prometheus itself adds."""
OF_PROMETHEUS = {"up"}
DURATION = re.compile(r"([0-9]+(ms|[smhd]))+")

Scraped = dict[str, list[dict[str, str]]]
"""The labels of each sample, by the metric's name."""


@dataclass(frozen=True)
class Selector:
    """A metric in an expression: what it is called, and the labels that it is chosen by, positively with a pattern."""

    name: str
    labels: frozenset[str]
    chosen: tuple[tuple[str, str], ...]


@pytest.fixture(scope="module")
def scraped(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    """The metrics of a server that was asked everything, was busy, and met a version that does not load."""
    directory = tmp_path_factory.mktemp("monitored")
    models = bundles.copy(models_dir, directory / "models", "linear", "tanh-3")
    (models / "linear" / "2").mkdir()
    environment = {
        "SERVICE_MODELS_DIR": str(models),
        "SERVICE_DEFAULT_MODEL": "tanh-3",
        "SERVICE_MAX_CONCURRENCY": "1",
    }
    minute = {"service.dataplane.admission.QUEUE_SECONDS": 60}
    with running(directory, constants=minute, **environment, **holding(directory)) as server:
        yield exercised(server)


def exercised(server: Server) -> Scraped:
    assert server.predict(points=[[0, 0]]).status_code == 200
    assert [server.get("/boundary?resolution=10").status_code for _ in range(2)] == [200, 200]
    others = [f"/boundary?statistic=mean&format=npy&resolution={resolution}" for resolution in range(20, 40)]
    with ThreadPoolExecutor(len(others)) as pool, held_grid(server):
        answers = [pool.submit(server.get, grid) for grid in others]
        assert next(as_completed(answers)).result().status_code == 503
    found: Scraped = {}
    for family in text_string_to_metric_families(server.get("/metrics").text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample.labels)
    return found


def parsed(expression: str) -> promql_parser.Expr:
    return promql_parser.parse(expression.replace("$__rate_interval", "5m"))


def nodes(expression: promql_parser.Expr) -> list[Any]:
    found: list[Any] = []
    promql_parser.walk(expression, found.append)
    return found


def selectors(expression: promql_parser.Expr) -> Iterator[Selector]:
    for node in nodes(expression):
        vector = getattr(node, "vector_selector", node)
        if isinstance(vector, promql_parser.VectorSelector):
            matchers = vector.matchers.matchers
            positive = (promql_parser.MatchOp.Equal, promql_parser.MatchOp.Re)
            chosen = tuple((m.name, m.value) for m in matchers if m.op in positive and m.name not in OF_THE_TARGET)
            assert vector.name is not None
            yield Selector(vector.name, frozenset(m.name for m in matchers), chosen)


def labels_of(scraped: Scraped, name: str) -> set[str]:
    return OF_THE_TARGET.union(*scraped.get(name, []))


@pytest.mark.parametrize("title", EXPRESSIONS)
def test_every_metric_and_label_that_is_asked_for_is_measured(scraped: Scraped, title: str) -> None:
    found = list(selectors(parsed(EXPRESSIONS[title])))
    assert found
    for selector in found:
        assert selector.name in scraped.keys() | OF_PROMETHEUS
        assert selector.labels <= labels_of(scraped, selector.name)
        for label, pattern in selector.chosen:
            if label == "status":  # no server fails on demand
                continue
            for alternative in pattern.split("|"):
                assert any(sample[label] == alternative for sample in scraped[selector.name]), (label, alternative)


@pytest.mark.parametrize("title", EXPRESSIONS)
def test_what_is_grouped_by_is_a_label_of_all_that_is_grouped(scraped: Scraped, title: str) -> None:
    for node in nodes(parsed(EXPRESSIONS[title])):
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            assert node.modifier.type == promql_parser.AggModifierType.By
            for selector in selectors(node.expr):
                assert set(node.modifier.labels) <= labels_of(scraped, selector.name)


def test_every_metric_of_the_service_is_on_the_dashboard(scraped: Scraped) -> None:
    shown = {selector.name for found in PANELS.values() for text in found for selector in selectors(parsed(text))}
    measured = {name for name in scraped if not name.endswith("_created")}
    assert shown <= measured
    assert {name for name in measured if not name.endswith("_sum")} <= shown  # a mean needs it, a histogram does not


def test_the_dashboard_imports_anywhere() -> None:
    (variable,) = DASHBOARD["templating"]["list"]
    assert (variable["name"], variable["type"], variable["query"]) == ("datasource", "datasource", "prometheus")
    asked = [thing["datasource"] for panel in DASHBOARD["panels"] for thing in (panel, *panel["targets"])]
    assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in asked)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    cells = [(x, y) for panel in DASHBOARD["panels"] for x, y in covered(**panel["gridPos"])]
    assert len(set(cells)) == len(cells), "panels overlap"
    assert max(x for x, _ in cells) == 23
    assert "id" not in DASHBOARD


def covered(x: int, y: int, w: int, h: int) -> Iterator[tuple[int, int]]:
    return ((column, row) for column in range(x, x + w) for row in range(y, y + h))


def test_every_line_has_a_name_from_a_label_that_is_left() -> None:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            named = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert target["legendFormat"]
            assert named <= left_over(target["expr"]), panel["title"]


def left_over(expression: str) -> set[str]:
    """Return the labels of an expression's result, all if nothing is grouped."""
    groups = [
        set(node.modifier.labels)
        for node in nodes(parsed(expression))
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None
    ]
    return set.intersection(*groups) if groups else OF_THE_TARGET


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_happens_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule.keys() - {"for"} == {"alert", "expr", "labels", "annotations"}
    assert re.fullmatch(r"Boundary[A-Za-z]+", rule["alert"])
    assert DURATION.fullmatch(rule.get("for", "0s"))
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"].keys() == {"summary", "description"}
    assert all(len(text) > 20 for text in rule["annotations"].values())
    named = re.findall(r"\$labels\.(\w+)", str(rule["annotations"]))
    assert set(named) <= left_over(rule["expr"])


def test_alerts_have_names_of_their_own_and_the_scrape_is_of_the_job_that_they_ask_for() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    assert SCRAPE["rule_files"] == ["alerts.yml"]
    jobs = set(re.findall(r'job="(\w+)"', " ".join(EXPRESSIONS.values())))
    assert {scrape["job_name"] for scrape in SCRAPE["scrape_configs"]} == jobs


def test_grafana_is_given_the_dashboard_and_the_prometheus_that_compose_runs() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    mounts = dict(volume.split(":")[:2] for volume in services["grafana"]["volumes"])
    provisioning = ROOT / "deploy/grafana/provisioning"
    assert mounts["./deploy/grafana/provisioning"] == "/etc/grafana/provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"]
    assert (source["type"], source["url"], source["isDefault"]) == ("prometheus", "http://prometheus:9090", True)
    (provider,) = yaml.safe_load((provisioning / "dashboards/boundary.yml").read_text())["providers"]
    assert Path(mounts["./deploy/grafana/dashboard.json"]).parent == Path(provider["options"]["path"])
    assert {services[name]["profiles"][0] for name in ("prometheus", "grafana")} == {"monitoring"}


def test_prometheus_finds_every_replica_on_the_port_that_the_service_has() -> None:
    (scrape,) = SCRAPE["scrape_configs"]
    (found,) = scrape["dns_sd_configs"]
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert set(found["names"]) <= services.keys()
    assert (found["type"], found["port"]) == ("A", 8000)
    assert set(services["prometheus"]["networks"]) & set(services["service"]["networks"])
