"""The service: reads bundles from `models/` and answers over HTTP. It never imports `training`."""

__version__ = "0.1.0"

SLOT = "BOUNDARY_WORKER_SLOT"
"""The environment variable in which a worker finds its number among the workers."""

SHARED = "BOUNDARY_SHARED_DIR"
"""The environment variable in which a worker finds the directory that it shares with its siblings, gone at the end."""

CONTEXT = "boundary-context"
"""The app's extension with the parts of the worker."""

LOOP_ADAPTER = "boundary-loop-adapter"
"""The app's extension that answers requests on a worker's loop."""

RECORDER = "boundary-recorder"
"""The app's extension that measures and logs its requests."""
