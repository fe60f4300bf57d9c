"""A claim holds, does not hold, or is undecided: by what a study's rows say, and with the words for it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

from bundle.study import Claim, Study, StudyCell
from bundle.study_rows import concatenated
from verdicts.cells import Columns
from verdicts.claim_rules import check
from verdicts.claims import Judged, judge, judge_all

FACTORS = ("width", "depth", "activation", "n_samples")
RECIPE = "at rate 0.001 and 500 epochs"
NOISE = np.random.default_rng(1).normal(0, 1, (6, 30))
"""Of levels and runs, with a mean of 0 and a standard deviation of 1 in each level."""
NOISE = (NOISE - NOISE.mean(axis=1, keepdims=True)) / NOISE.std(axis=1, ddof=1, keepdims=True)

MORE = Claim("wider is better", "test_accuracy", "more", along="width")
LESS = replace(MORE, text="wider is worse", expect="less")
SAME = replace(MORE, text="width is nothing", expect="same")


def cell(
    levels: Mapping[str, Any], values: ArrayLike, metric: str = "test_accuracy", epoch: int = 500, first: int = 0
) -> Columns:
    """Return the rows of one cell at one epoch, a value a replicate."""
    x = np.asarray(values, np.float64)
    numbers = {name: np.full(len(x), np.nan) for name in ("width", "depth", "n_samples")}
    text: list[str | None] = [levels.get("activation")] * len(x)
    return {
        "cell": [str(sorted(levels.items()))] * len(x),
        **numbers,
        **{name: np.full(len(x), float(level)) for name, level in levels.items() if name in numbers},
        "activation": text,
        "replicate": first + np.arange(len(x)),
        "epoch": np.full(len(x), epoch),
        "loss": np.where(np.isnan(x), np.nan, 0.1),
        metric: x,
    }


def study(*cells: Columns) -> Columns:
    return concatenated([dict(each) for each in cells])


def widths(*means: float, sd: float = 0.01, runs: int = 30, **options: Any) -> Columns:
    return study(
        *(cell({"width": 10 * (i + 1)}, mean + sd * NOISE[i, :runs], **options) for i, mean in enumerate(means))
    )


def judged(claim: Claim, columns: Columns, recipe: str = RECIPE) -> Judged:
    return judge(claim, columns, FACTORS, recipe=recipe)


@pytest.mark.parametrize(
    ("claim", "means", "outcome"),
    [
        (MORE, [0.8, 0.9], "holds"),
        (MORE, [0.9, 0.8], "does not hold"),
        (MORE, [0.9, 0.9], "undecided"),
        (MORE, [0.8, 0.9, 0.95], "holds"),
        (MORE, [0.8, 0.9, 0.85], "does not hold"),
        (MORE, [0.8, 0.9, 0.905], "undecided"),
        (replace(MORE, levels=[10, 20]), [0.8, 0.9, 0.85], "holds"),
        (replace(MORE, levels=[20, 10]), [0.9, 0.8], "holds"),
        (replace(MORE, rope=0.2), [0.8, 0.9], "does not hold"),
        (replace(MORE, along=None, better={"width": 30}, than={"width": 10}), [0.8, 0.7, 0.9], "holds"),
        (LESS, [0.9, 0.8], "holds"),
        (LESS, [0.8, 0.9], "does not hold"),
        (replace(SAME, rope=0.02), [0.9, 0.9], "holds"),
        (replace(SAME, rope=0.02), [0.9, 0.8], "does not hold"),
        (replace(SAME, rope=0.001), [0.9, 0.9], "undecided"),
        (Claim("", "test_accuracy", "within", low=0.85, high=0.95), [0.9], "holds"),
        (Claim("", "test_accuracy", "within", low=0.85), [0.9], "holds"),
        (Claim("", "test_accuracy", "within", high=0.85), [0.9], "does not hold"),
        (Claim("", "test_accuracy", "within", low=0.9), [0.9], "undecided"),
    ],
)
def test_rows_decide_a_claim(claim: Claim, means: list[float], outcome: str) -> None:
    found = judged(claim, widths(*means))
    assert found.outcome == outcome
    assert found.sentence.startswith(f"{outcome}: ")


def test_a_difference_that_all_runs_share_is_found_below_what_they_differ_by_themselves() -> None:
    shared = 0.1 * NOISE[0]
    rows = study(cell({"width": 10}, 0.5 + shared), cell({"width": 20}, 0.51 + shared + 0.001 * NOISE[1]))
    assert judged(MORE, rows).outcome == "holds"


def test_runs_that_have_nothing_in_common_are_compared_unpaired() -> None:
    rows = study(
        cell({"width": 10}, 0.8 + 0.01 * NOISE[0, :10]), cell({"width": 20}, 0.9 + 0.01 * NOISE[1, :10], first=10)
    )
    assert judged(MORE, rows).outcome == "holds"
    assert judged(MORE, rows).details[0].runs == 10


def test_one_of_many_refutations_needs_more_than_one_alone() -> None:
    """Of the mean minus the rope, t is −2.2: below 2.5% alone, not below 2.5% / 5."""
    barely = 0.005 - 2.2 * 0.01 * np.sqrt(2 / 30)
    noise = NOISE[:2] - NOISE[:2].mean(axis=1, keepdims=True)
    d = (noise[1] - noise[0]) / (noise[1] - noise[0]).std(ddof=1)
    ladder = [0.1 + 0 * d, 0.1 + barely + 0.01 * np.sqrt(2) * d]
    ladder += [0.3 + ladder[1], 0.6 + ladder[1], 0.7 + ladder[1], 0.8 + ladder[1]]
    rows = [cell({"width": i}, values + 1e-4 * NOISE[i % 6] * (i > 1)) for i, values in enumerate(ladder)]
    assert judged(MORE, study(*rows[:2])).outcome == "does not hold"
    assert judged(MORE, study(*rows)).outcome == "undecided"


def test_the_same_is_said_of_every_two_levels_so_small_steps_do_not_add_up() -> None:
    rows = widths(0.900, 0.9035, 0.907, 0.9105, sd=0.001)
    assert judged(replace(SAME, levels=[10, 20]), rows).outcome == "holds"
    assert judged(SAME, rows).outcome == "does not hold"


def test_only_settings_that_both_have_are_compared() -> None:
    """All in all the wider are better, since the narrow ones have settings of their own."""
    rows = study(
        cell({"width": 10, "depth": 1}, 0.9 + 0.001 * NOISE[0]),
        cell({"width": 20, "depth": 1}, 0.8 + 0.001 * NOISE[1]),
        cell({"width": 10, "depth": 2}, 0.2 + 0.001 * NOISE[2]),
    )
    found = judged(LESS, rows)
    assert found.outcome == "holds"
    assert found.details[0].difference == pytest.approx(-0.1, abs=1e-3)
    assert found.details[0].settings == 1


def test_settings_are_averaged_run_by_run() -> None:
    rows = study(
        *(
            cell({"width": w, "depth": d}, w / 100 + d / 10 + 0.001 * NOISE[i])
            for i, (w, d) in enumerate([(10, 1), (10, 2), (20, 1), (20, 2)])
        )
    )
    found = judged(MORE, rows)
    assert found.outcome == "holds"
    assert "30 runs, each the mean over 2 settings" in found.sentence


def test_without_a_common_setting_nothing_is_compared() -> None:
    rows = study(
        cell({"width": 10, "depth": 1}, 0.9 + 0.01 * NOISE[0]), cell({"width": 20, "depth": 2}, 0.8 + 0.01 * NOISE[1])
    )
    found = judged(MORE, rows)
    assert found.outcome == "undecided"
    assert "have no setting of the other factors in common" in found.sentence


def test_a_linear_model_without_a_width_is_compared_with_any() -> None:
    rows = study(
        cell({"depth": 0}, 0.5 + 0.01 * NOISE[0]),
        cell({"depth": 1, "width": 10, "activation": "tanh"}, 0.9 + 0.01 * NOISE[1]),
    )
    claim = Claim("", "test_accuracy", "more", along="depth")
    assert judged(claim, rows).outcome == "holds"
    assert judged(replace(claim, where={"width": [10, "none"]}), rows).outcome == "holds"
    assert judged(replace(claim, where={"width": 10}), rows).outcome == "undecided"


def test_logarithms_tell_how_many_times_and_0_counts_as_the_least_there_is() -> None:
    norms = 10 ** (-3 + 0.05 * NOISE[0])
    rows = study(
        cell({"width": 10}, norms, "gradient_norm_1"),
        cell({"width": 20}, np.where(np.arange(30) < 3, 0, norms * 1e-6), "gradient_norm_1"),
    )
    claim = Claim("", "gradient_norm_1", "less", along="width", log=True, rope=5)
    found = judged(claim, rows)
    assert found.outcome == "holds"
    assert found.details[0].difference == pytest.approx(1e-6, rel=0.05)
    assert "lower by more than a factor of 100,000" in found.sentence
    assert "e−07 times that [" in found.sentence


@pytest.mark.parametrize(("value", "said"), [(-1.0, "has values below 0"), (0.0, "is 0 everywhere")])
def test_what_has_no_logarithm_leaves_a_claim_undecided(value: float, said: str) -> None:
    rows = study(*(cell({"width": w}, np.full(30, value), "gradient_norm_1") for w in (10, 20)))
    found = judged(Claim("", "gradient_norm_1", "less", along="width", log=True), rows)
    assert found.outcome == "undecided"
    assert said in found.sentence


@pytest.mark.parametrize(("diverged", "outcome"), [(3, "holds"), (4, "undecided"), (30, "undecided")])
def test_a_tenth_of_the_runs_may_diverge(diverged: int, outcome: str) -> None:
    better = np.where(np.arange(30) < diverged, np.nan, 0.9 + 0.01 * NOISE[1])
    found = judged(MORE, study(cell({"width": 10}, 0.8 + 0.01 * NOISE[0]), cell({"width": 20}, better)))
    assert found.outcome == outcome
    assert found.details[0].lost == diverged
    assert f"{diverged} runs that diverged left out" in found.sentence


def test_what_a_cell_has_not_is_no_divergence() -> None:
    """A network with one layer has no second one; its loss is a number all the same."""
    one, two = cell({"depth": 1}, 0.1 + 0.01 * NOISE[0]), cell({"depth": 2}, 0.3 + 0.01 * NOISE[1])
    rows = study(
        {**one, "dead_2": np.full(30, np.nan)},
        {**two, "dead_2": 0.3 + 0.01 * NOISE[1]},
    )
    found = judged(Claim("", "dead_2", "within", low=0.2, high=0.4), rows)
    assert (found.outcome, found.details[0].runs, found.details[0].lost) == ("holds", 30, 0)


def test_one_run_does_not_tell_and_few_are_told_as_few() -> None:
    assert "one run does not tell" in judged(MORE, widths(0.8, 0.9, runs=1)).sentence
    assert "3 runs may not show all that training does" in judged(MORE, widths(0.8, 0.9, runs=3)).sentence


@pytest.mark.parametrize(("runs", "outcome"), [(3, "undecided"), (6, "undecided"), (7, "holds")])
def test_a_few_runs_that_happen_to_be_the_same_are_no_certainty(runs: int, outcome: str) -> None:
    rows = widths(0.8, 0.9, sd=0, runs=runs)
    assert judged(MORE, rows).outcome == outcome
    assert judged(Claim("", "test_accuracy", "within", low=0.5), rows).outcome == outcome


def test_an_undecided_claim_says_how_many_runs_would_tell() -> None:
    found = judged(MORE, widths(0.9, 0.91, sd=0.01, runs=10))
    assert found.outcome == "undecided"
    needed = found.details[0].runs_needed
    assert needed is not None
    assert f"about {needed} runs would tell (80% power)" in found.sentence


def test_the_last_epoch_is_meant_unless_a_claim_says_another() -> None:
    early, late = (0.5 + 0.001 * NOISE[0], 0.9 + 0.001 * NOISE[1])
    rows = study(cell({"width": 10}, early, epoch=0), cell({"width": 10}, late, epoch=500))
    half = Claim("", "test_accuracy", "within", low=0.45, high=0.55)
    assert judged(half, rows).outcome == "does not hold"
    assert judged(replace(half, where={"epoch": 0}), rows).outcome == "holds"
    along = judged(Claim("", "test_accuracy", "more", along="epoch"), rows)
    assert along.outcome == "holds"
    assert "at epoch 500 is higher by more than 0.5 points than at epoch 0" in along.sentence


@pytest.mark.parametrize(
    ("rows", "claim", "said"),
    [
        ({}, MORE, "there are no rows yet"),
        (widths(0.8), MORE, "there is only one level of width yet"),
        (widths(0.8, 0.9), replace(MORE, where={"depth": 3}), "there are no such rows yet"),
        (widths(0.8, 0.9), replace(MORE, levels=[10, 70]), "no value yet of test accuracy with width 70"),
        (widths(0.8, 0.9), replace(MORE, metric="dead_3"), "no value yet of the share of dead units in layer 3"),
        (widths(0.8, 0.9), replace(MORE, where={"depth": "deep"}), "depth is a number: deep is none"),
        (widths(0.8, 0.9), replace(MORE, along="colour"), "no factor colour; there are width, depth"),
    ],
)
def test_what_is_not_there_leaves_a_claim_undecided_and_says_so(rows: Columns, claim: Claim, said: str) -> None:
    found = judged(claim, rows)
    assert found.outcome == "undecided"
    assert said in found.sentence


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (replace(MORE, metric="speed"), "no metric speed; there are loss, accuracy"),
        (replace(MORE, along=None), "expect = 'more' needs along, or better and than"),
        (replace(MORE, along=None, better={"width": 10}), "better and than go together"),
        (replace(MORE, better={"width": 10}, than={"width": 3}), "give along, or better and than, not both"),
        (replace(MORE, low=0.5), "low and high go with expect = 'within'"),
        (replace(MORE, levels=[10]), "levels must be at least two"),
        (replace(MORE, along=None, levels=[10, 20]), "levels are those of the factor along"),
        (replace(MORE, rope=-1), "rope must be at least 0, not -1"),
        (replace(SAME, rope=0), "rope must be above 0, not 0"),
        (Claim("", "loss", "within"), "needs low, high or both"),
        (Claim("", "loss", "within", low=2, high=1), "low must not exceed high: 2 and 1"),
        (Claim("", "loss", "within", low=0, log=True), "must be above 0 where logarithms are compared"),
        (Claim("", "loss", "within", low=0, along="width"), "without along, better and than"),
    ],
)
def test_a_claim_that_says_nothing_is_refused(claim: Claim, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        check(claim, FACTORS)


def test_a_sentence_speaks_of_the_recipe() -> None:
    rows = widths(0.8, 0.9)
    assert judged(MORE, rows).sentence == (
        "holds: test accuracy with width 20 is higher by more than 0.5 points than with width 10 "
        f"{RECIPE}: difference 10.0 points [9.4, 10.6], 30 runs"
    )
    assert ", as trained here:" in judged(MORE, rows, "").sentence
    assert ", each tuned on validation data:" in judged(MORE, rows, "tuned on validation data").sentence
    before = judged(replace(MORE, where={"epoch": 0}), widths(0.8, 0.9, epoch=0)).sentence
    assert ", before training:" in before
    assert RECIPE not in before


def test_of_several_comparisons_the_one_that_decides_is_told_and_the_others_are_counted() -> None:
    assert judged(MORE, widths(0.7, 0.8, 0.81, sd=0.001)).sentence.endswith(
        "; all 2 steps along width hold, this is the least clear"
    )
    mixed = judged(MORE, widths(0.6, 0.7, 0.65, 0.655)).sentence
    assert mixed.startswith("does not hold: test accuracy with width 30 is not higher")
    assert mixed.endswith("; of 3 steps along width 1 holds, 1 does not, 1 is undecided")


def test_a_study_s_claims_are_judged_with_its_recipe_and_its_overlap() -> None:
    plain = Study("s", "", "", 30, [*FACTORS], "loss", [], [], [MORE, LESS], "binary", datetime.now(UTC), RECIPE)
    rows = widths(0.885, 0.9)
    assert [each.outcome for each in judge_all(plain, rows)] == ["holds", "does not hold"]
    assert RECIPE in judge_all(plain, rows)[0].sentence
    assert [each.outcome for each in judge_all(replace(plain, overlap=1.0), rows)] == ["undecided", "undecided"]


def test_text_is_taken_in_the_order_of_the_study_whatever_the_order_of_the_rows() -> None:
    means = {"sigmoid": 0.6, "relu": 0.9, "tanh": 0.8}
    rows = study(*(cell({"activation": name}, mean + 0.01 * NOISE[0]) for name, mean in means.items()))
    claim = Claim("", "test_accuracy", "more", along="activation")
    cells = [StudyCell(name, name, {"activation": name}, []) for name in ("sigmoid", "tanh", "relu", "elu")]
    asked = Study("s", "", "", 30, ["activation"], "loss", [], cells, [claim], "binary", datetime.now(UTC))
    assert [each.outcome for each in judge_all(asked, rows)] == ["holds"]
    assert [each.outcome for each in judge_all(replace(asked, cells=cells[::-1]), rows)] == ["does not hold"]


def test_wrong_outcomes_at_the_edge_are_rare() -> None:
    """Of 120 studies of ten runs about 3 would be wrong; 10 or more come once in a thousand times."""
    rng = np.random.default_rng(0)
    wrong = {"holds": 0, "does not hold": 0}
    for _ in range(120):
        means = np.array([0.5, 0.505, 0.7])
        x = means[:, np.newaxis] + rng.normal(0, 0.01, (3, 10))
        rows = study(*(cell({"width": 10 * (i + 1)}, values) for i, values in enumerate(x)))
        wrong["holds"] += judged(MORE, rows).outcome == "holds"
        wrong["does not hold"] += judged(MORE, rows).outcome == "does not hold"
    assert wrong["holds"] < 10
    assert wrong["does not hold"] < 10
