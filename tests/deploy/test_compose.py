"""The stack of docker-compose.yml, built and run by a real engine, and asked through the proxy that it publishes."""

import io
import json
import re
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import tritonclient.grpc
from tritonclient.utils import InferenceServerException

from bundle.tables import PICTURES, SCORE_PICTURES
from chaos.deploy.faults import FRESH_SECONDS, another_experiment
from chaos.deploy.hostile_environments import CASES, Fixture
from chaos.deploy.reference import Reference
from chaos.deploy.stack import Stack, run
from service import __version__
from tests.conftest import MODELS, wait_for

pytestmark = pytest.mark.compose

URL = "http://127.0.0.1:8080"
SERVICES = ("training", "service", "proxy")
LEAST_ACCURACY = {"linear": 0.40, "tanh-3": 0.70, "relu-3": 0.50, "tanh-10": 0.93, "relu-10": 0.93, "tanh-10-10": 0.975,
                  "relu-10-10": 0.975}  # fmt: skip


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


def test_the_image_has_what_every_picture_of_the_comparison_needs(stack: Stack) -> None:
    for picture in PICTURES:
        drawn = get("/comparison", params={"picture": picture, "format": "png"})
        assert (drawn.status_code, drawn.headers["Content-Type"]) == (200, "image/png"), picture
    scores = "data,a,b\n1,0.9,0.8\n2,0.8,0.7\n3,0.9,0.7\n"
    for picture in SCORE_PICTURES:
        query = {"picture": picture, "format": "png", "dataset": "data"}
        posted = requests.post(
            URL + "/comparison", scores, params=query, headers={"Content-Type": "text/csv"}, timeout=70
        )
        assert (posted.status_code, posted.headers["Content-Type"]) == (200, "image/png"), picture


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
    assert stack.image("service")["Size"] <= 300e6
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
    assert {name: sorted(ports) for name, ports in published.items()} == {
        "training": [],
        "service": [],
        "proxy": ["8080/tcp", "8090/tcp"],
    }


def test_a_second_up_trains_nothing(stack: Stack) -> None:
    before = get("/comparison").content
    stack.up()
    assert "nothing to do" in stack.compose("logs", "--no-log-prefix", "--tail", "1", "training")
    assert get("/comparison").content == before
    assert {(model["name"], len(model["versions"])) for model in get("/models").json()["models"]} == {
        (name, 1) for name in MODELS
    }


@pytest.mark.parametrize("name", ["service", "proxy"])
def test_a_container_whose_process_is_killed_comes_back(stack: Stack, name: str) -> None:
    (container,) = stack.containers(name)
    stack.kill(container)
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


def cache_status(answer: requests.Response) -> str:
    return answer.headers["Cache-Status"].removeprefix("proxy; detail=")


def test_boundaries_are_answered_from_the_proxys_cache_under_the_askers_own_request_id(stack: Stack) -> None:
    asked = {"params": {"resolution": 41}, "headers": {"X-Request-ID": "first"}}
    first, second = get("/boundary", **asked), get("/boundary", **{**asked, "headers": {"X-Request-ID": "second"}})
    assert [cache_status(answer) for answer in (first, second)] == ["MISS", "HIT"]
    assert second.content == first.content
    assert [answer.headers["X-Request-ID"] for answer in (first, second)] == ["first", "second"]


def test_a_kept_boundary_is_asked_about_again_once_it_is_a_second_old(stack: Stack) -> None:
    first = get("/boundary", params={"resolution": 42})
    time.sleep(FRESH_SECONDS)
    again = get("/boundary", params={"resolution": 42})
    assert (cache_status(again), again.content) == ("REVALIDATED", first.content)


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("Accept", ("application/json", "application/x-npy", "image/png", "text/html")),
        ("Accept-Encoding", ("gzip", "identity", "gzip;q=0", "br")),
    ],
)
def test_what_an_answer_depends_on_is_what_it_is_kept_under(stack: Stack, header: str, values: tuple[str, ...]) -> None:
    def ask(value: str) -> requests.Response:
        return get("/boundary", params={"resolution": 43}, headers={header: value, "X-Request-ID": "same"})

    alone = {value: ask(value) for value in values}
    for value, answer in alone.items():
        again = ask(value)
        same = ("Content-Type", "Content-Encoding", "Access-Control-Allow-Origin", "ETag")
        assert [again.headers.get(name) for name in same] == [answer.headers.get(name) for name in same]
        assert again.content == answer.content
    if header == "Accept":
        assert [answer.status_code for answer in alone.values()] == [200, 200, 200, 406]
        assert [answer.headers["Content-Type"] for answer in list(alone.values())[:3]] == list(values[:3])
    if header == "Accept-Encoding":
        assert [answer.headers.get("Content-Encoding") for answer in alone.values()] == ["gzip", None, None, None]


@pytest.mark.parametrize("path", ["/boundary?resolution=50", "/boundary?resolution=50&format=npy",
                                  "/openapi.json", "/comparison", "/dataset"])  # fmt: skip
@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_an_answer_is_compressed_where_the_client_takes_that_and_304_where_it_has_it(
    stack: Stack, path: str, coding: str
) -> None:
    answer = get(path, headers={"Accept-Encoding": coding})
    assert (answer.status_code, answer.headers.get("Content-Encoding", "identity")) == (200, coding)
    plain = run("docker", "exec", stack.containers("service")[0], "python", "-c", FETCH, path)
    assert len(answer.content) == int(plain)
    if "ETag" in answer.headers:
        is_by_the_proxy = coding == "gzip" and path.startswith("/boundary")  # else the service has a tag for each
        assert answer.headers["ETag"].startswith("W/") == is_by_the_proxy
        headers = {"Accept-Encoding": coding, "If-None-Match": answer.headers["ETag"]}
        unchanged = get(path, headers=headers)
        assert (unchanged.status_code, unchanged.content) == (304, b"")


FETCH = "import sys, urllib.request as r; print(len(r.urlopen('http://127.0.0.1:8000' + sys.argv[1]).read()))"


def test_the_standards_answers_are_left_as_the_service_gives_them(stack: Stack) -> None:
    points = {"name": "points", "shape": [500, 2], "datatype": "FP32", "data": [0.5] * 1000}
    for accepted, coding in (("gzip, deflate", None), ("gzip", "gzip")):  # one coding alone is meant
        answer = requests.post(
            f"{URL}/v2/models/tanh-3/infer",
            json={"inputs": [points]},
            headers={"Accept-Encoding": accepted},
            timeout=30,
        )
        assert (answer.status_code, answer.headers.get("Content-Encoding")) == (200, coding)
        assert len(answer.json()["outputs"][0]["data"]) == 500


def test_while_no_replica_answers_kept_boundaries_are_given_all_the_same_and_nothing_else(stack: Stack) -> None:
    path = "/boundary?resolution=44"
    kept = get(path)
    stack.compose("stop", "service")
    time.sleep(FRESH_SECONDS)
    stale = get(path)
    assert (cache_status(stale), stale.content) == ("STALE", kept.content)
    other = get("/boundary?resolution=45", headers={"X-Request-ID": "abc-123"})
    assert (other.status_code, other.headers["Content-Type"]) == (503, "application/problem+json")
    assert other.json()["request_id"] == "abc-123"
    standard = get("/v2/models/tanh-3")
    assert (standard.status_code, list(standard.json())) == (503, ["error"])
    stack.compose("start", "service")
    stack.wait_until_healthy("service")


def test_replicas_share_the_work_and_are_replaced_one_at_a_time_without_a_request_lost(stack: Stack) -> None:
    stack.scale(2)
    before = stack.containers("service")
    assert len(before) == 2
    wait_for(lambda: all(asked(container) for container in before if predict(points=[[0, 0]]).ok))
    statuses: list[int] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            statuses.append(predict(points=[[0.1, 0.2]]).status_code)
            statuses.append(get("/boundary", params={"resolution": 2 + len(statuses) % 30}).status_code)

    clients = [threading.Thread(target=ask) for _ in range(3)]
    for client in clients:
        client.start()
    try:
        stack.roll()
    finally:
        stop.set()
        for client in clients:
            client.join()
    after = stack.containers("service")
    assert len(after) == 2
    assert set(after).isdisjoint(before)
    assert len(statuses) > 100
    assert set(statuses) == {200}


def test_a_reload_tells_clients_first_to_open_other_connections_and_loses_no_request(stack: Stack) -> None:
    connections: list[str] = []
    stop = threading.Event()
    lost: list[requests.RequestException] = []

    def ask() -> None:
        with requests.Session() as session:
            while not stop.wait(0.002):  # often between two requests, which is when nginx would close the connection
                try:
                    answer = session.get(f"{URL}/boundary?resolution=20", timeout=30)
                    connections.append(f"{answer.status_code} {answer.headers['Connection']}")
                except requests.RequestException as error:
                    lost.append(error)

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        for _ in range(3):
            stack.reload_proxy()
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert lost == []
    assert set(connections) == {"200 keep-alive", "200 close"}
    assert get("/boundary?resolution=20").headers["Connection"] == "keep-alive"


def asked(container: str) -> bool:
    return '"path":"/predict"' in run("sh", "-c", f"docker logs {container} 2>&1")


def test_a_prediction_that_a_killed_replica_had_is_sent_to_the_other_one(stack: Stack) -> None:
    stack.scale(2)
    points = np.random.default_rng(1).uniform(-1.5, 1.5, (20_000, 2)).round(3).tolist()
    statuses: list[int] = []
    cut: list[requests.RequestException] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                statuses.append(predict(points=points, models="all").status_code)
            except requests.RequestException as error:  # the killed replica had begun to answer
                cut.append(error)

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        stack.kill(stack.containers("service")[0])
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert set(statuses) == {200}
    assert len(cut) <= len(clients)
    assert re.search(r'"POST /predict HTTP/1.1" 200 .* from=\S+:8000, \S+:8000', stack.compose("logs", "proxy"))


def test_training_again_is_followed_by_every_replica_and_by_the_proxys_cache(stack: Stack, tmp_path: Path) -> None:
    question = {"params": {"model": "linear", "resolution": 20}}
    before = get("/boundary", **question).json()
    stack.retrain(*another_experiment(stack, tmp_path), "--only", "linear")
    time.sleep(FRESH_SECONDS)
    after = get("/boundary", **question).json()
    assert (before["version"], after["version"]) == (1, 2)
    assert np.abs(np.array(before["probabilities"]) - after["probabilities"]).max() > 1e-3
    explicit = get("/boundary", params={**question["params"], "version": 1})
    assert explicit.json() == before
    assert "immutable" in explicit.headers["Cache-Control"]


@pytest.mark.parametrize("case", CASES)
def test_in_adversity_a_line_says_what_is_wrong_and_nothing_answers_falsely(
    stack: Stack, tmp_path: Path, case: str
) -> None:
    assert CASES[case](Fixture(stack, Reference(stack, tmp_path)))


def test_with_keys_nobody_without_one_is_answered_out_of_the_cache(stack: Stack, tmp_path: Path) -> None:
    key, line = run(sys.executable, "-m", "service.keys", "tester").splitlines()
    headers = {"Authorization": f"Bearer {key.split()[-1]}"}
    keys = tmp_path / "api-keys"
    keys.write_text(line.split()[-1] + "\n")
    keys.chmod(0o644)
    path = "/boundary?resolution=46"
    assert get(path).status_code == 200
    locked = Stack(stack.project, files=("docker-compose.yml", "deploy/keys.yml"), environment={"API_KEYS": str(keys)})
    locked.compose("up", "--detach", "--wait", "--no-deps", "service")
    time.sleep(FRESH_SECONDS)
    for accepted in (headers, {"X-API-Key": key.split()[-1]}):
        assert [get(path, headers=accepted).status_code for _ in range(2)] == [200, 200]
    refused = [get(path, headers=each) for each in ({}, {"Authorization": "Bearer wrong"}, {"X-API-Key": "0"})]
    assert [answer.status_code for answer in refused] == [401] * 3
    _, another = run(sys.executable, "-m", "service.keys", "another").splitlines()
    keys.write_text(another.split()[-1] + "\n")  # in place: a container keeps the file that it was given, not its name
    wait_for(lambda: get(path, headers=headers).status_code == 401)
    stack.compose("up", "--detach", "--wait", "--no-deps", "service")


def test_clients_of_grpc_get_through_the_proxy_what_predict_gives(stack: Stack) -> None:
    points = np.array([[0.1, 0.2], [0.9, -0.4]], np.float32)
    given = tritonclient.grpc.InferInput("points", [2, 2], "FP32").set_data_from_numpy(points)
    with tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{stack.grpc_port}") as triton:
        assert triton.is_server_ready()
        found = triton.infer("tanh-10-10", [given]).as_numpy("probabilities")
        with pytest.raises(InferenceServerException, match=r"NOT_FOUND.*there is no model 'nope'"):
            triton.infer("nope", [given])
    assert found.tolist() == pytest.approx(predict(points=points.tolist(), model="tanh-10-10").json()["probabilities"])
