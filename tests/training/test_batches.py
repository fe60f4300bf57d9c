"""Batch orders: permutations, a stream a replicate, whenever they are drawn."""

import numpy as np
from numpy.typing import NDArray

from training.datasets import Stream, seed_for
from training.fit.batches import BatchOrders


def orders(replicates: int, epochs: int) -> NDArray[np.int32]:
    """Return the orders [epochs, R, n] of 50 points."""
    return np.stack([BatchOrders(3, epochs, 50).replicate(r)(epochs) for r in range(replicates)], axis=1)


def test_each_epoch_visits_every_point_once_in_an_order_of_its_own() -> None:
    drawn = orders(2, 4)
    assert drawn.shape == (4, 2, 50)
    np.testing.assert_array_equal(np.sort(drawn, axis=2), np.broadcast_to(np.arange(50), (4, 2, 50)))
    assert len(np.unique(drawn.reshape(8, 50), axis=0)) == 8


def test_more_replicates_leave_the_first_ones_as_they_are() -> None:
    np.testing.assert_array_equal(orders(2, 5), orders(4, 5)[:, :2])


def test_orders_drawn_by_and_by_are_those_drawn_at_once() -> None:
    for r in range(2):
        draw = BatchOrders(3, 10, 50).replicate(r)
        generator = np.random.default_rng(seed_for(3, r, Stream.BATCHES))
        at_once = generator.permuted(np.tile(np.arange(50, dtype=np.int32), (10, 1)), axis=1)
        np.testing.assert_array_equal(np.concatenate([draw(1), draw(7), draw(2)]), at_once)
