"""`GET /metrics`: what was measured, the sum over all workers."""

from flask import Blueprint, Response

from service.http.endpoint import operation
from service.observability import render_metrics

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
@operation("Get metrics for Prometheus", answers={"text/plain": ()}, has_example=False)
def get_metrics() -> Response:
    """Requests with their latency by endpoint, model, version and status, points evaluated, versions served and loaded:
    the sums over all workers.
    """
    return Response(render_metrics(), content_type="text/plain; version=0.0.4; charset=utf-8")
