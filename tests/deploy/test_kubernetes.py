"""The manifests are valid, as the cluster's own schemas have it, and fit each other, the images and the service.

They are rendered by the real kustomize and validated strictly: a field that Kubernetes does not know fails. For the
kinds of KServe and the Prometheus operator no package brings a schema without a server around it. Their manifests were
valid by the definitions of KServe 0.20 and the operator's 0.93 when written; the tests hold them to those fields.
"""

import copy
import re
from collections.abc import Callable
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from service import __version__
from service.address import Address
from service.app import create_app
from service.settings import Settings
from tests.conftest import ROOT
from tests.console import check_links
from tests.deploy.manifests import (
    APPLIED,
    KUBERNETES,
    OF_KSERVE,
    PODS,
    Manifest,
    kustomizations,
    of_kind,
    pod_of,
    render,
    spec_of,
    the,
)
from tests.deploy.pod_security import violations

VERSIONS = ("1.30", kubernetes_validate.latest_version())
"""Kubernetes from the oldest that is promised to the newest that the validator knows."""

CUSTOM = {"InferenceService", "PrometheusRule", "ServiceMonitor"}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVING = ("overlays/one-node", "overlays/production")


def validate(manifest: Manifest, version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("folder", kustomizations())
def test_every_manifest_is_valid(folder: str, version: str) -> None:
    validated = [manifest for manifest in render(folder) if manifest["kind"] not in CUSTOM]
    assert validated
    for manifest in validated:
        validate(manifest, version)


def break_name(deployment: Manifest) -> None:
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    container["readinessProbe"]["periodSecond"] = container["readinessProbe"].pop("periodSeconds")


def break_type(deployment: Manifest) -> None:
    deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = "45"


def break_missing(deployment: Manifest) -> None:
    del deployment["spec"]["selector"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("break_it", [break_name, break_type, break_missing])
def test_the_validator_sees_what_is_wrong(version: str, break_it: Callable[[Manifest], None]) -> None:
    deployment = copy.deepcopy(the("base", "Deployment"))
    break_it(deployment)
    with pytest.raises(kubernetes_validate.ValidationError):
        validate(deployment, version)


def test_what_the_readme_has_one_apply_is_all_there_is() -> None:
    text = (KUBERNETES / "README.md").read_text()
    assert [folder for folder in APPLIED if f"apply -k deploy/kubernetes/{folder}" not in text] == []
    check_links(KUBERNETES / "README.md")


def test_no_pod_is_left_out() -> None:
    made = {f"{folder}: {manifest['kind']}" for folder in APPLIED for manifest in render(folder) if pod_of(manifest)}
    assert made == set(PODS)


@pytest.mark.parametrize("pod", PODS)
def test_every_pod_keeps_the_restricted_standard(pod: str) -> None:
    assert violations(spec_of(pod)) == []


@pytest.mark.parametrize(("change", "expected"), [
    (lambda spec: spec.update(hostNetwork=True), "hostNetwork"),
    (lambda spec: spec["volumes"].append({"name": "host", "hostPath": {"path": "/"}}), "volume hostPath"),
    (lambda spec: spec["securityContext"].update(runAsUser=0), "root"),
    (lambda spec: spec["securityContext"].pop("seccompProfile"), "seccompProfile"),
    (lambda spec: spec["containers"][0].pop("securityContext"), "allowPrivilegeEscalation"),
    (lambda spec: spec["containers"][0]["securityContext"].update(capabilities={"add": ["BPF"]}), "capabilities added"),
    (lambda spec: spec["containers"][0]["securityContext"].update(privileged=True), "privileged"),
    (lambda spec: spec["containers"][0]["ports"][0].update(hostPort=80), "hostPort"),
])  # fmt: skip
def test_the_standards_check_sees_what_is_wrong(change: Callable[[Manifest], None], expected: str) -> None:
    spec = copy.deepcopy(the("base", "Deployment")["spec"]["template"]["spec"])
    change(spec)
    assert expected in violations(spec)


def test_the_namespace_demands_it() -> None:
    for folder in ("overlays/one-node", "overlays/production", "kserve"):
        assert the(folder, "Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
        assert {
            manifest["metadata"]["namespace"] for manifest in render(folder) if manifest["kind"] != "Namespace"
        } == {the(folder, "Namespace")["metadata"]["name"]}


@pytest.mark.parametrize("pod", PODS)
def test_a_pod_is_the_images_user_and_version_and_asks_the_cluster_for_nothing(pod: str) -> None:
    spec = spec_of(pod)
    (user,) = re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)
    assert (str(spec["securityContext"]["runAsUser"]), str(spec["securityContext"]["runAsGroup"])) == user
    (container,) = spec["containers"]
    name, _, version = container["image"].rpartition("/")[2].partition(":")
    assert f'image.title="{name}"' in DOCKERFILE
    assert version == __version__
    assert (spec["automountServiceAccountToken"], spec["enableServiceLinks"]) == (False, False)
    assert set(container["resources"]) == {"requests", "limits"}


@pytest.mark.parametrize("pod", PODS)
def test_every_mount_has_its_volume_and_every_claim_is_made(pod: str) -> None:
    spec = spec_of(pod)
    (container,) = spec["containers"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in spec["volumes"]}
    claims = {volume["persistentVolumeClaim"]["claimName"] for volume in spec["volumes"]
              if "persistentVolumeClaim" in volume}  # fmt: skip
    assert claims == {the("models", "PersistentVolumeClaim")["metadata"]["name"]}
    readme = (KUBERNETES / "README.md").read_text()
    secrets = [volume["secret"]["secretName"] for volume in spec["volumes"] if "secret" in volume]
    assert [name for name in secrets if f"create secret generic {name}" not in readme] == []


@pytest.mark.parametrize("pod", PODS)
def test_a_pods_environment_is_one_that_the_service_starts_with(pod: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (container,) = spec_of(pod)["containers"]
    environment = {entry["name"]: entry["value"] for entry in container.get("env", [])}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    Settings.from_environment()
    of_others = {name for name in environment if not name.startswith("SERVICE_")}
    assert of_others <= {"WEB_CONCURRENCY", "GRPC_PORT", "PROTOCOL"}
    open_ports = [port["containerPort"] for port in container.get("ports", [])]
    assert Address.from_environment().grpc_port in {None, *open_ports[1:]}


@pytest.mark.parametrize("pod", [name for name in PODS if "Job" not in name])
def test_probes_ask_for_what_the_app_answers(pod: str, tmp_path: Path) -> None:
    (container,) = spec_of(pod)["containers"]
    port = container["ports"][0]
    assert f"PORT={port['containerPort']}" in DOCKERFILE
    client = create_app(Settings(models_dir=tmp_path)).test_client()  # without any model
    asked = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {name: client.get(probe["path"]).status_code for name, probe in asked.items()} == {
        "startup": 200,
        "liveness": 200,
        "readiness": 503,
    }
    assert {probe["port"] for probe in asked.values()} <= {port["name"], port["containerPort"]}


@pytest.mark.parametrize("pod", [name for name in PODS if "Job" not in name])
def test_a_pod_has_the_time_to_drain_and_to_finish(pod: str) -> None:
    spec = spec_of(pod)
    (graceful,) = re.findall(r"^graceful_timeout = (\d+)$", (ROOT / "gunicorn.conf.py").read_text(), re.MULTILINE)
    program, seconds = spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    assert program == "sleep"
    assert spec["terminationGracePeriodSeconds"] >= int(seconds) + int(graceful) + 5


@pytest.mark.parametrize("folder", SERVING)
def test_selectors_find_the_pods_and_only_those_that_serve(folder: str) -> None:
    deployment = the(folder, "Deployment")["spec"]
    of_service, of_training = (
        the(folder, kind)["spec"]["template"]["metadata"]["labels"] for kind in ("Deployment", "Job")
    )
    (allowed,) = [policy for policy in of_kind(folder, "NetworkPolicy") if policy["spec"]["podSelector"]]
    selectors = [
        deployment["selector"]["matchLabels"],
        the(folder, "Service")["spec"]["selector"],
        the(folder, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        allowed["spec"]["podSelector"]["matchLabels"],
        *[
            spread["labelSelector"]["matchLabels"]
            for spread in deployment["template"]["spec"]["topologySpreadConstraints"]
        ],
    ]
    assert [selector for selector in selectors if not selector.items() <= of_service.items()] == []
    assert [selector for selector in selectors if selector.items() <= of_training.items()] == []


@pytest.mark.parametrize("folder", SERVING)
def test_what_is_named_is_there(folder: str) -> None:
    deployment, service = the(folder, "Deployment"), the(folder, "Service")
    target = the(folder, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    assert (target["apiVersion"], target["kind"], target["name"]) == (
        deployment["apiVersion"], "Deployment", deployment["metadata"]["name"])  # fmt: skip
    assert "replicas" not in deployment["spec"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    ports = {port["name"] for port in container["ports"]}
    assert {port["targetPort"] for port in service["spec"]["ports"]} == ports
    for ingress in of_kind(folder, "Ingress"):
        backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
        assert backend["name"] == service["metadata"]["name"]
        assert backend["port"]["name"] in {port["name"] for port in service["spec"]["ports"]}


@pytest.mark.parametrize("folder", [*SERVING, "kserve"])
def test_nothing_is_reached_but_the_service_by_proxy_and_prometheus_and_nothing_reaches_out(folder: str) -> None:
    deny, allow = sorted(of_kind(folder, "NetworkPolicy"), key=lambda policy: bool(policy["spec"]["podSelector"]))
    assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert allow["spec"]["policyTypes"] == ["Ingress"]
    made_by = "InferenceService" if folder == "kserve" else "Deployment"
    (container,) = spec_of(f"{folder}: {made_by}")["containers"]
    reached: dict[str, set[object]] = {}
    for rule in allow["spec"]["ingress"]:
        for source in rule["from"]:
            (namespace,) = source["namespaceSelector"]["matchLabels"].values()
            reached.setdefault(namespace, set()).update(port["port"] for port in rule["ports"])
    by_name = "containerPort" if folder == "kserve" else "name"
    ports = [port[by_name] for port in container["ports"]]
    assert reached.pop("monitoring") == {ports[0]}, "metrics are on the first port alone"
    assert list(reached.values()) == [set(ports)], "one proxy"


def test_the_ingress_takes_bodies_as_large_as_the_service_does() -> None:
    http, grpc = (manifest["metadata"] for manifest in of_kind("overlays/production", "Ingress"))
    most = Settings.max_body_bytes // 2**20
    assert http["annotations"]["nginx.org/client-max-body-size"] == f"{most}m"
    assert grpc["annotations"]["nginx.org/client-max-body-size"] == f"{most + 1}m"


def test_prometheus_finds_the_service_under_the_name_that_the_alerts_ask_for() -> None:
    monitor, service = the("overlays/production", "ServiceMonitor"), the("overlays/production", "Service")
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert set(monitor["spec"]) == {"jobLabel", "selector", "endpoints"}
    labels = service["metadata"]["labels"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert f'up{{job="{labels[monitor["spec"]["jobLabel"]]}"}}' in (ROOT / "deploy/prometheus/alerts.yml").read_text()
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    # /metrics asks for a key where there are keys
    assert endpoint == {"port": "http", "path": "/metrics", "interval": "15s",
                        "authorization": {"credentials": {"name": "boundary-metrics-key", "key": "key"}}}  # fmt: skip
    assert "create secret generic boundary-metrics-key" in (KUBERNETES / "README.md").read_text()


def test_the_operators_rules_are_the_alerts() -> None:
    rule = yaml.safe_load((KUBERNETES / "components/monitoring/prometheusrule.yaml").read_text())
    assert rule["apiVersion"] == "monitoring.coreos.com/v1"
    assert rule["metadata"]["name"] == the("overlays/production", "PrometheusRule")["metadata"]["name"]
    alerts = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
    assert rule["spec"] == alerts, "the file itself says how it is made anew"


def test_kserve_gets_a_valid_pod_and_fields_of_its_own() -> None:
    inference = the("kserve", "InferenceService")
    assert inference["apiVersion"] == "serving.kserve.io/v1beta1"
    assert inference["metadata"]["annotations"] == {"serving.kserve.io/deploymentMode": "Standard"}
    assert set(inference["spec"]) == {"predictor"}
    assert set(inference["spec"]["predictor"]) >= OF_KSERVE
    pod = pod_of(inference)
    for version in VERSIONS:
        validate({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "boundary"}, **(pod or {})}, version)
    strategy = {"selector": {}, "template": {"spec": {"containers": []}},
                "strategy": inference["spec"]["predictor"]["deploymentStrategy"]}  # fmt: skip
    validate(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "boundary"}, "spec": strategy}, "1.37"
    )


def test_kserves_pod_is_the_deployments() -> None:
    ours = copy.deepcopy(the("base", "Deployment")["spec"]["template"]["spec"])
    del ours["topologySpreadConstraints"]
    (container,) = ours["containers"]
    container["name"] = "kserve-container"
    container["ports"] = [{"name": "http1", "containerPort": 8000, "protocol": "TCP"}]
    container["env"] = [entry for entry in container["env"] if entry["name"] != "GRPC_PORT"]  # KServe takes one port
    container["env"].append({"name": "PROTOCOL", "value": "v2"})
    for probe in ("startup", "liveness", "readiness"):
        container[f"{probe}Probe"]["httpGet"]["port"] = 8000
    assert spec_of("kserve: InferenceService") == ours


def test_training_again_differs_in_nothing_but_that_it_trains() -> None:
    once, again = copy.deepcopy(the("training", "Job")), copy.deepcopy(the("retraining", "Job"))
    assert again["metadata"].pop("name") != once["metadata"].pop("name")
    assert again["metadata"].pop("namespace") == "boundary"
    arguments = [job["spec"]["template"]["spec"]["containers"][0].pop("args") for job in (once, again)]
    assert arguments == [["train", "--if-missing"], ["train"]]
    assert again == once
