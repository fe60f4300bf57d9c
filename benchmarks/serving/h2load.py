"""Run h2load, which asks over gRPC as wrk does over HTTP, and read its summary."""

import re
import struct
import subprocess
from pathlib import Path

METHOD = "/inference.GRPCInferenceService/ModelInfer"

TIMEOUT = 60
"""Seconds that it may take beyond the load."""


def framed(message: bytes) -> bytes:
    """Return a message as gRPC sends it: behind a byte that says that it is not compressed, and its length."""
    return struct.pack(">BI", 0, len(message)) + message


def run(port: int, body: Path, answer_bytes: int, connections: int, streams: int, seconds: int) -> float:
    """Return the calls a second that a server on loopback answers, each connection with so many at a time.

    Raises:
        RuntimeError: h2load failed, calls failed, or answers were too short: an error is one without a message.
    """
    command = ["h2load", "-t1", f"-c{connections}", f"-m{streams}", f"-D{seconds}", "--warm-up-time=1", "-d", str(body)]
    headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"]
    done = subprocess.run(  # noqa: S603
        [*command, *headers, f"http://127.0.0.1:{port}{METHOD}"],
        capture_output=True,
        text=True,
        timeout=seconds + TIMEOUT,
        check=True,
    )
    rate = re.search(r"^finished in [\d.]+s, ([\d.]+) req/s", done.stdout, re.MULTILINE)
    counts = re.search(r"(\d+) done, \d+ succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", done.stdout)
    data = re.search(r"\((\d+)\) data$", done.stdout, re.MULTILINE)
    if rate is None or counts is None or data is None:
        raise RuntimeError(f"h2load: {done.stdout}{done.stderr}")
    answered, *faults = map(int, counts.groups())
    if any(faults) or int(data[1]) < 0.95 * answered * answer_bytes:
        raise RuntimeError(f"{faults} calls failed, or had no answer: {data[1]} bytes for {answered} calls")
    return float(rate[1])
