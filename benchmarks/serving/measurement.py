"""What is measured: one point on all servers together, and everything else in a visit to each."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from itertools import product
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.request_formats import REQUEST_FORMATS, RequestFormat
from benchmarks.serving import wrk
from benchmarks.serving.contestants import ECHO, SERVICE, Contestant
from benchmarks.serving.processes import peak, reset_peak, resident, settled_pss, tree
from benchmarks.serving.servers import NotMeasuredError, Sample, Server, bundle, running, running_together, send
from benchmarks.serving.wrk import Load
from bundle import layout
from service.engines.litert import LiteRTEngine

ONE, THOUSAND, LARGE = 1, 1_000, 90_000
GRID = "/boundary?model=tanh-10-10&resolution=300"
GRID_BYTES = 4 * 300 * 300 + 128
HUGE = "/boundary?model=tanh-10-10&resolution=2000"
FORMATS = ("npy", "json")
MAX_PAUSE_SECONDS = 5
"""The longest pause after a warm-up, for the requests that it left unanswered."""

PROBLEMS = (NotMeasuredError, RuntimeError, OSError, HTTPException)
"""What leaves a contestant unmeasured, and the others unaffected."""


def one_point_load(request_format: RequestFormat) -> str:
    """Return the name of the load that asks for one point in a request format."""
    return f"one-{request_format.key}"


@dataclass
class Visit:
    """The values that a visit measured, by name; the faults of its loads; or the problem that prevented it."""

    values: dict[str, float] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    problem: str | None = None


Round = dict[str, Visit]
"""The visits of a round, by the contestant's name."""


class Bench:
    """The samples, the directory for their bodies, and the engine that computes what is correct."""

    def __init__(self, directory: Path, seconds: int, warm_up: int) -> None:
        self.directory, self.seconds, self.warm_up = directory, seconds, warm_up
        self.engine = LiteRTEngine((bundle() / layout.COMPILED).read_bytes())
        random = np.random.default_rng(0)
        self.samples = {n: self._sample(random.uniform(-1.5, 1.5, (n, 2))) for n in (ONE, THOUSAND, LARGE)}

    def _sample(self, points: np.ndarray) -> Sample:
        points = points.astype(np.float32)
        return Sample(points, self.engine.run("serving_default", points)["probabilities"])

    def engine_alone(self) -> Visit:
        """Time the engine in this process with nothing around it."""
        points, times, until = self.samples[LARGE].points, [], time.monotonic() + self.warm_up
        while time.monotonic() < until:
            start = time.perf_counter()
            self.engine.run("serving_default", points)
            times.append(time.perf_counter() - start)
        return Visit({"large p50": 1000 * median(times)})

    def one_point(self, contestants: Sequence[Contestant], rounds: int) -> Iterator[Round]:
        """Run all servers together; in each round ask every one for one point in turn, format by format.

        So the numbers of a ratio are measured within seconds of each other.
        """
        with running_together(contestants, self.samples[ONE], self.directory) as servers:
            for _ in range(rounds):
                visits = {contestant.name: Visit() for contestant in contestants}
                for request_format, contestant in product(REQUEST_FORMATS, contestants):
                    spoken, server = contestant.variant_of(request_format), servers[contestant.name]
                    if isinstance(server, NotMeasuredError):
                        visits[contestant.name].problem = str(server)
                    elif spoken is not None:
                        self._ask_for_one_point(contestant, spoken, server, visits[contestant.name])
                yield visits

    def _ask_for_one_point(
        self, contestant: Contestant, request_format: RequestFormat, server: Server, visit: Visit
    ) -> None:
        load = one_point_load(request_format)
        try:
            self.check(contestant, request_format, server, ONE)
            self.measure(server, load, self.prediction(contestant, request_format, ONE), visit)
        except PROBLEMS as error:
            visit.faults[load] = str(error)

    def visit(self, contestant: Contestant) -> Visit:
        """Start a contestant, check its predictions, measure it with everything but one point, and stop it."""
        visit = Visit()
        try:
            with running(contestant, self.samples[ONE], self.directory) as server:
                visit.values["start"] = server.seconds_to_ready
                for n in self.samples:
                    self.check(contestant, contestant.request_formats[0], server, n)
                visit.values |= _memory(contestant, server, self.samples[ONE])
                for name, load in self._loads(contestant, server):
                    self.measure(server, name, load, visit)
            if contestant is SERVICE:
                for form in FORMATS:
                    visit.values |= self._memory_of_huge(form)
        except PROBLEMS as error:
            visit.problem = str(error)
        return visit

    def check(self, contestant: Contestant, request_format: RequestFormat, server: Server, n: int) -> None:
        """Compare a prediction of n points with the engine's."""
        sample = self.samples[n]
        status, response = send(server.port, request_format.path, request_format.encode(sample.points))
        if status != 200:
            raise NotMeasuredError(f"status {status} for {n} points")
        if not contestant.is_correct(request_format, sample.points, sample.expected, response):
            raise NotMeasuredError(f"wrong prediction for {n} points")

    def _loads(self, contestant: Contestant, server: Server) -> Iterator[tuple[str, Load]]:
        yield "thousand", self.prediction(contestant, contestant.request_formats[0], THOUSAND)
        yield "large", self.prediction(contestant, contestant.request_formats[0], LARGE, connections=1)
        if contestant is ECHO:
            yield "cached", Load(f"/bytes/{GRID_BYTES}")
            yield "unchanged", Load("/not-modified")
        if contestant is SERVICE:
            cached = f"{GRID}&format=npy"
            yield "cached", Load(cached)
            etag = send(server.port, cached)[1].headers["etag"]
            yield "unchanged", Load(cached, ("get", "If-None-Match", etag))
            for form in FORMATS:
                yield f"grid {form}", Load.fresh(f"{GRID}&format={form}", connections=1)

    def prediction(self, contestant: Contestant, request_format: RequestFormat, n: int, connections: int = 16) -> Load:
        """Return the load that asks for n points in a request format."""
        body = request_format.encode(self.samples[n].points)
        path = self.directory / f"{contestant.name}-{request_format.key}-{n}"
        path.write_bytes(body.content)
        return Load.post(request_format.path, path, body.headers, connections)

    def measure(self, server: Server, name: str, load: Load, visit: Visit) -> int:
        """Put a load on a server, and note what comes of it; return how many requests were answered in all."""
        warm = wrk.run(server.port, load, self.warm_up)
        time.sleep(min(warm.p99_ms / 1000, MAX_PAUSE_SECONDS))
        result = wrk.run(server.port, load, self.seconds)
        if result.rate:
            visit.values |= {f"{name} rate": result.rate, f"{name} p50": result.p50_ms, f"{name} p99": result.p99_ms}
        if result.faults:
            visit.faults[name] = result.faults
        return warm.requests + result.requests

    def _memory_of_huge(self, form: str) -> dict[str, float]:
        """Return a worker's peak memory above idle for 2000 × 2000 nodes, and the response's size, in bytes."""
        with running(SERVICE, self.samples[ONE], self.directory, WEB_CONCURRENCY="1") as server:
            worker = tree(server.pid)[1]
            idle = resident(worker)
            reset_peak(worker)
            status, response = send(server.port, f"{HUGE}&format={form}")
            if status != 200:
                raise NotMeasuredError(f"status {status} for {HUGE}")
            return {f"huge {form} peak": peak(worker) - idle, f"huge {form} bytes": len(response.content)}


def _memory(contestant: Contestant, server: Server, sample: Sample) -> dict[str, float]:
    """Return the bytes of all processes after their first predictions, and the average of the workers."""
    request_format = contestant.request_formats[0]
    for _ in range(64):  # over connections of their own, so that every worker gets some
        send(server.port, request_format.path, request_format.encode(sample.points))
    by_process = settled_pss()
    workers = [size for pid, size in by_process.items() if pid != server.pid]
    values = {"memory": float(sum(by_process.values())), "processes": float(len(by_process))}
    return values | ({"worker memory": sum(workers) / len(workers)} if contestant.peer is None and workers else {})
