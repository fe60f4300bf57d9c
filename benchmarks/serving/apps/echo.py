"""The floor: what Flask and gunicorn cost when the app does nothing. It has a route for each request format's path."""

from functools import cache

from flask import Flask, Response, request

from benchmarks.request_formats import REQUEST_FORMATS

app = Flask(__name__, static_folder=None)


def echo() -> Response:
    return Response(request.get_data(), mimetype="application/json")


for path in {request_format.path for request_format in REQUEST_FORMATS}:
    app.add_url_rule(path, view_func=echo, methods=["POST"])


@app.get("/bytes/<int:size>")
def fixed(size: int) -> Response:
    return Response(_content(size), mimetype="application/octet-stream")


@app.get("/not-modified")
def not_modified() -> Response:
    return Response(status=304)


@cache
def _content(size: int) -> bytes:
    return bytes(size)
