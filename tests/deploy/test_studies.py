"""A study by a scheduler and its workers: what compose and Kubernetes start is what the engine counts on."""

from typing import Any

import dask.config
import pytest
import requests
import yaml
from dask.utils import parse_bytes

from chaos.deploy.stack import Stack
from tests.conftest import ROOT
from tests.deploy.manifests import Manifest, of_kind, pod_of, quantity, render, the
from tests.deploy.pod_security import violations
from training.study.cluster import SETTINGS, WORKER_BYTES

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
PODS = ("boundary-study", "boundary-study-scheduler", "boundary-study-worker")


def specs() -> dict[str, Manifest]:
    """Return what the pods of a study are to be, by name."""
    made = [(manifest["metadata"]["name"], pod_of(manifest)) for manifest in render("studies")]
    return {name: pod["spec"] for name, pod in made if pod is not None and "spec" in pod}


def check_settings(environment: dict[str, str]) -> None:
    told: dict[str, Any] = dask.config.collect_env(environment)
    assert {name: dask.config.get(name, config=told) for name in SETTINGS} == SETTINGS
    assert len([name for name in environment if name.startswith("DASK_")]) == len(SETTINGS)


@pytest.mark.parametrize("name", ["study-scheduler", "study-worker"])
def test_compose_tells_dask_what_the_engine_counts_on(name: str) -> None:
    check_settings(COMPOSE[name]["environment"])


def test_kubernetes_does_too() -> None:
    settings = the("studies", "ConfigMap")
    check_settings(settings["data"])
    assert set(specs()) == set(PODS)
    for pod in specs().values():
        (container,) = pod["containers"]
        assert container["envFrom"] == [{"configMapRef": {"name": settings["metadata"]["name"]}}]


def test_compose_has_them_in_a_network_without_a_way_in_or_out() -> None:
    studies = [COMPOSE[name] for name in ("study-scheduler", "study-worker", "study")]
    assert [(service["profiles"], service["networks"], service.get("ports")) for service in studies] == [
        (["study"], ["studies"], None)
    ] * 3


@pytest.mark.parametrize("name", PODS)
def test_a_pod_of_a_study_keeps_the_restricted_standard_and_asks_the_cluster_for_nothing(name: str) -> None:
    pod = specs()[name]
    assert violations(pod) == []
    (container,) = pod["containers"]
    assert container["image"].rpartition("/")[2].startswith("boundary-training:")
    assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


def test_workers_and_the_client_find_the_scheduler_and_nobody_else_does() -> None:
    service = the("studies", "Service")
    address = f"tcp://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    worker, client = (specs()[name]["containers"][0] for name in ("boundary-study-worker", "boundary-study"))
    assert address in worker["command"]
    assert address in client["args"]
    (policy,) = of_kind("studies", "NetworkPolicy")
    labels = policy["spec"]["podSelector"]["matchLabels"]
    made = [pod_of(manifest) for manifest in render("studies") if manifest["kind"] in {"Deployment", "Job"}]
    assert all(pod is not None and labels.items() <= pod["metadata"]["labels"].items() for pod in made)
    assert policy["spec"]["ingress"] == [{"from": [{"podSelector": {"matchLabels": labels}}]}]


def test_a_worker_has_the_memory_that_one_of_a_local_cluster_has_and_its_container_some_more() -> None:
    (container,) = specs()["boundary-study-worker"]["containers"]
    for command in (container["command"], COMPOSE["study-worker"]["entrypoint"]):
        assert parse_bytes(command[command.index("--memory-limit") + 1]) == WORKER_BYTES
    assert COMPOSE["study-worker"]["mem_limit"] == "2g"
    assert quantity(container["resources"]["limits"]["memory"]) == 2 * 2**30


@pytest.mark.compose
def test_a_study_is_run_by_the_workers_of_compose_and_asked_of_the_service(stack: Stack) -> None:
    try:
        study = ("--profile", "study", "run", "--rm", "-T", "study", "training/experiments/studies/units.toml")
        stack.compose(*study, "--replicates", "1", timeout=900)
        workers = stack.compose("--profile", "study", "logs", "study-worker")
    finally:
        stack.compose("--profile", "study", "rm", "--stop", "--force", "study", "study-worker", "study-scheduler")
    assert "Registered to" in workers
    (found,) = requests.get(f"{stack.url}/studies", headers={"Accept": "application/json"}, timeout=70).json()[
        "studies"
    ]
    assert (found["name"], found["finished"], found["failed"]) == ("units", found["cells"], 0)
