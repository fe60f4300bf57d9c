"""`/v2`: the Open Inference Protocol, as Triton's own client speaks it, and as others do."""

import asyncio
import gzip
import os
import shutil
import time
import zlib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import requests
import tritonclient.http.aio
from tritonclient import http
from tritonclient.utils import InferenceServerException

from bundle import layout
from harness.app_server import serving_app
from harness.bundles import copy, publish, without_saved_model
from service import __version__
from tests.conftest import ALICE, ALICE_LINE, MODELS, Server, running, wait_for
from tests.service.edges.standards import (
    HEADER_LENGTH,
    OF_DATATYPES,
    POINTS,
    address,
    connections,
    predicted,
    split,
    tensor,
    with_bytes,
)

INFER = "/v2/models/linear/infer"
CODINGS = (None, "gzip", "deflate")


@pytest.fixture
def triton(server: Server) -> Iterator[http.InferenceServerClient]:
    with http.InferenceServerClient(address(server)) as client:
        yield client


def asked(module: Any = http, *, binary: bool = True) -> list[Any]:
    """Return Triton's input tensor."""
    made = module.InferInput("points", list(POINTS.shape), "FP32")
    made.set_data_from_numpy(POINTS, binary_data=binary)
    return [made]


def wanted(module: Any = http, *, binary: bool = True) -> list[Any]:
    return [module.InferRequestedOutput("probabilities", binary_data=binary)]


def test_tritons_client_finds_the_server_alive_ready_and_described(triton: http.InferenceServerClient) -> None:
    assert triton.is_server_live()
    assert triton.is_server_ready()
    assert triton.get_server_metadata() == {
        "name": "boundary-service",
        "version": __version__,
        "extensions": ["binary_tensor_data", "model_configuration", "model_repository", "statistics"],
    }


@pytest.mark.parametrize("version", ["", "1"])
def test_tritons_client_finds_a_model_ready_and_described(triton: http.InferenceServerClient, version: str) -> None:
    assert triton.is_model_ready("tanh-10", version)
    assert triton.get_model_metadata("tanh-10", version) == {
        "name": "tanh-10",
        "versions": ["1"],
        "platform": "tensorflow_savedmodel",
        "inputs": [{"name": "points", "datatype": "FP32", "shape": [-1, 2]}],
        "outputs": [{"name": "probabilities", "datatype": "FP32", "shape": [-1]}],
    }
    configuration = triton.get_model_config("tanh-10", version)
    assert (configuration["name"], configuration["max_batch_size"]) == ("tanh-10", 100_000)
    assert configuration["input"] == [{"name": "points", "data_type": "TYPE_FP32", "dims": [2], "optional": False}]
    (output,) = configuration["output"]
    assert output == {"name": "probabilities", "data_type": "TYPE_FP32", "dims": [1], "reshape": {"shape": []}}


@pytest.mark.parametrize(
    ("datatype", "binary"),
    [(name, binary) for name in OF_DATATYPES for binary in (True, False) if name != "FP16" or binary],
)
def test_numbers_of_every_datatype_are_those_that_predict_takes(
    server: Server, triton: http.InferenceServerClient, datatype: str, binary: bool
) -> None:
    points = OF_DATATYPES[datatype]
    given = http.InferInput("points", list(points.shape), datatype)
    given.set_data_from_numpy(points, binary_data=binary)
    answer = triton.infer("tanh-3", [given])
    assert answer.get_output("probabilities")["datatype"] == "FP32"
    assert (
        answer.as_numpy("probabilities").tolist()
        == np.array(predicted(server, points, model="tanh-3"), np.float32).tolist()
    )


def test_a_model_or_version_that_is_not_there_is_not_ready(triton: http.InferenceServerClient) -> None:
    assert not triton.is_model_ready("nothing")
    assert not triton.is_model_ready("linear", "2")
    with pytest.raises(InferenceServerException, match="there is no model 'nothing'; available models: linear"):
        triton.get_model_metadata("nothing")
    with pytest.raises(InferenceServerException, match="no version 2; available versions: 1"):
        triton.infer("linear", asked(), model_version="2")


def test_health_is_bare_json_with_both_words_and_never_kept(server: Server) -> None:
    for path in ("/v2/health/live", "/v2/health/ready"):
        answer = server.get(path)
        assert (answer.status_code, answer.json()) == (200, {"live": True, "ready": True})
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"


def test_without_models_the_server_is_live_and_not_ready(tmp_path: Path) -> None:
    with serving_app(tmp_path / "nothing-here") as server, http.InferenceServerClient(address(server)) as triton:
        assert triton.is_server_live()
        assert not triton.is_server_ready()
        assert not triton.is_model_ready("linear")
        assert triton.get_model_repository_index() == []
        with pytest.raises(InferenceServerException, match="no model is loaded"):
            triton.infer("linear", asked())
        ready = server.get("/v2/health/ready")
        assert (ready.status_code, ready.json()) == (503, {"live": True, "ready": False})
        assert ready.headers["Retry-After"] == server.get("/health/ready").headers["Retry-After"]
        assert server.post(INFER, json={"inputs": [tensor()]}).headers["Retry-After"]


@pytest.mark.parametrize(("sent", "got"), list(product([True, False], repeat=2)))
def test_json_and_bytes_go_both_ways_plain_and_compressed(
    server: Server, triton: http.InferenceServerClient, sent: bool, got: bool
) -> None:
    right = predicted(server, model="linear")
    for version, request_coding, response_coding in product(("", "1"), CODINGS, CODINGS):
        result = triton.infer(
            "linear",
            asked(binary=sent),
            version,
            wanted(binary=got),
            request_compression_algorithm=request_coding,
            response_compression_algorithm=response_coding,
        )
        assert result.as_numpy("probabilities") == pytest.approx(right, abs=1e-7)
        response = result.get_response()
        assert (response["model_name"], response["model_version"]) == ("linear", "1")
        (output,) = response["outputs"]
        assert (output["name"], output["datatype"], output["shape"]) == ("probabilities", "FP32", [3])
        assert ("data" in output) != got
        assert output.get("parameters") == ({"binary_data_size": 12} if got else None)


def test_the_asyncio_client_is_answered_alike(server: Server) -> None:
    async def ask() -> list[list[float]]:
        module = tritonclient.http.aio
        async with module.InferenceServerClient(address(server)) as triton:
            assert await triton.is_server_live()
            assert await triton.is_server_ready()
            assert await triton.is_model_ready("linear", "1")
            assert (await triton.get_model_metadata("linear"))["versions"] == ["1"]
            assert {entry["name"] for entry in await triton.get_model_repository_index()} == set(MODELS)
            with pytest.raises(InferenceServerException, match="no model 'nothing'"):
                await triton.infer("nothing", asked(module))
            return [
                (
                    await triton.infer(
                        "linear",
                        asked(module, binary=sent),
                        outputs=wanted(module, binary=got),
                        request_compression_algorithm=coding,
                        response_compression_algorithm=coding,
                    )
                )
                .as_numpy("probabilities")
                .tolist()
                for sent, got, coding in product([True, False], [True, False], CODINGS)
            ]

    right = predicted(server, model="linear")
    answers = asyncio.run(ask())
    assert len(answers) == 12
    assert np.abs(np.array(answers) - right).max() < 1e-7


def test_where_no_output_is_named_tritons_client_gets_bytes_as_it_asks(triton: http.InferenceServerClient) -> None:
    (output,) = triton.infer("linear", asked(binary=False)).get_response()["outputs"]
    assert output["parameters"] == {"binary_data_size": 12}


@pytest.mark.parametrize("given", ["7", "an id", "☃ ü", "x" * 5000])
def test_the_id_comes_back(triton: http.InferenceServerClient, server: Server, given: str) -> None:
    assert triton.infer("linear", asked(), request_id=given.encode("ascii", "replace").decode()).get_response()["id"]
    answer = server.post(INFER, json={"inputs": [tensor()], "id": given})
    assert answer.json()["id"] == given


def test_without_an_id_none_comes_back(server: Server) -> None:
    assert set(server.post(INFER, json={"inputs": [tensor()]}).json()) == {"model_name", "model_version", "outputs"}


def test_parameters_that_mean_nothing_here_are_left_aside(server: Server, triton: http.InferenceServerClient) -> None:
    result = triton.infer(
        "linear",
        asked(),
        outputs=wanted(),
        sequence_id=5,
        sequence_start=True,
        priority=1,
        timeout=10_000_000,
        parameters={"note": "hello", "weight": 0.5},
    )
    assert result.as_numpy("probabilities") == pytest.approx(predicted(server, model="linear"), abs=1e-7)
    content = {"content_type": "np", "nested": {"a": [1, None]}}
    document = {"inputs": [tensor(parameters=content)], "parameters": content, "model_name": "other", "x": [1]}
    assert server.post(INFER, json=document).status_code == 200


def test_what_may_be_left_out_may_be_null(server: Server) -> None:
    """MLServer's types write it so."""
    document = {
        "id": None,
        "parameters": None,
        "inputs": [{**tensor(), "parameters": None}],
        "outputs": [{"name": "probabilities", "parameters": None}],
    }
    answer = server.post(INFER, json=document)
    assert answer.status_code == 200, answer.text
    assert "id" not in answer.json()
    assert server.post(INFER, json={**document, "outputs": None}).json() == answer.json()
    content, headers = with_bytes()
    content = content.replace(b'"parameters"', b'"data":null,"parameters"')
    assert server.post(INFER, data=content, headers={HEADER_LENGTH: str(int(headers[HEADER_LENGTH]) + 12)}).ok


def test_data_may_be_flat_or_one_list_a_point(server: Server) -> None:
    flat, nested = (
        server.post(INFER, json={"inputs": [tensor(data=data)]}).json()["outputs"][0]["data"]
        for data in (POINTS.ravel().tolist(), POINTS.tolist())
    )
    assert flat == nested == predicted(server, model="linear")


@pytest.mark.parametrize(
    ("parameters", "outputs", "binary"),
    [
        ({}, [], False),
        ({}, [{"name": "probabilities"}], False),
        ({}, [{"name": "probabilities", "parameters": {"binary_data": True}}], True),
        ({"binary_data_output": True}, [], True),
        ({"binary_data_output": True}, [{"name": "probabilities"}], True),
        ({"binary_data_output": True}, [{"name": "probabilities", "parameters": {"binary_data": False}}], False),
        ({"binary_data_output": False}, [{"name": "probabilities", "parameters": {"binary_data": True}}], True),
    ],
)
def test_what_is_said_of_an_output_outweighs_what_is_said_of_all(
    server: Server, parameters: dict[str, object], outputs: list[object], binary: bool
) -> None:
    document = {"parameters": parameters, "outputs": outputs}
    content, headers = with_bytes(**document)
    right = predicted(server, model="linear")
    for answer in (
        server.post(INFER, json={"inputs": [tensor()], **document}),
        server.post(INFER, data=content, headers=headers),
    ):
        assert answer.headers["Content-Type"] == ("application/octet-stream" if binary else "application/json")
        numbers = split(answer)[1].tolist() if binary else answer.json()["outputs"][0]["data"]
        assert numbers == pytest.approx(right, abs=1e-7)
        assert (HEADER_LENGTH in answer.headers) == binary


@pytest.mark.parametrize(
    "content_type",
    [None, "application/json", "application/json; charset=utf-8", "application/octet-stream", "text/plain"],
)
def test_the_header_length_decides_what_a_body_is_and_not_its_content_type(
    server: Server, content_type: str | None
) -> None:
    named = {} if content_type is None else {"Content-Type": content_type}
    content, headers = with_bytes()
    binary = server.post(INFER, data=content, headers={**headers, **named})
    plain = server.post(INFER, data=orjson.dumps({"inputs": [tensor()]}), headers=named)
    whole = orjson.dumps({"inputs": [tensor()]})
    only_json = server.post(INFER, data=whole, headers={HEADER_LENGTH: str(len(whole)), **named})
    assert binary.json() == plain.json() == only_json.json()
    assert plain.json()["outputs"][0]["data"] == predicted(server, model="linear")


def test_a_header_length_of_0_makes_the_body_the_points_alone(server: Server) -> None:
    for path in (INFER, "/v2/models/linear/versions/1/infer"):
        answer = server.post(path, data=POINTS.astype("<f4").tobytes(), headers={HEADER_LENGTH: "0"})
        head, numbers = split(answer)
        assert head["outputs"] == [
            {"name": "probabilities", "datatype": "FP32", "shape": [3], "parameters": {"binary_data_size": 12}}
        ]
        assert numbers == pytest.approx(predicted(server, model="linear"), abs=1e-7)


@pytest.mark.parametrize(("coding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_header_lengths_count_what_is_not_compressed(server: Server, coding: str, compress: Any) -> None:
    content, headers = with_bytes(parameters={"binary_data_output": True})
    answer = server.post(
        INFER, data=compress(content), headers={**headers, "Content-Encoding": coding, "Accept-Encoding": coding}
    )
    assert answer.headers["Content-Encoding"] == coding
    head, numbers = split(answer)  # requests has decompressed it
    assert head["model_name"] == "linear"
    assert numbers == pytest.approx(predicted(server, model="linear"), abs=1e-7)


def test_who_accepts_many_codings_or_none_is_answered_plain(server: Server) -> None:
    for accepted in ("gzip, deflate, br", "identity", "gzip;q=0", "*", ""):
        answer = server.post(INFER, json={"inputs": [tensor()]}, headers={"Accept-Encoding": accepted})
        assert answer.status_code == 200
        assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_errors_are_plain_whatever_is_accepted(server: Server, triton: http.InferenceServerClient, coding: str) -> None:
    answer = server.post(INFER, json={"inputs": [tensor(datatype="BYTES")]}, headers={"Accept-Encoding": coding})
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/json")
    assert "Content-Encoding" not in answer.headers
    assert answer.json() == {
        "error": "inputs: points must have the datatype FP32, not 'BYTES'; numbers may also come as FP64, FP16, INT8, "
        "INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64."
    }
    with pytest.raises(InferenceServerException, match="there is no output 'logits'; there is probabilities") as raised:
        triton.infer(
            "linear",
            asked(),
            outputs=[http.InferRequestedOutput("logits")],
            response_compression_algorithm=coding,
        )
    assert raised.value.status() == "400"


@pytest.mark.parametrize("body", [None, b"{}", b'{"ready": false}'])
def test_the_index_lists_every_version(server: Server, triton: http.InferenceServerClient, body: bytes | None) -> None:
    every = [{"name": name, "version": "1", "state": "READY", "reason": ""} for name in sorted(MODELS)]
    assert server.post("/v2/repository/index", data=body).json() == every
    assert triton.get_model_repository_index() == every


def test_without_keys_nobody_may_load_or_unload(server: Server, triton: http.InferenceServerClient) -> None:
    for change in (triton.load_model, triton.unload_model):
        with pytest.raises(InferenceServerException, match="SERVICE_API_KEYS_FILE is not set") as raised:
            change("linear")
        assert raised.value.status() == "403"
    assert triton.is_model_ready("linear")


KEY = {"Authorization": f"Bearer {ALICE}"}


@pytest.fixture(scope="module")
def models(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`mended` cannot be loaded at first, `growing` gets another version."""
    models = copy(models_dir, tmp_path_factory.mktemp("guarded") / "models", "linear", "tanh-3")
    publish(models_dir / "linear" / "1", models, "growing", 1)
    publish(models_dir / "linear" / "1", models, "mended", 1)
    return models


@pytest.fixture(scope="module")
def broken(models: Path) -> bytes:
    """What `mended` lacks: nothing tells from outside that its file is another."""
    path = models / "mended" / "1" / layout.SAVED_MODEL
    whole = path.read_bytes()
    overwrite(path, b"x" * len(whole))
    return whole


def overwrite(path: Path, content: bytes) -> None:
    """Write other bytes, as many and of the same time."""
    times = path.stat()
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.fixture(scope="module")
def guarded(models: Path, broken: bytes) -> Iterator[Server]:
    """With keys, and two workers that look at the disk too seldom for that to matter. `mended` is broken at first."""
    (models.parent / "keys").write_text(ALICE_LINE + "\n")
    environment = {
        "SERVICE_API_KEYS_FILE": str(models.parent / "keys"),
        "SERVICE_ENGINE": "litert",
        "SERVICE_POLL_SECONDS": "600",
        "SERVICE_DEFAULT_MODEL": "tanh-3",
        "WEB_CONCURRENCY": "2",
    }
    with running(models.parent, SERVICE_MODELS_DIR=str(models), **environment) as started:
        wait_for(lambda: len(started.workers()) == 2)
        yield started


def change(server: Server, name: str, verb: str, headers: dict[str, str] | None = None) -> requests.Response:
    return server.post(f"/v2/repository/models/{name}/{verb}", headers=KEY if headers is None else headers)


def test_only_a_key_loads_and_unloads(guarded: Server) -> None:
    for verb in ("load", "unload"):
        for headers in ({}, {"Authorization": "Bearer nonsense"}):
            answer = change(guarded, "linear", verb, headers)
            assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/json")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert set(answer.json()) == {"error"}
    assert guarded.get("/v2/health/ready").status_code == 200
    assert guarded.get("/v2").status_code == 200
    assert guarded.get("/v2/models/linear/ready").status_code == 401
    assert guarded.get("/v2/models/linear/ready", headers=KEY).status_code == 200
    with http.InferenceServerClient(address(guarded)) as triton:
        triton.unload_model("linear", headers=dict(KEY))
        assert not triton.is_model_ready("linear", headers=dict(KEY))
        triton.load_model("linear", headers=dict(KEY), config="{}")
        assert triton.is_model_ready("linear", headers=dict(KEY))


def test_an_unloaded_model_is_gone_from_both_workers_at_once_until_it_is_loaded(guarded: Server) -> None:
    with connections(guarded, KEY) as sessions:
        for _ in range(3):
            assert change(guarded, "linear", "unload").json() == {}
            for session in sessions:
                assert session.get(guarded.url + "/v2/models/linear/ready").status_code == 404
                refused = session.post(guarded.url + INFER, json={"inputs": [tensor()]})
                assert (refused.status_code, set(refused.json())) == (404, {"error"})
                assert "/v2/repository/models/linear/load loads it again" in refused.json()["error"]
                own = session.post(guarded.url + "/predict", json={"points": [[0, 0]], "model": "linear"})
                assert (own.status_code, own.headers["Content-Type"]) == (404, "application/problem+json")
                rows = session.post(guarded.url + "/v1/models/linear:predict", json={"instances": [[0, 0]]})
                assert rows.status_code == 404
                status = session.get(guarded.url + "/v1/models/linear").json()["model_version_status"]
                assert [(entry["version"], entry["state"]) for entry in status] == [("1", "END")]
                every = session.post(guarded.url + "/v2/repository/index").json()
                index = {entry["name"]: entry for entry in every}
                assert (index["linear"]["state"], index["tanh-3"]["state"]) == ("UNAVAILABLE", "READY")
                assert "unloaded" in index["linear"]["reason"]
                ready = session.post(guarded.url + "/v2/repository/index", json={"ready": True}).json()
                assert ready == [entry for entry in every if entry["state"] == "READY"]
                assert session.post(guarded.url + "/predict", json={"points": [[0, 0]]}).json()["model"] == "tanh-3"
            assert change(guarded, "linear", "load").json() == {}
            for session in sessions:
                assert session.get(guarded.url + "/v2/models/linear/ready").status_code == 200
                assert session.post(guarded.url + INFER, json={"inputs": [tensor()]}).status_code == 200


def test_a_load_looks_at_the_disk_at_once_in_both_workers(guarded: Server, models: Path, models_dir: Path) -> None:
    publish(models_dir / "relu-3" / "1", models, "growing", 2)
    publish(models_dir / "relu-3" / "1", models, "another", 1)
    assert change(guarded, "growing", "load").status_code == 200
    assert guarded.get("/v2/models/growing", headers=KEY).json()["versions"]
    with connections(guarded, KEY) as sessions:

        def all_have(path: str, key: str, value: object) -> bool:
            return all(session.get(guarded.url + path).json().get(key) == value for session in sessions)

        wait_for(lambda: all_have("/v2/models/growing", "versions", ["1", "2"]))
        wait_for(lambda: all_have("/v2/models/another", "versions", ["1"]))
        shutil.rmtree(models / "another")
        assert change(guarded, "growing", "unload").status_code == 200
        gone = guarded.url + "/v2/models/another"
        wait_for(lambda: all(session.get(gone).status_code == 404 for session in sessions))


def test_a_load_of_what_is_broken_or_not_there_says_why(guarded: Server, models: Path, models_dir: Path) -> None:
    publish(models_dir / "linear" / "1", models, "broken", 1, without_saved_model)
    answer = change(guarded, "broken", "load")
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/json")
    assert answer.json()["error"] == (
        "no version of model 'broken' can be loaded: version 1: there is no saved_model.pb"
    )
    index = guarded.post("/v2/repository/index", headers=KEY).json()
    assert next(entry for entry in index if entry["name"] == "broken") == {
        "name": "broken",
        "version": "1",
        "state": "UNAVAILABLE",
        "reason": "there is no saved_model.pb",
    }
    on_disk = layout.model_names(models)
    assert {"broken", "linear", "tanh-3"} <= set(on_disk)
    for verb in ("load", "unload"):
        unknown = change(guarded, "nothing", verb)
        assert (unknown.status_code, unknown.json()) == (
            404,
            {"error": f"there is no model 'nothing' on disk; models on disk: {', '.join(on_disk)}"},
        )
        assert change(guarded, "_experiments", verb).status_code == 404
        assert change(guarded, "..", verb).status_code == 404


def test_a_load_tries_again_what_failed_in_both_workers(guarded: Server, models: Path, broken: bytes) -> None:
    """Even where nothing tells from outside that the files are others."""
    with connections(guarded, KEY) as sessions:

        def ready() -> set[int]:
            return {session.get(guarded.url + "/v2/models/mended/ready").status_code for session in sessions}

        assert ready() == {503}
        overwrite(models / "mended" / "1" / layout.SAVED_MODEL, broken)
        assert change(guarded, "mended", "load").status_code == 200
        wait_for(lambda: ready() == {200})


def counted(server: Server, model: str) -> dict[str, Any]:
    """Return a model's statistics; asked for all models at once, which counts for none of them."""
    every = {entry["name"]: entry for entry in server.get("/v2/models/stats").json()["model_stats"]}
    assert set(every) == set(MODELS)
    found: dict[str, Any] = every[model]
    return found


def test_statistics_count_over_both_workers(server: Server, triton: http.InferenceServerClient) -> None:
    before = counted(server, "relu-3")
    began = time.time()
    with connections(server) as sessions:
        for session in sessions * 4:
            answer = session.post(server.url + "/v2/models/relu-3/infer", json={"inputs": [tensor()]})
            assert answer.status_code == 200
            session.post(server.url + "/v2/models/relu-3/infer", json={"inputs": [tensor(datatype="BOOL")]})
    after = counted(server, "relu-3")
    assert (after["name"], after["version"], after["batch_stats"]) == ("relu-3", "1", [])
    assert after["inference_count"] - before["inference_count"] == 8 * len(POINTS)
    assert after["execution_count"] - before["execution_count"] == 8
    took = {
        name: after["inference_stats"][name]["ns"] - before["inference_stats"][name]["ns"]
        for name in ("success", "fail", "compute_infer")
    }
    for name in took:
        assert after["inference_stats"][name]["count"] - before["inference_stats"][name]["count"] == 8
    assert 0 < took["compute_infer"] < took["success"] < (time.time() - began) * 1e9 * 8
    assert began * 1000 - 1 <= after["last_inference"] <= time.time() * 1000 + 1
    (one,) = triton.get_inference_statistics("relu-3", "1")["model_stats"]
    assert one["inference_count"] == after["inference_count"]
    assert len(triton.get_inference_statistics()["model_stats"]) == len(MODELS)
    with pytest.raises(InferenceServerException, match="no model 'nothing'"):
        triton.get_inference_statistics("nothing")
