"""The calibration error on known answers, and by property."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.statistics import expected_calibration_error


def test_calibration_error_of_known_answers() -> None:
    labels, probabilities = [0, 1, 1, 1], [0.25, 0.25, 0.75, 1.0]
    # bin [0.2, 0.3): mean 0.25, share 0.5; bin [0.7, 0.8): 0.75 and 1; last bin: 1 and 1
    assert expected_calibration_error(labels, probabilities) == pytest.approx((2 * 0.25 + 0.25) / 4)


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1, max_size=50))
def test_calibration_error_is_between_0_and_1(answers: list[tuple[int, float]]) -> None:
    labels, probabilities = zip(*answers, strict=True)
    assert 0 <= expected_calibration_error(labels, probabilities) <= 1
