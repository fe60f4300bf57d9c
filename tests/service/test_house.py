"""The house: data flow one way, and each layer of the service knows only those below it."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

VALUES = {
    "service",
    "service.errors",
    "service.settings",
    "service.observability",
    "service.file_stamp",
    "service.heap",
    "service.memory",
}
"""What every layer may use."""

TRANSPORT = {"service.threads", "service.client_limits"}
"""What both servers, of HTTP and of gRPC, share."""

ALLOWED = {
    "service/edges": {"service.edges", "service.http", "service.rpc", "service.dataplane", "service.rendering"},
    "service/rpc": {"service.rpc", "service.http", "service.dataplane", "service.request_record", *TRANSPORT},
    "service/http": {"service.http", "service.dataplane", "service.keys", "service.request_record"},
    "service/rendering": {"service.rendering", "service.dataplane", "service.registry.models"},
    "service/dataplane": {"service.dataplane", "service.registry", "service.engines", "service.request_record"},
    "service/registry": {"service.registry", "service.engines"},
    "service/engines": {"service.engines"},
    "service/server": {"service.server", *TRANSPORT},
}

TYPES = {
    "service.registry.models",
    "service.registry.experiments",
    "service.registry.studies",
    "service.engines",
}
"""What an edge and what edges share may use beside that: the types of what the data plane gives."""

WIRE = {"service/http": {"service.server.request_parser"}}
"""How a server hands a request over."""

LOCAL = ROOT / "client/score/local.py"
"""What scores without a service: by its registry and engines, as `boundary-service[client,service]` installs them."""

COMMAND = ast.parse((ROOT / "client/score/command.py").read_text())

FLASK = {"service/app.py", "service/http/flask_adapter.py", "service/http/access.py", "service/http/telemetry.py"}


def imported(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, `package.module` for `from package import module`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules = (ROOT / node.module.replace(".", "/")).is_dir()
            yield from (f"{node.module}.{alias.name}" if modules else node.module for alias in node.names)


def files(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found
    return found


@pytest.mark.parametrize("layer", ALLOWED)
def test_a_layer_of_the_service_knows_only_those_below_it(layer: str) -> None:
    allowed = ALLOWED[layer] | VALUES | WIRE.get(layer, set())
    if layer in ("service/edges", "service/http"):
        allowed |= TYPES
    strangers = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in files(layer)
        for name in imported(path)
        if name.partition(".")[0] == "service"
        and name not in {f"service.{constant}" for constant in ("__version__", "SLOT", "SHARED")}
        and not any(name == module or name.startswith(f"{module}.") for module in allowed - {"service"})
        and name != "service"
    }
    assert strangers == set()


def imported_in_all(path: Path, seen: set[Path]) -> Iterator[str]:
    """Yield the modules that a file and the service's that it imports import."""
    seen.add(path)
    for name in imported(path):
        yield name
        for file in (ROOT / f"{name.replace('.', '/')}{end}" for end in (".py", "/__init__.py")):
            if file.is_file() and file not in seen:
                yield from imported_in_all(file, seen)


@pytest.mark.parametrize("peer", ["bentoml", "kserve", "litserve", "mlserver", "ray", "triton"])
def test_the_engine_runs_with_what_a_benchmarks_peer_installs(peer: str) -> None:
    lines = (ROOT / f"requirements/peers/{peer}.txt").read_text().splitlines()
    installed = {re.split("[=>[]", line)[0].replace("-", "_") for line in lines}
    needed = {name.partition(".")[0] for name in imported_in_all(ROOT / "service/engines/litert.py", set())}
    assert needed - sys.stdlib_module_names - {"service", "bundle"} <= installed


def test_edges_reach_models_through_the_data_plane_alone() -> None:
    reached = {
        (path.name, node.attr)
        for path in files("service/edges")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in {"registry", "admission", "cache", "experiment_store", "study_store"}
    }
    assert reached == set()


def test_only_the_app_and_its_adapters_know_flask() -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for path in files("service")
        for name in imported(path)
        if name.partition(".")[0] in {"flask", "flask_cors"}
    }
    assert users == FLASK


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("bundle", {"bundle"}),
        ("verdicts", {"bundle", "verdicts"}),
        ("training", {"bundle", "training", "verdicts"}),
        ("service", {"bundle", "service", "verdicts"}),
        ("client", {"bundle", "client"}),
    ],
)
def test_data_flow_one_way(package: str, allowed: set[str]) -> None:
    ours = {"bundle", "verdicts", "training", "service", "client", "tests", "benchmarks", "chaos", "harness"}
    known = {name.partition(".")[0] for path in files(package) if path != LOCAL for name in imported(path)}
    assert known & ours <= allowed


def test_one_module_of_the_client_reaches_down_to_the_service_and_is_loaded_for_one_option() -> None:
    reached = set(imported(LOCAL))
    assert {name for name in reached if name.startswith(("service.edges", "service.http", "service.app"))} == set()
    loaders = [path.name for path in files("client") if "client.score.local" in imported(path)]
    at_top = [node.module for node in COMMAND.body if isinstance(node, ast.ImportFrom)]
    assert (loaders, "client.score.local" in at_top) == (["command.py"], False)
