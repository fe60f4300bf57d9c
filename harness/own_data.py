"""Tables as people have them: scikit-learn's, with classes by their names, and some with a difficulty each."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets


def _from_scikit_learn(load: Callable[..., Any], **options: Any) -> pd.DataFrame:
    """Return one of scikit-learn's data sets as a table whose column `target` is the label."""
    found = load(as_frame=True, **options)
    frame: pd.DataFrame = found.frame
    names = getattr(found, "target_names", None)
    return frame if names is None else frame.assign(target=[str(names[i]) for i in frame["target"]])


def passengers() -> pd.DataFrame:
    """Text, numbers and missing values: who survives is a matter of sex above all."""
    rng = np.random.default_rng(0)
    n = 400
    sex, port = rng.choice(["female", "male"], n), rng.choice(["C", "Q", "S"], n, p=[0.2, 0.1, 0.7]).astype(object)
    age, fare = rng.gamma(6, 5, n).round(1), rng.lognormal(3, 1, n).round(2)
    survived = rng.random(n) < np.where(sex == "female", 0.85, 0.15)
    age[rng.random(n) < 0.2] = np.nan
    port[rng.random(n) < 0.05] = None
    columns = {"Sex": sex, "Age": age, "Fare": fare, "Embarked": port, "target": np.where(survived, "yes", "no")}
    return pd.DataFrame(columns)


def imbalanced() -> pd.DataFrame:
    """One in a hundred is of the other class."""
    rng = np.random.default_rng(0)
    rare = np.arange(2000) % 100 == 0
    points = rng.normal(size=(2000, 3)) + 2 * rare[:, np.newaxis]
    return pd.DataFrame(points, columns=["a", "b", "c"]).assign(target=rare.astype(int))


def twenty_rows() -> pd.DataFrame:
    """Ten of each class."""
    frame = TABLES["breast cancer"]().groupby("target").head(10)
    return frame[["mean radius", "mean area", "target"]]


TABLES: dict[str, Callable[[], pd.DataFrame]] = {
    "iris": lambda: _from_scikit_learn(datasets.load_iris),
    "wine": lambda: _from_scikit_learn(datasets.load_wine),
    "breast cancer": lambda: _from_scikit_learn(datasets.load_breast_cancer),
    "digits": lambda: _from_scikit_learn(datasets.load_digits),
    "diabetes": lambda: _from_scikit_learn(datasets.load_diabetes, scaled=False),
    "passengers": passengers,
    "imbalanced": imbalanced,
    "twenty rows": twenty_rows,
}
