"""The stack of docker-compose.yml, built and run by a real engine, and asked through the proxy that it publishes."""

import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import requests

from service import __version__
from tests.conftest import MODELS, ROOT

pytestmark = pytest.mark.compose

URL = "http://127.0.0.1:8080"
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("PUBLISH", "WEB_CONCURRENCY")}
SERVICES = ("training", "service", "proxy")
LEAST_ACCURACY = {"linear": 0.40, "tanh-3": 0.70, "relu-3": 0.50, "tanh-10": 0.93, "relu-10": 0.93, "tanh-10-10": 0.975,
                  "relu-10-10": 0.975}  # fmt: skip


def run(*command: str, timeout: float = 60) -> str:
    """Run a command and return what it printed; a failure shows all that it said."""
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Stack:
    """A compose project."""

    project: str

    def compose(self, *arguments: str, timeout: float = 60) -> str:
        return run("docker", "compose", "--project-name", self.project, *arguments, timeout=timeout)

    def up(self) -> None:
        """Do what `docker compose up` does, and return when the service and the proxy are healthy."""
        try:
            self.compose("up", "--build", "--detach", "--wait", timeout=1500)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.compose('logs')}") from None

    def shell(self, service: str, script: str) -> str:
        """Run a shell script in a service's container; in one of its own for the training, which has ended."""
        if service == "training":
            return self.compose("run", "--rm", "--no-deps", "-T", "--entrypoint", "sh", service, "-c", script)
        return self.compose("exec", "-T", service, "sh", "-c", script)

    def inspect(self, service: str) -> dict[str, Any]:
        container = self.compose("ps", "--all", "--quiet", service).strip()
        found: dict[str, Any] = json.loads(run("docker", "inspect", container))[0]
        return found

    def image(self, service: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(run("docker", "image", "inspect", self.inspect(service)["Image"]))[0]
        return found

    def wait_until_healthy(self, service: str) -> None:
        deadline = time.monotonic() + 60
        while (state := self.inspect(service)["State"])["Health"]["Status"] != "healthy" or not state["Running"]:
            assert time.monotonic() < deadline, (state, self.compose("logs", service))
            time.sleep(0.2)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    try:
        run("docker", "info")
        run("docker", "compose", "version")
    except (OSError, AssertionError) as error:
        pytest.fail(f"these tests need a running Docker engine with Compose: {error}", pytrace=False)
    made = Stack(f"boundary-test-{os.getpid()}")
    try:
        made.up()
        yield made
    finally:
        made.compose("down", "--volumes", "--remove-orphans", "--rmi", "local", "--timeout", "5", timeout=120)


def get(path: str, **options: Any) -> requests.Response:
    return requests.get(URL + path, timeout=70, **options)


def predict(**body: object) -> requests.Response:
    return requests.post(URL + "/predict", json=body, timeout=70)


def test_the_training_has_ended_and_the_others_are_healthy(stack: Stack) -> None:
    training = stack.inspect("training")["State"]
    assert (training["Status"], training["ExitCode"]) == ("exited", 0)
    assert [stack.inspect(name)["State"]["Health"]["Status"] for name in ("service", "proxy")] == ["healthy"] * 2


def test_the_published_service_is_ready_with_every_model(stack: Stack) -> None:
    answer = get("/health/ready")
    assert answer.status_code == 200
    assert sorted(answer.json()["models"]) == sorted(MODELS)
    assert answer.json()["failed"] == []


@pytest.mark.parametrize("model", MODELS)
def test_predictions_at_the_nodes_of_a_boundary_are_the_boundary(stack: Stack, model: str) -> None:
    boundary = get("/boundary", params={"model": model, "resolution": 25}).json()
    x, y = np.meshgrid(boundary["x"], boundary["y"])
    answer = predict(model=model, points=np.stack([x.ravel(), y.ravel()], axis=1).tolist()).json()
    assert np.abs(np.ravel(boundary["probabilities"]) - answer["probabilities"]).max() <= 1e-6


def test_every_model_is_as_accurate_on_the_test_points_as_the_comparison_says(stack: Stack) -> None:
    dataset = get("/dataset").json()
    test = np.array(dataset["split"]) == "test"
    points, labels = np.array(dataset["points"])[test], np.array(dataset["labels"])[test]
    predictions = predict(models="all", points=points.tolist()).json()["predictions"]
    accuracy = {answer["model"]: float(np.mean(np.array(answer["labels"]) == labels)) for answer in predictions}
    compared = {entry["model"]: entry["served"]["accuracy"] for entry in get("/comparison").json()["models"]}
    assert accuracy == pytest.approx(compared)
    assert accuracy["linear"] <= 0.62
    assert {model: value for model, value in accuracy.items() if value < LEAST_ACCURACY[model]} == {}


@pytest.mark.parametrize("model", MODELS)
def test_every_model_is_drawn(stack: Stack, model: str) -> None:
    picture = get("/boundary", params={"model": model}, headers={"Accept": "image/png"})
    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/png")
    assert picture.content.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(picture.content) > 20_000


@pytest.mark.parametrize("client", [("sh", "examples/tensorflow_serving.sh"),
                                    (sys.executable, "-m", "examples.tensorflow_serving_client")])  # fmt: skip
def test_clients_of_tensorflow_serving_get_what_predict_gives(stack: Stack, client: tuple[str, ...]) -> None:
    printed = run("env", f"BOUNDARY_URL={URL}", *client)
    (found,) = re.findall(r'predictions"?: ?(\[[^]]*\])', printed)
    expected = predict(points=[[0.1, 0.2], [0.9, -0.4]], model="tanh-10-10").json()["probabilities"]
    assert json.loads(found) == expected
    assert "AVAILABLE" in printed
    assert "DT_FLOAT" in printed


def test_the_proxys_own_refusal_is_an_error_that_clients_of_tensorflow_serving_read(stack: Stack) -> None:
    beyond = requests.post(f"{URL}/v1/models/tanh-10-10:predict", data=b"-" * (16 * 2**20 + 1), timeout=70)
    assert (beyond.status_code, list(beyond.json())) == (413, ["error"])


def test_a_large_grid_comes_through_the_proxy_whole(stack: Stack) -> None:
    answer = get("/boundary", params={"resolution": 2000}, headers={"Accept": "application/x-npy"})
    assert np.load(io.BytesIO(answer.content)).shape == (2000, 2000)


def test_the_proxy_hands_a_clients_request_id_on(stack: Stack) -> None:
    answer = get("/models/none", headers={"X-Request-ID": "abc-123"})
    assert (answer.status_code, answer.json()["request_id"]) == (404, "abc-123")


def test_a_body_beyond_the_limit_is_refused_like_the_services_own_errors(stack: Stack) -> None:
    within = requests.post(URL + "/predict", json={"points": [[0, 0]], "x": "-" * (16 * 2**20 - 100)}, timeout=70)
    assert within.status_code == 422  # it reached the service, which does not know the field
    beyond = requests.post(URL + "/predict", json={"points": [[0, 0]], "x": "-" * (16 * 2**20)}, timeout=70)
    assert (beyond.status_code, beyond.json()["status"]) == (413, 413)
    assert beyond.headers["Content-Type"] == "application/problem+json"


def test_the_services_image_is_small_and_has_no_tensorflow(stack: Stack) -> None:
    assert stack.image("service")["Size"] < 400e6
    packages = stack.shell("service", "ls /venv/lib/python3*/site-packages").split()
    assert "ai_edge_litert" in packages
    assert [name for name in packages if name.startswith(("tensorflow", "keras"))] == []


@pytest.mark.parametrize("name", ["training", "service"])
def test_the_images_say_what_they_are(stack: Stack, name: str) -> None:
    labels = stack.image(name)["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == f"boundary-{name}"
    assert labels["org.opencontainers.image.version"] == __version__


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_runs_as_a_user_without_any_privilege(stack: Stack, name: str) -> None:
    assert stack.shell(name, "id -u").strip() == "10001"
    status = dict(line.split(":\t") for line in stack.shell(name, "cat /proc/1/status").splitlines())
    assert {status[key] for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_can_write_to_its_temporary_directory_only(stack: Stack, name: str) -> None:
    mounts = [line.split() for line in stack.shell(name, "cat /proc/mounts").splitlines()]
    options = {mount: options.split(",") for _, mount, _, options, *_ in mounts}
    assert "ro" in options["/"]
    assert "rw" in options["/tmp"]
    assert "Read-only file system" in stack.shell(name, "touch /etc/hosts-2 2>&1 || true")
    if name == "service":
        assert "Read-only file system" in stack.shell(name, "touch models/new 2>&1 || true")


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_limited_and_restarted_where_it_should_be(stack: Stack, name: str) -> None:
    host = stack.inspect(name)["HostConfig"]
    assert 0 < host["Memory"] <= 3 * 2**30
    assert 0 < host["PidsLimit"] <= 1024
    assert host["RestartPolicy"]["Name"] == ("no" if name == "training" else "unless-stopped")


def test_only_the_proxy_is_reached_from_outside(stack: Stack) -> None:
    published = {name: stack.inspect(name)["HostConfig"]["PortBindings"] or {} for name in SERVICES}
    assert {name: list(ports) for name, ports in published.items()} == {
        "training": [],
        "service": [],
        "proxy": ["8080/tcp"],
    }


def test_a_second_up_trains_nothing(stack: Stack) -> None:
    before = get("/comparison").content
    stack.up()
    assert "nothing to train" in stack.compose("logs", "--no-log-prefix", "--tail", "1", "training")
    assert get("/comparison").content == before
    assert {(model["name"], len(model["versions"])) for model in get("/models").json()["models"]} == {
        (name, 1) for name in MODELS
    }


@pytest.mark.parametrize("name", ["service", "proxy"])
def test_a_container_whose_process_is_killed_comes_back(stack: Stack, name: str) -> None:
    before = stack.inspect(name)
    # Docker takes its own `kill` as the wish to stop, and a process 1 cannot be killed from inside.
    killer = (
        "docker",
        "run",
        "--rm",
        "--privileged",
        "--pid=host",
        "--network=none",
        "--entrypoint=sh",
        "nginx:stable",
    )
    run(*killer, "-c", f"kill -9 {before['State']['Pid']}")
    deadline = time.monotonic() + 60
    while stack.inspect(name)["RestartCount"] == before["RestartCount"]:
        assert time.monotonic() < deadline, f"{name} was not restarted"
        time.sleep(0.1)
    stack.wait_until_healthy(name)
    assert get("/health/ready").status_code == 200
    assert predict(points=[[0, 0]]).status_code == 200


def test_without_the_service_the_proxy_says_so_and_finds_it_again(stack: Stack) -> None:
    stack.compose("stop", "service")
    answer = get("/models", headers={"X-Request-ID": "abc-123"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert int(answer.headers["Retry-After"]) > 0
    assert (answer.json()["status"], answer.json()["request_id"]) == (503, "abc-123")
    assert stack.inspect("proxy")["State"]["Health"]["Status"] == "healthy"
    stack.compose("start", "service")
    stack.wait_until_healthy("service")
    assert get("/models").status_code == 200
