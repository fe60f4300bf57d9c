"""`GET /metrics`: what was measured, the sum over all workers."""

from service.http.context import Call
from service.http.endpoint import Endpoints
from service.http.responses import RawResponse
from service.observability import render_metrics

endpoints = Endpoints("metrics")


@endpoints.get("/metrics", summary="Get metrics for Prometheus", responses={"text/plain": ()}, has_example=False)
def get_metrics(_: Call) -> RawResponse:
    """Requests with their latency by endpoint, model, version and status, points evaluated, versions served and loaded:
    the sums over all workers.
    """
    return RawResponse([render_metrics()], "text/plain; version=0.0.4; charset=utf-8")
