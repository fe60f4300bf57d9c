"""What is said of points that a model does not take."""

from typing import Any, cast

import numpy as np
import pytest

from bundle.card import Feature
from service.dataplane.inference import evaluate
from service.engines import Engine
from service.errors import InvalidError
from service.registry.models import ModelVersion


class OfMany:
    """An engine that is never asked."""

    n_features = 200


@pytest.mark.parametrize("given", [1, 199, 201])
def test_of_many_features_a_message_names_the_first(given: int) -> None:
    features = [Feature(f"x{i + 1}", -1.5, 1.5) for i in range(OfMany.n_features)]
    version = ModelVersion("wide", 1, "", cast(Engine, cast(Any, OfMany())), features, "probability", None, "")
    with pytest.raises(InvalidError) as refused:
        evaluate(version, "serving_default", np.zeros((1, given), np.float32))
    first = ", ".join(f"x{i}" for i in range(1, 21))
    assert refused.value.detail == f"points: model wide takes 200 numbers a point ({first} and 180 more), not {given}"
