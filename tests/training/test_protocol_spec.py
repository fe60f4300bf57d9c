"""What a recipe may name is what the installed Keras has."""

import inspect

import keras
import pytest

from training.protocol_spec import (
    ACTIVATIONS,
    BIAS_INITIALIZERS,
    INITIALIZERS,
    LOSSES,
    OPTIMIZERS,
    OPTIONS_OF_ALL,
    SCHEDULES,
)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_takes_the_options_that_are_allowed(name: str) -> None:
    parameters = inspect.signature(type(keras.optimizers.get(name))).parameters
    assert {*OPTIMIZERS[name], *OPTIONS_OF_ALL, "learning_rate"} <= set(parameters)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_needs_and_takes_what_is_said_of_it(name: str) -> None:
    parameters = inspect.signature(getattr(keras.optimizers.schedules, name)).parameters
    needed, optional = SCHEDULES[name]
    without_default = {key for key, parameter in parameters.items() if parameter.default is parameter.empty}
    assert without_default - {"initial_learning_rate"} == set(needed)
    assert set(parameters) - {"name"} == {*needed, *optional}


def test_activations_initializers_and_losses_are_known_by_their_names() -> None:
    for name in ACTIVATIONS:
        assert callable(keras.activations.get(name))
    for name in {*INITIALIZERS, *BIAS_INITIALIZERS}:
        assert keras.initializers.get(name).__call__((2, 3)).shape == (2, 3)
    for name in {name for names in LOSSES.values() for name in names}:
        assert callable(keras.losses.get(name))
