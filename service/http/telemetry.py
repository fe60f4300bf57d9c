"""Traces, for those who collect them: OpenTelemetry, set up by its own environment variables.

Nothing happens unless OTEL_EXPORTER_OTLP_ENDPOINT (or ..._TRACES_ENDPOINT) names a collector, which is asked over HTTP
with protobuf. Name, sampling, batches and headers are OTEL_* variables too, as OpenTelemetry's specification has them.
"""

import os
import re

import structlog
from flask import Flask, request
from structlog.typing import FilteringBoundLogger

from service.http.flask_adapter import RECORD
from service.request_record import RequestRecord

log: FilteringBoundLogger = structlog.get_logger()

UNTRACED_URLS = ("health/.*", "metrics")


def register(app: Flask) -> bool:
    """Trace the app's requests where the environment asks for it, and say whether it does; they join the trace that
    `traceparent` names.
    """
    if not is_configured():
        return False
    try:  # here and not above: it takes 0.3 s and 20 MB that only those pay who trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.instrumentation.flask import FlaskInstrumentor  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.trace import Span  # noqa: PLC0415
    except ImportError as error:
        reason = f"OTEL_* is set, but the extra boundary-service[telemetry] is not installed: {error}"
        log.warning("not traced", reason=reason)
        return False

    def describe(span: Span, *_: object) -> None:
        record: RequestRecord = request.environ[RECORD]
        span.set_attributes(
            {
                "boundary.request_id": record.request_id,
                "boundary.model": record.model,
                "boundary.version": record.version,
            }
        )

    os.environ.setdefault("OTEL_SERVICE_NAME", "boundary-service")
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    options = {"tracer_provider": provider, "response_hook": describe, "excluded_urls": ",".join(UNTRACED_URLS)}
    FlaskInstrumentor().instrument_app(app, **options)  # type: ignore[no-untyped-call]
    return True


def is_configured() -> bool:
    """Say whether requests are to be traced."""
    named = any(os.environ.get(f"OTEL_EXPORTER_OTLP_{kind}ENDPOINT") for kind in ("", "TRACES_"))
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return named and not disabled and os.environ.get("OTEL_TRACES_EXPORTER", "otlp") == "otlp"


def is_traced(rule: str) -> bool:
    """Say whether requests to the paths of a rule are traced, which Flask's instrumentation does."""
    return not any(re.search(url, rule) for url in UNTRACED_URLS)
