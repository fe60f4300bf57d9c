"""Each fault on each server under steady load, as a table of wrong and lost answers."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.serving.contestants import CONTESTANTS, Contestant
from benchmarks.serving.servers import NotMeasuredError
from chaos.others import hostile_bytes
from chaos.others.predictions import Predictions
from chaos.others.subject import CannotError, Subject
from chaos.soak.clients import ClientProfile, Outcomes, background_load, let_them_send
from chaos.soak.faults import CLIENTS
from chaos.soak.model_store import ModelStore
from chaos.soak.scenario import MAX_LINES

NAMES = ("service", "mlserver", "litserve", "bentoml")
BY_NAME: dict[str, Contestant] = {contestant.name: contestant for contestant in CONTESTANTS if contestant.name in NAMES}

FAULTS: dict[str, Callable[[Subject], None] | None] = {
    "none": None,
    "new version": Subject.swap,
    "killed process": Subject.kill,
    "restart": Subject.restart,
    "hostile bytes": None,
}
PER_RUN = 2
"""How often a fault is injected."""

ROWS = {"/predict": b'{"points": POINTS}'}
V2_ROWS = b'{"inputs": [{"name": "points", "shape": [1, 2], "datatype": "FP32", "data": POINTS}]}'


@dataclass
class Result:
    """What one server did: the outcomes of each fault that could be tried on it."""

    title: str
    outcomes: dict[str, Outcomes] = field(default_factory=dict)
    remarks: set[str] = field(default_factory=set)


def run_trials(
    names: Sequence[str],
    faults: Sequence[str],
    models: Path,
    seconds: float,
    clients: int,
    tell: Callable[[str], None],
) -> list[Result]:
    """Try each fault on each server, with so many clients; `tell` takes lines on progress and on what went wrong."""
    results = []
    for name in names:
        results.append(result := Result(BY_NAME[name].title))
        for fault in faults:
            tell(f"{name}: {fault}")
            try:
                outcomes = _trial(BY_NAME[name], models, fault, seconds, CLIENTS[-clients:], result)
            except NotMeasuredError as error:
                result.remarks.add(f"not measured: {error}")
                break
            except CannotError as error:
                result.remarks.add(str(error))
                continue
            result.outcomes[fault] = outcomes
            for line in outcomes.faults[:MAX_LINES]:
                tell(line)
    return results


def _trial(
    contestant: Contestant,
    models: Path,
    fault: str,
    seconds: float,
    profiles: Sequence[ClientProfile],
    result: Result,
) -> Outcomes:
    with tempfile.TemporaryDirectory(prefix="others-", ignore_cleanup_errors=True) as name, ExitStack() as stack:
        store = ModelStore(models, Path(name, "models"))
        subject = Subject(contestant, store, Path(name), result.remarks)
        stack.callback(subject.stop)
        subject.start()
        if fault == "hostile bytes":
            path = contestant.request_formats[0].path
            counts = stack.enter_context(hostile_bytes.sent_to(subject.port, path, ROWS.get(path, V2_ROWS)))
        clients = [(Predictions(contestant, store, seed).next, profile) for seed, profile in enumerate(profiles)]
        with background_load(subject, clients) as outcomes:
            _inject(subject, FAULTS[fault], seconds, outcomes)
        if fault == "hostile bytes":
            result.remarks.add(f"{counts['5xx']} of {counts['sent']} hostile requests got a 5xx")
        return outcomes()


def _inject(
    subject: Subject,
    inject: Callable[[Subject], None] | None,
    seconds: float,
    outcomes: Callable[[], Outcomes],
) -> None:
    """Let the load run, with the fault in the midst of each part of the time."""
    for _ in range(PER_RUN):
        let_them_send(outcomes, seconds / PER_RUN / 2)
        if inject is not None:
            inject(subject)
        let_them_send(outcomes, seconds / PER_RUN / 2)


def table(results: Sequence[Result]) -> str:
    """Return the results as a table in Markdown, and a line for each remark."""
    lines = [
        "| wrong / lost of 100,000 | requests | " + " | ".join(FAULTS) + " |",
        "|---|---:|" + "---:|" * len(FAULTS),
    ]
    for result in results:
        total = sum(outcomes.requests for outcomes in result.outcomes.values())
        cells = [_cell(result.outcomes.get(fault)) for fault in FAULTS]
        lines.append(f"| {result.title} | {total:,} | " + " | ".join(cells) + " |")
    remarks = [f"- {result.title}: {'; '.join(sorted(result.remarks))}" for result in results if result.remarks]
    return "\n".join([*lines, "", *remarks])


def _cell(outcomes: Outcomes | None) -> str:
    if outcomes is None or not outcomes.requests:
        return "–"
    lost = outcomes.requests - outcomes.correct - len(outcomes.wrong)
    return " / ".join(f"{count * 100_000 / outcomes.requests:,.0f}" for count in (len(outcomes.wrong), lost))
