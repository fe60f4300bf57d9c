"""Points are the same array however they come, and what is no points is refused alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bundle.conventions import MAX_COORDINATE
from service.dataplane.points import PointsError, from_bytes, from_numbers, from_rows
from tests.service.edges.standards import Floats

shapes = arrays.array_shapes(min_dims=2, max_dims=2, max_side=9)
inside = st.floats(-float(np.float32(1e20)), float(np.float32(1e20)), width=32).filter(
    lambda x: abs(x) <= MAX_COORDINATE
)
outside = st.sampled_from([float("nan"), float("inf"), float("-inf"), 1.1e20, -3e38])


@given(points=arrays.arrays(np.float32, shapes, elements=inside))
def test_rows_numbers_and_bytes_give_the_same_array(points: Floats) -> None:
    n = len(points)
    content = points.astype("<f4").tobytes()
    for read in (
        from_rows(points.tolist()),
        from_numbers(points.ravel().tolist(), n),
        from_bytes(content, n),
        from_bytes(memoryview(b"x" + content)[1:], n),  # not where floats begin in memory
    ):
        assert (read.dtype, read.shape) == (np.dtype(np.float32), points.shape)
        assert read.flags.aligned
        assert np.array_equal(read, points)


@given(points=arrays.arrays(np.float32, shapes, elements=inside), number=outside, data=st.data())
def test_one_number_out_of_range_is_refused_by_its_point_in_every_form(
    points: Floats, number: float, data: st.DataObject
) -> None:
    n, d = points.shape
    i, j = data.draw(st.tuples(st.integers(0, n - 1), st.integers(0, d - 1)))
    points[i, j] = number
    words = f"^point {i} must hold finite numbers within ±1e\\+20"
    with pytest.raises(PointsError, match=words):
        from_rows(points.tolist())
    with pytest.raises(PointsError, match=words):
        from_numbers(points.ravel().tolist(), n)
    with pytest.raises(PointsError, match=words):
        from_bytes(points.astype("<f4").tobytes(), n)


@given(points=arrays.arrays(np.float32, shapes, elements=inside), data=st.data())
def test_a_row_that_is_no_list_of_as_many_numbers_is_refused_by_its_place(points: Floats, data: st.DataObject) -> None:
    rows: list[object] = points.tolist()
    i = data.draw(st.integers(0, len(rows) - 1))
    whole = points[i].tolist()
    rows[i] = data.draw(
        st.sampled_from([None, 1.0, "x", {}, (), [*whole[1:], "0"], [*whole[1:], True], [*whole[1:], [0]]])
    )
    with pytest.raises(PointsError, match=f"^point {i} must"):
        from_rows(rows)
    if len(rows) > 1:
        rows[i] = [*whole, 0.0]
        with pytest.raises(PointsError, match=f"^point {i or 1} must be a list of numbers as long as the others"):
            from_rows(rows)
