"""The floor: what Flask and gunicorn cost when the app does nothing."""

from functools import cache

from flask import Flask, Response, request

app = Flask(__name__, static_folder=None)


@app.post("/predict")
def echo() -> Response:
    return Response(request.get_data(), mimetype="application/json")


@app.get("/bytes/<int:size>")
def fixed(size: int) -> Response:
    return Response(_content(size), mimetype="application/octet-stream")


@app.get("/not-modified")
def not_modified() -> Response:
    return Response(status=304)


@cache
def _content(size: int) -> bytes:
    return bytes(size)
