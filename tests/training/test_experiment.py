"""Experiments are read from TOML, and a file that is wrong is refused with file, key and what is allowed."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import orjson
import pytest

from bundle import layout
from bundle.card import Candidates, History
from training import experiment
from training.protocol_spec import LOSSES, EarlyStopping, ProtocolSpec, Schedule

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
        ("seed = 3", "sed = 3", ["sed: unknown field; valid fields: name, seed, replicates"]),
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
        (
            "learning_rate = 0.001",
            "learning_rate = []",
            ["protocol.learning_rate: must be one value, or a list", "empty"],
        ),
        (
            "learning_rate = 0.001",
            "learning_rate = [0.1, 0.01, 0.1]",
            ["protocol.learning_rate: has 0.1 more than once; list each value once"],
        ),
        ("learning_rate = 0.001", "learning_rate = [0.1, -1]", ["protocol.learning_rate", "above 0, not -1"]),
        ("epochs = 20", "epochs = [20, 0]", ["models[1].epochs: must be at least 1, not 0"]),
        ("epochs = 20", "epochs = [20, 2.5]", ["models[1].epochs: Not a valid integer"]),
        ("epochs = 20", "epochs = [20, 20]", ["models[1].epochs: has 20 more than once"]),
        ("epochs = 20", "epochs = [[20], 40]", ["models[1].epochs: Not a valid integer"]),
        (
            "epochs = 20",
            'epochs = [20, 40]\nprotocol.learning_rate_schedule = { class_name = "CosineDecay", config = '
            "{ decay_steps = 9 } }",
            [
                "models[1].protocol.learning_rate_schedule: does not go with a list of epochs",
                "one value of each, or leave the schedule out",
            ],
        ),
        (
            "learning_rate = 0.001",
            "learning_rate = [0.1, 0.01]\nearly_stopping = { patience = 5 }",
            [
                "models[1].protocol.early_stopping: does not go with a list of learning_rate",
                "already chooses the best epoch on validation data; give one value of each, or leave early_stopping",
            ],
        ),
        ("variance_runs = 10", "variance_runs = -1", ["variance_runs: must be at least 0, not -1"]),
        ("hidden_layers = [3]", "hidden_layers = [-3]", ["models[2].hidden_layers[1]: must be at least 1, not -3"]),
        ('name = "linear"', 'name = "_linear"', ["models[1].name: must be 1 to 64 of A-Z", "not '_linear'"]),
        ('name = "linear"', 'name = "linear/../tanh"', ["models[1].name: must be 1 to 64 of A-Z"]),
        ('name = "linear"', 'name = "linear\\n"', ["models[1].name: must be 1 to 64 of A-Z"]),
        ('name = "linear"', f'name = "{"a" * 65}"', ["models[1].name: must be 1 to 64 of A-Z"]),
        ('name = "linear"', 'name = ""', ["models[1].name: must be 1 to 64 of A-Z"]),
        ('name = "gaussian-quantiles"', 'name = "my experiment"', ["name: must be 1 to 64 of A-Z", "'my experiment'"]),
        ('name = "linear"', 'name = "tanh-3"', ["models: two models have the same name"]),
        ("hidden_layers = []", 'hidden_layers = []\nactivation = "tanh"', ["models[1].activation"]),
        ('activation = "tanh"', 'activation = "tanhh"', ["models[2].activation: must be one of linear", "not tanhh"]),
        (
            'activation = "tanh"',
            'activation = ["tanh", "relu"]',
            ["models[2].activation", "each of the 1 hidden layers"],
        ),
        ('optimizer = "adam"', 'optimizer = "adamm"', ["protocol.optimizer: must be one of sgd", "not adamm"]),
        ("batch_size = 32", "dropuot = 0.5", ["protocol.dropuot: unknown field", "dropout"]),
        ("batch_size = 32", "dropout = 1.0", ["protocol.dropout: must be from 0 to below 1"]),
        ("batch_size = 32", "l2 = -1", ["protocol.l2: must be at least 0, not -1"]),
        (
            "batch_size = 32",
            "optimizer_options = { momentum = 0.9 }",
            ["protocol.optimizer_options: adam has no momentum; its options: beta_1"],
        ),
        ("batch_size = 32", "optimizer_options = { beta_1 = 1.0 }", ["beta_1 must be below 1, not 1.0"]),
        ("batch_size = 32", "optimizer_options = { epsilon = nan }", ["epsilon.value: must be a number", "not nan"]),
        ("batch_size = 32", "optimizer_options = { clipnorm = -1.0 }", ["clipnorm must be at least 0, not -1.0"]),
        ("batch_size = 32", "optimizer_options = { clipvalue = 0 }", ["clipvalue must be above 0, not 0"]),
        (
            'optimizer = "adam"',
            'optimizer = "sgd"\noptimizer_options = { momentum = 5.0 }',
            ["momentum must be at most 1, not 5.0"],
        ),
        (
            "batch_size = 32",
            'learning_rate_schedule = { class_name = "CosineDecay", config = { decay_steps = 0 } }',
            ["the number of steps must be above 0"],
        ),
        (
            "batch_size = 32",
            'learning_rate_schedule = { class_name = "CosineDecay", config = { decay_steps = inf } }',
            ["decay_steps: must be a number"],
        ),
        (
            "batch_size = 32",
            'learning_rate_schedule = { class_name = "CosineDecay", config = { decay_steps = [10] } }',
            ["decay_steps: must be a number"],
        ),
        ("batch_size = 32", 'class_weight = "even"', ['protocol.class_weight: must be "balanced" or a table']),
        ("batch_size = 32", 'loss = "hinge"', ["protocol.loss: must be one of binary_crossentropy", "not hinge"]),
        (
            "batch_size = 32",
            "early_stopping = { patience = 0 }",
            ["protocol.early_stopping.patience: must be at least 1"],
        ),
        (
            "batch_size = 32",
            'learning_rate_schedule = { class_name = "CosineDecay", config = { alpha = 0.1 } }',
            ["protocol.learning_rate_schedule.config: CosineDecay needs decay_steps"],
        ),
        (
            "hidden_layers = [3]",
            "hidden_layers = [3]\nprotocol = { optimizer_options = { rho = 0.9 } }",
            ["models[2].protocol.optimizer_options: adam has no rho"],
        ),
        ("seed = 3", "seed = ", ["not TOML"]),
        ("epochs = 500", "epochs = 60001", ["a card", "60,000", ": 60,001 epochs"]),
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


@pytest.mark.parametrize("scale", [1, 1e-4, 1e-12])
def test_a_card_with_the_history_of_the_most_epochs_is_still_read(scale: float) -> None:
    values = (scale * np.random.default_rng(0).random(experiment.MAX_EPOCHS, np.float32)).astype(np.float32)
    history = asdict(History(*4 * [values.tolist()]))
    content = orjson.dumps({"history": history}, option=orjson.OPT_INDENT_2)
    assert 0.7 * layout.MAX_JSON_BYTES < len(content) < 0.95 * layout.MAX_JSON_BYTES


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


SHORT = """
name = "short"
[dataset]
generator = "gaussian_quantiles"
n_samples = 2000
n_features = 2
n_classes = 2
cov = 0.1
random_state = 3
domain = [-1.5, 1.5]
test_fraction = 0.3
validation_fraction = 0.2
"""


def _read(tmp_path: Path, text: str) -> experiment.Experiment:
    (tmp_path / "short.toml").write_text(SHORT + text)
    return experiment.read(tmp_path / "short.toml")


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    read = _read(tmp_path, '[[models]]\nname = "mine"')
    assert (read.seed, read.replicates) == (0, 30)
    (model,) = read.models
    assert (model.hidden_layers, model.activation, model.epochs) == ((10, 10), "tanh", 500)
    assert model.protocol == read.protocol == ProtocolSpec()
    assert (model.protocol.optimizer, model.protocol.learning_rate, model.protocol.batch_size) == ("adam", 0.001, 32)


def test_a_model_changes_the_recipe_of_all_for_itself(tmp_path: Path) -> None:
    text = """
[protocol]
optimizer = "sgd"
optimizer_options = { momentum = 0.9, nesterov = true }
epochs = 40
l2 = 0.01

[[models]]
name = "as-all"
activation = ["tanh", "gelu"]

[[models]]
name = "own"
epochs = 7
[models.protocol]
optimizer = "adam"
dropout = 0.2
early_stopping = { patience = 5 }
class_weight = { "1" = 10 }
learning_rate_schedule = { class_name = "CosineDecay", config = { decay_steps = 1000 } }
"""
    as_all, own = _read(tmp_path, text).models
    assert (as_all.activation, as_all.activations, as_all.epochs) == (None, ("tanh", "gelu"), 40)
    assert as_all.protocol == ProtocolSpec("sgd", optimizer_options={"momentum": 0.9, "nesterov": True}, l2=0.01)
    assert (own.activations, own.epochs) == (("tanh", "tanh"), 7)
    assert own.protocol == ProtocolSpec(
        l2=0.01,  # of all; the options were those of another optimizer
        dropout=0.2,
        early_stopping=EarlyStopping(5),
        class_weight={"1": 10},
        learning_rate_schedule=Schedule("CosineDecay", {"decay_steps": 1000}),
    )


def test_lists_of_rates_and_epochs_are_to_choose_from(tmp_path: Path) -> None:
    text = """
[protocol]
learning_rate = [0.01, 0.001]
epochs = [50, 20]

[[models]]
name = "as-all"

[[models]]
name = "own"
epochs = 7
[models.protocol]
learning_rate = [0.1]
early_stopping = { patience = 5 }
"""
    as_all, own = _read(tmp_path, text).models
    assert as_all.candidates == Candidates([0.01, 0.001], [20, 50])
    assert (as_all.epochs, as_all.epochs_in_all, as_all.is_tuned) == (50, 100, True)
    assert own.candidates == Candidates([0.1], [7])
    assert (own.protocol.learning_rate, own.epochs_in_all, own.is_tuned) == (0.1, 7, False)


def test_the_tuned_experiment_has_the_notebooks_networks_and_data_under_names_of_their_own() -> None:
    notebook, tuned = experiment.read(experiment.DEFAULT), experiment.read(experiment.DIRECTORY / "tuned.toml")
    assert (tuned.seed, tuned.replicates, tuned.dataset) == (notebook.seed, notebook.replicates, notebook.dataset)
    assert [model.name for model in tuned.models] == [f"tuned-{model.name}" for model in notebook.models]
    for one, other in zip(tuned.models, notebook.models, strict=True):
        assert (one.hidden_layers, one.activation) == (other.hidden_layers, other.activation)
        assert other.epochs in one.candidates.epochs
        assert other.protocol.learning_rate in one.candidates.learning_rates


def test_losses_and_class_weights_must_fit_the_data() -> None:
    assert [ProtocolSpec().loss_for(task) for task in LOSSES] == [losses[0] for losses in LOSSES.values()]
    with pytest.raises(ValueError, match=r"protocol\.loss: must be one of mean_squared_error, .* not binary_cross"):
        ProtocolSpec(loss="binary_crossentropy").loss_for("regression")
    weighted = ProtocolSpec(class_weight={"setosa": 2.0})
    assert weighted.class_weights_for(["virginica", "setosa"]) == {"1": 2.0}
    with pytest.raises(ValueError, match=r"protocol\.class_weight: no class setosa; classes: no, yes"):
        weighted.class_weights_for(["no", "yes"])
    with pytest.raises(ValueError, match=r"protocol\.class_weight: is for classes"):
        weighted.class_weights_for([])
