"""The service: reads bundles from `models/` and answers over HTTP. It never imports `training`."""

__version__ = "0.1.0"
