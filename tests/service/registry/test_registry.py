"""The registry serves the newest versions that load, shows those that do not, and follows the disk and the clients."""

import shutil
from pathlib import Path

import pytest

from bundle import layout
from harness.bundles import change_card, copy, publish, without_saved_model
from service.errors import InvalidError, NotFoundError, UnavailableError
from service.registry.models import Model, State
from service.registry.registry import Registry
from service.registry.scanner import Scanner
from service.registry.unloaded import UnloadedModels


@pytest.fixture
def models(models_dir: Path, tmp_path: Path) -> Path:
    return copy(models_dir, tmp_path / "models", "linear", "tanh-3")


def worker(models: Path) -> Registry:
    """Return the registry of a worker; all workers know of the same unloaded models."""
    registry = Registry(models, "linear", "litert", UnloadedModels(models.parent))
    registry.refresh()
    return registry


def states(registry: Registry, name: str = "linear") -> dict[int, State]:
    return {status.number: status.state for status in registry.model(name).statuses}


def test_the_newest_version_of_the_default_model_answers_where_none_is_named(models: Path) -> None:
    publish(models / "tanh-3" / "1", models, "linear", 10)
    publish(models / "tanh-3" / "1", models, "linear", 9)
    registry = worker(models)
    assert (registry.version().name, registry.version().number) == ("linear", 10)
    assert registry.version("tanh-3").number == 1
    assert registry.version("linear", 9).number == 9


def test_the_newest_two_versions_are_served_and_no_other(models: Path) -> None:
    for number in (2, 3):
        publish(models / "tanh-3" / "1", models, "linear", number)
    registry = worker(models)
    assert states(registry) == {3: State.AVAILABLE, 2: State.AVAILABLE}
    with pytest.raises(NotFoundError, match="no version 1; available versions: 2, 3"):
        registry.version("linear", 1)


def test_a_version_that_does_not_load_takes_no_place_from_those_before(models: Path) -> None:
    publish(models / "tanh-3" / "1", models, "linear", 2)
    publish(models / "tanh-3" / "1", models, "linear", 3, without_saved_model)
    registry = worker(models)
    assert states(registry) == {3: State.FAILED, 2: State.AVAILABLE, 1: State.AVAILABLE}
    assert registry.model("linear").statuses[0].reason == "there is no saved_model.pb"
    assert registry.version().number == 2


def test_a_version_is_shown_as_loading_before_it_answers(models: Path) -> None:
    seen = [model.statuses[0].state for model in Scanner(models, "litert").scan(Model("linear"))]
    assert seen == [State.LOADING, State.AVAILABLE]


def test_what_is_the_same_on_disk_is_not_loaded_again(models: Path) -> None:
    publish(models / "tanh-3" / "1", models, "linear", 2, without_saved_model)
    registry = worker(models)
    before = registry.model("linear")
    registry.refresh()
    assert registry.model("linear") is before
    shutil.copy(models / "tanh-3" / "1" / layout.SAVED_MODEL, models / "linear" / "2")
    registry.refresh()
    assert states(registry) == {2: State.AVAILABLE, 1: State.AVAILABLE}


def test_what_has_gone_from_the_disk_is_served_no_more(models: Path) -> None:
    registry = worker(models)
    shutil.rmtree(models / "linear")
    registry.refresh()
    with pytest.raises(NotFoundError, match="no model 'linear'; available models: tanh-3"):
        registry.version()


def test_a_model_that_is_not_there_is_answered_with_fifty_of_those_that_are(models: Path) -> None:
    for number in range(60):
        (models / f"answers-{number:02}").symlink_to("tanh-3")
    without_saved_model(models / "linear" / "1")
    with pytest.raises(NotFoundError) as refused:
        worker(models).model("nothing")
    shown = ", ".join(f"answers-{number:02}" for number in range(50))
    assert refused.value.detail == f"there is no model 'nothing'; available models: {shown} and 11 more"


def test_a_model_of_which_nothing_loads_is_unavailable(models: Path) -> None:
    without_saved_model(models / "linear" / "1")
    registry = worker(models)
    with pytest.raises(UnavailableError, match=r"'linear' could be loaded: version 1: there is no saved_model\.pb"):
        registry.version()
    with pytest.raises(InvalidError, match=r"version 1: there is no saved_model\.pb"):
        registry.load("linear")
    assert registry.ready()  # by the other


def test_without_models_it_is_not_ready_and_says_what_to_do(tmp_path: Path) -> None:
    registry = worker(tmp_path / "models")
    assert not registry.ready()
    with pytest.raises(UnavailableError, match="python -m training train"):
        registry.version()


def test_an_unloaded_model_is_gone_from_every_worker_until_it_is_loaded(models: Path) -> None:
    one, other = worker(models), worker(models)
    one.unload("linear")
    for registry in (one, other):
        assert states(registry) == {1: State.UNLOADING}
        told = "a client unloaded it; RepositoryModelLoad, or POST /v2/repository/models/linear/load, loads it again"
        assert registry.model("linear").statuses[0].reason == told
        with pytest.raises(NotFoundError, match="'linear' was unloaded"):
            registry.version()
    assert (one.is_stale, other.is_stale) == (False, True)
    other.load("linear")
    assert [registry.version().number for registry in (other, one)] == [1, 1]
    for change in (one.load, one.unload):
        with pytest.raises(NotFoundError, match="no model 'nothing' on disk; models on disk: linear, tanh-3"):
            change("nothing")


def test_a_load_by_one_worker_has_every_worker_try_again_what_failed(models: Path) -> None:
    bundle = models / "linear" / "1"
    bundle.rename(models.parent / "kept")
    bundle.mkdir()
    one, other = worker(models), worker(models)
    assert states(one) == states(other) == {1: State.FAILED}
    bundle.rmdir()
    (models.parent / "kept").rename(bundle)
    one.load("linear")
    assert other.version().number == 1


def test_the_most_features_are_those_of_the_models_served(models: Path, tmp_path: Path) -> None:
    assert worker(models).max_features == 2
    assert worker(tmp_path / "nothing").max_features == 1


def test_an_unloaded_model_without_versions_never_ends_a_scan(models: Path) -> None:
    worker(models).unload("linear")
    shutil.rmtree(models / "linear")
    (models / "linear").mkdir()
    registry = worker(models)  # a worker that begins now
    assert [model.name for model in registry.models()] == ["linear", "tanh-3"]
    assert registry.version("tanh-3").number == 1


def test_a_version_that_changes_in_place_answers_until_the_new_one_takes_its_place(models: Path) -> None:
    registry = worker(models)
    before = registry.model("linear")
    publish(models / "tanh-3" / "1", models, "new", 1)
    shutil.rmtree(models / "linear" / "1")
    (models / "new" / "1").rename(models / "linear" / "1")
    seen = list(Scanner(models, "litert").scan(before))
    assert [model.statuses[0].state for model in seen] == [State.LOADING, State.AVAILABLE]
    assert seen[0].latest is before.latest
    assert seen[1].latest is not before.latest


def test_what_is_served_stays_while_the_models_directory_cannot_be_listed(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = worker(models)

    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    for unreadable in ("model_names", "versions"):
        with monkeypatch.context() as patch:
            patch.setattr(layout, unreadable, fail)  # root may list everything
            registry.refresh()
        assert registry.version().number == 1


def test_another_card_is_another_version(models: Path) -> None:
    before = worker(models).version()
    change_card(models / "linear" / "1", diverged=[3])
    after = worker(models).version()
    assert before.fingerprint == after.fingerprint
    assert before.identity != after.identity
