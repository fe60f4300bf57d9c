"""What pages ask the service for: models with their weights, what experiments found, and their data."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
import orjson

from service.site.recording import NotAnsweredError, Recording

Document = Mapping[str, Any]
Warn = Callable[[str], None]

MOST_PARAMETERS, MOST_NUMBERS = 2000, 200_000
"""The page evaluates networks of so many weights, and loads so many numbers a run: MOST_… of explorer/model.js. Others
would be asked for as maps, of which there are too many to keep."""

PROBES = 8
"""Points at which the page holds a network to the service, where points or outputs are changed on their way."""

TABLES = ("models", "pairs", "sensitivity", "variance")


OF_DEPTH = "exact_accuracy"
"""By what the lesson tells a study, where it has that."""


class NothingToSaveError(Exception):
    """There is no model, or no such experiment."""


@dataclass(frozen=True)
class Saved:
    """What a recording holds."""

    experiments: list[str]
    models: list[str]
    runs: int
    studies: list[str]


def record(recording: Recording, experiments: Sequence[str], warn: Warn) -> Saved:
    """Keep what pages ask for about some experiments and their models, by default the default model's.

    What one model does not answer costs that model alone, with a warning. Models that belong to no experiment are kept
    as far as they are described.

    Raises:
        NothingToSaveError: there are no such models.
    """
    listed = recording.ask("models")
    described = {model["name"]: _described(recording, model, warn) for model in listed["models"]}
    chosen = _chosen(listed, described, experiments)
    kept = [model for model in listed["models"] if _experiment(described[model["name"]]) in {None, *chosen}]
    recording.put("models", orjson.dumps({**listed, "models": kept}))
    runs = 0
    for name in (model["name"] for model in kept):
        version = described[name]
        if version is not None:
            path = f"models/{quote(name)}/versions/{version['version']}"
            recording.put(f"{path}?history=false", orjson.dumps(version))
            runs += _record_weights(recording, path, version, warn)
    for experiment in chosen:
        _record_results(recording, experiment, warn)
    studies = _record_studies(recording, warn)
    return Saved(chosen, [model["name"] for model in kept], runs, studies)


def _described(recording: Recording, model: Document, warn: Warn) -> Document | None:
    """Return the version of a model that answers; None where there is none."""
    served = next((version for version in model["versions"] if version["state"] == "AVAILABLE"), None)
    if served is None:
        reason = next((version["reason"] for version in model["versions"]), model.get("reason"))
        warn(f"{model['name']} is shown without a map: {reason or 'no version of it is loaded'}")
        return None
    try:
        path = f"models/{quote(model['name'])}/versions/{served['version']}?history=false"
        described: Document = recording.ask(path)
    except NotAnsweredError as error:
        warn(f"{model['name']} is left out: {error}")
        return None
    return described


def _experiment(version: Document | None) -> str | None:
    return None if version is None or version["card"] is None else str(version["card"]["experiment"])


def _chosen(listed: Document, described: Mapping[str, Document | None], asked: Sequence[str]) -> list[str]:
    """Return the experiments to save, that of the default model first."""
    if not described:
        raise NothingToSaveError("there are no models; train some: python -m training train")
    default = _experiment(described.get(listed["default_model"]))
    known = dict.fromkeys(filter(None, [default, *map(_experiment, described.values())]))
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise NothingToSaveError(f"no model is of the experiment {unknown[0]}; there are {', '.join(known) or 'none'}")
    return [name for name in known if name in asked] if asked else list(known)[:1]


def _record_weights(recording: Recording, path: str, version: Document, warn: Warn) -> int:
    """Keep the weights of every run that did not diverge; return how many."""
    card, name = version["card"], version["model"]
    if card is None or "weights" not in version["signatures"]:
        warn(f"{name} is shown without a map: it has no weights, and pages without a service cannot ask it")
        return 0
    if card["parameters"] > MOST_PARAMETERS or card["parameters"] * len(card["epochs"]) > MOST_NUMBERS:
        warn(f"{name} is shown without a map: its {card['parameters']} weights are too many for a page")
        return 0
    kept = 0
    probed: list[dict[str, object]] = []
    for run in sorted({*range(card["replicates"])} - {*card["diverged"]}):
        weights = f"{path}/weights?replicate={run}&packed=true"
        try:
            recording.keep(weights)
            kept += 1
            if not _is_simple(version, recording.ask(weights)):
                probed.append(_probed(recording, path, version, run))
        except NotAnsweredError as error:
            warn(f"{name}, run {run}, is left out: {error}")
    if probed:
        recording.put(f"v1/{path}:predict", orjson.dumps(probed))
    return kept


def _is_simple(version: Document, weights: Document) -> bool:
    """Say whether nothing is between points and network, nor between its last sum and P: then no page probes it."""
    is_encoded = any(name.startswith("feature_") for name in weights)
    return version["task"] == "binary" and not is_encoded and not any(f.get("categories") for f in version["features"])


def _probed(recording: Recording, path: str, version: Document, run: int) -> dict[str, object]:
    """Return what a page asks to hold a network to the service, as explorer/model.js does, with the answer."""
    points = [[_probe(feature, i, k) for k, feature in enumerate(version["features"])] for i in range(PROBES)]
    inputs = {"points": points, "replicate": run, "snapshot": len(version["card"]["epochs"]) - 1}
    body = {"signature_name": "at", "inputs": inputs}
    return {"body": body, "answer": recording.ask(f"v1/{path}:predict", body)}


def _probe(feature: Document, i: int, k: int) -> float:
    share = ((i + 1) * 0.618034 + k * 0.414214) % 1
    if feature.get("categories"):
        return int(share * len(feature["categories"]))
    return float(np.float32(feature["low"] + share * (feature["high"] - feature["low"])))


def _record_results(recording: Recording, experiment: str, warn: Warn) -> None:
    """Keep an experiment's comparison and data, and the tables of them that are offered for download."""
    try:
        for what in ("comparison", "dataset"):
            recording.keep(f"{what}?experiment={quote(experiment)}")
            recording.keep(f"{what}?{urlencode({'experiment': experiment, 'format': 'csv'})}", "text/csv")
    except NotAnsweredError as error:
        warn(f"the {what} of {experiment} is left out: {error}")
        return
    with suppress(NotAnsweredError):
        recording.keep(f"comparison?experiment={quote(experiment)}&values=false")
    for table in TABLES:
        query = urlencode({"experiment": experiment, "table": table, "format": "csv"})
        recording.keep(f"comparison?{query}", "text/csv")


def _record_studies(recording: Recording, warn: Warn) -> list[str]:
    """Keep what the lesson tells of studies: what the runs of each cell sum up to. Return their names."""
    kept = []
    recording.keep("studies?format=json")
    for name in (study["name"] for study in recording.ask("studies?format=json")["studies"]):
        path = f"studies/{quote(name)}?format=json&group=cell"
        try:
            recording.keep(path)
            if OF_DEPTH in recording.ask(path)["study"]["metrics"]:
                recording.keep(f"{path}&metric={OF_DEPTH}&study=false")
            kept.append(name)
        except NotAnsweredError as error:
            warn(f"the study {name} is left out: {error}")
    return kept
