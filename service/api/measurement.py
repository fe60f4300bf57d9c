"""Every request is measured, logged and given an id; `GET /metrics` shows the sum over all workers."""

import logging
import time
import uuid

from flask import Blueprint, Flask, Response, g, request

from service.api.operations import operation
from service.observability import REQUESTS, render_metrics
from service.repository import ModelVersion

log = logging.getLogger(__name__)

blueprint = Blueprint("metrics", __name__)

QUIET = frozenset({"health.get_live", "health.get_ready", "metrics.get_metrics"})
"""Endpoints that machines ask every few seconds: measured, but only logged where they fail."""


def register(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_end)


def request_id() -> str:
    """Return this request's id: the one in `X-Request-ID` if that is a plain short token, else a new one."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-ID", "")
        plain = 0 < len(given) <= 128 and given.isascii() and given.isprintable()
        g.request_id = given if plain else uuid.uuid4().hex
    found: str = g.request_id
    return found


def answered_by(version: ModelVersion) -> None:
    """Note which model's version answers this request."""
    g.version = version


@blueprint.get("/metrics")
@operation("Get metrics for Prometheus", answers={"text/plain": ()})
def get_metrics() -> Response:
    """Requests with their latency by endpoint, model, version and status, points evaluated, versions served and loaded:
    the sums over all workers.
    """
    return Response(render_metrics(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _begin() -> None:
    g.began = time.perf_counter()


def _end(response: Response) -> Response:
    seconds = time.perf_counter() - g.began
    endpoint = request.endpoint or "none"
    version: ModelVersion | None = g.get("version")
    model, number = (version.name, str(version.number)) if version else ("", "")
    REQUESTS.labels(endpoint, model, number, str(response.status_code)).observe(seconds)
    response.headers["X-Request-ID"] = request_id()
    if endpoint not in QUIET or response.status_code >= 400:
        log.info(
            "request",
            extra={
                "request_id": request_id(),
                "method": request.method,
                "path": request.path,
                "status": response.status_code,
                "milliseconds": round(seconds * 1000, 3),
                "model": model,
                "version": number,
            },
        )
    return response
