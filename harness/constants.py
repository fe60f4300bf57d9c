"""A configuration of gunicorn: the service's own, and then, in each worker, what somebody wants otherwise.

`HARNESS_CONSTANTS` holds constants as JSON, by where they stand: {"service.dataplane.admission.QUEUE_SECONDS": 60}.
`HARNESS_HELD` names a file: while it is there, large grids are computed over and over; see `harness.held_grids`.
"""

import importlib
import json
import os
from pathlib import Path
from typing import Any

exec(compile(Path("gunicorn.conf.py").read_text(), "gunicorn.conf.py", "exec"))  # noqa: S102 (what gunicorn itself does)

_begin = globals()["post_worker_init"]


def post_worker_init(worker: Any) -> None:
    _begin(worker)
    for place, value in json.loads(os.environ.get("HARNESS_CONSTANTS", "{}")).items():
        module, _, name = place.rpartition(".")
        constants = vars(importlib.import_module(module))
        constants[name] = type(constants[name])(value)  # one that is not there is an error
    if "HARNESS_HELD" in os.environ:
        importlib.import_module("harness.held_grids").install(Path(os.environ["HARNESS_HELD"]))
