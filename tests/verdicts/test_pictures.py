"""Pictures of comparisons: whatever models are called and however many they are, every word can be read."""

from dataclasses import replace
from itertools import combinations

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from bundle.comparison import Comparison
from tests.verdicts.pictured import comparison, long_name
from verdicts.elsewhere import compare_scores
from verdicts.pictures import album, forest
from verdicts.pictures.frame import Picture, own_fonts
from verdicts.pictures.letters import DOTS_PER_INCH
from verdicts.scores import Score, Scores

WIDTHS = (320, 900)

NAMES = {
    "two": [long_name(i) for i in range(2)],
    "seven": ["linear", "tanh-3", "tanh-10", "tanh-10-10", "relu-3", "relu-10", "relu-10-10"],
    "twenty-one": [long_name(i) for i in range(21)],
}


@pytest.fixture(scope="module")
def comparisons() -> dict[str, Comparison]:
    return {count: comparison(names) for count, names in NAMES.items()}


def drawn(picture: Picture, width: int) -> Figure:
    figure = Figure(figsize=(width / DOTS_PER_INCH, picture.height / DOTS_PER_INCH), dpi=DOTS_PER_INCH)
    FigureCanvasAgg(figure)
    picture.draw(figure)
    figure.draw_without_rendering()  # which puts all in its place: where words stand does not take their pixels
    return figure


def words(figure: Figure) -> dict[Text, Bbox]:
    """Return every text that is seen, with where it stands."""
    shown = {}
    for text in figure.findobj(Text):
        axes = text.axes
        if text.get_text().strip() and text.get_visible() and (axes is None or axes.axison or text in axes.texts):
            shown[text] = text.get_window_extent()
    for axes in figure.axes:  # ticks beyond the ends are kept, and not drawn
        for axis in (axes.xaxis, axes.yaxis):
            seen = {axis.get_ticklabels()[i] for i, tick in enumerate(axis.get_major_ticks()) if within(axis, tick)}
            for label in axis.get_ticklabels():
                if label not in seen:
                    shown.pop(label, None)
    return shown


def within(axis: object, tick: object) -> bool:
    low, high = sorted(axis.get_view_interval())  # type: ignore[attr-defined]
    return bool(low <= tick.get_loc() <= high)  # type: ignore[attr-defined]


def assert_legible(figure: Figure) -> None:
    places = words(figure)
    assert len(places) > 3
    for text, box in places.items():
        inside = (
            box.x0 >= -0.5 and box.y0 >= -0.5 and box.x1 <= figure.bbox.width + 0.5 and box.y1 <= figure.bbox.height
        )
        assert inside, f"{text.get_text()!r} is cut off"
    for (one, a), (other, b) in combinations(places.items(), 2):
        apart = a.x1 <= b.x0 + 1 or b.x1 <= a.x0 + 1 or a.y1 <= b.y0 + 2 or b.y1 <= a.y0 + 2
        assert apart, f"{one.get_text()!r} lies upon {other.get_text()!r}"


@pytest.mark.parametrize("kind", album.PICTURES)
@pytest.mark.parametrize(("width", "count"), [(320, "twenty-one"), (320, "seven"), (560, "two"), (900, "seven")])
def test_no_word_is_cut_off_or_lies_upon_another(
    comparisons: dict[str, Comparison], kind: str, width: int, count: str
) -> None:
    picture = album.of_comparison(kind, comparisons[count], "accuracy", width, own_fonts)
    assert_legible(drawn(picture, width))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", album.SCORE_PICTURES)
def test_neither_do_words_of_scores_from_elsewhere(kind: str, width: int) -> None:
    runs = [
        Score(long_name(model), 0.5 + 0.01 * ((7 * model + 3 * dataset) % 11) + 0.02 * model, dataset=f"data {dataset}")
        for model in range(9)
        for dataset in range(12)
    ]
    found = compare_scores(Scores(tuple(runs), "accuracy"))
    assert_legible(drawn(album.of_scores(kind, found, width, own_fonts), width))


def test_of_many_pairs_the_clearest_are_shown_and_it_says_so(comparisons: dict[str, Comparison]) -> None:
    many = comparisons["twenty-one"]
    shown = forest.clearest(many.pairs)
    assert len(shown) == forest.MAX_PAIRS
    text = " ".join(
        t.get_text() for t in drawn(album.of_comparison("forest", many, "accuracy", 560, own_fonts), 560).texts
    )
    assert "The 40 clearest of 210 pairs." in text


def test_two_clusters_and_diverged_runs_are_said_beside_the_name(comparisons: dict[str, Comparison]) -> None:
    figure = drawn(album.of_comparison("runs", comparisons["seven"], "accuracy", 900, own_fonts), 900)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[1] == "tanh-3\n(two clusters)"
    assert labels[3] == "tanh-10-10\n(2 diverged)"
    assert labels[2] == "tanh-10"


@pytest.mark.parametrize("kind", ["sensitivity", "variance", "reliability"])
def test_what_was_not_recorded_cannot_be_drawn(comparisons: dict[str, Comparison], kind: str) -> None:

    found = comparisons["two"]
    bare = [replace(model, sensitivity=[], variance=None, reliability=[]) for model in found.models]
    with pytest.raises(ValueError, match="train it again"):
        album.of_comparison(kind, replace(found, models=bare), "accuracy", 560, own_fonts)


def test_luck_is_drawn_as_shares_so_that_it_can_be_read_of_models_that_hardly_vary(
    comparisons: dict[str, Comparison],
) -> None:
    noisy, quiet = comparisons["two"].models
    assert noisy.variance is not None
    calm = replace(noisy.variance, total=4e-6, test_set=1e-6, data=1.2e-6, weights=1.5e-6, batches=2e-7, ci95={})
    wide = replace(noisy.variance, measured_on="accuracy", ci95={"data": [6e-5, 3e-2]})
    models = [replace(noisy, variance=wide), replace(quiet, variance=calm)]
    figure = drawn(
        album.of_comparison("variance", replace(comparisons["two"], models=models), "accuracy", 900, own_fonts), 900
    )
    bars = [bar.get_width() for bar in figure.axes[0].patches if isinstance(bar, Rectangle)]
    assert bars == pytest.approx([25, 30, 37.5, 5] * 2)
    assert [label.get_text().split("SD ")[1] for label in figure.axes[0].get_yticklabels()] == ["0.02", "0.002"]
    text = " ".join(t.get_text() for t in figure.texts)
    assert "the data holds that of the test set once more" in text
    assert "beyond 300% is cut off" in text
