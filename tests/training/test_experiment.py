"""Experiments are read from TOML, and a file that is wrong is refused with file, key and what is allowed."""

from pathlib import Path

import pytest

from training import experiment

DEFAULT = experiment.DEFAULT.read_text()


def test_the_default_experiment_is_the_notebooks() -> None:
    read = experiment.read(experiment.DEFAULT)
    assert [(m.name, m.hidden_layers, m.activation, m.epochs) for m in read.models] == [
        ("linear", (), None, 20),
        ("tanh-3", (3,), "tanh", 500),
        ("tanh-10", (10,), "tanh", 500),
        ("tanh-10-10", (10, 10), "tanh", 500),
        ("relu-3", (3,), "relu", 500),
        ("relu-10", (10,), "relu", 500),
        ("relu-10-10", (10, 10), "relu", 500),
    ]
    assert (read.protocol.optimizer, read.protocol.learning_rate, read.protocol.batch_size) == ("adam", 0.001, 32)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("seed = 3", "sed = 3", ["sed: unknown field; valid fields: name, seed, replicates", "seed: Missing"]),
        ("seed = 3", "seed = -1", ["seed: must be from 0", "-1"]),
        ("replicates = 30", "replicates = 0", ["replicates: must be at least 1, not 0"]),
        ("cov = 0.1", "covariance = 0.1", ["dataset.covariance: unknown field", "n_samples, random_state"]),
        ("n_samples = 2000", "n_samples = -5", ["dataset.n_samples: must be at least 10, not -5"]),
        ("n_samples = 2000", "n_samples = 2000.5", ["dataset.n_samples: Not a valid integer"]),
        (
            'generator = "gaussian_quantiles"',
            'generator = "spirals"',
            [
                "dataset.generator: must be one of gaussian_quantiles, moons",
                "table, not spirals",
            ],
        ),
        ("domain = [-1.5, 1.5]", "domain = [1.5, -1.5]", ["dataset.domain", "low < high"]),
        ("domain = [-1.5, 1.5]", "domain = [1.5]", ["dataset.domain", "[low, high]"]),
        ("test_fraction = 0.3", "test_fraction = 1.0", ["dataset.test_fraction", "between 0 and 1"]),
        ("batch_size = 32", "batch_size = 0", ["protocol.batch_size", "at least 1"]),
        ("learning_rate = 0.001", "learning_rate = 0", ["protocol.learning_rate", "above 0"]),
        ("hidden_layers = [3]", "hidden_layers = [-3]", ["models[2].hidden_layers[1]: must be at least 1, not -3"]),
        ('name = "linear"', 'name = "_linear"', ["models[1].name: must be 1 to 64 of A-Z", "not '_linear'"]),
        ('name = "linear"', 'name = "linear/../tanh"', ["models[1].name: must be 1 to 64 of A-Z"]),
        ('name = "linear"', 'name = "linear\\n"', ["models[1].name: must be 1 to 64 of A-Z"]),
        ('name = "linear"', f'name = "{"a" * 65}"', ["models[1].name: must be 1 to 64 of A-Z"]),
        ('name = "linear"', 'name = ""', ["models[1].name: must be 1 to 64 of A-Z"]),
        ('name = "gaussian-quantiles"', 'name = "my experiment"', ["name: must be 1 to 64 of A-Z", "'my experiment'"]),
        ('name = "linear"', 'name = "tanh-3"', ["models: two models have the same name"]),
        ("hidden_layers = []", 'hidden_layers = []\nactivation = "tanh"', ["models[1].activation"]),
        ("seed = 3", "seed = ", ["not TOML"]),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_the_key_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, words: list[str]
) -> None:
    path = tmp_path / "wrong.toml"
    assert old in DEFAULT
    path.write_text(DEFAULT.replace(old, new, 1))
    with pytest.raises(ValueError, match=r"wrong\.toml") as raised:
        experiment.read(path)
    for word in words:
        assert word in str(raised.value)


@pytest.mark.parametrize("name", ["a", "0", "tanh-10.v2_b", "A" * 64])
def test_a_name_that_can_be_a_directory_and_part_of_a_url_is_taken(tmp_path: Path, name: str) -> None:
    path = tmp_path / "named.toml"
    path.write_text(DEFAULT.replace('name = "linear"', f'name = "{name}"'))
    assert experiment.read(path).models[0].name == name


def test_a_part_of_the_models_can_be_chosen() -> None:
    read = experiment.read(experiment.DEFAULT)
    assert [model.name for model in read.only(("tanh-10", "linear")).models] == ["linear", "tanh-10"]
    with pytest.raises(ValueError, match=r"no model tanh-11 .* available models: linear, tanh-3"):
        read.only(("tanh-11",))
