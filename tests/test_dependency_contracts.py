"""The undocumented parts of dependencies that this project uses: they exist, take our arguments and work as we assume.

A new version of a dependency may change them without notice. Each failure names the part and the file that uses it.
gunicorn's parts have tests of their own in tests/service/server.
"""

import inspect
import pkgutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import environs
import prometheus_client
import pytest
import requests
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from cachecontrol import CacheControlAdapter
from cachetools import LRUCache
from flask import Flask, Response, request
from flask_cors import CORS
from marshmallow import RAISE, Schema, ValidationError, fields
from prometheus_client import multiprocess, values
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import ReadTimeoutError
from urllib3.util import Retry
from werkzeug.exceptions import NotFound
from werkzeug.routing import Map, MapAdapter, Rule

from client.cache import ResponseCache
from tests.client.scripted import scripted
from tests.conftest import ROOT

SELF = object()
"""Stands for the instance in the arguments of a method."""


@dataclass(frozen=True)
class Part:
    """An undocumented part of a dependency, the file that uses it, and the arguments of that use."""

    name: str
    used_in: str
    arguments: tuple[object, ...] | None = None
    keywords: tuple[str, ...] = ()


def _deserialize(field: str, used_in: str) -> Part:
    return Part(f"marshmallow.fields:{field}._deserialize", used_in, (SELF, "value", "attr", {}), ("partial",))


FIELDS = "service/http/custom_fields.py"

PARTS = [
    Part("prometheus_client.values:ValueClass", "service/observability.py"),
    Part("prometheus_client.values:MultiProcessValue", "service/observability.py", (lambda: "1",)),
    Part("prometheus_client.values:MmapedDict", "service/shared_values.py", ("a.db",)),
    Part("prometheus_client.mmap_dict:MmapedDict.read_value", "service/shared_values.py", (SELF, "key")),
    Part("prometheus_client.mmap_dict:MmapedDict.write_value", "service/shared_values.py", (SELF, "key", 1.0, 0.0)),
    Part("prometheus_client.mmap_dict:MmapedDict._init_value", "service/shared_values.py", (SELF, "key")),
    Part("prometheus_client.mmap_dict:MmapedDict._read_all_values", "service/shared_values.py", (SELF,)),
    Part("prometheus_client.multiprocess:MultiProcessCollector.merge", "service/observability.py", (["a.db"],)),
    Part("prometheus_client.multiprocess:mark_process_dead", "gunicorn.conf.py", ("1",)),
    Part("marshmallow.fields:Float._validated", FIELDS, (SELF, 1.5)),
    Part("marshmallow.fields:Integer._validated", FIELDS, (SELF, 1)),
    Part("marshmallow.fields:Field.make_error", FIELDS, (SELF, "invalid"), ("input",)),
    _deserialize("Field", FIELDS),
    _deserialize("Boolean", FIELDS),
    _deserialize("List", "service/edges/open_inference/messages.py"),
    _deserialize("List", "training/keys.py"),
    Part(
        "apispec.ext.marshmallow.openapi:OpenAPIConverter.add_attribute_function", "service/http/openapi.py", (SELF, 1)
    ),
    Part("flask:Flask.create_url_adapter", "service/app.py", (SELF, None)),
    Part("werkzeug.routing:MapAdapter", "service/app.py", (Map(), "localhost", "/", "", "http", "/", "GET")),
    Part("werkzeug.routing:Map.merge_slashes", "service/app.py"),
    Part("flask_cors.core:get_cors_options", "service/http/access.py", (Flask("service"), {})),
    Part("flask_cors.core:get_cors_headers", "service/http/access.py", ("options", "headers", "GET")),
    Part("cachecontrol:CacheControlAdapter", "client/transport.py", (ResponseCache(1),), ("max_retries",)),
    Part("cachecontrol.cache:SeparateBodyBaseCache.get", "client/cache.py", (SELF, "key")),
    Part("cachecontrol.cache:SeparateBodyBaseCache.get_body", "client/cache.py", (SELF, "key")),
    Part("cachecontrol.cache:SeparateBodyBaseCache.set", "client/cache.py", (SELF, "key", b"", None)),
    Part("cachecontrol.cache:SeparateBodyBaseCache.set_body", "client/cache.py", (SELF, "key", b"")),
    Part("cachecontrol.cache:SeparateBodyBaseCache.delete", "client/cache.py", (SELF, "key")),
    Part("urllib3.util:Retry.parse_retry_after", "client/transport.py", (SELF, "1")),
    Part("urllib3.exceptions:InvalidHeader", "client/transport.py"),
    Part("structlog:BytesLoggerFactory", "service/observability.py", (object(),)),
    Part("structlog.processors:JSONRenderer", "service/observability.py", (), ("serializer",)),
    Part("environs:Env", "service/settings.py", (), ("eager",)),
    Part("environs:Env.seal", "service/settings.py", (SELF,)),
]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: f"{part.name} in {part.used_in}")
def test_a_part_exists_and_takes_the_arguments_that_we_pass(part: Part) -> None:
    try:
        found = pkgutil.resolve_name(part.name)
    except (ImportError, AttributeError) as error:
        pytest.fail(f"{part.name} has moved ({error}); {part.used_in} uses it")
    if part.arguments is None:
        return
    try:
        inspect.signature(found).bind(*part.arguments, **dict.fromkeys(part.keywords))
    except TypeError as error:
        pytest.fail(f"{part.name} takes other arguments ({error}); {part.used_in} uses it")


@pytest.mark.parametrize("part", PARTS, ids=lambda part: f"{part.name} in {part.used_in}")
def test_a_part_is_still_used_where_this_file_says(part: Part) -> None:
    name = part.name.rpartition(":")[2].rpartition(".")[2]
    assert name in (ROOT / part.used_in).read_text(), f"{part.used_in} no longer uses {part.name}: delete its line here"


class _Recorder:
    """A value class of prometheus-client that records what it is created for."""

    created: list[str]

    def __init__(self, kind: str, *_: object, **__: object) -> None:
        self.created.append(kind)


def test_prometheus_clients_metrics_use_the_value_class_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    _Recorder.created = []
    monkeypatch.setattr(values, "ValueClass", _Recorder)
    prometheus_client.Counter("contract", "A counter", registry=None)
    assert _Recorder.created == ["counter"], (
        "values.ValueClass is not looked up by metrics; service/observability.py sets it"
    )


def test_prometheus_client_names_a_workers_files_by_its_place_and_merges_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    used_in = "service/observability.py and gunicorn.conf.py rely on it"
    kinds = [values.MultiProcessValue(lambda place=place: place) for place in ("1", "2")]  # type: ignore[no-untyped-call]
    for kind in kinds:
        monkeypatch.setattr(values, "ValueClass", kind)
        prometheus_client.Counter("contract", "A counter", registry=None).inc(2)
        prometheus_client.Gauge("contract_live", "A gauge", registry=None, multiprocess_mode="livesum").set(1)
    files = {file.name for file in tmp_path.iterdir()}
    assert files == {f"{kind}_{place}.db" for kind in ("counter", "gauge_livesum") for place in "12"}, used_in
    merged = multiprocess.MultiProcessCollector.merge(map(str, tmp_path.iterdir()))  # type: ignore[no-untyped-call]
    totals = {metric.name: [sample.value for sample in metric.samples] for metric in merged}
    assert totals == {"contract": [4], "contract_live": [2]}, f"MultiProcessCollector.merge gives other sums; {used_in}"
    multiprocess.mark_process_dead("1")  # type: ignore[no-untyped-call]
    assert files - {file.name for file in tmp_path.iterdir()} == {"gauge_livesum_1.db"}, f"mark_process_dead; {used_in}"
    for kind in kinds:
        kind.close_all_files()


@pytest.mark.parametrize(
    ("base", "method"),
    [
        (fields.Float, "_validated"),
        (fields.Integer, "_validated"),
        (fields.Boolean, "_deserialize"),
        (fields.List, "_deserialize"),
        (fields.Field, "_deserialize"),
    ],
)
def test_marshmallow_calls_the_methods_that_fields_override(base: type[fields.Field[Any]], method: str) -> None:
    calls: list[object] = []
    override: dict[str, Any] = {method: lambda _, value, *__, **___: calls.append(value)}
    arguments = [fields.Raw()] if base is fields.List else []
    type("Probe", (base,), override)(*arguments).deserialize(1)
    assert calls == [1], f"{base.__name__}.{method} is no longer called; {FIELDS} overrides it"


def test_marshmallow_words_a_schemas_errors_by_its_error_messages() -> None:
    class Probe(Schema):
        class Meta:
            unknown = RAISE

    schema = Probe()
    schema.error_messages.update(unknown="is unknown", type="is no object")
    for value, messages in (({"a": 1}, {"a": ["is unknown"]}), (3, {"_schema": ["is no object"]})):
        with pytest.raises(ValidationError) as caught:
            schema.load(value)  # type: ignore[arg-type]
        assert caught.value.messages == messages, "Schema.error_messages is not used; bundle/records.py sets it"


def test_apispec_refers_from_schema_classes_to_names_and_asks_attribute_functions() -> None:
    class ProbeSchema(Schema):
        number = fields.Integer()

    plugin = MarshmallowPlugin()
    spec = APISpec("", "", "3.1.0", plugins=[plugin])
    assert plugin.converter is not None, (
        "MarshmallowPlugin.converter is not set by APISpec; service/http/openapi.py uses it"
    )
    plugin.converter.add_attribute_function(lambda _, field, **__: {"minimum": 3})  # type: ignore[no-untyped-call]
    response = {"content": {"application/json": {"schema": ProbeSchema}}}
    spec.path("/", operations={"get": {"responses": {"200": response}}})
    names = {key[0]: name for key, name in plugin.converter.refs.items()}
    assert names == {ProbeSchema: "Probe"}, "converter.refs has another form; service/http/openapi.py reads it"
    number = spec.to_dict()["components"]["schemas"]["Probe"]["properties"]["number"]
    assert number == {"type": "integer", "minimum": 3}, (
        "add_attribute_function has no effect; service/http/openapi.py uses it"
    )


def test_flask_matches_with_the_adapter_of_an_override_and_leaves_the_request_in_the_environ() -> None:
    class Probe(Flask):
        def create_url_adapter(self, request: object) -> MapAdapter:
            return MapAdapter(self.url_map, "localhost", "/", "", "http", "/matched", "GET")

    app = Probe(__name__)
    app.add_url_rule("/matched", "matched", lambda: request.environ["werkzeug.request"].endpoint)
    response = app.test_client().get("/other")
    assert response.status_code == 200, "Flask.create_url_adapter is no longer asked; service/app.py overrides it"
    assert response.text == "matched", (
        'environ["werkzeug.request"] is another object; service/http/flask_adapter.py reads it'
    )


def test_werkzeugs_map_takes_merge_slashes_after_it_was_made() -> None:
    rules = Map([Rule("/a/b", endpoint="ab")])
    rules.merge_slashes = False
    with pytest.raises(NotFound):  # else a redirect
        rules.bind("localhost").match("/a//b")


PREFLIGHT = {"Access-Control-Request-Method": "GET"}


def test_flask_cors_takes_its_options_by_the_names_that_we_use() -> None:
    app = Flask(__name__)
    app.add_url_rule("/", "index", lambda: Response("ok"))
    ours = {"max_age": 3600, "always_send": False, "send_wildcard": True, "vary_header": False}
    CORS(app, origins=["https://example.org", "https://example.net"], expose_headers=["ETag"], **ours)  # type: ignore[arg-type]
    client, origin = app.test_client(), {"Origin": "https://example.org"}
    headers = {**client.get("/", headers=origin).headers, **client.options("/", headers=origin | PREFLIGHT).headers}
    sent = [headers.get(f"Access-Control-{name}") for name in ("Allow-Origin", "Expose-Headers", "Max-Age")]
    assert sent == ["https://example.org", "ETag", "3600"], "CORS ignores an option; service/http/access.py passes it"
    assert "Vary" not in headers
    for others in ({"Origin": "https://example.com"}, {}):
        assert "Access-Control-Allow-Origin" not in client.get("/", headers=others).headers


def test_environs_returns_none_for_a_wrong_value_and_raises_when_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRACT_NUMBER", "many")
    monkeypatch.setenv("CONTRACT_LIST", "a,b")
    env = environs.Env(eager=False)
    with env.prefixed("CONTRACT_"):
        read: list[object] = [env.int("NUMBER", 1), env.list("LIST", [], validate=_refuse)]
    assert read == [None, None], (
        "Env(eager=False) returns something else for a wrong value; service/settings.py uses it"
    )
    with pytest.raises(environs.EnvError, match=r"CONTRACT_NUMBER.*CONTRACT_LIST"):
        env.seal()


def _refuse(_: object) -> None:
    raise environs.ValidationError("refused")


def test_cachetools_refuses_a_value_that_is_larger_than_the_cache() -> None:
    cache: LRUCache[str, bytes] = LRUCache(2, getsizeof=len)
    with pytest.raises(ValueError, match="too large"):  # client/cache.py then deletes the older value
        cache["key"] = b"123"


def test_cachecontrol_stores_headers_and_body_apart_in_a_cache_of_that_class() -> None:
    cache = ResponseCache(10_000)
    response = 200, {"ETag": '"1"', "Cache-Control": "max-age=60"}, b"the body"
    with scripted(response) as server, requests.Session() as session:
        session.mount("http://", CacheControlAdapter(cache, max_retries=Retry(2)))
        assert [session.get(server.url).content for _ in range(2)] == [b"the body"] * 2
        assert len(server.requests) == 1, "CacheControlAdapter does not use its cache; client/transport.py relies on it"
    bodies = [body for _, body in cache._entries.values()]
    assert bodies == [b"the body"], "CacheControl does not call set_body; client/cache.py relies on it"


class _FixedPause(Retry):
    def parse_retry_after(self, retry_after: str) -> float:
        return 7


def test_urllib3_asks_an_overridden_retry_for_the_pause_after_it_was_copied() -> None:
    policy: Retry = _FixedPause(3).new(total=2)
    pause = policy.get_retry_after(HTTPResponse(status=503, headers={"Retry-After": "100"}))
    assert pause == 7, "Retry.parse_retry_after is no longer called; client/transport.py overrides it"


@pytest.mark.parametrize("retries", [0, 1])
def test_requests_passes_on_what_urllib3_gave_up_on(retries: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=Retry(retries)))
        with pytest.raises(requests.ConnectionError) as caught:
            session.get(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.05)
    used_in = "client/transport.py tells timeouts by it"
    reason = getattr(caught.value.args[0], "reason", None)
    assert isinstance(reason, ReadTimeoutError), f"args[0].reason of a requests exception is {reason!r}; {used_in}"


def test_requests_prefers_a_sessions_auth_to_a_netrc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with requests.Session() as session:
        session.auth = lambda prepared: prepared
        prepared = session.prepare_request(requests.Request("GET", "http://127.0.0.1"))
    assert "Authorization" not in prepared.headers, "Session.auth is overridden by a netrc; client/transport.py sets it"


def test_numba_compiles_without_its_run_time_where_nothing_is_allocated() -> None:
    from numba import njit  # noqa: PLC0415 (a second, for one test)

    options: dict[str, Any] = {"_nrt": False}
    doubled = njit("f8(f8)", **options)(lambda x: 2 * x)
    assert doubled(1.5) == 3, "numba no longer takes _nrt; training/fit/kernels.py sets it"
