"""A comparison's pairs anew: for another rope, another score, and of an older release."""

from dataclasses import replace

import pytest

from bundle.card import Metrics
from bundle.comparison import Comparison, DatasetSummary, ModelProtocol, ModelResult, ProtocolSummary, Summary
from verdicts.comparison import overlap_of, recomputed, scores
from verdicts.summary import summarize

METRICS = Metrics(0.8, 0.5, 0.1, 0.9, 0.05, [[4, 1], [1, 4]])
ACCURACY = {"a": [0.90, 0.92, 0.91, 0.93, 0.92], "b": [0.88, 0.91, 0.88, 0.91, 0.90]}
LOG_LOSS = {"a": [0.2, 0.21, 0.19, 0.2, 0.22], "b": [0.3, 0.29, 0.31, 0.3, 0.28]}


def result(name: str) -> ModelResult:
    accuracy = summarize(ACCURACY[name])
    return ModelResult(
        model=name,
        version=1,
        hidden_layers=[3],
        activation="tanh",
        parameters=13,
        epochs=500,
        replicates=5,
        accuracy=accuracy,
        population_accuracy=None,
        served=METRICS,
        notebook_accuracy=None,
        training_seconds=1.0,
        metrics={"accuracy": accuracy, "log_loss": summarize(LOG_LOSS[name])},
    )


DATASET = DatasetSummary(
    generator="moons", parameters={}, features=["x1", "x2"], sizes={"train": 56, "validation": 14, "test": 30}
)
COMPARISON = Comparison(
    "moons", DATASET, ProtocolSummary("adam", 0.001, 32, "bce", 0, 5), [result("a"), result("b")], []
)


def test_pairs_are_compared_by_the_accuracy_within_half_a_point() -> None:
    (pair,) = recomputed(COMPARISON).pairs
    assert (pair.a, pair.b, pair.rope, pair.wins) == ("a", "b", 0.005, 5)
    assert pair.words.startswith("a is better than b by more than 0.5 points at rate 0.001 and 500 epochs: 5 wins")
    assert recomputed(COMPARISON).recipe == "at rate 0.001 and 500 epochs"


def test_a_wide_rope_makes_the_same_difference_none() -> None:
    (pair,) = recomputed(COMPARISON, rope=0.05).pairs
    assert pair.verdict == "equivalent"
    assert pair.p_value is not None
    assert pair.p_value < 0.05


def test_of_a_loss_less_is_better() -> None:
    (pair,) = recomputed(COMPARISON, score="log_loss").pairs
    assert (pair.verdict, pair.wins) == ("better", 5)
    assert pair.mean_difference < 0
    assert "points" not in pair.words


def test_what_mcnemars_test_said_is_kept() -> None:
    known = recomputed(COMPARISON, mcnemar=lambda _a, _b: 0.125)
    assert recomputed(known, rope=0.02).pairs[0].mcnemar_p == 0.125


def test_a_score_that_not_all_models_have_is_an_error_that_names_those_they_have() -> None:
    only_a = replace(COMPARISON.models[0], own_accuracy=summarize(ACCURACY["a"]))
    comparison = replace(COMPARISON, models=[only_a, COMPARISON.models[1]])
    with pytest.raises(ValueError, match="no score own_accuracy; all models have accuracy, log_loss"):
        recomputed(comparison, score="own_accuracy")


def test_an_older_release_lacks_nothing_afterwards() -> None:
    def older(summary: Summary) -> Summary:
        return replace(summary, interquartile_mean=None)

    models = [replace(one, accuracy=older(one.score), metrics={}) for one in COMPARISON.models]
    again = recomputed(replace(COMPARISON, models=models))
    assert [one.accuracy for one in again.models] == [one.accuracy for one in COMPARISON.models]
    assert again.pairs == recomputed(COMPARISON).pairs


def test_tuned_models_are_told_to_be() -> None:
    tuned = ModelProtocol([0.001, 0.01], [500], [])
    comparison = replace(COMPARISON, models=[replace(one, protocol=tuned) for one in COMPARISON.models])
    again = recomputed(comparison)
    assert again.recipe == "each tuned on validation data"
    assert "a is better than b by more than 0.5 points, each tuned on validation data: " in again.pairs[0].words


def test_splits_of_the_same_data_are_corrected_for() -> None:
    assert overlap_of(DATASET) == 0
    resplit = replace(DATASET, replication="resplit")
    assert overlap_of(resplit) == 30 / 56
    (plain,), (corrected,) = (recomputed(replace(COMPARISON, dataset=d)).pairs for d in (DATASET, resplit))
    assert plain.probability_better is not None
    assert corrected.probability_better is not None
    assert corrected.probability_better < plain.probability_better


def test_models_without_pairs_have_none() -> None:
    assert recomputed(replace(COMPARISON, models=[])).pairs == []
    assert recomputed(replace(COMPARISON, models=COMPARISON.models[:1])).pairs == []
    assert list(scores(COMPARISON)) == ["accuracy", "log_loss"]


def test_models_whose_runs_diverged_at_different_times_are_judged_by_another_rope_too() -> None:
    a, b = ACCURACY["a"], ACCURACY["b"]
    first = replace(COMPARISON.models[0], metrics={"accuracy": summarize([*a[:2], *[float("nan")] * 3])})
    second = replace(COMPARISON.models[1], metrics={"accuracy": summarize([*[float("nan")] * 2, *b[2:]])})
    others_of_a = summarize([value + 0.001 * (run % 2) for run, value in enumerate(a)])
    third = replace(result("a"), model="c", metrics={"accuracy": others_of_a})
    apart, *others = recomputed(replace(COMPARISON, models=[first, second, third]), rope=0.05).pairs
    assert apart.words.endswith("they have no run in common")
    assert {pair.rope for pair in (apart, *others)} == {0.05}
    assert [pair.verdict for pair in others] == ["equivalent", "equivalent"]


def test_a_score_that_no_run_of_a_model_has_is_none_that_all_models_have() -> None:
    none = replace(summarize(ACCURACY["a"]), values=[None] * 5)
    first = replace(COMPARISON.models[0], metrics={"accuracy": summarize(ACCURACY["a"]), "log_loss": none})
    assert list(scores(replace(COMPARISON, models=[first, COMPARISON.models[1]]))) == ["accuracy"]
