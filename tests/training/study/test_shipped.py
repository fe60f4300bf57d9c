"""The studies that ship are whole: every claim asks for what their cells give, and the pages have every claim."""

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.study_pages import FILES, SHIPPED
from bundle.study_rows import Column, column_of
from training.study.cells import Cell
from training.study.spec import StudyFile, read
from verdicts.claims import judge_all

RUNS = 8
STARTED = np.datetime64("2026-01-01").astype(object)


@pytest.fixture(scope="module", params=SHIPPED)
def study(request: pytest.FixtureRequest) -> StudyFile:
    return read(FILES / f"{request.param}.toml")


def rows_of(study: StudyFile) -> dict[str, Column]:
    """Return rows as the cells give them: exact accuracy at the last epoch of the circle and the ball alone."""
    rng, cells = np.random.default_rng(0), [*study.cells()]
    places = [(cell, epoch, run) for cell in cells for epoch in cell.epochs for run in range(RUNS)]
    values = rng.uniform(0.4, 0.6, len(places))
    columns: dict[str, Column] = {
        "cell": [cell.digest for cell, *_ in places],
        **{factor: column_of([cell.factors[factor] for cell, *_ in places]) for factor in study.factors},
        "replicate": np.array([run for *_, run in places]),
        "epoch": np.array([epoch for _, epoch, _ in places]),
    }
    exact = np.array([_has_exact(cell) and epoch == cell.epochs[-1] for cell, epoch, _ in places])
    metrics = {"loss": values, "exact_accuracy": np.where(exact, values, np.nan)}
    known = ("test_accuracy", "test_loss", "affine_share", "gradient_norm_1")
    return {**columns, **metrics, **dict.fromkeys(known, values)}


def _has_exact(cell: Cell) -> bool:
    return type(cell.experiment.dataset).__name__ == "GaussianQuantilesSpec"


def test_every_claim_can_be_decided_by_what_the_cells_give(study: StudyFile) -> None:
    for judged in judge_all(study.record(STARTED), rows_of(study)):
        assert judged.details, judged.sentence
        assert [(each.runs, each.why) for each in judged.details] == [(RUNS, "")] * len(judged.details), judged.sentence


def test_it_says_what_is_asked_and_what_was_done_in_a_file_beside_it(study: StudyFile) -> None:
    assert (FILES / f"{study.name}.md").read_text() == study.text
    assert "**What was done.**" in study.text
    assert "**What it can say.**" in study.text


def test_its_page_has_every_claim_with_its_outcome(study: StudyFile) -> None:
    page = Path(f"docs/studies/{study.name}.md").read_text()
    for claim in study.claims:
        assert re.search(rf"\*\*(Holds|Does not hold|Undecided)\.\*\* {re.escape(claim.text)}\n", page), claim.text
    for picture in re.findall(r"\]\((\.\./images/studies/[^)]+)\)", page):
        assert Path("docs/studies", picture).stat().st_size < 200_000


def test_one_command_runs_all_of_them() -> None:
    makefile = Path("Makefile").read_text()
    (listed,) = re.findall(r"^STUDIES := (.*)$", makefile, re.MULTILINE)
    assert tuple(listed.split()) == SHIPPED
    assert sorted(path.stem for path in FILES.glob("*.toml")) == sorted(SHIPPED)
