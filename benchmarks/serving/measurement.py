"""What is measured of a contestant in one visit."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.serving import wrk
from benchmarks.serving.contestants import ECHO, SERVICE, Contestant
from benchmarks.serving.processes import peak, reset_peak, resident, settled_pss, tree
from benchmarks.serving.servers import NotMeasuredError, Question, Server, ask, bundle, running
from benchmarks.serving.wrk import Load
from bundle import layout
from service.engines.litert import LiteRTEngine

ONE, THOUSAND, LARGE = 1, 1_000, 90_000
GRID = "/boundary?model=tanh-10-10&resolution=300"
GRID_BYTES = 4 * 300 * 300 + 128
HUGE = "/boundary?model=tanh-10-10&resolution=2000"
FORMATS = ("npy", "json")
LONGEST_PAUSE = 5
"""Seconds: the most that is waited after a warm-up, until what it left unanswered is done."""


@dataclass
class Visit:
    """One round's numbers of a contestant by name; what was wrong with some; or why there are none."""

    values: dict[str, float] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    problem: str | None = None


class Bench:
    """The questions, as points and as files for wrk, and the engine that says what is right."""

    def __init__(self, directory: Path, seconds: int, warm_up: int) -> None:
        self.directory, self.seconds, self.warm_up = directory, seconds, warm_up
        self.engine = LiteRTEngine((bundle() / layout.COMPILED).read_bytes())
        random = np.random.default_rng(0)
        self.questions = {n: self._question(random.uniform(-1.5, 1.5, (n, 2))) for n in (ONE, THOUSAND, LARGE)}

    def _question(self, points: np.ndarray) -> Question:
        points = points.astype(np.float32)
        return Question(points, self.engine.run("serving_default", points)["probabilities"])

    def body(self, contestant: Contestant, n: int) -> Path:
        path = self.directory / f"{contestant.name}-{n}.json"
        path.write_bytes(contestant.form.write(self.questions[n].points))
        return path

    def engine_alone(self) -> Visit:
        """Time the engine in this process with nothing around it."""
        points, times, until = self.questions[LARGE].points, [], time.monotonic() + self.warm_up
        while time.monotonic() < until:
            start = time.perf_counter()
            self.engine.run("serving_default", points)
            times.append(time.perf_counter() - start)
        return Visit({"large p50": 1000 * median(times)})

    def visit(self, contestant: Contestant) -> Visit:
        """Start a contestant, check it, measure it and stop it; what goes wrong is in the answer."""
        visit = Visit()
        try:
            with running(contestant, self.questions[ONE], self.directory) as server:
                visit.values["start"] = server.seconds_to_ready
                self._check(contestant, server)
                visit.values |= _memory(contestant, server, self.questions[ONE])
                for name, load in self._loads(contestant, server):
                    self._put(server, name, load, visit)
            if contestant is SERVICE:
                for form in FORMATS:
                    visit.values |= self._memory_of_huge(form)
        except (NotMeasuredError, RuntimeError, OSError) as error:
            visit.problem = str(error)
        return visit

    def _check(self, contestant: Contestant, server: Server) -> None:
        for n, question in self.questions.items():
            status, _, answer = ask(server.port, contestant.form.path, contestant.form.write(question.points))
            if status != 200:
                raise NotMeasuredError(f"status {status} for {n} points")
            if not contestant.right(question.points, question.expected, answer):
                raise NotMeasuredError(f"wrong answer for {n} points")

    def _loads(self, contestant: Contestant, server: Server) -> Iterator[tuple[str, Load]]:
        path, body = contestant.form.path, partial(self.body, contestant)
        yield "one", Load.post(path, body(ONE))
        yield "thousand", Load.post(path, body(THOUSAND))
        yield "large", Load.post(path, body(LARGE), connections=1)
        if contestant is ECHO:
            yield "cached", Load(f"/bytes/{GRID_BYTES}")
            yield "unchanged", Load("/not-modified")
        if contestant is SERVICE:
            cached = f"{GRID}&format=npy"
            yield "cached", Load(cached)
            tag = ask(server.port, cached)[1]["ETag"]
            yield "unchanged", Load(cached, ("get", "If-None-Match", tag))
            for form in FORMATS:
                yield f"grid {form}", Load.fresh(f"{GRID}&format={form}", connections=1)

    def _put(self, server: Server, name: str, load: Load, visit: Visit) -> None:
        time.sleep(min(wrk.run(server.port, load, self.warm_up).p99_ms / 1000, LONGEST_PAUSE))
        found = wrk.run(server.port, load, self.seconds)
        if found.rate:
            visit.values |= {f"{name} rate": found.rate, f"{name} p50": found.p50_ms, f"{name} p99": found.p99_ms}
        if found.faults:
            visit.faults[name] = found.faults

    def _memory_of_huge(self, form: str) -> dict[str, float]:
        """Return what a worker takes above idle while it answers 2000 × 2000 nodes, and the answer's size, in bytes."""
        with running(SERVICE, self.questions[ONE], self.directory, WEB_CONCURRENCY="1") as server:
            worker = tree(server.pid)[1]
            idle = resident(worker)
            reset_peak(worker)
            status, _, answer = ask(server.port, f"{HUGE}&format={form}")
            if status != 200:
                raise NotMeasuredError(f"status {status} for {HUGE}")
            return {f"huge {form} peak": peak(worker) - idle, f"huge {form} bytes": len(answer)}


def _memory(contestant: Contestant, server: Server, question: Question) -> dict[str, float]:
    """Return the bytes that all processes take after their first answers, and the average of the workers."""
    for _ in range(64):  # over connections of their own, so that every worker gets some
        ask(server.port, contestant.form.path, contestant.form.write(question.points))
    found = settled_pss()
    workers = [size for pid, size in found.items() if pid != server.pid]
    values = {"memory": float(sum(found.values())), "processes": float(len(found))}
    return values | ({"worker memory": sum(workers) / len(workers)} if contestant.peer is None and workers else {})
