"""Traces reach a collector where one is named, join the caller's trace, and nothing is set up where none is."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.conftest import StartServer, wait_for

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector(ThreadingHTTPServer):
    """What an OpenTelemetry collector is to an exporter."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receive)
        self.exports: list[ExportTraceServiceRequest] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Receive(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        assert self.path == "/v1/traces"
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.exports.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_requests_are_traced_within_the_callers_trace(
    collector: Collector, start_server: StartServer, models_dir: Path
) -> None:
    server = start_server(
        SERVICE_MODELS_DIR=str(models_dir), OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_BSP_SCHEDULE_DELAY="100"
    )
    server.get("/health/live")
    answer = server.post(
        "/predict", json={"points": [[0, 0]]}, headers={"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "me"}
    )
    assert answer.status_code == 200
    wait_for(lambda: bool(collector.exports))
    (resource,) = collector.exports[0].resource_spans
    assert {a.key: a.value.string_value for a in resource.resource.attributes}["service.name"] == "boundary-service"
    (span,) = resource.scope_spans[0].spans  # and none for /health/live
    assert (span.name, span.trace_id.hex(), span.parent_span_id.hex()) == ("POST /predict", TRACE, PARENT)
    attributes = {a.key: a.value.string_value for a in span.attributes}
    assert attributes["boundary.model"] == "tanh-10-10"
    assert attributes["boundary.request_id"] == "me"


@pytest.mark.parametrize("switch", [{}, {"OTEL_SDK_DISABLED": "true"}])
def test_nothing_is_sent_where_it_is_not_asked_for(
    collector: Collector, start_server: StartServer, models_dir: Path, switch: dict[str, str]
) -> None:
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url} if switch else {}
    server = start_server(SERVICE_MODELS_DIR=str(models_dir), OTEL_BSP_SCHEDULE_DELAY="50", **endpoint, **switch)
    assert server.predict(points=[[0, 0]]).status_code == 200
    server.stop()
    assert collector.exports == []


def test_without_opentelemetry_the_service_starts_and_says_that_it_does_not_trace(
    collector: Collector, start_server: StartServer, models_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "opentelemetry").mkdir()
    (tmp_path / "opentelemetry/__init__.py").write_text("raise ModuleNotFoundError('No module named opentelemetry')")
    server = start_server(
        SERVICE_MODELS_DIR=str(models_dir), OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, PYTHONPATH=str(tmp_path)
    )
    assert server.predict(points=[[0, 0]]).status_code == 200
    assert "boundary-service[telemetry] is not installed" in str(server.events("not traced")[0]["reason"])
    server.stop()
    assert collector.exports == []
