"""The service: reads bundles from `models/` and answers over HTTP. It never imports `training`."""

__version__ = "0.1.0"

PLACE = "BOUNDARY_WORKER_PLACE"
"""The environment variable in which a worker finds its number among the workers."""

SHARED = "BOUNDARY_SHARED_DIR"
"""The environment variable in which a worker finds the directory that it shares with its siblings, gone at the end."""

BRIEF = "boundary-brief"
"""The app's extension that answers requests on a worker's loop."""
