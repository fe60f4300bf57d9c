"""The pods of the manifests, run by a real engine as they say: user, file system, privileges, memory, volumes, probes.

There is no cluster: what is the kubelet's part (a volume's group, a Secret's files, when a probe is asked) is done here
as the kubelet does it; what is the scheduler's, the network's and the autoscaler's is not tested at all.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from chaos.deploy.stack import LONG_TIMEOUT_SECONDS
from service import __version__, keys
from tests.conftest import ROOT, wait_for
from tests.deploy.manifests import Manifest, quantity, the

pytestmark = pytest.mark.compose

RUN = f"boundary-pods-{os.getpid()}"
LARGEST = {"service": 300e6, "training": 1.7e9}
BUILT = {
    "VERSION": __version__,
    "REVISION": "0123abc",
    "CREATED": "2026-01-02T03:04:05Z",
    "SOURCE": "https://example.org/s",
}

RESIDENT = """
import pathlib, re
rolled = [p.read_text() for p in pathlib.Path("/proc").glob("[0-9]*/smaps_rollup")]
print(1024 * sum(int(re.search(r"^Pss: +([0-9]+)", text, re.M)[1]) for text in rolled))
"""

Images = dict[str, str]
Volumes = dict[str, str]
"""The engine's volume for each name that a pod calls one."""


def docker(*arguments: str, timeout: float = 120) -> str:
    done = subprocess.run(["docker", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, f"docker {' '.join(arguments)}\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


@pytest.fixture(scope="module")
def images() -> Iterator[Images]:
    """Both images, built as the Dockerfile says."""
    made = {name: f"{RUN}-{name}" for name in LARGEST}
    told = [argument for name, value in BUILT.items() for argument in ("--build-arg", f"{name}={value}")]
    try:
        for target, image in made.items():
            docker("build", "--quiet", "--target", target, "--tag", image, *told, ".", timeout=1500)
        yield made
    finally:
        docker("image", "rm", "--force", *made.values())


@contextmanager
def volume(images: Images, script: str) -> Iterator[str]:
    """A volume as the kubelet hands it to a pod, which `fsGroup` gives to a group; the script has root prepare it."""
    name = docker("volume", "create")
    try:
        root = ("run", "--rm", "--network=none", "--user=0", "--entrypoint=sh", f"--mount={mounted(name, '/volume')}")
        docker(*root, images["service"], "-ec", script)
        yield name
    finally:
        docker("volume", "rm", name)


def mounted(name: str, path: str, read_only: bool = False) -> str:
    # Without its part nocopy, the engine would give an empty volume the owner that the image's directory has.
    return f"type=volume,src={name},dst={path},volume-nocopy" + ",readonly" * read_only


def as_told(spec: Manifest, volumes: Volumes) -> list[str]:
    """Return the engine's options for what a pod asks for."""
    (container,) = spec["containers"]
    pod, own = spec["securityContext"], container["securityContext"]
    memory = quantity(container["resources"]["limits"]["memory"])
    options = [
        *(f"--user={pod['runAsUser']}:{pod['runAsGroup']}", f"--group-add={pod['fsGroup']}"),
        *(f"--cap-drop={name}" for name in own["capabilities"]["drop"]),
        *(f"--memory={memory}", f"--memory-swap={memory}"),
        *(f"--env={entry['name']}={entry['value']}" for entry in container.get("env", [])),
    ]
    if own["readOnlyRootFilesystem"]:
        options.append("--read-only")
    if not own["allowPrivilegeEscalation"]:
        options.append("--security-opt=no-new-privileges")
    kinds = {kind["name"]: kind for kind in spec["volumes"]}
    for mount in container["volumeMounts"]:
        path, kind = mount["mountPath"], kinds[mount["name"]]
        if "emptyDir" in kind:
            size = quantity(kind["emptyDir"]["sizeLimit"])
            options.append(f"--tmpfs={path}:size={size},mode=2777,gid={pod['fsGroup']}")
        else:
            options.append(f"--mount={mounted(volumes[mount['name']], path, mount.get('readOnly', False))}")
    return options


@dataclass(frozen=True)
class Pod:
    """A pod of the service that runs."""

    spec: Manifest
    container: str
    url: str

    @property
    def told(self) -> Manifest:
        (container,) = self.spec["containers"]
        found: Manifest = container
        return found

    def probe(self, name: str) -> int:
        probe = self.told[f"{name}Probe"]
        return requests.get(self.url + probe["httpGet"]["path"], timeout=probe["timeoutSeconds"]).status_code

    def wait_until_started(self) -> None:
        deadline = (
            time.monotonic()
            + self.told["startupProbe"]["periodSeconds"] * self.told["startupProbe"]["failureThreshold"]
        )
        while True:
            try:
                assert self.probe("startup") == 200
            except (requests.ConnectionError, requests.Timeout):  # as to the kubelet, a probe that failed
                assert time.monotonic() < deadline, docker("logs", self.container)
                time.sleep(0.1)
            else:
                return

    def shell(self, script: str) -> str:
        return docker("exec", self.container, "sh", "-c", script)

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(docker("inspect", self.container))[0]
        return found


@contextmanager
def running(spec: Manifest, image: str, volumes: Volumes) -> Iterator[Pod]:
    (port,) = [port for port in spec["containers"][0]["ports"] if port["name"] == "http"]
    published = f"--publish=127.0.0.1::{port['containerPort']}"
    container = docker("run", "--detach", published, *as_told(spec, volumes), image)
    try:
        address = docker("port", container, str(port["containerPort"]))
        pod = Pod(spec, container, f"http://{address}")
        pod.wait_until_started()
        yield pod
    finally:
        docker("rm", "--force", container)


def train(image: str, volumes: Volumes) -> str:
    """Run the training Job to its end, with two replicates instead of thirty, and return what it said."""
    spec = the("overlays/production", "Job")["spec"]["template"]["spec"]
    arguments = [*spec["containers"][0]["args"], "--replicates", "2"]
    return docker(
        "run", "--rm", "--network=none", *as_told(spec, volumes), image, *arguments, timeout=LONG_TIMEOUT_SECONDS
    )


@dataclass(frozen=True)
class Served:
    """The Deployment's pod, which was there before the models were, and the Job that wrote them."""

    pod: Pod
    before: dict[str, int]
    volumes: Volumes


@pytest.fixture(scope="module")
def served(images: Images) -> Iterator[Served]:
    spec = the("overlays/one-node", "Deployment")["spec"]["template"]["spec"]
    group = spec["securityContext"]["fsGroup"]
    with ExitStack() as stack:
        models = stack.enter_context(volume(images, f"chgrp {group} /volume; chmod 2775 /volume"))
        pod = stack.enter_context(running(spec, images["service"], {"models": models}))
        before = {name: pod.probe(name) for name in ("startup", "liveness", "readiness")}
        train(images["training"], {"models": models})
        wait_for(lambda: all(pod.probe("readiness") == 200 for _ in range(16)))  # each worker looks by itself
        yield Served(pod, before, {"models": models})


@pytest.mark.parametrize("name", LARGEST)
def test_an_image_is_small_and_says_what_it_is(images: Images, name: str) -> None:
    found = json.loads(docker("image", "inspect", images[name]))[0]
    assert found["Size"] <= LARGEST[name]
    labels = {
        label.removeprefix("org.opencontainers.image."): value for label, value in found["Config"]["Labels"].items()
    }
    assert labels.pop("description")
    assert labels == {
        "title": f"boundary-{name}",
        "licenses": "Apache-2.0",
        "base.name": "python:3.11-slim",
        **{key.lower(): value for key, value in BUILT.items()},
    }


def test_a_pod_without_models_lives_and_is_ready_when_the_training_has_ended(served: Served) -> None:
    assert served.before == {"startup": 200, "liveness": 200, "readiness": 503}
    assert {name: served.pod.probe(name) for name in served.before} == dict.fromkeys(served.before, 200)
    assert served.pod.state()["RestartCount"] == 0
    answer = requests.post(served.pod.url + "/predict", json={"points": [[0, 0], [1.4, 1.4]]}, timeout=30).json()
    assert answer["labels"] == [0, 1]


def test_the_training_wrote_as_its_user_and_writes_no_second_time(images: Images, served: Served) -> None:
    assert set(
        served.pod.shell("stat -c %u:%g models/* models/*/*/saved_model.pb models/*/*/assets.extra/*").split()
    ) == {"10001:10001"}
    assert "nothing to do" in train(images["training"], served.volumes)


def test_the_process_has_the_user_and_no_privilege(served: Served) -> None:
    lines = served.pod.shell("cat /proc/1/status").splitlines()
    status = dict(line.split(":", 1) for line in lines)
    assert status["Uid"].split() == ["10001"] * 4
    assert status["Gid"].split() == ["10001"] * 4
    assert {status[key].strip() for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (status["NoNewPrivs"].strip(), status["Seccomp"].strip()) == ("1", "2")


def test_only_what_the_pod_says_can_be_written(served: Served) -> None:
    places = "/ /app /app/models /venv /etc /tmp /dev/shm"
    tried = f"for place in {places}; do touch $place/new 2>/dev/null && echo $place; done; true"
    assert served.pod.shell(tried).split() == ["/tmp", "/dev/shm"]
    kinds = {kind["name"]: kind for kind in served.pod.spec["volumes"]}
    for mount in served.pod.told["volumeMounts"]:
        if "emptyDir" in kinds[mount["name"]]:
            blocks, size = served.pod.shell(f"stat -f -c '%b %S' {mount['mountPath']}").split()
            assert int(blocks) * int(size) == quantity(kinds[mount["name"]]["emptyDir"]["sizeLimit"])
    assert "boundary-" in served.pod.shell("ls /dev/shm")  # what workers share lies in memory


def test_the_kernel_holds_the_memory_limit_and_the_request_is_enough_to_start_with(served: Served) -> None:
    limit = quantity(served.pod.told["resources"]["limits"]["memory"])
    found = served.pod.shell(
        "cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes"
    )
    assert int(found) == limit
    requested = quantity(served.pod.told["resources"]["requests"]["memory"])
    assert int(docker("exec", served.pod.container, "python", "-c", RESIDENT)) <= requested


def test_with_keys_the_probes_are_open_and_the_rest_asks_for_one(images: Images, served: Served) -> None:
    spec = the("overlays/production", "Deployment")["spec"]["template"]["spec"]
    key, line = keys.make("test")
    # As the kubelet lays a Secret down: root's, for the pod's group to read, behind a link that it swaps.
    laid = f"mkdir /volume/..1; echo {line} > /volume/..1/keys; chmod 440 /volume/..1/keys; ln -s ..1/keys /volume/keys"
    with (
        volume(images, f"{laid}; chgrp -R 10001 /volume") as secret,
        running(spec, images["service"], {**served.volumes, "keys": secret}) as pod,
    ):
        assert {name: pod.probe(name) for name in served.before} == dict.fromkeys(served.before, 200)
        asked = [requests.get(pod.url + "/metrics", headers=headers, timeout=30).status_code
                 for headers in ({}, {"Authorization": f"Bearer {key}"})]  # fmt: skip
        assert asked == [401, 200]


def test_it_drains_and_ends_well_within_its_grace_period(served: Served) -> None:
    began = time.monotonic()
    grace = served.pod.spec["terminationGracePeriodSeconds"]
    hook = served.pod.told["lifecycle"]["preStop"]["exec"]["command"]
    draining = subprocess.Popen(["docker", "exec", served.pod.container, *hook])
    answers = set()
    while draining.poll() is None:
        answers.add(served.pod.probe("readiness"))
        time.sleep(0.1)
    assert (draining.returncode, answers) == (0, {200})  # whoever still finds it is served
    docker("stop", f"--time={grace - int(time.monotonic() - began)}", served.pod.container)
    assert time.monotonic() - began < grace
    state = served.pod.state()["State"]
    assert (state["ExitCode"], state["OOMKilled"]) == (0, False)
