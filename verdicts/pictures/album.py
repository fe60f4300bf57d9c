"""The pictures that there are, by name: of an experiment's comparison, and of scores from elsewhere."""

from collections.abc import Callable, Mapping

from bundle.comparison import Comparison, ModelResult, Summary
from verdicts.comparison import LESS_IS_BETTER
from verdicts.pictures import costs, forest, panels, ranks, runs, variance
from verdicts.pictures.costs import Place
from verdicts.pictures.frame import Fonts, Picture
from verdicts.pictures.runs import Strip
from verdicts.score_comparison import ScoreComparison

SCORE_LABELS = {
    "r2": "R² on held-out test data",
    "own_accuracy": "exact accuracy against each run's own boundary",
    "population_accuracy": "exact accuracy against the population's boundary",
}

Draw = Callable[[Comparison, str, int, Fonts], Picture]


def of_comparison(kind: str, comparison: Comparison, score: str, width: int, fonts: Fonts) -> Picture:
    """Return a picture of an experiment, whose pairs are by this score.

    Raises:
        ValueError: the experiment has nothing for it.
    """
    return _OF_COMPARISON[kind](comparison, score, width, fonts)


def of_scores(kind: str, comparison: ScoreComparison, width: int, fonts: Fonts) -> Picture:
    """Return a picture of scores from elsewhere.

    Raises:
        ValueError: there are no pairs, or no ranks.
    """
    if kind == "ranks":
        return _ranks(comparison, width, fonts)
    if kind == "forest":
        _need(bool(comparison.pairs), "there is no pair of models")
        label = f"a − b: difference of {comparison.score}"
        return forest.picture(comparison.pairs, f"{comparison.score}: every pair of models", label, width, fonts)
    strips = [Strip(model.model, model.score) for model in comparison.models]
    unit = "a data set" if comparison.datasets else "a run"
    return runs.picture(strips, f"{comparison.score} of {len(strips)} models", comparison.score, unit, width, fonts)


def _ranks(comparison: ScoreComparison, width: int, fonts: Fonts) -> Picture:
    found = comparison.ranks
    average = {model.model: model.average_rank for model in comparison.models if model.average_rank is not None}
    if found is None:
        raise ValueError("ranks need several data sets that every model has a score on")
    title = f"{comparison.score}: average ranks over {found.datasets} data sets"
    return ranks.picture(average, found.groups, found.critical_difference, title, width, fonts)


def _runs(comparison: Comparison, score: str, width: int, fonts: Fonts) -> Picture:
    is_tested = score == "accuracy"
    strips = [
        Strip(model.model, _summary(model, score), model.notebook_accuracy if is_tested else None)
        for model in comparison.models
    ]
    title = f"{_titled(comparison)}: {comparison.protocol.replicates} training runs of each model"
    return runs.picture(strips, title, _said(score), "a training run", width, fonts)


def _forest(comparison: Comparison, score: str, width: int, fonts: Fonts) -> Picture:
    _need(bool(comparison.pairs), "there is no pair of models")
    title = f"{_titled(comparison)}: every pair of models"
    return forest.picture(comparison.pairs, title, f"a − b: difference of {_said(score)}", width, fonts)


def _map(comparison: Comparison, score: str, width: int, fonts: Fonts) -> Picture:
    known = [(model, _summary(model, score)) for model in comparison.models]
    places = [Place(model.model, max(1, model.parameters), found) for model, found in known if found is not None]
    _need(bool(places), "there is no model")
    title = f"{_titled(comparison)}: what size buys"
    return costs.picture(places, title, "parameters", f"mean {_said(score)}", score not in LESS_IS_BETTER, width, fonts)


def _sensitivity(comparison: Comparison, _: str, width: int, fonts: Fonts) -> Picture:
    models = [model for model in comparison.models if model.sensitivity]
    _need(bool(models), "no learning rates and epochs to choose from were recorded; train it again")
    what = "mean absolute error" if comparison.dataset.task == "regression" else "validation accuracy"
    title = f"{comparison.experiment}: {what} by learning rate and epoch"
    return panels.sensitivity(models, title, what.capitalize(), width, fonts)


def _variance(comparison: Comparison, _: str, width: int, fonts: Fonts) -> Picture:
    models: list[ModelResult] = [model for model in comparison.models if model.variance is not None]
    _need(bool(models), "how much is luck was not measured; train it again")
    title = f"{comparison.experiment}: how much of the difference between runs comes from where"
    return variance.picture(models, title, _score(comparison), width, fonts)


def _reliability(comparison: Comparison, _: str, width: int, fonts: Fonts) -> Picture:
    models = [model for model in comparison.models if any(b.count for b in model.reliability)]
    _need(bool(models), "predicted probabilities were not recorded; train it again, if it is of classifiers")
    title = f"{comparison.experiment}: how far predicted probabilities can be relied on"
    classes = comparison.dataset.classes
    what = f"P(y = {classes[1]})" if len(classes) == 2 else "probability of the predicted class"
    return panels.reliability(models, title, what, width, fonts)


def _titled(comparison: Comparison) -> str:
    return f"{comparison.experiment}, {comparison.recipe}" if comparison.recipe else comparison.experiment


def _summary(model: ModelResult, score: str) -> Summary | None:
    """Return a model's values of a score by its name."""
    known = {"own_accuracy": model.own_accuracy, "population_accuracy": model.population_accuracy}
    return known[score] if score in known else model.metrics.get(score, model.score)


def _said(score: str) -> str:
    return SCORE_LABELS.get(score, f"{score.replace('_', ' ')} on held-out test data")


def _score(comparison: Comparison) -> str:
    return "R²" if comparison.dataset.task == "regression" else "accuracy"


def _need(is_there: bool, otherwise: str) -> None:
    if not is_there:
        raise ValueError(otherwise)


_OF_COMPARISON: Mapping[str, Draw] = {
    "runs": _runs,
    "forest": _forest,
    "map": _map,
    "sensitivity": _sensitivity,
    "variance": _variance,
    "reliability": _reliability,
}
PICTURES = tuple(_OF_COMPARISON)
SCORE_PICTURES = ("runs", "forest", "ranks")
